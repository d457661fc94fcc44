package flow

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

func TestInOrder(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{5, 9})
	p.open()
	p.send(10, '>', packet.ACK, "? a\n? b\n")
	p.send(15, '<', packet.ACK, "= 3\nxy")
	p.send(20, '<', packet.ACK, "z= 0\n")
	p.send(21, '>', packet.ACK|packet.FIN, "")
	p.send(22, '<', packet.ACK|packet.FIN, "")
	b.expect(t, "handshake 2", "a ok 10 10 15 20", "b ok 10 10 20 20")
	k := b.counters()
	if k.Accepted != 1 || k.Connections != 0 || k.Bytes != 19 || k.Retransmitted != [2]uint64{} || k.Segments != [2]uint64{4, 4} {
		t.Errorf("%+v", k)
	}
}

// Whatever order the segments of one exchange come in, and wherever the sequence numbers wrap, the transactions and their
// times are the same.
func TestAnyOrder(t *testing.T) {
	for _, first := range [][2]uint32{{1, 1}, {0xffffffff, 0xfffffffe}, {0xfffffff0, 3}, {0x7ffffff8, 0x80000000}} {
		for seed := range uint64(200) {
			b := newBench(Config{})
			p := b.connect(1000, first)
			p.open()
			p.send(3, '>', packet.ACK, "? w\n")
			p.send(4, '<', packet.ACK, "= 0\n")
			var all []packet.Segment
			for _, x := range []string{"? a", "bc\n", "? d\n", "? e", "\n"} {
				all = append(all, p.at(10, '>', packet.ACK, x))
			}
			for _, x := range []string{"= 1", "0\n12345", "67", "890", "= 2\nxx", "=", " 0\n"} {
				all = append(all, p.at(20, '<', packet.ACK, x))
			}
			all = append(all, p.at(21, '>', packet.ACK|packet.FIN, ""), p.at(22, '<', packet.ACK|packet.FIN, ""))
			rng := rand.New(rand.NewPCG(seed, 1))
			rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for i := range all {
				b.t.Segment(&all[i])
			}
			b.t.Advance(after(5000))
			b.expect(t, "handshake 2", "w ok 3 3 4 4", "abc ok 10 10 20 20", "d ok 10 10 20 20", "e ok 10 10 20 20")
			if s := b.t.Stats(); s.Gaps != 0 || b.t.openHoles() != 0 || b.t.heldSize != 0 {
				t.Fatalf("seed %d: %+v, %d holes, %d held", seed, s, b.t.openHoles(), b.t.heldSize)
			}
		}
	}
}

func TestLossAcknowledged(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(10, '>', packet.ACK, "? a\n")
	p.send(11, '<', packet.ACK, "= 10\n12")
	p.at(12, '<', packet.ACK, "345") // lost by the capture, inside the body
	p.send(12, '>', packet.ACK, "")  // which acknowledges it
	p.send(13, '<', packet.ACK, "67890")
	p.send(14, '>', packet.ACK, "? b\n")
	p.send(15, '<', packet.ACK, "= 1\nx")
	b.t.Advance(after(16))
	b.expect(t) // still waiting
	b.t.Advance(after(1000))
	b.expect(t, "a ok 10 10 11 13", "b ok 14 14 15 15")
	if s := b.t.Stats(); s.Gaps != 1 || s.MissingBytes != 3 || b.counters().Missing != 3 {
		t.Errorf("%+v", s)
	}
}

// Bytes that the network lost before the capture did were sent again after those behind them: unless the receiver has acknowledged them
// before the last byte, nobody knows when the message was complete.
func TestLossAcknowledgedLate(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(10, '>', packet.ACK, "? a\n")
	p.send(11, '<', packet.ACK, "= 10\n12")
	p.at(12, '<', packet.ACK, "345")
	p.send(13, '<', packet.ACK, "67890")
	asks := p.at(14, '>', packet.ACK, "")
	asks.Ack, asks.Options = asks.Ack-8, 12 // "345" is missing there, too
	b.t.Segment(&asks)
	p.send(20, '>', packet.ACK, "? b\n") // acknowledges all, whenever it came
	p.send(21, '<', packet.ACK, "= 1\nx")
	b.t.Advance(after(1000))
	b.expect(t, "a ok 10 10 11 -", "b ok 20 20 21 21")
}

