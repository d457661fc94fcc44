package flow

import (
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// A packet that is seen again shortly after is the same one, unless something that a sender renews is another.
func TestCopies(t *testing.T) {
	const us, ms = int64(1e3), int64(1e6)
	for _, c := range []struct {
		name   string
		packet func(s *packet.Segment)
		again  func(s *packet.Segment)
		copy   bool
	}{
		{"identification, 20 µs", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Time += 20 * us }, true},
		{"identification, routed", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Time += 5 * ms; s.TTL-- }, true},
		{"identification, 100 ms", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Time += 100 * ms }, true},
		{"identification, before the first", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Time -= 2 * ms }, true},
		{"identification, after the shortest retransmission timeout", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Time += 200 * ms }, false},
		{"the next identification", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Time += 20 * us; s.IPID++ }, false},
		{"options, 20 ms", func(s *packet.Segment) { s.Options = 12 }, func(s *packet.Segment) { s.Time += 20 * ms }, true},
		{"another time stamp in the options", func(s *packet.Segment) { s.Options = 12 }, func(s *packet.Segment) { s.Time += 20 * ms; s.Checksum++ }, false},
		{"nothing, 500 µs", func(*packet.Segment) {}, func(s *packet.Segment) { s.Time += 500 * us }, true},
		{"nothing, 20 ms", func(*packet.Segment) {}, func(s *packet.Segment) { s.Time += 20 * ms }, false},
		{"nothing, 20 ms, routed", func(*packet.Segment) {}, func(s *packet.Segment) { s.Time += 20 * ms; s.TTL-- }, true},
		{"another acknowledgment", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Ack++ }, false},
		{"another window", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Window++ }, false},
		{"another length", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Payload = s.Payload[1:] }, false},
		{"another flag", func(s *packet.Segment) { s.IPID = 7 }, func(s *packet.Segment) { s.Flags |= packet.PSH }, false},
	} {
		b := newBench(Config{})
		p := b.connect(1000, [2]uint32{5, 9})
		p.open()
		s := p.at(100, '>', packet.ACK, "? a\n")
		s.TTL = 64
		c.packet(&s)
		first := s
		b.t.Segment(&s)
		c.again(&first)
		b.t.Segment(&first)
		copies, sentAgain := uint64(1), uint64(0)
		if !c.copy {
			copies, sentAgain = 0, 1
		}
		if d, k := b.t.Stats().Duplicates, b.counters(); d != copies || k.Retransmitted != [2]uint64{sentAgain, 0} || k.Segments[decoders.ToServer] != 3+sentAgain {
			t.Errorf("%s: %d copies, %+v", c.name, d, k)
		}
	}
}

// A capture in which every packet comes twice says what the capture says in which it comes once.
func TestEveryPacketTwice(t *testing.T) {
	run := func(twice bool) (*bench, Counters) {
		b := newBench(Config{})
		p := b.connect(1000, [2]uint32{5, 9})
		id := uint16(0)
		send := func(ms int, dir byte, flags uint8, data string) {
			s := p.at(ms, dir, flags, data)
			id++
			s.IPID, s.TTL = id, 64
			again := s
			b.t.Segment(&s)
			if twice {
				again.Time += 3e5
				again.TTL--
				b.t.Segment(&again)
			}
		}
		send(0, '>', packet.SYN, "")
		send(1, '<', packet.SYN|packet.ACK, "")
		send(2, '>', packet.ACK, "")
		send(3, '>', packet.ACK, "? a\n? b\n")
		send(4, '<', packet.ACK, "= 3\nxy")
		send(5, '<', packet.ACK, "z= 0\n")
		send(6, '>', packet.ACK|packet.FIN, "")
		send(7, '<', packet.ACK|packet.FIN, "")
		send(8, '>', packet.ACK, "")
		return b, b.counters()
	}
	once, want := run(false)
	twice, got := run(true)
	twice.expect(t, once.said...)
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if d := twice.t.Stats().Duplicates; d != 9 {
		t.Errorf("%d duplicates", d)
	}
}
