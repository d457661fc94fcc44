package postgres

import (
	"encoding/binary"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

// readResponse reads one message of the server, or a run of rows.
func (c *conn) readResponse(s *decoders.Stream) error {
	kind, n, err := peekHeader(s)
	if err != nil {
		return err
	}
	c.beginResponse(kind, s)
	switch kind {
	case 'D', 'd':
		return c.skipRows(kind, s)
	case 'C':
		return c.readComplete(s, n)
	case 'Z':
		return c.readReady(s, n)
	case 'E':
		return c.readError(s, n)
	case 'I', 's':
		return c.readEnd(s, n, kind)
	case '1', '2', '3', 'n':
		if n != header {
			return badMessage
		}
		c.settleDue(kind)
	case 'T':
		c.settleDue(kind)
	case 'G', 'W':
		c.startCopy(s, n, kind)
	case 'V':
		return c.skip(decoders.ToClient, s, n, 'V')
	case 'S':
		return c.readParameter(s, n)
	case 'A', 'H', 'K', 'N', 'R', 'c', 't', 'v':
	default:
		return badMessage
	}
	return s.Skip(uint64(n))
}

// beginResponse notes the first byte of an answer. ParameterStatus and NotificationResponse belong to none.
func (c *conn) beginResponse(kind byte, s *decoders.Stream) {
	w := c.w
	if w == nil || kind == 'S' || kind == 'A' || kind == 'Z' {
		return
	}
	e := c.front()
	if l := &w.login; l.asked {
		if l.first == 0 {
			l.first, l.from = s.Begin(), s.Offset()
		}
		return
	}
	if w.response.begun || e == nil || w.forsaken {
		return
	}
	w.response.begun, w.response.first, w.response.from = true, s.Begin(), s.Offset()
	if w.tx.cycle == 0 {
		w.tx.cycle = e.start
	}
}

// settleDue is told of the answer to a Parse, Bind, Close or Describe; the one to a Query may look the same.
func (c *conn) settleDue(kind byte) {
	if kind == '1' || kind == '3' {
		c.confirm()
	}
	if e := c.front(); e != nil && e.due > 0 {
		e.due--
	}
}

// skipRows drops messages of one type, DataRow or CopyData, as long as there are more of them.
func (c *conn) skipRows(kind byte, s *decoders.Stream) error {
	b := s.Bytes()
	pos, n := 0, uint64(0)
	for len(b)-pos >= header {
		h := (*[header]byte)(b[pos:])
		length := binary.BigEndian.Uint32(h[1:])
		if h[0] != kind || length-4 > maxMessage-4 {
			break
		}
		pos += 1 + int(length)
		n++
	}
	if kind == 'D' && c.w != nil {
		c.w.response.rows += n
	}
	return s.Skip(uint64(pos))
}

// maxTag is the longest CommandComplete: COMPLETION_TAG_BUFSIZE is 64.
const maxTag = header + 256

// readComplete reads a CommandComplete.
func (c *conn) readComplete(s *decoders.Stream, n int) error {
	if n < header+1 || n > maxTag {
		return badMessage
	}
	b, err := s.Next(n)
	if err != nil {
		return err
	}
	tag := b[header : n-1]
	c.tagged(tag, s.Time())
	c.complete(&answer{code: success, tag: tag, rows: rows(tag), end: s.Time(), offset: s.Offset()})
	return nil
}

// readEnd reads an EmptyQueryResponse or a PortalSuspended.
func (c *conn) readEnd(s *decoders.Stream, n int, kind byte) error {
	if n != header {
		return badMessage
	}
	s.Skip(header)
	a := answer{code: success, end: s.Time(), offset: s.Offset()}
	e := c.front()
	switch {
	case kind == 'I':
		a.verb = emptyVerb
	case e != nil && e.cursor != nil && !e.cursor.over && !c.w.forsaken && !c.w.skipping:
		c.suspend(e, a.end, a.offset)
		c.w.pop()
		return nil
	case c.w != nil:
		a.rows = c.w.response.rows
	}
	c.complete(&a)
	return nil
}

// readReady reads a ReadyForQuery.
func (c *conn) readReady(s *decoders.Stream, n int) error {
	if n != len(readyForQuery) {
		return badMessage
	}
	b, err := s.Next(n)
	if err != nil {
		return err
	}
	status := b[header]
	if !isStatus(status) {
		return badMessage
	}
	c.ready(status, s.Time(), s.Offset())
	return nil
}

// maxFields is how much of an ErrorResponse is looked at: the SQLSTATE is its second or third field.
const maxFields = 256

// readError reads an ErrorResponse.
func (c *conn) readError(s *decoders.Stream, n int) error {
	b, err := s.Peek(min(n, header+maxFields))
	if err != nil {
		return err
	}
	c.need().response.code = readCode(b[header:])
	return c.skip(decoders.ToClient, s, n, 'E')
}

// endResponseMessage completes the message whose last byte has just been skipped.
func (c *conn) endResponseMessage(s *decoders.Stream) {
	c.endAnswer(s.Time(), s.Offset())
}

// endAnswer completes a message of the server that answers. end zero: its last byte was lost.
func (c *conn) endAnswer(end decoders.Time, offset uint64) {
	kind := c.tail[decoders.ToClient]
	c.tail[decoders.ToClient] = 0
	if kind == 'E' {
		c.fail(end, offset)
		return
	}
	c.complete(&answer{code: success, end: end, offset: offset})
}

// startCopy is told that the server takes CopyData from now on.
func (c *conn) startCopy(s *decoders.Stream, n int, kind byte) {
	e := c.front()
	if e == nil || !e.statement() || e.answered || c.w.forsaken {
		return
	}
	if kind == 'W' {
		// A stream of the write-ahead log has no end, so the command that asked for it ends here.
		c.replication = true
		c.report(e, &answer{code: success, verb: verbs["START_REPLICATION"], end: s.Now(), offset: s.Offset() + uint64(n)})
		return
	}
	c.w.copying, c.w.copyFrom = true, c.f.Offset(decoders.ToServer)
	// A Sync is ignored while data is copied. One that was sent before the data has passed the server by, unless the client did
	// not wait for this message.
	q := &c.w.queue
	for i := 0; i < q.Len(); i++ {
		e := q.At(i)
		if i > 0 && e.kind == batchEnd && !e.void {
			e.void = true
			c.w.marks--
		}
		if e.copied {
			c.w.copying = false
			return
		}
	}
}

// readParameter reads a ParameterStatus. What a backslash in a string does says where statements end.
func (c *conn) readParameter(s *decoders.Stream, n int) error {
	if n <= header+maxParameter {
		b, err := s.Peek(n)
		if err != nil {
			return err
		}
		switch string(b[header:]) {
		case "standard_conforming_strings\x00on\x00":
			c.quoting = sql.Plain
		case "standard_conforming_strings\x00off\x00":
			c.quoting = sql.Escapes
		}
	}
	return s.Skip(uint64(n))
}

// maxParameter is the longest ParameterStatus of interest.
const maxParameter = 40