// What the snap length cut was there when its segment was.
func TestCutBody(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(10, '>', packet.ACK, "? a\n")
	p.send(11, '<', packet.ACK, "= 10\n12")
	s := p.at(12, '<', packet.ACK, "34567890")
	s.Payload, s.Missing = s.Payload[:1], 7
	b.t.Segment(&s)
	b.expect(t, "a ok 10 10 11 12")
	if s := b.t.Stats(); s.Gaps != 0 || s.MissingBytes != 7 {
		t.Errorf("%+v", s)
	}
}

func TestLossOfAHead(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(10, '>', packet.ACK, "? a\n")
	p.at(11, '<', packet.ACK, "= 5\n")
	p.send(12, '<', packet.ACK, "12345")
	p.send(13, '>', packet.ACK, "? b\n")
	p.send(300, '<', packet.ACK, "= 0\n")
	b.t.Advance(after(1000))
	// The hole is older than the request b, but b cannot be told from a's by what was seen: nothing is matched wrongly.
	for _, s := range b.said {
		if s == "a ok 10 10 300 300" || s == "b ok 13 13 12 12" {
			t.Errorf("invented %q", s)
		}
	}
}

func TestUnacknowledgedHoleWaits(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(10, '>', packet.ACK, "? a\n")
	lost := p.at(20, '<', packet.ACK, "= 5\n")
	p.send(21, '<', packet.ACK, "12345")
	b.t.Advance(after(5000))
	b.expect(t)
	lost.Time = epoch + 6000e6 // retransmitted
	b.t.Segment(&lost)
	b.expect(t, "a ok 10 10 6000 6000")
	if b.counters().Retransmitted[decoders.ToClient] != 1 {
		t.Errorf("%+v", b.counters())
	}
}

func TestRetransmission(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1000, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(10, '>', packet.ACK, "? a\n")
	again := p.segment
	again.Time += 5e6
	b.t.Segment(&again)
	p.send(20, '<', packet.ACK, "= 2\nx")
	longer := p.segment
	longer.Payload = []byte("= 2\nxy")
	longer.Time += 5e6
	b.t.Segment(&longer)
	probe := again
	probe.Seq += 3
	probe.Payload = probe.Payload[3:]
	b.t.Segment(&probe)
	b.expect(t, "a ok 10 10 20 25")
	if k := b.counters(); k.Retransmitted != [2]uint64{1, 1} || k.Bytes != 10 {
		t.Errorf("%+v", k)
	}
}

func TestConnectionAttempts(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1, [2]uint32{1, 1})
	p.send(0, '>', packet.SYN, "")
	p.send(1, '<', packet.RST|packet.ACK, "")
	b.connect(2, [2]uint32{1, 1}).send(2, '>', packet.SYN, "")
	b.connect(3, [2]uint32{1, 1}).open()
	b.t.Advance(after(60_000))
	k := b.counters()
	if k.Accepted != 1 || k.Refused != 1 || k.Unanswered != 1 || k.Connections != 1 || k.Resets != [2]uint64{0, 1} {
		t.Errorf("%+v", k)
	}
}

func TestResets(t *testing.T) {
	for dir, want := range map[byte]string{'>': "a aborted 10 10 - -", '<': "a unanswered 10 10 - -"} {
		b := newBench(Config{})
		p := b.connect(1, [2]uint32{1, 1})
		p.open()
		b.said = nil
		p.send(10, '>', packet.ACK, "? a\n")
		stray := p.at(11, dir, packet.RST, "")
		stray.Seq += 1 << 31
		b.t.Segment(&stray)
		b.expect(t)
		p.send(12, dir, packet.RST|packet.ACK, "")
		b.expect(t, want)
	}
}

