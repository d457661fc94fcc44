package http1

import "wire_exporter/decoders"

// match reports the request in front when it and its response are complete. A response may be complete first (a server that
// refuses an upload): then it waits for the request.
func (c *conn) match() {
	r := c.w.requests.Front()
	switch {
	case !r.done:
	case r.forsaken:
		c.report(decoders.Unknown, 0)
	case c.w.response.done && !c.probation:
		c.report(c.w.response.outcome(), c.w.response.end)
	}
}

// outcome is that of a complete response (RFC 9110 section 15).
func (r *response) outcome() decoders.Outcome {
	switch {
	case r.end == 0:
		return decoders.Unknown
	case r.code[0] < '4':
		return decoders.OK
	case r.code[0] == '4':
		return decoders.ClientError
	}
	return decoders.ServerError
}

// report hands the request in front out and takes it off the queue.
func (c *conn) report(outcome decoders.Outcome, end decoders.Time) {
	w := c.w
	q, r := w.requests.Front(), &w.response
	if q.headRead || r.begun {
		c.fill(&c.d.txn, q, r)
		c.d.txn.Outcome, c.d.txn.End = outcome, end
		c.d.out.Transaction(&c.d.txn)
	} else {
		c.d.out.Count(c.f, incompleteRequest)
	}
	c.release()
	if w.requests.Len() == 1 && c.reading(decoders.ToServer) {
		c.state[decoders.ToServer] = lost // the rest of it is of no interest
	}
	c.probation = false
	r.reset()
	w.requests.Pop()
}

// release lets the next request be read: the response to the last is there, and it did not open a tunnel.
func (c *conn) release() {
	if c.state[decoders.ToServer] == hold && c.w.requests.Len() == 1 {
		c.state[decoders.ToServer] = start
	}
}

// fill makes the transaction of q and, as far as it was read, r.
func (c *conn) fill(t *decoders.Txn, q *request, r *response) {
	target := q.target.Bytes()
	path := target[q.path.from:q.path.to]
	isPath := !q.connect && string(path) != "*"
	if len(path) == 0 && isPath {
		path = rootPath
	}
	*t = decoders.Txn{} // then field by field: a literal would be made elsewhere and copied
	t.Kind, t.Flow, t.Operation = decoders.Request, c.f, q.method.Bytes()
	t.Resource, t.ResourceIsPath, t.Target, t.Authority = path, isPath, target, hostOnly(q.authority.Bytes())
	t.Session, t.TraceID = q.session, q.trace
	t.Start, t.RequestEnd, t.BytesIn = q.start, q.end, q.size
	if r.begun {
		t.Code, t.ContentType, t.FirstByte, t.BytesOut = r.code[:], r.contentType.Bytes(), r.first, r.size
	}
}

var rootPath = []byte("/")

// End implements decoders.Conn.
func (c *conn) End(dir decoders.Dir, now decoders.Time) {
	c.ended[dir] = true
	if dir == decoders.ToServer {
		c.clientFirst = !c.ended[decoders.ToClient]
		c.breakRequest(c.f.Offset(dir))
	} else {
		c.endWithServer(now)
	}
	c.rest()
}

// breakRequest says that no more of the request being read will be seen.
func (c *conn) breakRequest(offset uint64) {
	if c.w == nil {
		return
	}
	if r := c.w.requests.Back(); r != nil && !r.done {
		c.endRequest(0, offset)
	}
}

// endWithServer settles all when the server has said its last.
func (c *conn) endWithServer(now decoders.Time) {
	if c.w == nil {
		return
	}
	if s := c.state[decoders.ToClient]; c.w.response.begun && (s == toEnd || s == head) {
		// A body without a length ends here; a head that ends here is taken for whole, as browsers do.
		c.endResponse(c.f.Last(decoders.ToClient), c.f.Offset(decoders.ToClient))
	}
	cut, none := decoders.ServerError, decoders.Unanswered
	if c.clientFirst {
		cut, none = decoders.Aborted, decoders.Aborted
	} else if c.state[decoders.ToServer] == lost { // perhaps its end
		cut, none = decoders.Unknown, decoders.Unknown
	}
	c.flush(cut, none, now)
}

// flush reports all that waits: cut when its response had begun, none when it had not.
func (c *conn) flush(cut, none decoders.Outcome, now decoders.Time) {
	for c.w != nil && c.w.requests.Len() > 0 {
		r := &c.w.response
		outcome, end := none, decoders.Time(0)
		switch {
		case c.w.requests.Front().forsaken:
			outcome = decoders.Unknown
		case r.done:
			outcome, end = r.outcome(), r.end
		case r.begun:
			outcome, r.size = cut, c.f.Offset(decoders.ToClient)-r.from
			if cut == decoders.ServerError {
				end = c.f.Last(decoders.ToClient)
			}
		}
		if outcome == decoders.Aborted {
			end = now
		}
		c.report(outcome, end)
	}
}

// Close implements decoders.Conn.
func (c *conn) Close(now decoders.Time, why decoders.Why) {
	c.breakRequest(c.f.Offset(decoders.ToServer))
	cut, none := why.Unfinished(c.clientFirst, c.ended[decoders.ToClient])
	if why != decoders.ResetByClient && !c.clientFirst && c.state[decoders.ToServer] == lost {
		cut, none = decoders.Unknown, decoders.Unknown
	}
	if c.probation && why == decoders.GaveUp {
		c.forsake()
	}
	c.flush(cut, none, now)
	c.rest()
	c.d.close(c)
}
