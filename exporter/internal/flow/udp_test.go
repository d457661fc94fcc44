package flow

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// The tests' UDP protocol: a datagram "?NAME" asks, "=NAME" answers; ten seconds of silence are no answer.
var ask = decoders.Plugin{
	Name:  "ask",
	Ports: []decoders.Port{{Number: 53, Transport: decoders.UDP}},
	Detect: func(_ decoders.Dir, b []byte) decoders.Verdict {
		switch b[0] {
		case '?', '=':
			return decoders.Yes
		case '!':
			panic("Detect")
		}
		return decoders.No
	},
}

type askDecoder struct{}

func (askDecoder) Open(f *decoders.Flow, out decoders.Sink) decoders.Conn {
	return &askConn{f: f, out: out}
}

type askConn struct {
	f     *decoders.Flow
	out   decoders.Sink
	asked []question
}

type question struct {
	name string
	at   decoders.Time
}

const patience = decoders.Time(10e9)

func (c *askConn) Feed(_ decoders.Dir, s *decoders.Stream) error {
	if _, err := s.Peek(2); err != nil {
		return err
	}
	at := s.Begin()
	b, _ := s.Next(s.Buffered())
	switch name := string(b[1:]); b[0] {
	case '?':
		c.asked = append(c.asked, question{name, at})
		c.f.Wake(at + patience)
	case '=':
		i := slices.IndexFunc(c.asked, func(q question) bool { return q.name == name })
		if i < 0 {
			c.out.Count(c.f, "unmatched")
			return nil
		}
		c.say(c.asked[i], decoders.OK, at)
		c.asked = slices.Delete(c.asked, i, i+1)
	case '#':
		panic("ask")
	default:
		return decoders.Malformed("neither")
	}
	return nil
}

func (c *askConn) say(q question, o decoders.Outcome, end decoders.Time) {
	c.out.Transaction(&decoders.Txn{Flow: c.f, Operation: []byte(q.name), Outcome: o, Start: q.at, RequestEnd: q.at, FirstByte: end, End: end})
}

func (c *askConn) Gap(decoders.Dir, uint64) error        { return nil }
func (c *askConn) End(decoders.Dir, decoders.Time)       {}
func (c *askConn) Waiting() (n int, since decoders.Time) { return len(c.asked), 0 }
func (c *askConn) Wake(now decoders.Time) {
	for len(c.asked) > 0 && now-c.asked[0].at >= patience {
		c.say(c.asked[0], decoders.Unanswered, 0)
		c.asked = c.asked[1:]
	}
	if len(c.asked) > 0 {
		c.f.Wake(c.asked[0].at + patience)
	}
}
func (c *askConn) Close(decoders.Time, decoders.Why) {
	for _, q := range c.asked {
		c.say(q, decoders.Unknown, 0)
	}
}

func newUDPBench(cfg Config) *bench {
	b := &bench{}
	cfg.Plugins = []decoders.Plugin{echo, ask}
	var m decoders.Memory
	b.t = New(cfg, []decoders.Decoder{&echoDecoder{}, askDecoder{}}, &m, b)
	return b
}

var datagrams uint16

// datagram sends a datagram from client n to the server ('>'), or back.
func (b *bench) datagram(ms, n int, dir byte, data string) {
	datagrams++
	client := packet.EndpointFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}), 40000))
	server := packet.EndpointFrom(netip.MustParseAddrPort("10.255.0.1:53"))
	s := packet.Segment{Src: client, Dst: server, Time: epoch + int64(ms)*1e6, Proto: packet.UDP, IPID: datagrams, Payload: []byte(data)}
	if dir == '<' {
		s.Src, s.Dst = s.Dst, s.Src
	}
	b.t.Segment(&s)
}

func TestDatagrams(t *testing.T) {
	b := newUDPBench(Config{})
	b.datagram(1, 1, '>', "?a")
	b.datagram(2, 1, '>', "?b")
	b.datagram(3, 1, '<', "=b")
	b.datagram(4, 2, '<', "=early") // what it answers was not seen
	b.datagram(5, 1, '<', "=a")
	b.datagram(6, 1, '>', "-")     // too short
	b.datagram(7, 1, '>', "wrong") // neither
	b.datagram(8, 1, '>', "?c")
	b.datagram(9, 1, '<', "=c")
	b.expect(t, "b ok 2 2 3 3", "unmatched", "a ok 1 1 5 5", "c ok 8 8 9 9")
	s := b.t.Stats()
	if s.Errors[DecoderError{1, decoders.TooShort}] != 1 || s.Errors[DecoderError{1, "neither"}] != 1 || b.counters().Bytes != 24 {
		t.Errorf("%+v %+v", s.Errors, b.counters())
	}
}

