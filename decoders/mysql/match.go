package mysql

import "wire_exporter/decoders"

// report hands out the command in front; it is popped by the caller.
func (c *conn) report(q *command, outcome decoders.Outcome, end decoders.Time) {
	if q.forsaken || outcome < decoders.Aborted && end == 0 {
		outcome, end = decoders.Unknown, 0
	}
	t := &c.d.txn
	*t = decoders.Txn{} // then field by field: a literal would be made elsewhere and copied
	t.Flow, t.Operation, t.Database, t.Statement = c.f, kinds[q.cmd].name, c.database.bytes(), q.text.Bytes()
	t.Outcome, t.Start, t.RequestEnd, t.End, t.BytesIn = outcome, q.start, q.end, end, q.size
	if r := &c.w.response; r.begun && !q.forsaken {
		t.FirstByte, t.BytesOut, t.Rows, t.Code = r.first, r.size, r.rows, r.failed.appendCode(c.d.code[:])
	}
	switch q.cmd {
	case login:
		t.Kind, t.Database = decoders.Login, q.database.bytes()
	case comQuery, comExecute, comBulkExecute:
		c.fillStatement(t, q.sql)
	case comPrepare, comFetch:
		if q.sql != nil {
			t.Resource = q.sql.Resource // it is no execution: the statement's own figures leave it out
		}
	}
	c.d.out.Transaction(t)
	if q.cmd == comChangeUser { // it is a command and a log-in
		t.Kind, t.Operation, t.Database = decoders.Login, nil, q.database.bytes()
		c.d.out.Transaction(t)
	}
}

func (c *conn) fillStatement(t *decoders.Txn, sql *decoders.Statement) {
	if sql == nil {
		return
	}
	t.SQL, t.Resource = sql, sql.Resource
	if len(sql.Operation) > 0 {
		t.Operation = sql.Operation
	}
}

// End implements decoders.Conn.
func (c *conn) End(dir decoders.Dir, now decoders.Time) {
	c.ended[dir] = true
	if dir == decoders.ToServer {
		c.clientFirst = !c.ended[decoders.ToClient]
		c.breakCommand(c.f.Offset(dir))
	} else {
		cut, none := decoders.ServerError, decoders.Unanswered
		if c.clientFirst {
			cut, none = decoders.Aborted, decoders.Aborted
		}
		c.flush(cut, none, now)
	}
	c.rest()
}

// breakCommand says that no more of the command being read will be seen.
func (c *conn) breakCommand(offset uint64) {
	if q := c.back(); q != nil && !q.done {
		c.endCommand(0, offset)
	}
}

// flush reports all that waits: cut when its response had begun, none when it had not.
func (c *conn) flush(cut, none decoders.Outcome, now decoders.Time) {
	c.settle()
	for q := c.front(); q != nil; q = c.front() {
		r := &c.w.response
		outcome, end := none, decoders.Time(0)
		if r.begun {
			r.failed = failure{}
			outcome, r.size = cut, c.f.Offset(decoders.ToClient)-r.from
			if cut == decoders.ServerError {
				end = c.f.Last(decoders.ToClient)
			}
		}
		if outcome == decoders.Aborted {
			end = now
		}
		c.report(q, outcome, end)
		c.pop()
	}
}

// Close implements decoders.Conn.
func (c *conn) Close(now decoders.Time, why decoders.Why) {
	c.breakCommand(c.f.Offset(decoders.ToServer))
	if why == decoders.GaveUp && c.state[decoders.ToClient] == probation {
		c.forsakeAll()
	}
	cut, none := why.Unfinished(c.clientFirst, c.ended[decoders.ToClient])
	c.flush(cut, none, now)
	c.rest()
	c.endTransaction(now, why)
	c.d.close(c)
}
