package postgres

import (
	"encoding/binary"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

// Why a connection is given up, and what is counted beside transactions.
const (
	notPostgres    decoders.Malformed = "not_postgres"
	badMessage     decoders.Malformed = "bad_message"
	gapPipelining  decoders.Malformed = "gap_while_pipelining"
	tooManyPending decoders.Malformed = "too_many_pending"

	unmatchedResponse                      = decoders.UnmatchedResponse
	incompleteRequest   decoders.Malformed = "incomplete_request"
	unansweredStatement decoders.Malformed = "statement_without_completion"
	forgottenStatement  decoders.Malformed = "forgotten_statement"
	forgottenPortal     decoders.Malformed = "forgotten_portal"
	unknownStatement    decoders.Malformed = "unknown_statement"
	unknownPortal       decoders.Malformed = "unknown_portal"
	errorOutside        decoders.Malformed = "error_outside_statement"
	tooMuchOnProbation  decoders.Malformed = "too_many_on_probation"
)

// conn is one connection; what is in flight is in its work.
type conn struct {
	d        *decoder
	f        *decoders.Flow
	w        *work     // nil while nothing is asked, answered or open
	prepared *prepared // the named statements; nil: none
	unnamed  known     // the unnamed statement
	database decoders.Text

	tail     [2]byte // the type of a message whose end is being skipped and matters
	lost     [2]bool // where the next message begins is not known: see lost.go
	ended    [2]bool
	starting bool // the client's next message has no type
	asked    byte // what the server answers with a single byte: 'S' or 'G'; zero: nothing
	status   byte // of the transaction, from the last ReadyForQuery; zero: not known
	quoting  sql.Quoting

	parsed    uint32 // how many Parse and Close messages were sent
	confirmed uint32 // how many of them were answered

	clientFirst bool // the client ended its direction before the server did
	replication bool // the server is a WAL sender
	incomplete  bool // something of the connection was not seen
	overlapping bool // the client was seen to ask before the last ReadyForQuery was there
	blind       bool // which response belongs to which request is not known, and never will be
	textless    bool // it runs statements whose text was not seen
	quiet       bool // lost requests: the server is ready and has nothing to answer
	probation   probation
	misread     uint8 // messages that made no sense
}

// Feed implements decoders.Conn.
func (c *conn) Feed(dir decoders.Dir, s *decoders.Stream) error {
	var err error
	for more := true; more && err == nil; more = s.Buffered() > 0 || c.tail[dir] != 0 || c.blind {
		if err = c.step(dir, s); err == badMessage {
			err = c.misreadMessage(dir)
		}
	}
	c.rest()
	return err
}

// step reads one message: it consumes bytes, goes to another state, or returns an error.
func (c *conn) step(dir decoders.Dir, s *decoders.Stream) error {
	if dir == decoders.ToServer {
		switch {
		case c.tail[dir] != 0:
			c.endRequestMessage(s)
			return nil
		case c.starting:
			return c.readStartup(s)
		case c.lost[dir]:
			return c.findRequest(s)
		}
		return c.readRequest(s)
	}
	switch {
	case c.blind:
		s.SkipToEnd()
		return decoders.ErrShort
	case c.tail[dir] != 0:
		c.endResponseMessage(s)
		return nil
	case c.asked != 0:
		return c.readAnswer(s)
	case c.lost[dir]:
		return c.findResponse(s)
	}
	return c.readResponse(s)
}

// header is the type of a message and the length that follows, which counts itself but not the type.
const header = 5

// maxMessage is the largest message a server takes or sends, PQ_LARGE_MESSAGE_LIMIT in its libpq.h.
const maxMessage = 1 << 30

// smallMessage is the largest message that has a name and little else, PQ_SMALL_MESSAGE_LIMIT.
const smallMessage = 30000

// peekHeader is the type of the next message and its whole length.
func peekHeader(s *decoders.Stream) (kind byte, n int, err error) {
	b := s.Bytes()
	if len(b) < header {
		_, err := s.Peek(header)
		return 0, 0, err
	}
	length := binary.BigEndian.Uint32(b[1:header])
	if length-4 > maxMessage-4 { // or below 4
		return 0, 0, badMessage
	}
	return b[0], 1 + int(length), nil
}

// skip drops the next n bytes, a message. If some are still to come and end is set, that is done when the last of them is past.
func (c *conn) skip(dir decoders.Dir, s *decoders.Stream, n int, end byte) error {
	err := s.Skip(uint64(n))
	if end == 0 {
		return err
	}
	c.tail[dir] = end
	return err
}

// need is c's work, made if there is none.
func (c *conn) need() *work {
	if c.w == nil {
		c.w = c.d.works.Get()
	}
	return c.w
}

// rest gives the work back when there is nothing to do.
func (c *conn) rest() {
	w := c.w
	if w == nil || w.queue.Len() > 0 || w.login.asked || w.tx.open || len(w.held) > 0 || w.portals.n > 0 || w.bound {
		return
	}
	c.w = nil
	c.d.freeWork(w)
}

// front is what the server answers next; nil when nothing is asked.
func (c *conn) front() *entry {
	if c.w == nil {
		return nil
	}
	if e := c.w.queue.Front(); e == nil || e.kind != group && !e.void {
		return e
	}
	return c.nextFront()
}

// nextFront is front where something is in front that needs no answer.
func (c *conn) nextFront() *entry {
	for {
		e := c.w.queue.Front()
		switch {
		case e == nil:
			return nil
		case e.kind == group && e.due == 0 && c.w.queue.Len() > 1: // it is answered, and no Execute has followed
			c.w.response.reset()
		case !e.void:
			return e
		}
		c.w.queue.Pop()
	}
}

// Wake implements decoders.Conn; nobody asks for it.
func (c *conn) Wake(decoders.Time) {}

// Waiting implements decoders.Conn.
func (c *conn) Waiting() (n int, since decoders.Time) {
	if c.w == nil || c.w.flying == 0 || c.blind {
		return 0, 0
	}
	for i := range c.w.queue.Len() {
		if e := c.w.queue.At(i); e.waits() {
			return c.w.flying, e.start
		}
	}
	return 0, 0
}

// Session implements decoders.SessionConn.
func (c *conn) Session() (database []byte, state decoders.SessionState) {
	switch {
	case c.status == 0 || c.blind || c.lost[decoders.ToClient]:
	case c.w != nil && c.w.queue.Len() > 0:
		state = decoders.Active
	case c.status == 'I':
		state = decoders.Idle
	default:
		state = decoders.IdleInTransaction
	}
	return c.database.Bytes(), state
}