func TestPortReuse(t *testing.T) {
	b := newBench(Config{})
	for i := range 3 {
		p := b.connect(1000, [2]uint32{uint32(i * 1000), uint32(i * 500)})
		p.send(100*i, '>', packet.SYN, "")
		p.send(100*i+1, '<', packet.SYN|packet.ACK, "")
		p.send(100*i+2, '>', packet.ACK, fmt.Sprintf("? r%d\n", i))
	}
	b.expect(t, "handshake 2", "r0 unknown 2 2 - -", "handshake 2", "r1 unknown 102 102 - -", "handshake 2")
	if s := b.t.Stats(); s.Evicted[EvictedReused] != 2 || s.Active != 1 {
		t.Errorf("%+v", s)
	}
}

func TestMidstream(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(50000, [2]uint32{1, 1})
	p.send(1, '<', packet.ACK, "the rest of something")
	p.send(2, '>', packet.ACK, "? a\n")
	p.send(3, '<', packet.ACK, "= 0\n")
	b.expect(t, "a ok 2 2 3 3")
	if s := b.t.Stats(); s.Undecoded[Midstream] != 21 {
		t.Errorf("%+v", s.Undecoded)
	}
}

func TestUndecoded(t *testing.T) {
	for data, want := range map[string]Undecoded{"\x16\x03\x01\x02\x00\x01rest": TLS, "nobody knows": UnknownProtocol} {
		b := newBench(Config{})
		p := b.connect(1, [2]uint32{1, 1})
		p.open()
		p.send(3, '>', packet.ACK, data)
		p.send(4, '<', packet.ACK, data)
		if got := b.t.Stats().Undecoded[want]; got != uint64(2*len(data)) {
			t.Errorf("%s: %d", want, got)
		}
	}
}

// A decoder's panic costs its connection and nothing else.
func TestPanicIsSurvived(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1, [2]uint32{1, 1})
	p.open()
	p.send(3, '>', packet.ACK, "? a\npanic\n")
	q := b.connect(2, [2]uint32{1, 1})
	q.open()
	q.send(5, '>', packet.ACK, "? b\n")
	q.send(6, '<', packet.ACK, "= 0\n")
	b.expect(t, "handshake 2", "a unknown 3 3 - -", "handshake 2", "b ok 5 5 6 6")
	if s := b.t.Stats(); s.Errors[DecoderError{0, "panic"}] != 1 {
		t.Errorf("%+v", s)
	}
}

func TestLongRequestIsNeverTimedOut(t *testing.T) {
	b := newBench(Config{Idle: time.Minute})
	p := b.connect(1, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(3, '>', packet.ACK, "? a\n")
	for ms := 1000; ms < 30*60_000; ms += 1000 {
		b.t.Advance(after(ms))
	}
	w := map[Of]Waiting{}
	b.t.Waiting(w)
	if got := w[Of{1, 0}]; got.Requests != 1 || got.Oldest != after(3) {
		t.Errorf("waiting %+v", w)
	}
	p.send(30*60_000, '<', packet.ACK, "= 0\n")
	b.expect(t, "a ok 3 3 1800000 1800000")
}

func TestCaptureEnd(t *testing.T) {
	b := newBench(Config{})
	p := b.connect(1, [2]uint32{1, 1})
	p.open()
	b.said = nil
	p.send(3, '>', packet.ACK, "? a\n")
	b.t.Close()
	b.expect(t, "a unknown 3 3 - -")
	if s := b.t.Stats(); s.Active != 0 || b.counters().Connections != 0 {
		t.Errorf("%+v", s)
	}
}

// The budget holds whatever comes: a million SYNs, a million open connections, endless holes.
func TestBudget(t *testing.T) {
	const budget = 8 << 20
	attacks := map[string]func(p *peers){
		"SYN flood":        func(p *peers) { p.send(1, '>', packet.SYN, "") },
		"idle connections": func(p *peers) { p.open() },
		"half a request":   func(p *peers) { p.open(); p.send(3, '>', packet.ACK, "? abc") },
		"holes": func(p *peers) {
			p.open()
			for range 20 {
				p.at(3, '>', packet.ACK, "x")
				p.send(4, '>', packet.ACK, "? long enough to be something\n")
			}
		},
		"requests": func(p *peers) { p.open(); p.send(3, '>', packet.ACK, "? a\n? b\n? c\n") },
	}
	for name, attack := range attacks {
		b := newBench(Config{Memory: budget})
		b.quiet = true
		work := b.connect(1, [2]uint32{1, 1})
		work.ends[0][0] = 9
		work.open()
		for i := range 100_000 {
			p := b.connect(uint16(i), [2]uint32{1, 1})
			p.ends[0][3], p.ends[0][4] = byte(i>>16), byte(i>>8)
			attack(p)
			if i%1000 == 0 {
				work.send(5, '>', packet.ACK, "? w\n")
				work.send(6, '<', packet.ACK, "= 0\n")
				if m := b.t.Stats().Memory; m > budget {
					t.Fatalf("%s: %d bytes after %d", name, m, i)
				}
			}
		}
		if name == "SYN flood" && b.n != 100 {
			t.Errorf("the flood pushed out a working connection: %d of 100 requests", b.n)
		}
	}
}

// A flow and an idle Conn take 256 bytes together.
func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(conn{}); n > 216 {
		t.Errorf("conn has %d bytes", n)
	}
	if n := unsafe.Sizeof(piece{}); n > pieceSize {
		t.Errorf("piece has %d bytes", n)
	}
}

