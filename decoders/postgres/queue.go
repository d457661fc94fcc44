package postgres

import "wire_exporter/decoders"

// kind says what an entry of the queue is.
type kind uint8

const (
	query    kind = iota // a statement of a Query
	execute              // an Execute, with the Parse, Bind and Describe in front of it
	call                 // a FunctionCall
	group                // messages of the extended protocol that no Execute or Sync has followed yet
	batchEnd             // a Sync, with the messages in front of it that no Execute has followed
)

// entry is something that the server answers. Answers come in the order of the queue.
type entry struct {
	known
	cursor *cursor       // of an Execute with a limit
	start  decoders.Time // first byte
	end    decoders.Time // last byte; zero: not known
	size   uint64        // bytes; the offset of the first one while it is a group
	due    uint32        // answers to its Parse, Bind, Describe and Close that have not come
	kind   kind

	reading  bool // its last byte has not come yet
	last     bool // of the statements of its Query: a ReadyForQuery follows
	grouped  bool // a batchEnd that began as a group
	answered bool // it is reported
	void     bool // a batchEnd that the server ignored
	copied   bool // CopyDone or CopyFail was sent behind it, unasked
	partial  bool // an Execute of a portal that may have been run before: it is no request of its own
}

// statement says whether e is counted as a request.
func (e *entry) statement() bool { return e.kind <= call }

// waits says whether e is a request in flight.
func (e *entry) waits() bool { return e.statement() && !e.answered && !e.void }

// mark says whether a ReadyForQuery follows the answer.
func (e *entry) mark() bool {
	return !e.void && (e.kind == batchEnd || e.kind == call || e.kind == query && e.last)
}

// maxPending is how many entries may wait for their answers: a batch of some ten thousand statements in front of one Sync.
const maxPending = 16384

// open is the group that the client is sending; nil when there is none.
func (c *conn) open() *entry {
	if c.w == nil {
		return nil
	}
	if e := c.w.queue.Back(); e != nil && e.kind == group && !e.answered && !e.void {
		return e
	}
	return nil
}

// group is the group that the client is sending, begun with the message at hand if there is none, or if the one there is has been
// answered: the client has asked for that with a Flush, and looked at it before it went on.
func (c *conn) group(start decoders.Time, from uint64) *entry {
	e := c.open()
	switch {
	case e == nil:
		c.begin()
		e = c.push(group, start)
		e.size = from
	case e.due == 0 && c.w.queue.Len() == 1:
		*e = entry{kind: group, start: start, size: from, reading: true}
		c.w.response.reset()
	}
	return e
}

// push puts an entry at the end of the queue. If there is no room for one more, what waits cannot be matched any more.
func (c *conn) push(k kind, start decoders.Time) *entry {
	w := c.w
	w.queue.Max = maxPending
	slots := w.queue.Cap()
	e := w.queue.Push()
	if e == nil {
		c.overflow()
		e = w.queue.Push()
	}
	c.d.grown(w, (w.queue.Cap()-slots)*entrySize)
	*e = entry{kind: k, start: start, reading: true}
	if e.statement() {
		w.flying++
	}
	return e
}

// overflow empties the queue.
func (c *conn) overflow() {
	w := c.w
	c.d.out.Count(c.f, tooManyPending)
	if w.marks > 0 {
		c.goBlind()
	}
	for i := range w.queue.Len() {
		c.forget(w.queue.At(i))
	}
	w.reset()
	w.forsaken = true
}

// reset empties the queue, of which all is reported.
func (w *work) reset() {
	w.queue.Reset()
	w.marks, w.flying, w.ready = 0, 0, w.sent
}

// begin is asked before an entry is pushed: does the client ask although a ReadyForQuery is due?
func (c *conn) begin() {
	w := c.need()
	if back := w.queue.Back(); back != nil && !back.mark() {
		return // it goes on with what it is asking
	}
	lost := c.lost[decoders.ToClient]
	switch {
	case w.marks > 0 && !lost:
		c.overlapping = true
		if c.probation == onTrial {
			c.goBlind()
		}
	case w.marks > 0: // that ReadyForQuery was lost, too
		c.forsake()
		w.reset()
	}
	w.fresh = lost
}

// sent is told when the last byte of e has come.
func (c *conn) sent(e *entry) {
	e.reading = false
	if w := c.w; c.blind || w.forsaken || c.lost[decoders.ToClient] && !w.fresh {
		c.forget(e)
	}
}

// mark is told when the client has sent what the server answers with a ReadyForQuery.
func (c *conn) mark() {
	w := c.w
	w.marks++
	w.sent++
	if c.blind {
		w.reset()
	}
}

// pop takes the entry in front off the queue.
func (w *work) pop() {
	if w.queue.Front().mark() {
		w.marks--
		w.ready++
	}
	w.queue.Pop()
}

// forsake says that what waits cannot be matched with its answers.
func (c *conn) forsake() {
	for i := range c.w.queue.Len() {
		if e := c.w.queue.At(i); !e.reading {
			c.forget(e)
		}
	}
	c.w.response.reset()
}

// forget reports e, whose answer cannot be known.
func (c *conn) forget(e *entry) {
	if e.sql != nil && c.prepared != nil && (string(e.sql.Operation) == "DISCARD" || string(e.sql.Operation) == "DEALLOCATE") {
		c.prepared.clear() // perhaps
	}
	if e.waits() && !c.leave(e) {
		c.w.response.reset()
		c.report(e, &answer{outcome: decoders.Unknown})
	}
}
