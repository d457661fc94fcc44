package flow

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// The tests' protocol: a request is "? NAME n" and a line end, a response "= n" and a line end followed by n bytes of body.
var echo = decoders.Plugin{
	Name:  "echo",
	Ports: []decoders.Port{{Number: 7, Transport: decoders.TCP}},
	Detect: func(d decoders.Dir, b []byte) decoders.Verdict {
		want := byte('?')
		if d == decoders.ToClient {
			want = '='
		}
		if b[0] == want {
			return decoders.Yes
		}
		return decoders.No
	},
}

type echoDecoder struct{ free []*echoConn }

func (e *echoDecoder) Open(f *decoders.Flow, out decoders.Sink) decoders.Conn {
	var c *echoConn
	if n := len(e.free); n > 0 {
		c, e.free = e.free[n-1], e.free[:n-1]
	} else {
		c = &echoConn{d: e}
	}
	c.f, c.out, c.body, c.lost = f, out, false, f.Midstream
	c.pending.Reset()
	return c
}

type echoRequest struct {
	name  decoders.Text
	start decoders.Time
	end   decoders.Time
	first decoders.Time
}

type echoConn struct {
	d       *echoDecoder
	f       *decoders.Flow
	out     decoders.Sink
	pending decoders.Pending[echoRequest]
	txn     decoders.Txn
	body    bool
	lost    bool // which message a byte belongs to: until a segment begins with a response to the only request
}

func (c *echoConn) Feed(d decoders.Dir, s *decoders.Stream) error {
	for {
		if d == decoders.ToClient && c.body {
			c.body = false
			c.finish(decoders.OK, s.Time())
		}
		if s.Buffered() == 0 {
			return nil
		}
		if c.lost && !c.found(d, s) {
			s.Skip(uint64(s.Buffered()))
			return nil
		}
		begin := s.Begin()
		line, _, err := s.Line(100)
		if err != nil {
			return err
		}
		switch {
		case string(line) == "panic":
			panic("echo")
		case len(line) == 0:
			return decoders.Malformed("empty")
		case string(line) == "tls":
			return decoders.Become("tls")
		case d == decoders.ToServer && line[0] == '?':
			r := c.pending.Push()
			if r == nil {
				return decoders.Malformed("too_many")
			}
			r.name.Set(line[min(2, len(line)):], 10)
			r.start, r.end, r.first = begin, s.Time(), 0
		case d == decoders.ToClient && line[0] == '=' && c.pending.Len() > 0:
			c.pending.Front().first = begin
			n := uint64(0)
			for _, b := range line[min(2, len(line)):] {
				n = n*10 + uint64(b-'0')
			}
			c.body = true
			if err := s.Skip(n); err != nil {
				return err
			}
		case line[0] == '=':
			c.out.Count(c.f, "unmatched")
		default:
			return decoders.Malformed("bad_line")
		}
	}
}

// found says that a message begins here, after a loss.
func (c *echoConn) found(d decoders.Dir, s *decoders.Stream) bool {
	first := s.Bytes()[0]
	switch {
	case d == decoders.ToServer:
		for first == '?' && c.pending.Len() > 0 { // the response to the last one was lost, or this one did not wait
			c.finish(decoders.Unknown, 0)
		}
		return first == '?'
	case first != '=':
		return false
	case c.pending.Len() == 0 || s.Begin() < c.pending.Front().start:
		c.out.Count(c.f, "unmatched")
		return false
	}
	c.lost = false
	return true
}

func (c *echoConn) finish(o decoders.Outcome, end decoders.Time) {
	r := c.pending.Front()
	c.txn = decoders.Txn{Flow: c.f, Outcome: o, Operation: r.name.Bytes(), Start: r.start, RequestEnd: r.end, FirstByte: r.first, End: end}
	c.out.Transaction(&c.txn)
	c.pending.Pop()
}

