package mysql

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

// The first byte of a response, or of what ends one.
const (
	okPacket   = 0x00
	filePacket = 0xfb // asks for the file of LOAD DATA LOCAL
	eofPacket  = 0xfe // an EOF packet, or the OK packet that stands for it with CLIENT_DEPRECATE_EOF
	errPacket  = 0xff
)

// response is the one being read: the response to the command in front.
type response struct {
	first     decoders.Time // first byte
	end       decoders.Time // last byte, while it is not sure that it is
	from      uint64        // offset of the first byte
	size      uint64        // bytes
	rows      uint64
	left      uint32 // definitions to come
	then      uint32 // and after those
	statement uint32 // the number of a prepared statement
	database  *name  // the one that the server says it is now
	status    status
	results   uint8 // complete ones
	seq       uint8 // the next packet's
	begun     bool
	known     bool  // status is
	mode      known // whether "…" is an identifier, if the server says so
	failed    failure
}

// readServer reads the server's next packet.
func (c *conn) readServer(s *decoders.Stream) error {
	state := c.state[decoders.ToClient]
	switch state {
	case greeting:
		return c.readGreeting(s)
	case rows:
		c.skipRows(s)
	case columns:
		c.skipColumns(s)
	case optionalEOF:
		return c.readOptionalEOF(s)
	case probation:
		return c.refute(s)
	}
	b, n, err := peek(s, 1)
	if err != nil {
		return err
	}
	q := c.front()
	switch {
	case n == 0:
		return badPacket
	case q == nil:
		return c.readUnasked(s, b, n)
	}
	if err := c.beginPacket(s, q, b); err != nil {
		return err
	}
	switch c.state[decoders.ToClient] {
	case columns:
		return c.readColumn(s, q, b, n)
	case columnsEnd:
		return c.readColumnsEnd(s, q, b, n)
	case rows:
		return c.readRow(s, q, b, n)
	case definitions:
		return c.readDefinition(s, q, b, n)
	case fields:
		return c.readField(s, q, b, n)
	}
	return c.readFirst(s, q, b, n)
}

// beginPacket checks the sequence number, and notes where the response begins. Errors may come out of turn: while the command is
// being sent, and from a server that shuts down.
func (c *conn) beginPacket(s *decoders.Stream, q *command, b []byte) error {
	r := &c.w.response
	if !r.begun {
		*r = response{begun: true, first: s.Begin(), from: c.begin(decoders.ToClient, s), seq: q.seq}
	}
	counted := c.z == nil && !c.authenticating() && c.state[decoders.ToClient] != infileEnd // elsewhere the client counts, too
	inTurn := q.done && (!counted || b[3] == r.seq)
	if !inTurn && b[headSize] != errPacket {
		return badPacket
	}
	return nil
}

// pass skips a packet of the response.
func (c *conn) pass(s *decoders.Stream, b []byte, n int, then what) error {
	c.w.response.seq = b[3] + 1
	return c.skip(decoders.ToClient, s, n, then)
}

// readUnasked reads a packet for which no command waits: the server says that it closes the connection, or the command was not
// seen.
func (c *conn) readUnasked(s *decoders.Stream, b []byte, n int) error {
	if b[headSize] == errPacket && b[3] == 0 {
		return c.skip(decoders.ToClient, s, n, nothing)
	}
	c.d.out.Count(c.f, unmatchedResponse)
	c.state[decoders.ToClient] = lost
	return drop(s)
}

// readFirst reads the first packet of a result.
func (c *conn) readFirst(s *decoders.Stream, q *command, b []byte, n int) error {
	first := b[headSize]
	switch {
	case first == errPacket:
		return c.readResult(s, q, b, n)
	case c.authenticating():
		if first == okPacket {
			return c.readResult(s, q, b, n)
		}
		return c.pass(s, b, n, nothing) // another method, or more of this one
	case c.state[decoders.ToClient] == infileEnd:
		return c.readResult(s, q, b, n)
	}
	switch q.cmd {
	case comPrepare:
		return c.readPrepared(s, b, n)
	case comStatistics:
		return c.pass(s, b, n, endResult)
	case comFieldList:
		c.state[decoders.ToClient] = fields
		return c.readField(s, q, b, n)
	case comFetch:
		c.state[decoders.ToClient] = rows
		return c.readRow(s, q, b, n)
	}
	switch first {
	case okPacket, eofPacket:
		return c.readResult(s, q, b, n)
	case filePacket:
		if q.cmd != comQuery {
			return badPacket
		}
		c.state[decoders.ToServer], c.state[decoders.ToClient] = file, infileEnd
		return c.pass(s, b, n, nothing)
	}
	return c.readColumnCount(s, n)
}

// readColumnCount begins a result set. A byte behind the count says whether definitions of the columns follow
// (CLIENT_OPTIONAL_RESULTSET_METADATA of MySQL, metadata caching of MariaDB).
func (c *conn) readColumnCount(s *decoders.Stream, n int) error {
	const longest, most = 1 + 8 + 1, 1 << 16
	if n > longest {
		return badPacket
	}
	b, _, err := peek(s, longest)
	if err != nil {
		return err
	}
	count := reader{b: b[headSize:]}
	left := count.number()
	flag := count.b
	if count.bad || left == 0 || left >= most || len(flag) > 1 {
		return badPacket
	}
	c.w.response.left, c.state[decoders.ToClient] = uint32(left), columns
	if len(flag) == 1 && flag[0] == 0 {
		c.state[decoders.ToClient] = columnsEnd
	}
	return c.pass(s, b, n, nothing)
}

