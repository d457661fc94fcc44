package flow

import "wire_exporter/decoders"

// piece is a segment's payload, waiting or not.
type piece struct {
	seq, ack uint32
	n        uint32 // bytes on the wire
	cut      uint32 // how many of them, at the end, the snap length cut
	at       decoders.Time
	data     []byte // nil while it waits: nobody will want to read the bytes
	fin      bool
	acks     bool  // ack is set
	options  uint8 // length of the TCP options
}

// end is the number behind the piece, its FIN included.
func (p *piece) end() uint32 {
	e := p.seq + p.n
	if p.fin {
		e++
	}
	return e
}

// trim takes off the front what lies before next.
func (p *piece) trim(next uint32) {
	k := int32(next - p.seq)
	if k <= 0 {
		return
	}
	if uint32(k) > p.n {
		k = int32(p.n) // only the FIN is left
	}
	p.seq += uint32(k)
	p.n -= uint32(k)
	p.cut = min(p.cut, p.n)
	if p.data != nil {
		p.data = p.data[min(int(k), len(p.data)):]
	}
}

// blocked says that p acknowledges bytes of the other direction that are still missing: they come first, or the response would
// be matched before its request.
func (t *Table) blocked(c *conn, d decoders.Dir, p *piece) bool {
	o := &c.side[d.Other()]
	if !p.acks || o.hole == nil || !o.hole.acked || !isAhead(p.ack, o.next) {
		return false
	}
	q := c.ready(d.Other())
	if q == nil || !q.acks || !isAhead(q.ack, c.side[d].next) {
		return true
	}
	// Each acknowledges the other. A segment that is sent again carries a newer acknowledgment than when it was sent first: so the bytes of the later one are older.
	return p.at < q.at
}

// isAhead says that the number a lies behind b, within a window.
func isAhead(a, b uint32) bool { n := int32(a - b); return n > 0 && n <= maxAhead }

// ready is the first waiting piece of d, if nothing is missing in front of it.
func (c *conn) ready(d decoders.Dir) *piece {
	e := &c.side[d]
	if e.hole == nil || len(e.hole.waiting()) == 0 || int32(e.hole.waiting()[0].seq-e.next) > 0 {
		return nil
	}
	return &e.hole.waiting()[0]
}

// hold keeps p until it is its turn, in order of numbers.
func (t *Table) hold(c *conn, d decoders.Dir, p piece) {
	h := t.hole(c, d, p.at)
	for len(h.waiting()) >= maxPieces || h.bytes+len(p.data) > t.cfg.Hold {
		if !c.open() {
			t.stats.Undecoded[OutOfWindow] += uint64(p.n)
			return
		}
		t.lose(c, d, p.at)
		if c.state == closed || c.side[d].hole == nil {
			if c.state != closed {
				t.payloadAgain(c, d, p)
			}
			return
		}
		h = c.side[d].hole
	}
	w := h.waiting()
	i := len(w)
	for i > 0 && int32(w[i-1].seq-p.seq) > 0 {
		i--
	}
	if i > 0 && int32(w[i-1].end()-p.end()) >= 0 {
		t.again(c, d)
		return
	}
	t.take(c, h, d, &p)
	h.insert(i, p)
}

// payloadAgain handles a segment for which room was made by giving up the hole before it.
func (t *Table) payloadAgain(c *conn, d decoders.Dir, p piece) {
	if int32(p.end()-c.side[d].next) <= 0 || c.has(ended, d) {
		return
	}
	if int32(p.seq-c.side[d].next) > 0 {
		t.hold(c, d, p)
		return
	}
	t.deliver(c, d, &p)
	t.drain(c)
}

// take copies p's bytes out of the frame, unless nobody will read them.
func (t *Table) take(c *conn, h *hole, d decoders.Dir, p *piece) {
	t.heldSize += pieceSize
	if c.state == opaque || c.state == decoding && uint64(p.end()-c.side[d].next) <= c.Covered(d) {
		p.data = nil
		return
	}
	var b []byte
	if n := len(t.buffers); n > 0 && len(p.data) <= bufferSize {
		b = t.buffers[n-1]
		t.buffers = t.buffers[:n-1]
	} else if len(p.data) <= bufferSize {
		b = make([]byte, 0, bufferSize)
	}
	p.data = append(b, p.data...)
	h.bytes += cap(p.data)
	t.heldSize += int64(cap(p.data))
	if t.memory() > t.cfg.Memory {
		t.evictOldest(c)
	}
}

