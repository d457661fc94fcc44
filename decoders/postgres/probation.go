package postgres

import "wire_exporter/decoders"

// probation is where the trial of the first match after a loss stands.
type probation uint8

const (
	noTrial    probation = iota
	onTrial              // what is matched is held back
	toBeProven           // it was answered: the client's next message proves it
)

// held is a transaction that is held back, with the bytes that it points to.
type held struct {
	txn  decoders.Txn
	code code
}

// maxHeld is how many are held back. The next ones are reported without what cannot be proven.
const maxHeld = 256

// hold keeps the decoder's transaction until its match is proven.
func (c *conn) hold() {
	w := c.w
	if len(w.held) >= maxHeld {
		c.d.out.Count(c.f, tooMuchOnProbation)
		unprove(&c.d.txn)
		c.d.out.Transaction(&c.d.txn)
		return
	}
	before := cap(w.held)
	w.held = append(w.held, held{txn: c.d.txn})
	c.d.grown(w, (cap(w.held)-before)*heldSize)
	h := &w.held[len(w.held)-1]
	if len(h.txn.Code) > 0 {
		h.code = code(h.txn.Code)
	}
}

// release hands out what was held back.
func (c *conn) release() {
	c.probation = noTrial
	if c.w == nil {
		return
	}
	for i := range c.w.held {
		h := &c.w.held[i]
		h.txn.Code = h.code.bytes()
		c.d.out.Transaction(&h.txn)
	}
	clear(c.w.held)
	c.w.held = c.w.held[:0]
}

// prove is told that the client has sent something.
func (c *conn) prove() {
	if c.probation == toBeProven {
		c.release()
	}
}

// refute is told that what was matched does not belong together.
func (c *conn) refute() {
	if c.probation == noTrial {
		return
	}
	if c.w != nil {
		for i := range c.w.held {
			unprove(&c.w.held[i].txn)
			c.w.held[i].code = code{}
		}
	}
	c.release()
}

// unprove takes out of t what comes from the answer.
func unprove(t *decoders.Txn) {
	t.Outcome, t.Code, t.FirstByte, t.End, t.BytesOut, t.Rows = decoders.Unknown, nil, 0, 0, 0, 0
	if t.SQL == nil {
		t.Operation = nil
	}
}
