package flow

import (
	"net/netip"
	"runtime"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/decoders/http1"
	"wire_exporter/exporter/internal/packet"
)

// What connections are doing.
const (
	idle     = iota // one request and its response are over
	inFlight        // the response to a request has not begun
	inHead          // half of a request's head is there
)

// connections makes n that each do the same, and says how many bytes of memory each takes, all counted.
func connections(tb testing.TB, n, state int) (perConnection float64, t *Table) {
	var m decoders.Memory
	web, err := http1.Plugin.New(decoders.Env{Memory: &m}, nil)
	if err != nil {
		tb.Fatal(err)
	}
	h := &heard{txns: map[string]txn{}}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	t = New(Config{Plugins: []decoders.Plugin{http1.Plugin}, Memory: 1 << 30}, []decoders.Decoder{web}, &m, h)
	server := packet.EndpointFrom(netip.MustParseAddrPort("10.255.0.1:80"))
	request, response := []byte("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"), []byte("HTTP/1.1 204 No Content\r\n\r\n")
	if state == inHead {
		request = request[:20]
	}
	var s packet.Segment
	now := epoch
	for i := range n {
		client := packet.EndpointFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), uint16(1024+i%60000)))
		send := func(toServer bool, seq, ack uint32, flags uint8, payload []byte) {
			now += 100
			s = packet.Segment{Src: server, Dst: client, Time: now, Proto: packet.TCP, Flags: flags, Seq: seq, Ack: ack, Window: 500, Payload: payload}
			if toServer {
				s.Src, s.Dst = client, server
			}
			t.Segment(&s)
		}
		send(true, 1, 0, packet.SYN, nil)
		send(false, 7, 2, packet.SYN|packet.ACK, nil)
		send(true, 2, 8, packet.ACK, nil)
		send(true, 2, 8, packet.ACK, request)
		if state == idle {
			send(false, 8, 2+uint32(len(request)), packet.ACK, response)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if st := t.Stats(); st.Active != int64(n) {
		tb.Fatalf("%d connections of %d", st.Active, n)
	}
	return float64(after.HeapInuse-before.HeapInuse) / float64(n), t
}

// An idle connection, with its decoder and its place in the index, takes about what the budget says that it does.
func TestIdleConnections(t *testing.T) {
	const n = 200_000
	each, table := connections(t, n, idle)
	said := float64(table.Stats().Memory) / n
	if each > 300 || said < each*0.9 {
		t.Errorf("%.0f bytes a connection, %.0f accounted for", each, said)
	}
	runtime.KeepAlive(table)
}

// BenchmarkConnections is the memory that connections take, for docs/sizing.md.
func BenchmarkConnections(b *testing.B) {
	for name, state := range map[string]int{"idle": idle, "request in flight": inFlight, "half a head": inHead} {
		b.Run(name, func(b *testing.B) {
			const n = 200_000
			for b.Loop() {
				each, table := connections(b, n, state)
				b.ReportMetric(each, "B/connection")
				b.ReportMetric(float64(table.Stats().Memory)/n, "accounted/connection")
			}
		})
	}
}

// BenchmarkAttacks is what one packet costs of those that somebody sends to keep the table busy: each from another address; each in front of all
// that wait behind a hole; each acknowledging what never came.
func BenchmarkAttacks(b *testing.B) {
	flood := func(b *testing.B, each func(p *peers, i int)) {
		table := newBench(Config{Memory: 64 << 20})
		table.quiet = true
		p := table.connect(1, [2]uint32{1, 1})
		p.open()
		i := 0
		for b.Loop() {
			i++
			each(p, i)
		}
	}
	b.Run("SYN flood", func(b *testing.B) {
		flood(b, func(p *peers, i int) {
			p.segment = packet.Segment{Src: p.ends[0], Dst: p.ends[1], Time: epoch + int64(i)*1000, Proto: packet.TCP, Flags: packet.SYN, Seq: uint32(i)}
			p.segment.Src[14], p.segment.Src[15], p.segment.Src[16], p.segment.Src[17] = byte(i>>24), byte(i>>16), byte(i>>8), byte(i)
			p.b.t.Segment(&p.segment)
		})
	})
	data := []byte("some bytes")
	b.Run("backwards behind a hole", func(b *testing.B) {
		flood(b, func(p *peers, i int) {
			p.segment = packet.Segment{Src: p.ends[0], Dst: p.ends[1], Time: epoch + int64(i)*1000, Proto: packet.TCP, Flags: packet.ACK, Seq: uint32(i/1000)*100_000 + 60_000 - uint32(i%1000)*20, Ack: 2, Payload: data}
			p.b.t.Segment(&p.segment)
		})
	})
	b.Run("acknowledging holes", func(b *testing.B) {
		flood(b, func(p *peers, i int) {
			p.segment = packet.Segment{Src: p.ends[0], Dst: p.ends[1], Time: epoch + int64(i)*1000, Proto: packet.TCP, Flags: packet.ACK, Seq: uint32(i) * 20, Ack: uint32(i) * 20, Payload: data}
			if i&1 != 0 {
				p.segment.Src, p.segment.Dst = p.segment.Dst, p.segment.Src
			}
			p.b.t.Segment(&p.segment)
		})
	})
}
