package postgres

import "wire_exporter/decoders"

// response is what is known of the answer that is being read.
type response struct {
	first decoders.Time // first byte
	from  uint64        // offset of the first byte
	rows  uint64        // DataRows
	begun bool
	code  code   // of the ErrorResponse
	last  answer // of a WAL sender, which may complete one command several times
}

// reset makes r as good as new. What is seldom set is seldom cleared.
func (r *response) reset() {
	r.first, r.from, r.rows, r.begun, r.code = 0, 0, 0, false, code{}
	if r.last.end != 0 {
		r.last = answer{}
	}
}

// answer is how a statement ended.
type answer struct {
	outcome decoders.Outcome
	code    []byte
	verb    []byte // what stands for it; for statements whose text was not seen
	tag     []byte // of the CommandComplete, which says the same
	rows    uint64
	end     decoders.Time // last byte; zero: not known
	offset  uint64        // behind the last byte
}

// What is called by these names has no text.
var (
	commitVerb = []byte("COMMIT")        // of what a Sync has ended
	callVerb   = []byte("FUNCTION_CALL") // a FunctionCall
	emptyVerb  = []byte("EMPTY")         // a statement without a word in it
)

// report hands out e, which is answered.
func (c *conn) report(e *entry, a *answer) {
	r, t := &c.w.response, &c.d.txn
	*t = decoders.Txn{} // then field by field: a literal would be made elsewhere and copied
	t.Kind, t.Flow, t.Outcome, t.Operation, t.Code, t.Database = decoders.Request, c.f, a.outcome, a.verb, a.code, c.database.Bytes()
	t.Start, t.RequestEnd, t.End, t.BytesIn, t.Rows = e.start, e.end, a.end, e.size, a.rows
	if a.end == 0 && a.outcome < decoders.Aborted {
		t.Outcome = decoders.Unknown
	}
	if r.begun {
		t.FirstByte, t.BytesOut = r.first, a.offset-r.from
	}
	c.describe(t, &e.known)
	switch {
	case e.kind == call:
		t.Operation = callVerb
	case len(t.Operation) == 0:
		t.Operation = verb(a.tag)
	}
	if k := e.cursor; k != nil {
		e.cursor, k.over = nil, true
		k.waiting--
		k.addTo(t)
		c.settle(k)
	}
	e.answered = true
	if r.reset(); e.statement() {
		c.w.flying--
	}
	c.emit()
}

// describe puts into t what is known of its statement.
func (c *conn) describe(t *decoders.Txn, k *known) {
	if k.sql != nil {
		t.SQL, t.Resource = k.sql, k.sql.Resource
		if len(k.sql.Operation) > 0 {
			t.Operation = k.sql.Operation
		}
	}
	if c.d.raw {
		t.Statement = []byte(k.raw)
	}
}

// addTo adds the portions that were answered before to t, the last one.
func (k *cursor) addTo(t *decoders.Txn) {
	if !k.begun {
		return
	}
	t.Start, t.RequestEnd, t.FirstByte = k.start, k.end, k.first
	t.BytesIn += k.in
	t.BytesOut += k.out
	t.Rows += k.rows
}

// reportCursor hands out a statement that was run in portions and not to its end.
func (c *conn) reportCursor(k *cursor) {
	t := &c.d.txn
	*t = decoders.Txn{Kind: decoders.Request, Flow: c.f, Outcome: k.outcome, Database: c.database.Bytes()}
	c.describe(t, &k.known)
	if k.outcome == decoders.OK {
		t.End, t.Code = k.last, success
	}
	k.addTo(t)
	c.emit()
}

// emit hands out the decoder's transaction, or keeps it while the match is on probation.
func (c *conn) emit() {
	if c.probation == noTrial {
		c.d.out.Transaction(&c.d.txn)
		return
	}
	c.hold()
}

// complete is told of a CommandComplete, EmptyQueryResponse, PortalSuspended or FunctionCallResponse.
func (c *conn) complete(a *answer) {
	e := c.front()
	switch {
	case c.w != nil && (c.w.forsaken || c.w.skipping):
	case e == nil || !e.statement() || c.contradicts(e, a.tag):
		if c.prepared != nil && e != nil && e.kind == execute {
			c.prepared.clear() // perhaps it is not the match that is wrong, but the name
		}
		c.mismatch()
	case e.partial:
		c.d.out.Count(c.f, unknownPortal)
		c.next(e)
	case e.mark() && (c.replication || e.sql != nil && len(e.sql.Operation) == 0):
		a.verb, a.tag = verb(a.tag), nil
		c.w.response.last = *a // a WAL sender's command may be completed several times
	case !e.answered:
		if !c.leave(e) {
			c.report(e, a)
		}
		c.next(e)
	case e.kind == query:
		c.reportExtra(e, a)
	default:
		c.mismatch()
	}
}

