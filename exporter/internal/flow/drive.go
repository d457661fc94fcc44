package flow

import (
	"wire_exporter/decoders"
)

// deliver hands p, whose turn it is, to whoever reads the connection.
func (t *Table) deliver(c *conn, d decoders.Dir, p *piece) {
	e := &c.side[d]
	p.trim(e.next)
	e.next = p.end()
	if p.n > 0 {
		c.server.counters.Bytes += uint64(p.n - p.cut)
		t.read(c, d, p)
	}
	if p.cut > 0 {
		t.cut(c, d, uint64(p.cut), p.at)
	}
	if p.fin && c.open() {
		t.fin(c, d, p.at)
	}
}

// read brings the bytes of p that are there to the decoder.
func (t *Table) read(c *conn, d decoders.Dir, p *piece) {
	n := p.n - p.cut
	switch {
	case n == 0:
	case c.state == choosing:
		t.choose(c, d, p.data, p.at)
	case c.state == opaque:
		t.stats.Undecoded[c.opaque] += uint64(n)
	case c.state == decoding && p.data == nil && c.Covered(d) >= uint64(n):
		t.result(c, t.drive(c, opPass, d, nil, uint64(n), p.at), p.at)
	case c.state == decoding && p.data == nil:
		// The decoder changed its mind about bytes that were not kept.
		t.missing(c, d, uint64(n), p.at)
	case c.state == decoding:
		t.result(c, t.drive(c, opSegment, d, p.data, 0, p.at), p.at)
	}
}

// gap tells of n bytes that the capture lost; they were there by then at the latest.
func (t *Table) gap(c *conn, d decoders.Dir, n uint64, by decoders.Time) {
	t.stats.Gaps++
	t.missing(c, d, n, by)
}

// cut tells of n bytes that passed at a time, but were not captured.
func (t *Table) cut(c *conn, d decoders.Dir, n uint64, at decoders.Time) {
	if c.state != decoding || c.Covered(d) < n {
		t.missing(c, d, n, at)
		return
	}
	t.miss(c, n)
	t.result(c, t.drive(c, opPass, d, nil, n, at), at)
}

func (t *Table) miss(c *conn, n uint64) {
	t.stats.MissingBytes += n
	c.server.counters.Missing += n
}

func (t *Table) missing(c *conn, d decoders.Dir, n uint64, by decoders.Time) {
	t.miss(c, n)
	switch c.state {
	case decoding:
		t.result(c, t.drive(c, opLost, d, nil, n, by), by)
	case choosing:
		t.result(c, t.drive(c, opLost, d, nil, n, by), by) // what is held is no beginning any more
		c.Flow.Midstream = true
	}
}

func (t *Table) fin(c *conn, d decoders.Dir, at decoders.Time) {
	c.set(ended, d)
	if c.state == decoding {
		t.drive(c, opEnd, d, nil, 0, at)
	}
	if c.has(ended, d.Other()) && c.open() {
		t.shut(c, decoders.FIN)
	}
}

// shut ends the connection, if it has not ended: what is missing is given up, the decoder closed. It lingers in its list.
func (t *Table) shut(c *conn, why decoders.Why) {
	if c.state == closed {
		return
	}
	if why != decoders.FIN {
		t.flush(c) // may close it
	}
	if c.state == closed {
		return
	}
	if c.state == decoding {
		t.part(c, why, t.now)
	}
	if c.flags&counted != 0 {
		c.server.counters.Connections--
		c.flags &^= counted
	}
	c.Release(&t.pool)
	t.dropHole(c, decoders.ToServer)
	t.dropHole(c, decoders.ToClient)
	t.servers.leave(c.server)
	c.state = closed
	t.move(c, listClosed)
}

// part closes the decoder of c and takes it away.
func (t *Table) part(c *conn, why decoders.Why, at decoders.Time) {
	t.drive(c, opClose, decoders.Dir(0), nil, uint64(why), at)
	t.wakes.forget(&c.Flow)
	c.Detach()
}

// result acts on what a decoder returned.
func (t *Table) result(c *conn, err error, at decoders.Time) {
	for c.state == decoding && err != nil {
		become, ok := err.(decoders.Become)
		if !ok {
			reason, ok := err.(decoders.Malformed)
			if !ok {
				panic("BUG: a decoder's error is neither Become nor Malformed")
			}
			t.fault(int(c.plugin), reason)
			t.part(c, decoders.GaveUp, at)
			t.close(c, GaveUp)
			return
		}
		t.part(c, decoders.HandedOver, at)
		err = t.become(c, become, at)
	}
}

// close stops reading the connection's bytes.
func (t *Table) close(c *conn, why Undecoded) {
	t.stats.Undecoded[why] += uint64(len(c.Held(decoders.ToServer)) + len(c.Held(decoders.ToClient)))
	c.Release(&t.pool)
	c.state, c.opaque, c.plugin = opaque, why, noPlugin
}

type op uint8

const (
	opOpen op = iota
	opSegment
	opPass
	opLost
	opResume
	opDatagram
	opEnd
	opWake
	opClose
)

// drive makes every call into a decoder. A panic there (and only there) is survived: it is counted as the decoder's failure,
// and the connection is given up.
func (t *Table) drive(c *conn, what op, d decoders.Dir, b []byte, n uint64, at decoders.Time) (err error) {
	defer func() {
		if recover() != nil {
			err = panicked
			if what == opEnd || what == opClose || what == opWake {
				t.fault(int(c.plugin), panicked)
			}
		}
	}()
	switch what {
	case opSegment:
		return c.Segment(&t.pool, d, b, at)
	case opPass:
		return c.Pass(&t.pool, d, n, at)
	case opLost:
		return c.Lost(&t.pool, d, n, at)
	case opOpen:
		c.Attach(&t.pool, t.decoders[c.plugin].Open(&c.Flow, &t.sinks[c.plugin]))
	case opResume:
		return c.Resume(&t.pool, d, at)
	case opDatagram:
		return c.Datagram(&t.pool, d, b, at)
	case opEnd:
		c.End(d, at)
	case opWake:
		c.Conn().Wake(at)
	case opClose:
		c.Conn().Close(at, decoders.Why(n))
	}
	return nil
}
