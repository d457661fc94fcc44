package postgres

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

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
		name, of = b, b
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
