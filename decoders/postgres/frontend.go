package postgres

import "wire_exporter/decoders"

// readRequest reads one message of the client.
func (c *conn) readRequest(s *decoders.Stream) error {
	kind, n, err := peekHeader(s)
	if err != nil {
		return err
	}
	c.prove()
	switch kind {
	case 'Q':
		return c.readQuery(s, n)
	case 'P':
		return c.readParse(s, n)
	case 'B':
		return c.readBind(s, n)
	case 'E':
		return c.readExecute(s, n)
	case 'D', 'C':
		return c.readDescribe(s, n, kind == 'C')
	case 'S':
		return c.readSync(s, n)
	case 'F':
		return c.readCall(s, n)
	case 'd', 'p': // CopyData; an answer of the log-in, which may be a password
		return s.Skip(uint64(n))
	case 'c', 'f':
		return c.readCopyEnd(s, n)
	case 'H':
		return c.readEmpty(s, n)
	case 'X':
		return c.readTerminate(s, n)
	}
	return badMessage
}

// readEmpty consumes a message that has nothing but its header.
func (c *conn) readEmpty(s *decoders.Stream, n int) error {
	if n != header {
		return badMessage
	}
	return s.Skip(header)
}

// readTerminate reads the client's farewell: what it was still waiting for it does not want any more.
func (c *conn) readTerminate(s *decoders.Stream, n int) error {
	if err := c.readEmpty(s, n); err != nil {
		return err
	}
	c.clientFirst = !c.ended[decoders.ToClient]
	s.SkipToEnd()
	return decoders.ErrShort
}

// readCall reads a FunctionCall.
func (c *conn) readCall(s *decoders.Stream, n int) error {
	start, from := s.Begin(), s.Offset()
	if n < header+8 {
		return badMessage
	}
	c.begin()
	c.push(call, start)
	c.w.tailFrom = from
	return c.skip(decoders.ToServer, s, n, 'F')
}

// readCopyEnd reads the client's CopyDone or CopyFail.
func (c *conn) readCopyEnd(s *decoders.Stream, n int) error {
	if n > smallMessage {
		return badMessage
	}
	if _, err := s.Next(n); err != nil {
		return err
	}
	switch {
	case c.w == nil:
	case c.w.copying:
		c.w.copying = false
		if e := c.front(); e != nil {
			e.end = s.Time()
			e.size += s.Offset() - c.w.copyFrom
		}
	default:
		if e := c.w.queue.Back(); e != nil {
			e.copied = true
		}
	}
	return nil
}

// endRequestMessage completes the message whose last byte has just been skipped.
func (c *conn) endRequestMessage(s *decoders.Stream) {
	c.endTail(s.Time(), s.Offset())
}

// endTail completes a long message of the client, up to offset. end zero: its last byte was lost.
func (c *conn) endTail(end decoders.Time, offset uint64) {
	kind := c.tail[decoders.ToServer]
	c.tail[decoders.ToServer] = 0
	if kind == 0 {
		return
	}
	if c.w == nil || c.w.queue.Len() == 0 {
		c.d.out.Count(c.f, incompleteRequest)
		return
	}
	switch n := offset - c.w.tailFrom; kind {
	case 'Q':
		c.endQuery(end, n)
	case 'F':
		e := c.w.queue.Back()
		e.end, e.size, e.reading = end, n, false
		c.sent(e)
		c.mark()
	}
}
