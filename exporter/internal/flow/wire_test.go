package flow

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// dialect is a protocol that the tests can speak: what client and server write for one exchange with that name.
type dialect struct {
	port     uint16
	exchange func(rng *rand.Rand, name string) (request, response []string) // pieces that are written one after the other
}

var echoDialect = dialect{7, func(rng *rand.Rand, name string) (request, response []string) {
	n := rng.IntN(3000)
	return []string{"? " + name + "\n"}, []string{fmt.Sprintf("= %d\n", n) + strings.Repeat("x", n/2), strings.Repeat("y", n-n/2)}
}}

var httpDialect = dialect{80, func(rng *rand.Rand, name string) (request, response []string) {
	method, upload := "GET", ""
	if rng.IntN(3) == 0 {
		method, upload = "POST", strings.Repeat("u", rng.IntN(5000))
	}
	request = []string{fmt.Sprintf("%s /%s HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n", method, name, len(upload)), upload}
	status := []string{"200 OK", "404 Not Found", "503 Service Unavailable", "302 Found"}[rng.IntN(4)]
	n := rng.IntN(20000)
	switch rng.IntN(4) {
	case 0:
		response = []string{"HTTP/1.1 204 No Content\r\n\r\n"}
	case 1:
		response = []string{fmt.Sprintf("HTTP/1.1 %s\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", status, n+1), strings.Repeat("c", n+1) + "\r\n", "0\r\n\r\n"}
	default:
		response = []string{fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n", status, n), strings.Repeat("b", n)}
	}
	return request, response
}}

// wire makes the packets of one connection as they pass a sensor near the server, in the order of their time.
type wire struct {
	rng     *rand.Rand
	at      int64 // ns
	mss     int
	rtt     int64 // from the sensor to the client and back
	ends    [2]packet.Endpoint
	isn     [2]uint32
	options uint8
	ids     [2]uint16 // 0: none
	writes  []write
	packets []packet.Segment
	asks    []packet.Segment
	lossy   float64        // how many segments the network loses
	missed  map[int64]bool // times of those that did not reach their receiver
}

// write is some bytes that one side writes at a time.
type write struct {
	at   int64
	dir  decoders.Dir
	data string
}

// converse makes a connection with some exchanges, in a network that loses packets.
func converse(seed uint64, d dialect, pipelining bool, lossy float64) []packet.Segment {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := &wire{rng: rng, at: epoch + int64(rng.IntN(1e9)), mss: 100 + rng.IntN(1361), rtt: int64(1e5 + rng.IntN(2e7)), lossy: lossy}
	w.ends[0] = packet.EndpointFrom(netip.MustParseAddrPort(fmt.Sprintf("10.0.0.1:%d", 20000+seed%40000)))
	w.ends[1] = packet.EndpointFrom(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), d.port))
	w.isn = [2]uint32{rng.Uint32(), -rng.Uint32N(30000)} // the server's wraps soon
	if rng.IntN(2) == 0 {
		w.options = 12
	}
	if rng.IntN(3) > 0 {
		w.ids = [2]uint16{uint16(1 + rng.IntN(60000)), uint16(1 + rng.IntN(60000))}
	}
	if lossy > 0 && w.ids[0] == 0 {
		w.options = 12 // or an acknowledgment that is repeated could not be told from a copy
	}
	w.at += w.rtt + 1e6
	for n := 1 + rng.IntN(12); n > 0; {
		burst := 1
		if pipelining {
			burst = 1 + rng.IntN(4)
		}
		burst = min(burst, n)
		n -= burst
		w.burst(d, burst, fmt.Sprintf("r%d-%d", seed%100, n))
	}
	w.segments(w.at)
	return w.packets
}

// burst is some requests without waiting, then their responses.
func (w *wire) burst(d dialect, n int, name string) {
	var responses []string
	for i := range n {
		request, response := d.exchange(w.rng, fmt.Sprintf("%s.%d", name, i))
		for _, piece := range request {
			w.write(decoders.ToServer, piece)
		}
		responses = append(responses, response...)
	}
	w.at += 1e5 + int64(w.rng.IntN(5e6))
	for _, piece := range responses {
		w.write(decoders.ToClient, piece)
		w.at += int64(w.rng.IntN(3e6))
	}
	w.at += w.rtt + int64(w.rng.IntN(1e8))
}

func (w *wire) write(dir decoders.Dir, data string) {
	if data != "" {
		w.writes = append(w.writes, write{w.at, dir, data})
		w.at += int64(len(data)/w.mss+1) * 2e4
	}
}

// lag is how long after a packet has passed the sensor its receiver's next packet may acknowledge it.
func (w *wire) lag(dir decoders.Dir) int64 {
	if dir == decoders.ToServer {
		return 3e4
	}
	return w.rtt
}

// segments makes packets of the writes: handshake, data, an acknowledgment for every other segment and for the last of a burst, and the end of the
// connection.
func (w *wire) segments(end int64) {
	start := w.writes[0].at - w.rtt - 1e6
	w.add(start, decoders.ToServer, packet.SYN, "")
	w.add(start+3e4, decoders.ToClient, packet.SYN|packet.ACK, "")
	w.add(start+3e4+w.rtt, decoders.ToServer, packet.ACK, "")
	last := [2]int64{}
	for _, x := range w.writes {
		at, n := max(x.at, last[x.dir]+1), 0
		for data := x.data; data != ""; n++ {
			piece := data[:min(w.mss, len(data))]
			data = data[len(piece):]
			flags := packet.ACK
			if data == "" {
				flags |= packet.PSH
			}
			w.add(at, x.dir, flags, piece)
			if n%2 == 1 || data == "" {
				w.add(at+w.lag(x.dir)+1, x.dir.Other(), packet.ACK, "")
			}
			last[x.dir] = at
			at += 1e4 + int64(w.rng.IntN(1e4))
		}
	}
	w.end(end)
	w.number()
	w.sendAgain()
	w.acknowledge()
}

