package postgres

import "wire_exporter/decoders"

// End implements decoders.Conn.
func (c *conn) End(dir decoders.Dir, now decoders.Time) {
	c.ended[dir] = true
	if dir == decoders.ToServer {
		c.clientFirst = c.clientFirst || !c.ended[decoders.ToClient]
	} else if c.w != nil {
		cut, none := decoders.ServerError, decoders.Unanswered
		if c.clientFirst {
			cut, none = decoders.Aborted, decoders.Aborted
		}
		c.flush(cut, none, now)
	}
	c.rest()
}

// Close implements decoders.Conn.
func (c *conn) Close(now decoders.Time, why decoders.Why) {
	cut, none := why.Unfinished(c.clientFirst, c.ended[decoders.ToClient])
	if why == decoders.GaveUp {
		c.refute()
	}
	if c.w != nil {
		c.flush(cut, none, now)
		c.release()
		c.w.login = login{}
		c.w.portals.clear()
		c.d.freeWork(c.w)
		c.w = nil
	}
	c.d.close(c)
}

// flush reports all that waits when the connection has ended at now: cut when the answer had begun, none when it had not.
func (c *conn) flush(cut, none decoders.Outcome, now decoders.Time) {
	w := c.w
	if w.login.asked {
		c.flushLogin(cut, none, now)
	}
	for e := c.front(); e != nil; e = c.front() {
		if e.waits() {
			c.flushEntry(e, cut, none, now)
		}
		w.pop()
	}
	c.flushTransaction(none, now)
	if none != decoders.Unknown {
		none = decoders.OK // the last portion was answered
	}
	c.closePortals(none)
}

func (c *conn) flushEntry(e *entry, cut, none decoders.Outcome, now decoders.Time) {
	w := c.w
	offset := c.f.Offset(decoders.ToClient)
	switch {
	case w.forsaken || c.blind || c.lost[decoders.ToClient]:
		c.forget(e)
	case w.response.last.end != 0:
		last := w.response.last
		c.report(e, &last)
	case w.failed:
		c.skipped(e)
	case w.response.begun:
		end := now
		if cut == decoders.ServerError {
			end = c.f.Last(decoders.ToClient)
		}
		c.report(e, &answer{outcome: cut, end: ended(cut, end), offset: offset})
	default:
		c.report(e, &answer{outcome: none, end: ended(none, now)})
	}
}

// ended is end if the outcome has one.
func ended(outcome decoders.Outcome, end decoders.Time) decoders.Time {
	if outcome == decoders.Aborted || outcome == decoders.ServerError {
		return end
	}
	return 0
}

func (c *conn) flushLogin(cut, none decoders.Outcome, now decoders.Time) {
	if c.w.login.first != 0 {
		none = cut
	}
	c.endLogin(none, nil, ended(none, now), c.f.Offset(decoders.ToClient))
}

// flushTransaction reports the open transaction, which the end of the connection rolls back.
func (c *conn) flushTransaction(none decoders.Outcome, now decoders.Time) {
	x := &c.w.tx
	switch {
	case !x.open:
	case none == decoders.Unknown:
		c.endTransaction(decoders.Unknown, 0)
	case x.ended == committed:
		c.endTransaction(decoders.OK, x.end)
	default:
		c.endTransaction(decoders.Aborted, now)
	}
}