func TestAllocs(t *testing.T) {
	b := newBench(Config{})
	b.quiet = true
	p := b.connect(1, [2]uint32{1, 1})
	p.open()
	exchange := exchanger(p)
	for range 100 {
		exchange()
	}
	if n := testing.AllocsPerRun(1000, exchange); n != 0 {
		t.Errorf("%v allocations for an exchange", n)
	}
	if b.n != 1101 {
		t.Errorf("%d transactions", b.n)
	}
}

// exchanger sends one request and its response, in three segments, each time it is called.
func exchanger(p *peers) func() {
	segments := []packet.Segment{p.at(3, '>', packet.ACK, "? a\n"), p.at(4, '<', packet.ACK, "= 1000\n"), p.at(5, '<', packet.ACK, string(make([]byte, 1000)))}
	return func() {
		for i := range segments {
			s := &segments[i]
			p.b.t.Segment(s)
			s.Time += 10e6
			if i == 0 {
				s.Seq, s.Ack = s.Seq+4, s.Ack+1007
			} else {
				s.Seq, s.Ack = s.Seq+1007, s.Ack+4
			}
		}
	}
}

func BenchmarkExchange(b *testing.B) {
	bench := newBench(Config{})
	bench.quiet = true
	p := bench.connect(1, [2]uint32{1, 1})
	p.open()
	exchange := exchanger(p)
	b.SetBytes(1011)
	b.ReportAllocs()
	for b.Loop() {
		exchange()
	}
}

// Whatever segments come, nothing panics, and nothing is held when all connections are closed.
func FuzzSegments(f *testing.F) {
	f.Add([]byte("\x00\x02\x00\x00\x01\x12\x00\x00\x00\x10\x04\x01"))
	f.Fuzz(func(t *testing.T, script []byte) {
		b := newBench(Config{Memory: 4 << 20, Hold: 4096})
		b.quiet = true
		p := b.connect(1, [2]uint32{0xfffffff0, 5})
		now := 0
		for ; len(script) >= 6; script = script[6:] {
			now += int(script[4])
			s := p.at(now, "><"[script[0]&1], script[1]&31, "? a\n= 3\nxyz? b\n"[:script[3]&15])
			s.Seq += uint32(int8(script[2]))
			s.Ack += uint32(int8(script[5]))
			s.Missing = int(script[0] >> 6)
			b.t.Segment(&s)
		}
		b.t.Close()
		if st := b.t.Stats(); st.Active != 0 || b.t.heldSize != 0 || b.t.openHoles() != 0 || b.counters().Connections != 0 {
			t.Errorf("left behind: %+v, %d held, %d holes, %d connections", st, b.t.heldSize, b.t.openHoles(), b.counters().Connections)
		}
		if s := b.t.Stats(); s.Errors[DecoderError{0, "panic"}] != 0 {
			t.Error("panic")
		}
	})
}
