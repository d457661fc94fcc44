package postgres

import (
	"bytes"
	"encoding/binary"

	"wire_exporter/decoders"
)

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

// maxText is how much of a statement's text is looked at. What is behind it is skipped. With the segment in which it ends that is
// less than the largest buffer that a decoders.Pool uses again.
const maxText = 10 << 10

// readQuery reads a Query: statements that are answered one by one, and then a ReadyForQuery.
func (c *conn) readQuery(s *decoders.Stream, n int) error {
	start, from := s.Begin(), s.Offset()
	b, err := s.Peek(min(n, header+maxText))
	if err != nil {
		return err
	}
	text, cut := b[header:], n > len(b)
	if end := bytes.IndexByte(text, 0); !cut && (end < 0 || end != len(text)-1) || cut && end >= 0 {
		return badMessage
	} else if !cut {
		text = text[:end]
	}
	c.begin()
	c.readStatements(text, cut, start)
	if cut {
		c.w.tailFrom = from
		return c.skip(decoders.ToServer, s, n, 'Q')
	}
	err = s.Skip(uint64(n))
	c.endQuery(s.Time(), uint64(n))
	return err
}

// readStatements puts the statements of a Query into the queue, at least one.
func (c *conn) readStatements(text []byte, cut bool, start decoders.Time) {
	for first := true; ; first = false {
		stmt, n := c.d.book.NextQuoted(text, cut, c.quoting)
		if stmt == nil && !first || n < 1 && !first {
			return
		}
		e := c.push(query, start)
		e.known, e.size = c.known(stmt, text[:n]), uint64(n)
		if text = text[n:]; len(text) == 0 {
			return
		}
	}
}

// known is what is known of a statement whose text was read.
func (c *conn) known(stmt *decoders.Statement, text []byte) (k known) {
	k.sql = stmt
	if c.d.raw {
		k.raw = string(bytes.TrimSpace(text))
	}
	return k
}

// endQuery completes a Query of n bytes whose last byte came at the time end. What of it is in no statement goes to the last one.
func (c *conn) endQuery(end decoders.Time, n uint64) {
	q := &c.w.queue
	first := q.Len() - 1
	for ; first >= 0 && q.At(first).kind == query && q.At(first).reading; first-- {
		n -= q.At(first).size
	}
	back := q.Back()
	back.size += n
	back.last = true
	for i := first + 1; i < q.Len(); i++ {
		q.At(i).end, q.At(i).reading = end, false
		c.sent(q.At(i))
	}
	c.mark()
}

// readParse reads a Parse: a statement is to be prepared.
func (c *conn) readParse(s *decoders.Stream, n int) error {
	start, from := s.Begin(), s.Offset()
	b, err := s.Peek(min(n, header+maxName+maxText))
	if err != nil {
		return err
	}
	name, text, ok := cutString(b[header:])
	if !ok {
		return badMessage
	}
	text, _, whole := cutString(text)
	if !whole && len(b) == n {
		return badMessage
	}
	stmt, _ := c.d.book.NextQuoted(text, !whole, c.quoting)
	k := c.known(stmt, text)
	c.prepare(name, k)
	e := c.group(start, from)
	e.known = k
	e.due++
	return s.Skip(uint64(n))
}

// maxName is the most bytes that a name, or the two of a Bind, may have to be looked at; names are 63 bytes at most by
// themselves, but those of statements and portals have no limit in the protocol.
const maxName = 1024

// readBind reads a Bind: a prepared statement gets its parameters, which are not looked at.
func (c *conn) readBind(s *decoders.Stream, n int) error {
	start, from := s.Begin(), s.Offset()
	b, err := s.Peek(min(n, header+maxName))
	if err != nil {
		return err
	}
	name, rest, ok := cutString(b[header:])
	of, _, both := cutString(rest)
	switch {
	case ok && both:
	case len(b) == n:
		return badMessage
	default: // names that are too long to be remembered
		name, of = rest, rest
	}
	k := c.statement(of)
	if k.sql == nil && !c.textless {
		c.d.out.Count(c.f, unknownStatement)
		c.textless = true
	}
	e := c.group(start, from)
	e.known = k
	e.due++
	c.bind(name, k)
	return s.Skip(uint64(n))
}

// readExecute reads an Execute: the statement of a portal is to be run, or to go on.
func (c *conn) readExecute(s *decoders.Stream, n int) error {
	start, from := s.Begin(), s.Offset()
	if n > smallMessage {
		return badMessage
	}
	b, err := s.Next(n)
	if err != nil {
		return err
	}
	name, limit, ok := cutString(b[header:])
	if !ok || len(limit) != 4 {
		return badMessage
	}
	e := c.group(start, from)
	e.kind, e.end, e.size, e.reading = execute, s.Time(), s.Offset()-e.size, false
	c.w.flying++
	c.execute(name, binary.BigEndian.Uint32(limit) != 0, e)
	c.sent(e)
	return nil
}

// readDescribe reads a Describe or a Close, of a prepared statement or a portal.
func (c *conn) readDescribe(s *decoders.Stream, n int, closes bool) error {
	start, from := s.Begin(), s.Offset()
	if n > smallMessage {
		return badMessage
	}
	b, err := s.Next(n)
	if err != nil {
		return err
	}
	name, rest, ok := cutString(b[header:])
	if !ok || len(rest) > 0 || len(name) == 0 || name[0] != 'S' && name[0] != 'P' {
		return badMessage
	}
	e := c.group(start, from)
	e.due++
	switch {
	case !closes && name[0] == 'S':
		e.known = c.statement(name[1:])
	case closes:
		c.parsed++
		c.forgetName(name)
	}
	return nil
}

// forgetName forgets the statement or the portal that is closed.
func (c *conn) forgetName(name []byte) {
	if name[0] == 'S' {
		c.unprepare(name[1:])
	} else {
		c.unbind(name[1:])
	}
}

// readSync reads a Sync: it ends a batch, and is answered by a ReadyForQuery.
func (c *conn) readSync(s *decoders.Stream, n int) error {
	start, from := s.Begin(), s.Offset()
	if err := c.readEmpty(s, n); err != nil {
		return err
	}
	if c.w != nil && c.w.copying {
		return nil // the server ignores it: COPY in the extended protocol
	}
	e := c.group(start, from)
	e.grouped = e.due > 0
	e.kind, e.end, e.size, e.reading = batchEnd, s.Time(), s.Offset()-e.size, false
	c.mark()
	return nil
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