func (c *echoConn) Gap(decoders.Dir, uint64) error {
	for c.pending.Len() > 0 {
		c.finish(decoders.Unknown, 0)
	}
	c.body, c.lost = false, true
	return nil
}
func (c *echoConn) End(decoders.Dir, decoders.Time) {}
func (c *echoConn) Wake(decoders.Time)              {}
func (c *echoConn) Waiting() (int, decoders.Time) {
	if c.pending.Len() == 0 {
		return 0, 0
	}
	return c.pending.Len(), c.pending.Front().start
}
func (c *echoConn) Close(_ decoders.Time, why decoders.Why) {
	if c.lost {
		why = decoders.GaveUp
	}
	for c.pending.Len() > 0 {
		c.finish([...]decoders.Outcome{decoders.Unanswered, decoders.Aborted, decoders.Unanswered, decoders.Unknown, decoders.Unknown, decoders.Unknown, decoders.Unknown}[why], 0)
	}
	c.d.free = append(c.d.free, c)
}

// bench is a table with a recorder of all it says.
type bench struct {
	t     *Table
	said  []string
	quiet bool
	n     int
}

func newBench(cfg Config) *bench {
	b := &bench{}
	cfg.Plugins = []decoders.Plugin{echo}
	var m decoders.Memory
	b.t = New(cfg, []decoders.Decoder{&echoDecoder{}}, &m, b)
	return b
}

func (b *bench) Transaction(_ int, t *decoders.Txn) {
	if b.n++; b.quiet {
		return
	}
	ms := func(x decoders.Time) string {
		if x == 0 {
			return "-"
		}
		return fmt.Sprint((int64(x) - epoch) / 1e6)
	}
	b.said = append(b.said, fmt.Sprintf("%s %s %s %s %s %s", t.Operation, t.Outcome, ms(t.Start), ms(t.RequestEnd), ms(t.FirstByte), ms(t.End)))
}
func (b *bench) Count(_ int, _ *decoders.Flow, r decoders.Malformed) {
	b.said = append(b.said, string(r))
}
func (b *bench) Server(decoders.Endpoint, bool) (uint32, bool) { return 1, true }
func (b *bench) Handshake(_ uint32, ns int64) {
	if !b.quiet {
		b.said = append(b.said, fmt.Sprintf("handshake %d", ns/1e6))
	}
}
func (b *bench) RTT(uint32, decoders.Dir, int64) {}

func (b *bench) counters() Counters {
	var all Counters
	b.t.Counters(func(_ uint32, c *Counters) { all = *c })
	return all
}

const epoch = int64(1_700_000_000_000_000_000)

// peers is one connection's two ends, sending.
type peers struct {
	b        *bench
	ends     [2]packet.Endpoint
	seq      [2]uint32
	segment  packet.Segment
	lastTime int64
}

func (b *bench) connect(port uint16, first [2]uint32) *peers {
	at := func(s string) packet.Endpoint { return packet.EndpointFrom(netip.MustParseAddrPort(s)) }
	return &peers{b: b, ends: [2]packet.Endpoint{at(fmt.Sprintf("10.0.0.1:%d", port)), at("10.0.0.2:7")}, seq: first}
}

// at builds the segment that the client ('>') or server ('<') sends at the given millisecond, with the present numbers.
func (p *peers) at(ms int, dir byte, flags uint8, data string) packet.Segment {
	from := 0
	if dir == '<' {
		from = 1
	}
	s := packet.Segment{Src: p.ends[from], Dst: p.ends[1-from], Time: epoch + int64(ms)*1e6, Proto: packet.TCP, Flags: flags, Window: 1000,
		Seq: p.seq[from], Payload: []byte(data)}
	if flags&packet.ACK != 0 {
		s.Ack = p.seq[1-from]
	}
	p.seq[from] += uint32(len(data))
	if flags&(packet.SYN|packet.FIN) != 0 {
		p.seq[from]++
	}
	return s
}

func (p *peers) send(ms int, dir byte, flags uint8, data string) {
	p.segment = p.at(ms, dir, flags, data)
	p.b.t.Segment(&p.segment)
}

// open shakes hands in the milliseconds 0 to 2.
func (p *peers) open() {
	p.send(0, '>', packet.SYN, "")
	p.send(1, '<', packet.SYN|packet.ACK, "")
	p.send(2, '>', packet.ACK, "")
}

func (b *bench) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := strings.Join(b.said, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	b.said = nil
}

func after(ms int) decoders.Time {
	return decoders.Time(epoch + int64(time.Duration(ms)*time.Millisecond))
}

func (t *Table) openHoles() (n int) {
	for i := range t.queues {
		n += t.queues[i].n
	}
	return n
}