func (c *conn) readColumn(s *decoders.Stream, q *command, b []byte, n int) error {
	if b[headSize] == errPacket {
		return c.readResult(s, q, b, n)
	}
	r := &c.w.response
	if r.left--; r.left == 0 {
		c.state[decoders.ToClient] = columnsEnd
	}
	return c.pass(s, b, n, nothing)
}

// maxEOF is the size of an EOF packet; the OK packet that may stand for it is longer.
const maxEOF = 5

// readColumnsEnd reads what follows the definitions of columns: an EOF packet, or, with CLIENT_DEPRECATE_EOF, at once a row or the
// end. The packet itself says which.
func (c *conn) readColumnsEnd(s *decoders.Stream, q *command, b []byte, n int) error {
	c.state[decoders.ToClient] = rows
	if b[headSize] != eofPacket || n > maxEOF || c.eof == no {
		return c.readRow(s, q, b, n)
	}
	b, n, err := peek(s, maxEOF)
	if err != nil {
		c.state[decoders.ToClient] = columnsEnd
		return err
	}
	if c.eof == unsure {
		c.learnEOF(true)
	}
	if readEOF(b[headSize:])&cursorExists != 0 { // the rows are to be fetched
		return c.readResult(s, q, b, n)
	}
	return c.pass(s, b, n, nothing)
}

// readRow reads a row, or the end of them.
func (c *conn) readRow(s *decoders.Stream, q *command, b []byte, n int) error {
	if first := b[headSize]; n < maxPayload && (first == eofPacket || first == errPacket) {
		return c.readResult(s, q, b, n)
	}
	c.w.response.rows++
	return c.pass(s, b, n, nothing)
}

// readField reads a field of COM_FIELD_LIST, or their end.
func (c *conn) readField(s *decoders.Stream, q *command, b []byte, n int) error {
	if first := b[headSize]; first == eofPacket || first == errPacket {
		return c.readResult(s, q, b, n)
	}
	return c.pass(s, b, n, nothing)
}

// readPrepared reads the first packet of the response to COM_STMT_PREPARE.
func (c *conn) readPrepared(s *decoders.Stream, b []byte, n int) error {
	const size = 12 // and another byte, which says whether definitions follow
	if b[headSize] != okPacket || n < size {
		return badPacket
	}
	b, _, err := peek(s, size+1)
	if err != nil {
		return err
	}
	r, body := &c.w.response, b[headSize:]
	r.statement = binary.LittleEndian.Uint32(body[1:])
	r.then, r.left = uint32(binary.LittleEndian.Uint16(body[5:])), uint32(binary.LittleEndian.Uint16(body[7:]))
	if r.left == 0 {
		r.left, r.then = r.then, 0
	}
	if r.left == 0 || len(body) > size && body[size] == 0 {
		return c.pass(s, b, n, endResult)
	}
	c.state[decoders.ToClient] = definitions
	return c.pass(s, b, n, nothing)
}

// readDefinition reads what describes a prepared statement: the parameters, then the columns, each with an EOF packet behind it
// unless that is deprecated.
func (c *conn) readDefinition(s *decoders.Stream, q *command, b []byte, n int) error {
	r, first := &c.w.response, b[headSize]
	switch {
	case first == errPacket:
		return c.readResult(s, q, b, n)
	case first == eofPacket && n <= maxEOF && r.left == 0:
		c.learnEOF(true)
		if r.then == 0 {
			return c.pass(s, b, n, endResult)
		}
		r.left, r.then = r.then, 0
		return c.pass(s, b, n, nothing)
	case first == eofPacket:
		return badPacket
	case r.left == 0 && c.eof != yes && r.then > 0:
		c.learnEOF(false)
		r.left, r.then = r.then, 0
	case r.left == 0:
		return badPacket
	}
	r.left--
	switch {
	case r.left > 0 || r.then > 0 || c.eof == yes:
		return c.pass(s, b, n, nothing)
	case c.eof == no:
		return c.pass(s, b, n, endResult)
	}
	return c.pass(s, b, n, mayEnd)
}

// readOptionalEOF looks whether the definitions of a prepared statement end with an EOF packet. Only where the handshake was not
// seen that is not known.
func (c *conn) readOptionalEOF(s *decoders.Stream) error {
	b, n, err := peek(s, 1)
	if err != nil {
		return err
	}
	if n == 0 || b[headSize] != eofPacket || n > maxEOF || c.z == nil && b[3] != c.w.response.seq {
		c.settle()
		return nil
	}
	c.learnEOF(true)
	return c.pass(s, b, n, endResult)
}

// settle ends a response that may have ended, or was on probation: something else has begun.
func (c *conn) settle() {
	if c.w == nil {
		return
	}
	r := &c.w.response
	switch c.state[decoders.ToClient] {
	case optionalEOF:
		c.learnEOF(false)
	case probation:
	default:
		return
	}
	if q := c.front(); q != nil {
		q.found = false
	}
	c.finish(nil, r.end, r.from+r.size)
}
