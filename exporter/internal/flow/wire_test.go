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
}

// write is some bytes that one side writes at a time.
type write struct {
	at   int64
	dir  decoders.Dir
	data string
}

// converse makes a connection with some exchanges.
func converse(seed uint64, d dialect, pipelining bool) []packet.Segment {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := &wire{rng: rng, at: epoch + int64(rng.IntN(1e9)), mss: 100 + rng.IntN(1361), rtt: int64(1e5 + rng.IntN(2e7))}
	w.ends[0] = packet.EndpointFrom(netip.MustParseAddrPort(fmt.Sprintf("10.0.0.1:%d", 20000+seed%40000)))
	w.ends[1] = packet.EndpointFrom(netip.AddrPortFrom(netip.MustParseAddr("10.0.0.2"), d.port))
	w.isn = [2]uint32{rng.Uint32(), -rng.Uint32N(30000)} // the server's wraps soon
	if rng.IntN(2) == 0 {
		w.options = 12
	}
	if rng.IntN(3) > 0 {
		w.ids = [2]uint16{uint16(1 + rng.IntN(60000)), uint16(1 + rng.IntN(60000))}
	}
	w.at += w.rtt + 1e5
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
	start := w.writes[0].at - w.rtt - 1e5
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
	first := decoders.Dir(w.rng.IntN(2))
	w.add(end, first, packet.FIN|packet.ACK, "")
	w.add(end+w.lag(first), first.Other(), packet.FIN|packet.ACK, "")
	w.add(end+w.lag(first)+w.lag(first.Other()), first, packet.ACK, "")
	w.number()
}

func (w *wire) add(at int64, dir decoders.Dir, flags uint8, data string) {
	w.packets = append(w.packets, packet.Segment{Src: w.ends[dir], Dst: w.ends[dir.Other()], Time: at, Proto: packet.TCP, Flags: flags, TTL: 64, Window: 500, Options: w.options,
		Payload: []byte(data)})
}

// number gives the packets, in order of time, their sequence and acknowledgment numbers.
func (w *wire) number() {
	slices.SortStableFunc(w.packets, func(a, b packet.Segment) int { return cmp.Compare(a.Time, b.Time) })
	next := w.isn
	type passed struct {
		at  int64
		end uint32
	}
	var all [2][]passed
	for i := range w.packets {
		s := &w.packets[i]
		d := w.dir(s)
		s.Seq = next[d]
		next[d] += uint32(len(s.Payload))
		if s.Flags&(packet.SYN|packet.FIN) != 0 {
			next[d]++
		}
		all[d] = append(all[d], passed{s.Time, next[d]})
		if s.Flags&packet.ACK != 0 {
			s.Ack = w.isn[d.Other()] + 1
			for _, p := range all[d.Other()] {
				if p.at+w.lag(d.Other()) <= s.Time {
					s.Ack = p.end
				}
			}
		}
		if w.ids[d] != 0 {
			s.IPID = w.ids[d]
			w.ids[d]++
		}
		s.Checksum = uint16(s.Seq*31 + s.Ack*7 + uint32(s.Time/1e6)) // with options it covers their time stamp
	}
}

func (w *wire) dir(s *packet.Segment) decoders.Dir {
	if s.Src == w.ends[0] {
		return decoders.ToServer
	}
	return decoders.ToClient
}