// contradicts says whether a command tag cannot be that of e. It is asked where something was lost only: a match that cannot be
// proven may still be refuted.
func (c *conn) contradicts(e *entry, tag []byte) bool {
	if !c.incomplete || e.answered || e.sql == nil || !changesRows(e.sql.Operation) {
		return false
	}
	v := verb(tag)
	return len(v) > 0 && string(v) != string(e.sql.Operation)
}

// reportExtra reports a statement of the Query of e that was not found in its text.
func (c *conn) reportExtra(e *entry, a *answer) {
	extra := *e
	extra.known, extra.size = known{}, 0
	c.w.flying++
	c.report(&extra, a)
}

// next takes e, which is answered, off the queue unless a ReadyForQuery is due.
func (c *conn) next(e *entry) {
	c.w.copying = false
	if !e.mark() {
		c.w.pop()
	}
}

// fail is told of an ErrorResponse, whose SQLSTATE is in the response.
func (c *conn) fail(end decoders.Time, offset uint64) {
	w := c.w
	failure := w.response.code
	e := c.front()
	switch {
	case w.login.asked:
		w.failure = failure
		c.endLogin(failure.outcome(), w.failure.bytes(), end, offset)
		return
	case w.forsaken:
		return
	case e == nil || w.skipping || e.answered && e.kind != query && !e.partial:
		w.tx.fail(failure)
		w.response.reset()
		c.d.out.Count(c.f, errorOutside)
		return
	}
	w.tx.fail(failure)
	w.failed, w.failure, w.skipping, w.copying = true, failure, e.kind == execute || e.kind == group, false
	c.distrust()
	c.reportFailed(e, &answer{outcome: failure.outcome(), code: w.failure.bytes(), end: end, offset: offset})
}

// reportFailed reports e, which was answered by an error.
func (c *conn) reportFailed(e *entry, a *answer) {
	switch {
	case e.partial:
		c.d.out.Count(c.f, unknownPortal)
		c.w.pop()
		return
	case e.answered:
		c.reportExtra(e, a)
		return
	case e.kind == batchEnd && !e.grouped:
		a.verb = commitVerb
	case e.kind == group: // the client has asked for an answer before it went on
		e.end, e.size = c.f.Last(decoders.ToServer), c.f.Offset(decoders.ToServer)-e.size
	}
	c.report(e, a)
	if e.kind == execute {
		c.w.pop()
	}
}

// skipped reports e, which the server has skipped after an error.
func (c *conn) skipped(e *entry) {
	if c.leave(e) {
		return
	}
	c.w.response.reset()
	c.report(e, &answer{outcome: decoders.Aborted, code: c.w.failure.bytes()})
}

// ready is told of a ReadyForQuery.
func (c *conn) ready(status byte, end decoders.Time, offset uint64) {
	w := c.need()
	if w.login.asked {
		c.endLogin(decoders.OK, success, end, offset)
	} else {
		c.endCycle()
	}
	c.transact(status, end)
	c.status = status
	w.response.reset()
	if status == 'I' {
		c.endPortals()
	}
	if c.quiet = w.queue.Len() == 0; c.quiet {
		c.confirmed = c.parsed
	}
	if c.probation == onTrial && c.quiet && !c.lost[decoders.ToServer] {
		c.probation = toBeProven
	}
}

// endCycle takes everything off the queue that the ReadyForQuery ends.
func (c *conn) endCycle() {
	w := c.w
	found := false
	for e := c.front(); e != nil && !found; e = c.front() {
		found = e.mark() && (!w.skipping || e.kind == batchEnd)
		c.conclude(e)
		w.pop()
	}
	w.failed, w.skipping, w.forsaken, w.copying = false, false, false, false
	if !found && !c.lost[decoders.ToServer] {
		c.mismatch()
	}
}

// conclude reports e if nothing has answered it.
func (c *conn) conclude(e *entry) {
	w := c.w
	switch {
	case !e.waits():
	case w.response.last.end != 0:
		last := w.response.last
		c.report(e, &last)
	case w.failed:
		c.skipped(e)
	case e.kind == query:
		c.d.out.Count(c.f, unansweredStatement)
		w.flying--
	default:
		c.forget(e)
	}
}