// bufferSize fits a full Ethernet frame.
const bufferSize = 1536

// giveBack takes p's bytes back.
func (t *Table) giveBack(h *hole, p *piece) {
	t.heldSize -= pieceSize
	if p.data == nil {
		return
	}
	h.bytes -= cap(p.data)
	t.heldSize -= int64(cap(p.data))
	if cap(p.data) == bufferSize && len(t.buffers) < 1024 {
		t.buffers = append(t.buffers, p.data[:0])
	}
	p.data = nil
}

// drain delivers what has become next, in both directions, until nothing moves: what was captured first goes first, unless it has to wait for the
// other.
func (t *Table) drain(c *conn) {
	for c.open() {
		first := decoders.ToServer
		if s, q := c.ready(decoders.ToServer), c.ready(decoders.ToClient); s != nil && q != nil && q.at < s.at {
			first = decoders.ToClient
		}
		if !t.drainOne(c, first) && (!c.open() || !t.drainOne(c, first.Other())) {
			return
		}
	}
}

// drainOne delivers the first waiting piece of d if it is its turn, and closes the hole when nothing is missing any more.
func (t *Table) drainOne(c *conn, d decoders.Dir) bool {
	e := &c.side[d]
	h := e.hole
	if h == nil {
		return false
	}
	t.come(h, e)
	if len(h.waiting()) == 0 {
		if !h.acked {
			t.dropHole(c, d)
		}
		return false
	}
	if p := c.ready(d); p == nil || t.blocked(c, d, p) {
		return false
	}
	p := h.pop()
	if int32(p.end()-e.next) > 0 {
		first := p
		t.deliver(c, d, &first)
	}
	if c.side[d].hole == h { // not closed by what was delivered
		t.giveBack(h, &p)
	} else if p.data != nil {
		t.heldSize -= int64(cap(p.data)) + pieceSize
	} else {
		t.heldSize -= pieceSize
	}
	return true
}

// lose gives up the first hole of d: up to the first piece that waits behind it, or to what the peer acknowledged. What waits
// only for the other direction is not behind a hole: then that direction's hole is given up.
func (t *Table) lose(c *conn, d decoders.Dir, at decoders.Time) {
	e := &c.side[d]
	h := e.hole
	to := e.next
	if h.acked {
		to = e.lost
	}
	w := h.waiting()
	if len(w) > 0 && (!h.acked || int32(w[0].seq-to) < 0) {
		to = w[0].seq
	}
	to = t.before(c, d, to)
	n := int32(to - e.next)
	if n <= 0 {
		if o := d.Other(); c.side[o].hole != nil && c.side[o].hole.acked && len(w) > 0 && t.blocked(c, d, &w[0]) {
			t.lose(c, o, at)
			return
		}
		t.drain(c)
		if e.hole == h && c.open() { // nothing was missing and nothing could be delivered
			t.dropHole(c, d)
		}
		return
	}
	by := h.by(to, at)
	e.next = to
	t.gap(c, d, uint64(n), by)
	t.drain(c)
}

// before cuts what is to be given up of d where a waiting segment of the other direction acknowledges less: that segment was
// sent between the lost ones, and is delivered between them.
func (t *Table) before(c *conn, d decoders.Dir, to uint32) uint32 {
	o := &c.side[d.Other()]
	if o.hole == nil {
		return to
	}
	w, seen := o.hole.waiting(), 0
	for i := 0; i < len(w) && seen < someAcks; i++ {
		if p := &w[i]; p.acks && int32(p.ack-c.side[d].next) > 0 {
			if seen++; int32(p.ack-to) < 0 {
				to = p.ack
			}
		}
	}
	return to
}

// someAcks is how many segments are looked at for the lowest acknowledgment: they rise from one to the next, but for one that was sent again.
const someAcks = 16

// flush gives up all holes of c, requests first.
func (t *Table) flush(c *conn) {
	for c.open() && (c.side[0].hole != nil || c.side[1].hole != nil) {
		d := decoders.ToServer
		if c.side[d].hole == nil {
			d = decoders.ToClient
		}
		t.lose(c, d, t.now)
	}
}
