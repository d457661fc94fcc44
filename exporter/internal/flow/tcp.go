package flow

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// tcp takes one segment of c (RFC 9293 section 3.10.7.4, from beside the road). All sequence arithmetic is int32(a-b): nothing
// wider is right across the wrap.
func (t *Table) tcp(c *conn, d decoders.Dir, s *packet.Segment) {
	if d == decoders.ToClient && c.flags&answered == 0 {
		c.flags |= answered
		t.join(c, true)
	}
	k := c.server.counters
	k.Segments[d]++
	if s.Window == 0 && s.Flags&(packet.SYN|packet.FIN|packet.RST) == 0 {
		k.ZeroWindows[d]++
	}
	if s.Flags&packet.RST != 0 {
		k.Resets[d]++
		if c.state != closed {
			t.reset(c, d, s)
		}
		return
	}
	if c.state == closed {
		t.late(c, d, s)
		return
	}
	switch {
	case s.Flags&packet.SYN != 0:
		t.syn(c, d, s)
	case c.state == halfOpen && (d == decoders.ToServer || len(s.Payload) > 0):
		t.handshake(c, s)
	}
	if s.Flags&packet.ACK != 0 {
		t.ack(c, d, s)
	}
	if n := len(s.Payload) + s.Missing; n > 0 || s.Flags&packet.FIN != 0 {
		t.payload(c, d, s, n)
	}
}

// syn takes the SYN of either side.
func (t *Table) syn(c *conn, d decoders.Dir, s *packet.Segment) {
	if c.has(synced, d) && c.side[d].next == s.Seq+1 {
		c.server.counters.Retransmitted[d]++
	} else if !c.has(synced, d) {
		c.set(synced, d)
		c.side[d].next = s.Seq + 1
	}
	s.Seq++ // a SYN takes one number; data in it (RFC 7413) comes behind
	if d == decoders.ToServer {
		if c.rttAt == 0 {
			c.rttAt = decoders.Time(s.Time)
		}
		return
	}
	if c.flags&synAcked == 0 {
		c.flags |= synAcked
		if c.rttAt != 0 && c.state == halfOpen {
			t.rtt(c, decoders.ToServer, decoders.Time(s.Time))
		}
	}
}

// handshake takes the client's first segment after its SYN, which completes the connection.
func (t *Table) handshake(c *conn, s *packet.Segment) {
	at := decoders.Time(s.Time)
	if c.flags&synAcked != 0 && c.rttAt != 0 && at >= c.rttAt && c.server.measured {
		t.observer.Handshake(c.server.tag, int64(at-c.rttAt))
	}
	c.rttAt, c.rttDir = 0, noRTT
	t.establish(c)
	t.drain(c)
}

// rtt reports the round trip that ended at a segment of side.
func (t *Table) rtt(c *conn, side decoders.Dir, at decoders.Time) {
	if at >= c.rttAt && c.server.measured {
		t.observer.RTT(c.server.tag, side, int64(at-c.rttAt))
	}
}

// ack takes what a segment in direction d acknowledges of the other one.
func (t *Table) ack(c *conn, d decoders.Dir, s *packet.Segment) {
	p := d.Other()
	if c.rttDir == uint8(p) && int32(s.Ack-c.rttEnd) >= 0 {
		t.rtt(c, p, decoders.Time(s.Time))
		c.rttDir = noRTT
	}
	if !c.has(synced, p) {
		c.set(synced, p)
		c.side[p].next = s.Ack
		return
	}
	if h := c.side[p].hole; h != nil {
		h.ask(s)
	}
	ahead := int32(s.Ack - c.side[p].next)
	if ahead <= 0 || ahead > maxAhead || c.has(ended, p) || c.state == halfOpen {
		return
	}
	t.acked(c, p, s.Ack, decoders.Time(s.Time))
}

// maxAhead is how far beyond the expected number an acknowledgment or a segment may lie: the largest window TCP can have (RFC
// 7323). What is farther away belongs to something else.
const maxAhead = 1 << 30

