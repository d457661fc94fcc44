package flow

import "wire_exporter/decoders"

// choose decides who reads a connection: TLS is told apart first, then a preamble is peeled off, then the protocol that is
// configured or remembered for the server is asked, then all others. Nothing is forced through a decoder that says no.
func (t *Table) choose(c *conn, d decoders.Dir, b []byte, at decoders.Time) {
	if !c.Hold(&t.pool, d, b, at) {
		t.close(c, UnknownProtocol)
		return
	}
	t.judge(c, d, at)
}

// judge looks at what direction d holds.
func (t *Table) judge(c *conn, d decoders.Dir, at decoders.Time) {
	first := c.Held(d)
	if len(first) == 0 {
		return
	}
	if looksTLS(first) {
		t.close(c, TLS)
		return
	}
	known := t.known(c)
	plugin, swapped, verdict := t.ask(c, d, first, known)
	switch {
	case verdict == decoders.Yes && swapped:
		t.turn(c)
		t.read1(c, plugin, at)
	case verdict == decoders.Yes:
		t.read1(c, plugin, at)
	case verdict == decoders.More:
	case c.Flow.Midstream && known != noPlugin:
		t.read1(c, known, at) // it finds its own way in
	case c.Flow.Midstream:
		// The middle of a message says nothing: look at the next segment.
		t.stats.Undecoded[Midstream] += uint64(len(first))
		c.Forget(&t.pool, d)
		if c.becomes++; c.becomes > maxLooks {
			t.close(c, UnknownProtocol)
		}
	default:
		t.close(c, UnknownProtocol)
	}
}

// maxLooks is at how many segments of an unknown connection's middle a beginning is looked for.
const maxLooks = 200

// known is the plugin that is configured or remembered for the server.
func (t *Table) known(c *conn) int {
	if p := t.cfg.Protocol(c.Flow.Server, c.Flow.Transport); p >= 0 && t.decoders[p] != nil {
		return p
	}
	return int(c.server.plugin)
}

// ask puts the question to the plugins: preambles, then the known one, then those whose usual port it is, then the rest. When
// no SYN was seen, a plugin may also recognise its server in what we took for the client.
func (t *Table) ask(c *conn, d decoders.Dir, first []byte, known int) (plugin int, swapped bool, v decoders.Verdict) {
	more := false
	if !c.Flow.Midstream && d == decoders.ToServer && c.becomes < maxHands {
		if p, v := t.askAll(d, first, func(p *decoders.Plugin, _ int) bool { return p.Preamble }, &more); v == decoders.Yes {
			return p, false, v
		}
	}
	passes := []func(p *decoders.Plugin, i int) bool{
		func(_ *decoders.Plugin, i int) bool { return i == known },
		func(p *decoders.Plugin, i int) bool {
			return !p.Preamble && i != known && hasPort(p, c.Flow.Server.Port(), c.Flow.Transport)
		},
		func(p *decoders.Plugin, i int) bool {
			return !p.Preamble && i != known && !hasPort(p, c.Flow.Server.Port(), c.Flow.Transport)
		},
	}
	for _, wanted := range passes {
		if p, v := t.askAll(d, first, wanted, &more); v == decoders.Yes {
			return p, false, v
		}
		if more {
			return noPlugin, false, decoders.More
		}
	}
	if c.Flow.Midstream {
		if p, v := t.askAll(d.Other(), first, func(p *decoders.Plugin, _ int) bool { return !p.Preamble }, &more); v == decoders.Yes {
			return p, true, v
		}
	}
	return noPlugin, false, decoders.No
}

// askAll asks the wanted plugins; the first Yes wins. more is set when one wants to see more.
func (t *Table) askAll(d decoders.Dir, first []byte, wanted func(p *decoders.Plugin, i int) bool, more *bool) (int, decoders.Verdict) {
	for i := range t.cfg.Plugins {
		p := &t.cfg.Plugins[i]
		if t.decoders[i] == nil || p.Detect == nil || !wanted(p, i) {
			continue
		}
		switch t.detect(i, d, first) {
		case decoders.Yes:
			return i, decoders.Yes
		case decoders.More:
			*more = true
		}
	}
	return noPlugin, decoders.No
}

