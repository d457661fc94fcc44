package postgres

import "wire_exporter/decoders"

// portal is a prepared statement with its parameters. It lives to the end of the transaction at the longest.
type portal struct {
	known
	cursor *cursor // nil: it was not run with a limit
	sent   uint32  // how many marks were sent before it was bound
}

// cursor is a portal that is run in portions. All its Executes are one statement, which ends with a CommandComplete, or else
// with the last PortalSuspended before the portal is closed.
type cursor struct {
	known
	start, end  decoders.Time // of the first Execute
	first, last decoders.Time // of the answers
	in, out     uint64        // bytes so far
	rows        uint64        // so far
	waiting     int           // Executes in the queue
	outcome     decoders.Outcome
	open        bool // the portal can be run again
	begun       bool // a portion was answered
	over        bool // the statement is reported
}

// maxPortals is how many named portals of a connection are remembered.
const maxPortals = 256

// bind makes a portal.
func (c *conn) bind(name []byte, k known) {
	w := c.w
	p := &w.portal
	if len(name) > 0 {
		hash, before := c.d.hash(name), w.portals.bytes()
		if p = w.portals.find(hash); p == nil {
			if w.portals.n >= maxPortals {
				c.d.out.Count(c.f, forgottenPortal)
				c.closePortal(w.portals.unused())
			}
			p = w.portals.put(hash)
			*p = portal{}
			c.d.grown(w, w.portals.bytes()-before)
		}
	} else {
		w.bound = true
	}
	before := p.cursor
	*p = portal{known: k, sent: w.sent}
	c.detach(before, decoders.OK)
}

// unbind closes a portal.
func (c *conn) unbind(name []byte) {
	if len(name) > 0 {
		c.closePortal(c.d.hash(name))
		return
	}
	before := c.w.portal.cursor
	c.w.portal, c.w.bound = portal{}, false
	c.detach(before, decoders.OK)
}

func (c *conn) closePortal(hash uint64) {
	if p := c.w.portals.find(hash); p != nil {
		before := p.cursor
		c.w.portals.remove(hash)
		c.detach(before, decoders.OK)
	}
}

// execute fills e, an Execute of the named portal.
func (c *conn) execute(name []byte, limited bool, e *entry) {
	p := &c.w.portal
	if len(name) > 0 {
		p = c.w.portals.find(c.d.hash(name))
	} else if !c.w.bound {
		p = nil
	}
	if p == nil {
		e.known = known{}
		if c.incomplete {
			e.partial, e.answered = true, true
			c.w.flying--
		}
		return
	}
	e.known = p.known
	if limited && p.cursor == nil {
		p.cursor = c.d.newCursor()
	}
	if e.cursor = p.cursor; e.cursor != nil {
		e.cursor.waiting++
	}
}

// endPortals closes the portals of a transaction that is over.
func (c *conn) endPortals() {
	w := c.w
	if w.bound && int32(w.ready-w.portal.sent) > 0 {
		c.unbind(nil)
	}
	for again := w.portals.n > 0; again; {
		again = false
		for i := range w.portals.slots {
			if s := &w.portals.slots[i]; s.hash != 0 && int32(w.ready-s.value.sent) > 0 {
				c.closePortal(s.hash)
				again = true
			}
		}
	}
}

// closePortals closes all portals; outcome is that of what was run in portions.
func (c *conn) closePortals(outcome decoders.Outcome) {
	w := c.w
	for i := range w.portals.slots {
		if s := &w.portals.slots[i]; s.hash != 0 {
			c.detach(s.value.cursor, outcome)
		}
	}
	w.portals.clear()
	before := w.portal.cursor
	w.portal, w.bound = portal{}, false
	c.detach(before, outcome)
}

// suspend notes that the Execute in front of the queue was answered with a part of the rows.
func (c *conn) suspend(e *entry, end decoders.Time, offset uint64) {
	r, k := &c.w.response, e.cursor
	if !k.begun {
		k.known, k.start, k.end, k.first, k.begun = e.known, e.start, e.end, r.first, true
	}
	k.last = end
	k.in += e.size
	k.out += offset - r.from
	k.rows += r.rows
	k.waiting--
	c.w.flying--
	c.w.response.reset()
	e.answered, e.cursor = true, nil
	c.settle(k)
}

// detach says that the portal of k is closed, and how its statement has ended unless it was completed. k may be nil.
func (c *conn) detach(k *cursor, outcome decoders.Outcome) {
	if k != nil {
		k.open, k.outcome = false, outcome
		c.settle(k)
	}
}

// settle reports the statement of k and gives k back when it cannot go on any more.
func (c *conn) settle(k *cursor) {
	if k.open || k.waiting > 0 {
		return
	}
	if k.begun && !k.over {
		c.reportCursor(k)
	}
	c.d.cursors.Put(k, 0)
}

// leave takes e off a statement that is reported already; false when it is not.
func (c *conn) leave(e *entry) bool {
	k := e.cursor
	if k == nil || !k.over {
		return false
	}
	e.cursor, e.answered = nil, true
	c.w.flying--
	k.waiting--
	c.settle(k)
	return true
}

func (d *decoder) newCursor() *cursor {
	k := d.cursors.Get()
	*k = cursor{open: true}
	return k
}
