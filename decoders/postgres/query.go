package postgres

import (
	"bytes"

	"wire_exporter/decoders"
)

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
