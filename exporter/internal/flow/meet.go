package flow

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// meet makes a connection of its first segment; nil when the segment tells nothing of one (a bare ACK, FIN or RST).
func (t *Table) meet(h uint32, src, dst *decoders.Endpoint, s *packet.Segment) *conn {
	syn := s.Flags&packet.SYN != 0
	if s.Flags&packet.RST != 0 || !syn && len(s.Payload)+s.Missing == 0 {
		return nil
	}
	clientFirst := true
	switch {
	case syn:
		clientFirst = s.Flags&packet.ACK == 0
	default:
		clientFirst = t.looksLikeServer(dst, src, decoders.TCP)
	}
	c := t.newConn(h)
	c.Flow = decoders.Flow{Client: *src, Server: *dst, Midstream: !syn}
	if !clientFirst {
		c.Flow.Client, c.Flow.Server = *dst, *src
	}
	c.seen = t.second()
	if syn {
		t.link(c, listHalfOpen)
	} else {
		t.link(c, listOpen)
	}
	t.join(c, !syn || !clientFirst)
	if !syn {
		t.establish(c)
	}
	return c
}

// looksLikeServer says that a is the server of a connection whose beginning was not seen, rather than b: it is known as one,
// it is configured as one, its port is a protocol's usual one, or its port is the lower one.
func (t *Table) looksLikeServer(a, b *decoders.Endpoint, transport decoders.Transport) bool {
	if ya, yb := t.servers.knows(a, transport), t.servers.knows(b, transport); ya != yb {
		return ya
	}
	if ya, yb := t.configured(a, transport), t.configured(b, transport); ya != yb {
		return ya
	}
	if ya, yb := t.usual(a, transport), t.usual(b, transport); ya != yb {
		return ya
	}
	return a.Port() <= b.Port()
}

func (t *Table) configured(e *decoders.Endpoint, transport decoders.Transport) bool {
	return t.cfg.Protocol(*e, transport) >= 0
}

func (t *Table) usual(e *decoders.Endpoint, transport decoders.Transport) bool {
	for i := range t.cfg.Plugins {
		for _, p := range t.cfg.Plugins[i].Ports {
			if p.Number == e.Port() && p.Transport == transport {
				return true
			}
		}
	}
	return false
}

// early is how many bytes may be seen of a connection before its SYN, when packets come out of order.
const early = 1 << 20

// reused says that a SYN opens a new connection with the addresses and ports of c. A SYN that belongs to c is a repetition of
// its first one: nothing has come after that yet.
func (t *Table) reused(c *conn, src *decoders.Endpoint, s *packet.Segment) bool {
	if s.Flags&packet.ACK != 0 {
		return c.state == closed && c.flags&synAcked == 0 // the RST before was not the server's: it accepts after all
	}
	if c.state == closed {
		return true
	}
	d := decoders.ToServer
	if c.Flow.Client != *src {
		d = decoders.ToClient
	}
	if c.has(synced, d) {
		past := c.side[d].next - (s.Seq + 1)
		if past == 0 || past < early && decoders.Time(s.Time) < t.now {
			return false
		}
	}
	switch {
	case c.open():
		t.stats.Evicted[EvictedReused]++
	case c.flags&synAcked == 0:
		c.server.counters.Unanswered++
	}
	return true
}

// establish makes an open connection of a half-open one.
func (t *Table) establish(c *conn) {
	c.state = choosing
	if c.list != listOpen {
		t.move(c, listOpen)
	}
	c.flags |= counted
	c.server.counters.Connections++
	if !c.Flow.Midstream {
		c.server.counters.Accepted++
	}
}