// payload takes the n bytes (and the FIN) of a segment.
func (t *Table) payload(c *conn, d decoders.Dir, s *packet.Segment, n int) {
	e := &c.side[d]
	if s.Seq == e.next && c.smooth(d) && s.Missing == 0 && s.Flags&packet.FIN == 0 {
		t.inOrder(c, d, s)
		return
	}
	if !c.has(synced, d) {
		c.set(synced, d)
		e.next = s.Seq
		if n == 1 && s.Flags&(packet.PSH|packet.FIN) == 0 {
			e.next++ // a keep-alive probe (RFC 9293 section 3.8.4): its byte is an old one
		}
	}
	p := piece{seq: s.Seq, ack: s.Ack, n: uint32(n), cut: uint32(s.Missing), at: decoders.Time(s.Time), data: s.Payload,
		fin: s.Flags&packet.FIN != 0, acks: s.Flags&packet.ACK != 0, options: s.Options}
	ahead := int32(p.seq - e.next)
	switch {
	case c.state == halfOpen: // data in the SYN (RFC 7413): waits until the handshake is done
		t.hold(c, d, p)
		return
	case ahead > maxAhead:
		t.stats.Undecoded[OutOfWindow] += uint64(n)
		return
	case int32(p.end()-e.next) <= 0:
		if n > 1 || n == 1 && ahead != -1 { // one byte before the expected one is a keep-alive probe (RFC 9293 section 3.8.4)
			t.again(c, d)
		}
		return
	case c.has(ended, d):
		t.stats.Undecoded[AfterClose] += uint64(n)
		return
	case ahead > 0 || t.blocked(c, d, &p):
		t.hold(c, d, p)
		return
	case e.hole != nil && len(e.hole.waiting()) > 0 && p.at-e.hole.since > reorder:
		t.again(c, d)
	case ahead < 0:
		t.again(c, d)
	}
	t.time(c, d, &p)
	t.deliver(c, d, &p)
	if e.hole != nil || c.side[d.Other()].hole != nil {
		t.drain(c)
	}
}

// smooth says that a segment of d that begins with the next byte can be delivered as it is: nothing is missing or waiting in either direction.
func (c *conn) smooth(d decoders.Dir) bool {
	return c.open() && c.flags&((synced|ended)<<d) == synced<<d && c.side[0].hole == nil && c.side[1].hole == nil
}

// inOrder is what payload comes to for nearly every segment.
func (t *Table) inOrder(c *conn, d decoders.Dir, s *packet.Segment) {
	n, at := uint32(len(s.Payload)), decoders.Time(s.Time)
	c.side[d].next += n
	c.server.counters.Bytes += uint64(n)
	if c.rttDir == noRTT {
		c.rttDir, c.rttEnd, c.rttAt = uint8(d), c.side[d].next, at
	}
	switch c.state {
	case decoding:
		if err := t.drive(c, opSegment, d, s.Payload, 0, at); err != nil {
			t.result(c, err, at)
		}
	case opaque:
		t.stats.Undecoded[c.opaque] += uint64(n)
	default:
		t.choose(c, d, s.Payload, at)
	}
}

// reorder is how late a segment may come to its hole and still be called reordered instead of retransmitted, ns (Wireshark's
// figure: 3 ms).
const reorder = 3e6

// again counts a retransmission. What was sent twice cannot be timed (Karn's algorithm, RFC 6298 section 3).
func (t *Table) again(c *conn, d decoders.Dir) {
	c.server.counters.Retransmitted[d]++
	if c.rttDir == uint8(d) {
		c.rttDir = noRTT
	}
}

// time starts to time a segment if none is being timed.
func (t *Table) time(c *conn, d decoders.Dir, p *piece) {
	if c.rttDir == noRTT && p.n > 0 {
		c.rttDir, c.rttEnd, c.rttAt = uint8(d), p.end(), p.at
	}
}

// late takes a segment of a closed connection.
func (t *Table) late(c *conn, d decoders.Dir, s *packet.Segment) {
	n := len(s.Payload) + s.Missing
	switch {
	case n == 0:
	case c.has(synced, d) && int32(s.Seq+uint32(n)-c.side[d].next) <= 0:
		c.server.counters.Retransmitted[d]++
	default:
		t.stats.Undecoded[AfterClose] += uint64(n)
	}
}

// reset takes a RST. One outside the expected numbers is a stranger's or a relic's (RFC 5961 section 3).
func (t *Table) reset(c *conn, d decoders.Dir, s *packet.Segment) {
	if c.has(synced, d) && s.Seq != 0 {
		if off := int32(s.Seq - c.side[d].next); off < -1<<16 || off > maxAhead {
			return
		}
	}
	k := c.server.counters
	if c.state == halfOpen {
		switch {
		case c.flags&synAcked != 0:
			k.Accepted++
		case d == decoders.ToClient:
			k.Refused++
		default:
			k.Unanswered++
		}
	}
	t.sentBefore(c, d, s)
	why := decoders.ResetByServer
	if d == decoders.ToServer {
		why = decoders.ResetByClient
	}
	t.shut(c, why)
}

// sentBefore takes what a RST says of what its sender had sent and received. What was not seen of that is missing: a response whose end was lost
// is not one that was cut off.
func (t *Table) sentBefore(c *conn, d decoders.Dir, s *packet.Segment) {
	if c.state == halfOpen || !c.has(synced, d) {
		return
	}
	if s.Flags&packet.ACK != 0 {
		t.ack(c, d, s)
	}
	if isAhead(s.Seq, c.side[d].next) && !c.has(ended, d) {
		t.acked(c, d, s.Seq, decoders.Time(s.Time))
	}
}