// detect asks one plugin. A panic there is its failure, as in drive.
func (t *Table) detect(plugin int, d decoders.Dir, first []byte) (v decoders.Verdict) {
	defer func() {
		if recover() != nil {
			t.fault(plugin, panicked)
			v = decoders.No
		}
	}()
	return t.cfg.Plugins[plugin].Detect(d, first)
}

func hasPort(p *decoders.Plugin, port uint16, transport decoders.Transport) bool {
	for _, q := range p.Ports {
		if q.Number == port && q.Transport == transport {
			return true
		}
	}
	return false
}

// turn exchanges client and server: the bytes told them apart better than the ports.
func (t *Table) turn(c *conn) {
	counted := c.flags&counted != 0
	if counted {
		c.server.counters.Connections--
	}
	t.servers.leave(c.server)
	c.Swap()
	c.side[0], c.side[1] = c.side[1], c.side[0]
	for d := range c.side {
		if h := c.side[d].hole; h != nil {
			h.dir = decoders.Dir(d)
		}
	}
	swap := func(f uint8) {
		both := c.flags & (f | f<<1)
		c.flags = c.flags&^(f|f<<1) | both&f<<1 | both>>1&f
	}
	swap(synced)
	swap(ended)
	c.rttDir = noRTT
	c.server = nil
	t.join(c, true)
	if counted {
		c.server.counters.Connections++
	}
}

// read1 opens the plugin's decoder and lets it read what is held.
func (t *Table) read1(c *conn, plugin int, at decoders.Time) { t.result(c, t.begin(c, plugin, at), at) }

// begin opens the plugin's decoder for c and feeds it what is held, the client's bytes first.
func (t *Table) begin(c *conn, plugin int, at decoders.Time) error {
	c.plugin, c.state = int8(plugin), decoding
	if !t.cfg.Plugins[plugin].Preamble {
		t.servers.remember(c.server, plugin)
	}
	if err := t.drive(c, opOpen, 0, nil, 0, at); err != nil {
		t.fault(plugin, panicked)
		t.close(c, GaveUp)
		return nil
	}
	for _, d := range [...]decoders.Dir{decoders.ToServer, decoders.ToClient} {
		if err := t.drive(c, opResume, d, nil, 0, at); err != nil {
			return err
		}
	}
	for _, d := range [...]decoders.Dir{decoders.ToServer, decoders.ToClient} {
		if c.has(ended, d) {
			t.drive(c, opEnd, d, nil, 0, at)
		}
	}
	return nil
}

// become hands the connection to the named plugin, or to nobody.
func (t *Table) become(c *conn, name decoders.Become, at decoders.Time) error {
	c.plugin = noPlugin
	if c.becomes++; c.becomes > maxHands {
		t.close(c, GaveUp)
		return nil
	}
	switch name {
	case "tls":
		t.close(c, TLS)
		return nil
	case "opaque":
		t.close(c, Upgraded)
		return nil
	case "":
		c.state = choosing
		t.judge(c, decoders.ToServer, at)
		if c.state == choosing {
			t.judge(c, decoders.ToClient, at)
		}
		return nil
	}
	for i := range t.cfg.Plugins {
		if t.cfg.Plugins[i].Name == string(name) && t.decoders[i] != nil {
			return t.begin(c, i, at)
		}
	}
	t.close(c, UnknownProtocol)
	return nil
}

// looksTLS recognises a TLS record that begins a handshake (RFC 8446 section 5.1), or an alert in place of one.
func looksTLS(b []byte) bool {
	if len(b) < 6 || b[1] != 3 || b[2] > 4 {
		return false
	}
	n := int(b[3])<<8 | int(b[4])
	switch b[0] {
	case 22: // handshake: ClientHello, ServerHello
		return n >= 4 && n <= 1<<14+256 && (b[5] == 1 || b[5] == 2)
	case 20, 21, 23:
		return n > 0 && n <= 1<<14+256
	}
	return false
}