// A question is woken for when its time is over, whatever else is asked and closed meanwhile, and never before.
func TestWake(t *testing.T) {
	b := newUDPBench(Config{})
	for i := range 5000 {
		b.datagram(i, i, '>', fmt.Sprintf("?q%d", i))
		if i%10 != 0 {
			b.datagram(i, i, '<', fmt.Sprintf("=q%d", i))
		}
	}
	b.said = nil
	for ms := 5000; ms < 20_000; ms += 25 {
		b.t.Advance(after(ms))
		for _, line := range b.said {
			var i int
			if _, err := fmt.Sscanf(line, "q%d unanswered", &i); err != nil || i%10 != 0 || ms < i+10_000 || ms > i+10_100 {
				t.Errorf("at %d: %s", ms, line)
			}
		}
		b.n -= len(b.said)
		b.said = nil
	}
	if left := b.n - 4500; left != 0 {
		t.Errorf("%d too few or too many", left)
	}
	if len(b.t.wakes.of) != 0 || len(b.t.wakes.next) != 0 {
		t.Errorf("%d wishes and %d alarms are left", len(b.t.wakes.of), len(b.t.wakes.next))
	}
}

// Wishes of connections that are gone do not fill the memory.
func TestWakesAreBounded(t *testing.T) {
	b := newUDPBench(Config{Memory: 4 << 20})
	b.quiet = true
	for i := range 200_000 {
		b.datagram(i/1000, i, '>', "?q")
	}
	if s := b.t.Stats(); s.Memory > 4<<20 || len(b.t.wakes.next) > 2*len(b.t.wakes.of)+1025 {
		t.Errorf("%d bytes, %d alarms for %d wishes", s.Memory, len(b.t.wakes.next), len(b.t.wakes.of))
	}
}

// Silent pairs of UDP endpoints are forgotten after a minute, though a TCP connection has been silent for longer.
func TestDatagramsAreForgotten(t *testing.T) {
	b := newUDPBench(Config{})
	p := b.connect(1, [2]uint32{1, 1})
	p.open()
	for i := range 100 {
		b.datagram(1000, i, '>', "?q")
		b.datagram(1001, i, '<', "=q")
	}
	b.t.Advance(after(50_000))
	if s := b.t.Stats(); s.Active != 101 {
		t.Errorf("%d after 50 s", s.Active)
	}
	b.t.Advance(after(70_000))
	if s := b.t.Stats(); s.Active != 1 || s.Evicted[EvictedIdle] != 100 {
		t.Errorf("%d after 70 s, %+v", s.Active, s.Evicted)
	}
}

// A panic of Detect is the plugin's failure and says no; one in a datagram costs its pair of endpoints. An empty datagram is shown to nobody.
func TestPanicsOfDatagrams(t *testing.T) {
	b := newUDPBench(Config{})
	b.datagram(1, 1, '>', "!")
	b.datagram(2, 2, '>', "")
	b.datagram(3, 2, '>', "?a")
	b.datagram(4, 2, '<', "##")
	b.datagram(5, 2, '<', "=a")
	b.datagram(6, 3, '>', "?b")
	b.datagram(7, 3, '<', "=b")
	b.expect(t, "a unknown 3 3 - -", "b ok 6 6 7 7")
	if s := b.t.Stats(); s.Errors[DecoderError{1, "panic"}] != 2 || s.Undecoded[GaveUp] != 2 {
		t.Errorf("%+v", s)
	}
}

// However a connection ends, and whatever comes behind its end: its server is known to have none, so it can be forgotten.
func TestServersAreLeft(t *testing.T) {
	for name, end := range map[string]func(p *peers){
		"refused":                 func(p *peers) { p.send(1, '<', packet.RST|packet.ACK, "") },
		"reset by the client":     func(p *peers) { p.open(); p.send(3, '>', packet.RST, ""); p.send(4, '<', packet.ACK, "late") },
		"unanswered":              func(p *peers) { p.b.t.Advance(after(60_000)) },
		"given up, then answered": func(p *peers) { p.send(1, '>', packet.RST, ""); p.send(2, '<', packet.ACK, "late") },
		"closed": func(p *peers) {
			p.open()
			p.send(3, '>', packet.ACK|packet.FIN, "")
			p.send(4, '<', packet.ACK|packet.FIN, "")
		},
	} {
		b := newBench(Config{})
		p := b.connect(1, [2]uint32{1, 1})
		p.send(0, '>', packet.SYN, "")
		end(p)
		b.t.Advance(after(120_000))
		for _, v := range b.t.servers.byAddress {
			if v.conns != 0 {
				t.Errorf("%s: %d connections", name, v.conns)
			}
		}
		for _, v := range b.t.servers.silent {
			if v.conns != 0 {
				t.Errorf("%s: %d connections of silent servers", name, v.conns)
			}
		}
		if k := b.counters(); k.Connections != 0 || b.t.Stats().Active != 0 {
			t.Errorf("%s: %+v", name, k)
		}
	}
}
