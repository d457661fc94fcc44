package mysql

import (
	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

// Why a connection is given up, and what is counted beside transactions.
const (
	notMySQL       decoders.Malformed = "not_mysql"
	badPacket      decoders.Malformed = "bad_packet"
	tooManyPending decoders.Malformed = "too_many_pending"
	gapPipelining  decoders.Malformed = "gap_while_pipelining"

	unmatchedResponse                     = decoders.UnmatchedResponse
	forgottenStatement decoders.Malformed = "forgotten_statement"
	frameTooLarge      decoders.Malformed = "compressed_frame_too_large"
	frameBomb          decoders.Malformed = "compression_bomb"
	badFrame           decoders.Malformed = "bad_compressed_frame"
)

// maxPending is how many commands of one connection may wait for their responses. Clients wait for each, but for MariaDB's
// connectors, which send batches.
const maxPending = 256

// state is what the next packet of a direction is.
type state uint8

const (
	ready       state = iota // a command; the first packet of a result
	handshake                // client: the handshake response
	file                     // client: a piece of the file of LOAD DATA LOCAL
	greeting                 // server: the greeting
	columns                  // server: a column definition
	columnsEnd               // server: what follows the column definitions
	rows                     // server: a row or the end of them
	infileEnd                // server: the response to a file
	definitions              // server: a definition of a parameter or a column of a prepared statement
	optionalEOF              // server: perhaps an EOF packet that ends the definitions
	probation                // server: nothing, or the last response was not what it seemed; see lost.go
	fields                   // server: a field of COM_FIELD_LIST, or their end
	lost                     // not known: see lost.go
)

// conn is one connection; at most 128 bytes while it is idle.
type conn struct {
	d        *decoder
	f        *decoders.Flow
	w        *work         // nil while nothing is read or awaited
	p        *prepared     // nil: no statement is prepared
	z        *compressed   // nil: the connection is not compressed
	database *name         // nil: not known, or none
	begun    decoders.Time // when the SQL transaction began; zero: there is none, or nobody knows

	caps    capabilities
	state   [2]state
	packets [2]packet
	ended   [2]bool

	clientFirst   bool // the client ended its direction before the server did
	loggedIn      bool
	inTransaction bool  // the server said so last
	tracked       bool  // and nothing was missed since
	doubt         bool  // an error came since: it may have ended the transaction
	eof           known // EOF packets end column definitions: not CLIENT_DEPRECATE_EOF
	quoting       sql.Quoting
	namesQuoted   bool  // "…" is an identifier: see mode.go
	blind         bool  // which response belongs to which command is not known: see lost.go
	turn          turn  // whether a lost client may begin a command here
	waiting       uint8 // bytes of a lost client that wait for more
	stale         uint8 // of those, the ones in front of a turn
	misread       uint8 // packets that made no sense
}

// known is what is known of something that is so or not so.
type known uint8

const (
	unsure known = iota
	yes
	no
)

// packet is how far a packet of a direction was read.
type packet struct {
	what what // what to do when it is over
	open bool // its head was read, the rest is being skipped
	more bool // it is full, and another continues it
}

// what is to be done when a packet is over.
type what uint8

const (
	nothing    what = iota
	endCommand      // the command is complete
	endFile         // the file is complete
	endResult       // the response is complete
	mayEnd          // the response may be complete
)

// Feed implements decoders.Conn.
func (c *conn) Feed(dir decoders.Dir, s *decoders.Stream) error {
	c.takeTurn(dir)
	var err error
	for more := true; more && err == nil; more = s.Buffered() > 0 || c.packets[dir].open || c.z != nil {
		if c.z != nil {
			err = c.readFrame(dir, s)
		} else {
			err = c.readPacket(dir, s)
		}
	}
	c.rest()
	return err
}

// readPacket reads one packet: it consumes bytes, or returns an error.
func (c *conn) readPacket(dir decoders.Dir, s *decoders.Stream) (err error) {
	p := &c.packets[dir]
	switch {
	case p.open && p.more:
		p.open = false
	case p.open:
		p.open = false
		err = c.endPacket(dir, s)
	case p.more:
		err = c.readContinuation(dir, s)
	case c.state[dir] == lost:
		err = c.find(dir, s)
	case dir == decoders.ToServer:
		err = c.readClient(s)
	default:
		err = c.readServer(s)
	}
	if err == badPacket {
		return c.misreadPacket(dir, s)
	}
	return err
}

// The head of a packet: the length of its payload in three bytes, little endian, and its sequence number.
const (
	headSize   = 4
	maxPayload = 1<<24 - 1 // a packet of this size is continued by the next one
)

// peek returns the head of the next packet and up to max bytes of its payload, of which it has n.
func peek(s *decoders.Stream, max int) (b []byte, n int, err error) {
	if b = s.Bytes(); len(b) < headSize {
		_, err = s.Peek(headSize)
		return nil, 0, err
	}
	n = int(uint24(b))
	if want := headSize + min(n, max); len(b) >= want {
		return b[:want:want], n, nil
	} else {
		b, err = s.Peek(want)
		return b, n, err
	}
}

func uint24(b []byte) uint32 { return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 }

// skip drops the packet that was peeked at, now and still to come; then comes what.
func (c *conn) skip(dir decoders.Dir, s *decoders.Stream, n int, then what) error {
	c.packets[dir] = packet{what: then, open: true, more: n == maxPayload}
	if err := s.Skip(uint64(headSize + n)); err != nil || n == maxPayload {
		return err
	}
	c.packets[dir].open = false
	return c.endPacket(dir, s)
}

func (c *conn) readContinuation(dir decoders.Dir, s *decoders.Stream) error {
	b, n, err := peek(s, 0)
	if err != nil {
		return err
	}
	if q := c.back(); dir == decoders.ToServer && q != nil && !q.done {
		q.seq = b[3] + 1
	} else if dir == decoders.ToClient && c.w != nil {
		c.w.response.seq = b[3] + 1
	}
	return c.skip(dir, s, n, c.packets[dir].what)
}

// endPacket is called when the last byte of a packet is consumed.
func (c *conn) endPacket(dir decoders.Dir, s *decoders.Stream) error {
	switch c.packets[dir].what {
	case endCommand:
		c.endCommand(s.Time(), c.end(dir, s))
	case endFile:
		c.endFile(c.end(dir, s))
	case endResult:
		return c.finish(s, s.Time(), c.end(dir, s))
	case mayEnd:
		r := &c.w.response
		r.end, r.size = s.Time(), c.end(dir, s)-r.from
		c.state[dir] = optionalEOF
	}
	return nil
}

// begin and end are the offsets on the wire at which what is read next begins, and at which what was consumed ends. Of a compressed
// connection they are those of the frame.
func (c *conn) begin(dir decoders.Dir, s *decoders.Stream) uint64 {
	if c.z != nil {
		return c.z.frames[dir].from
	}
	return s.Offset()
}

func (c *conn) end(dir decoders.Dir, s *decoders.Stream) uint64 {
	if c.z != nil {
		return c.z.frames[dir].to
	}
	return s.Offset()
}

// rest gives the work back when there is nothing to do.
func (c *conn) rest() {
	if c.w != nil && c.w.commands.Len() == 0 {
		c.d.freeWork(c.w)
		c.w = nil
	}
}

// front is the command whose response comes next; nil when none waits.
func (c *conn) front() *command {
	if c.w == nil {
		return nil
	}
	return c.w.commands.Front()
}

// back is the newest command; nil when none waits.
func (c *conn) back() *command {
	if c.w == nil {
		return nil
	}
	return c.w.commands.Back()
}

// Wake implements decoders.Conn; nobody asks for it.
func (c *conn) Wake(decoders.Time) {}

// Waiting implements decoders.Conn.
func (c *conn) Waiting() (n int, since decoders.Time) {
	if c.w == nil {
		return 0, 0
	}
	for i := range c.w.commands.Len() {
		q := c.w.commands.At(i)
		if q.cmd == login || q.forsaken || i == 0 && c.state[decoders.ToClient] == probation {
			continue
		}
		if n++; n == 1 {
			since = q.start
		}
	}
	return n, since
}

// Session implements decoders.SessionConn.
func (c *conn) Session() (database []byte, state decoders.SessionState) {
	n, _ := c.Waiting()
	switch {
	case !c.loggedIn:
		return nil, decoders.NoSession
	case n > 0:
		state = decoders.Active
	case c.inTransaction:
		state = decoders.IdleInTransaction
	default:
		state = decoders.Idle
	}
	return c.database.bytes(), state
}