// end closes the connection: with FINs, with a RST, or not at all.
func (w *wire) end(at int64) {
	first := decoders.Dir(w.rng.IntN(2))
	switch w.rng.IntN(4) {
	case 0:
		w.add(at, first, packet.RST|packet.ACK, "")
	case 1:
	default:
		w.add(at, first, packet.FIN|packet.ACK, "")
		w.add(at+w.lag(first), first.Other(), packet.FIN|packet.ACK, "")
		w.add(at+w.lag(first)+w.lag(first.Other()), first, packet.ACK, "")
	}
}

func (w *wire) add(at int64, dir decoders.Dir, flags uint8, data string) {
	w.packets = append(w.packets, packet.Segment{Src: w.ends[dir], Dst: w.ends[dir.Other()], Time: at, Proto: packet.TCP, Flags: flags, TTL: 64, Window: 500, Options: w.options,
		Payload: []byte(data)})
}

// number gives the packets, in order of time, their sequence numbers.
func (w *wire) number() {
	w.sort()
	next := w.isn
	for i := range w.packets {
		s := &w.packets[i]
		d := w.dir(s)
		s.Seq = next[d]
		next[d] += length(s)
	}
}

func (w *wire) sort() {
	slices.SortStableFunc(w.packets, func(a, b packet.Segment) int { return cmp.Compare(a.Time, b.Time) })
}

// length is what a packet takes of the sequence numbers.
func length(s *packet.Segment) uint32 {
	n := uint32(len(s.Payload))
	if s.Flags&(packet.SYN|packet.FIN) != 0 {
		n++
	}
	return n
}

// sendAgain lets the network lose some segments, on the way to the sensor or behind it, and has them sent again, before the other side has anything
// more to say: it could not have said it.
func (w *wire) sendAgain() {
	w.missed = map[int64]bool{}
	var again []packet.Segment
	gone := map[int64]bool{}
	for i := range w.packets {
		s := w.packets[i]
		if len(s.Payload) == 0 || w.rng.Float64() >= w.lossy {
			continue
		}
		late := s.Time + w.rtt + 2e6 + int64(w.rng.IntN(2e7))
		if room := w.silence(w.dir(&s), s.Time); late+w.lag(w.dir(&s)) > room {
			continue
		}
		w.missed[s.Time] = true
		if w.rng.IntN(2) == 0 {
			gone[s.Time] = true
		}
		w.ask(&s, late)
		s.Time = late
		again = append(again, s)
	}
	w.packets = append(w.packets, w.asks...)
	w.packets = append(slices.DeleteFunc(w.packets, func(s packet.Segment) bool { return gone[s.Time] }), again...)
	w.sort()
}

// ask has the receiver acknowledge each segment behind a missing one at once, until that comes.
func (w *wire) ask(lost *packet.Segment, until int64) {
	for _, s := range w.packets {
		if s.Src == lost.Src && s.Time > lost.Time && s.Time < until && len(s.Payload) > 0 {
			s.Src, s.Dst, s.Flags, s.Payload = s.Dst, s.Src, packet.ACK, nil
			s.Options = w.options + 12 // it says which it has
			s.Time += w.lag(w.dir(lost)) + 2
			w.asks = append(w.asks, s)
		}
	}
}

// silence is when the other side says something next, after a time.
func (w *wire) silence(dir decoders.Dir, at int64) int64 {
	for _, x := range w.writes {
		if x.dir != dir && x.at > at {
			return x.at
		}
	}
	return w.at
}

// acknowledge gives the packets their acknowledgment numbers, and what else differs between them.
func (w *wire) acknowledge() {
	type arrival struct {
		at       int64
		seq, end uint32
	}
	var arrivals [2][]arrival
	next, sent := w.isn, w.isn
	for i := range w.packets {
		s := &w.packets[i]
		d := w.dir(s)
		o := d.Other()
		waiting := arrivals[o][:0]
		slices.SortFunc(arrivals[o], func(a, b arrival) int { return int(int32(a.seq - b.seq)) })
		for _, a := range arrivals[o] {
			if a.at <= s.Time && a.seq == next[o] {
				next[o] = a.end
			} else if int32(a.end-next[o]) > 0 {
				waiting = append(waiting, a)
			}
		}
		arrivals[o] = waiting
		if s.Flags&packet.ACK != 0 {
			s.Ack = next[o]
		}
		if len(s.Payload) == 0 && s.Flags == packet.ACK {
			s.Seq = sent[d]
		} else if int32(s.Seq+length(s)-sent[d]) > 0 {
			sent[d] = s.Seq + length(s)
		}
		if !w.missed[s.Time] {
			arrivals[d] = append(arrivals[d], arrival{s.Time + w.lag(d), s.Seq, s.Seq + length(s)})
		}
		if w.ids[d] != 0 {
			s.IPID = w.ids[d]
			w.ids[d]++
		}
		s.Checksum = uint16(s.Seq*31 + s.Ack*7)
		if w.options > 0 { // it covers the time stamp, and what was acknowledged selectively
			s.Checksum = uint16(i)
		}
	}
}

func (w *wire) dir(s *packet.Segment) decoders.Dir {
	if s.Src == w.ends[0] {
		return decoders.ToServer
	}
	return decoders.ToClient
}
