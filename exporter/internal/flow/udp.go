package flow

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// datagram takes one UDP datagram. Without a decoder for UDP none is looked at.
func (t *Table) datagram(s *packet.Segment) {
	n := len(s.Payload) + s.Missing
	if !t.udpWanted {
		t.stats.Undecoded[NoUDPDecoder] += uint64(n)
		return
	}
	src, dst := (*decoders.Endpoint)(&s.Src), (*decoders.Endpoint)(&s.Dst)
	h := t.index.hash(src, dst, decoders.UDP)
	if t.isCopy(h, s) {
		return
	}
	c, d := t.find(h, src, dst, decoders.UDP)
	if c == nil {
		c = t.newConn(h)
		c.Flow = decoders.Flow{Client: *src, Server: *dst, Transport: decoders.UDP}
		if d = decoders.ToServer; !t.looksLikeServer(dst, src, decoders.UDP) {
			c.Flow.Client, c.Flow.Server, d = *dst, *src, decoders.ToClient
		}
		c.seen = t.second()
		t.link(c, listUDP)
		t.join(c, d == decoders.ToClient)
		c.state = choosing
	}
	if d == decoders.ToClient && c.flags&answered == 0 {
		c.flags |= answered
		t.join(c, true)
	}
	t.touch(c)
	t.udp(c, d, s)
}

func (t *Table) udp(c *conn, d decoders.Dir, s *packet.Segment) {
	at := decoders.Time(s.Time)
	c.server.counters.Bytes += uint64(len(s.Payload))
	if s.Missing > 0 {
		t.stats.MissingBytes += uint64(s.Missing)
		c.server.counters.Missing += uint64(s.Missing)
	}
	if c.state == choosing && len(s.Payload) > 0 {
		t.chooseUDP(c, d, s.Payload, at)
	}
	switch c.state {
	case decoding:
		if err := t.drive(c, opDatagram, d, s.Payload, 0, at); err != nil {
			t.failUDP(c, err, at)
		}
	case opaque:
		t.stats.Undecoded[c.opaque] += uint64(len(s.Payload))
	}
}

// failUDP counts what a decoder could not read. The next datagram is a new chance, but not after a panic.
func (t *Table) failUDP(c *conn, err error, at decoders.Time) {
	reason, ok := err.(decoders.Malformed)
	if !ok {
		return
	}
	t.fault(int(c.plugin), reason)
	if reason == panicked {
		t.part(c, decoders.GaveUp, at)
		t.close(c, GaveUp)
	}
}

// chooseUDP decides by the first datagram.
func (t *Table) chooseUDP(c *conn, d decoders.Dir, b []byte, at decoders.Time) {
	more := false
	plugin, v := t.askAll(d, b, func(p *decoders.Plugin, _ int) bool { return speaksUDP(p) }, &more)
	if known := t.known(c); v != decoders.Yes && known != noPlugin && speaksUDP(&t.cfg.Plugins[known]) {
		plugin, v = known, decoders.Yes
	}
	if v != decoders.Yes {
		t.close(c, UnknownProtocol)
		return
	}
	t.read1(c, plugin, at)
}

func speaksUDP(p *decoders.Plugin) bool {
	for _, q := range p.Ports {
		if q.Transport == decoders.UDP {
			return true
		}
	}
	return false
}
