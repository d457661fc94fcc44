package mysql

import (
	"bytes"
	"encoding/binary"
	"strconv"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

// status are the server's flags in OK and EOF packets; those that matter here.
type status uint16

const (
	inTransaction   status = 0x0001
	moreResults     status = 0x0008
	cursorExists    status = 0x0040
	noBackslash     status = 0x0200 // sql_mode NO_BACKSLASH_ESCAPES
	sessionChanged  status = 0x4000
	worthOfResult          = 1024 // bytes of an OK packet: a change of the database is in the first of them
	variableChanged        = 0    // SESSION_TRACK_SYSTEM_VARIABLES
	schemaChanged          = 1    // SESSION_TRACK_SCHEMA
	progressReport         = 0xffff
	sqlStateMarker         = '#'
)

// failure is an error of the server.
type failure struct {
	code  uint16
	state [5]byte // SQLSTATE; zero: none
	is    bool
}

// readResult reads a packet that ends a result: OK, EOF or an error. MariaDB reports the progress of long statements in what
// looks like an error, and ends nothing.
func (c *conn) readResult(s *decoders.Stream, q *command, b []byte, n int) error {
	first := b[headSize]
	b, _, err := peek(s, worthOfResult)
	if err != nil {
		return err
	}
	if !c.w.response.begun { // instead of a greeting
		c.w.response = response{begun: true, first: s.Begin(), from: c.begin(decoders.ToClient, s)}
	}
	r, body := &c.w.response, b[headSize:]
	switch {
	case first == errPacket && n < 3:
		return badPacket
	case first == errPacket && isProgress(body):
		return c.pass(s, b, n, nothing)
	case first == errPacket:
		r.failed = readError(body)
	case first == eofPacket && n <= maxEOF:
		r.status, r.known = readEOF(body), true
	case first == okPacket || first == eofPacket && c.maySayOK(q):
		if !c.readOK(body) {
			return badPacket
		}
	default:
		return badPacket
	}
	return c.pass(s, b, n, endResult)
}

// maySayOK says whether an OK packet may begin with 0xFE here: at the end of rows or fields, and where EOF packets were the
// response.
func (c *conn) maySayOK(q *command) bool {
	const shutdown, debug = 0x08, 0x0d
	return c.state[decoders.ToClient] != ready || q.cmd == comSetOption || q.cmd == shutdown || q.cmd == debug
}

func isProgress(body []byte) bool {
	return binary.LittleEndian.Uint16(body[1:]) == progressReport && (len(body) < 4 || body[3] != sqlStateMarker)
}

func readError(body []byte) (f failure) {
	f.code, f.is = binary.LittleEndian.Uint16(body[1:]), true
	if len(body) >= 9 && body[3] == sqlStateMarker {
		f.state = [5]byte(body[4:9])
	}
	return f
}

// readEOF is the status in an EOF packet; those before MySQL 4.1 have none.
func readEOF(body []byte) status {
	if len(body) < maxEOF {
		return 0
	}
	return status(binary.LittleEndian.Uint16(body[3:]))
}

// readOK reads an OK packet; false when it is none.
func (c *conn) readOK(body []byte) bool {
	r := &c.w.response
	ok := reader{b: body[1:]}
	affected := ok.number()
	ok.number() // the last inserted id
	flags := ok.take(2)
	if ok.bad {
		return false
	}
	r.status, r.known = status(binary.LittleEndian.Uint16(flags)), true
	if body[0] == okPacket {
		r.rows += affected
	}
	if r.status&sessionChanged != 0 {
		ok.take(2) // warnings
		ok.text()  // information for people
		c.readSession(ok.text())
	}
	return true
}

// readSession reads what has changed in the session (CLIENT_SESSION_TRACK).
func (c *conn) readSession(changes []byte) {
	for all := (reader{b: changes}); len(all.b) > 0 && !all.bad; {
		kind := all.take(1)
		change := reader{b: all.text()}
		if len(kind) != 1 {
			return
		}
		switch name := change.text(); {
		case change.bad:
		case kind[0] == schemaChanged:
			c.w.response.database = c.d.name(name)
		case kind[0] == variableChanged && bytes.EqualFold(name, modeName):
			c.w.response.mode = no
			if value := change.text(); !change.bad && isANSI(value) {
				c.w.response.mode = yes
			}
		}
	}
}

// finish is called when a result is complete: unless more follow, the response is. end zero: the time of its last byte is not
// known.
func (c *conn) finish(s *decoders.Stream, end decoders.Time, offset uint64) error {
	q, r := c.front(), &c.w.response
	if q == nil {
		return nil
	}
	r.size = offset - r.from
	more := r.known && r.status&moreResults != 0 && !r.failed.is && q.cmd != comPrepare && q.cmd != login
	if !more && q.found && !q.forsaken && q.cmd != login {
		r.end, c.state[decoders.ToClient] = end, probation
		return nil
	}
	if !more {
		c.report(q, r.failed.outcome(), end)
	}
	c.track(q, r, end)
	c.change(q, r)
	r.known = false
	r.results += min(1, 255-r.results)
	c.state[decoders.ToClient] = ready
	if more {
		return nil
	}
	if !r.failed.is && !q.forsaken {
		c.settleMode(q, r)
	}
	compress := q.cmd == login && !r.failed.is && c.caps&(withZlib|withZstd) != 0 && s != nil
	c.pop()
	if compress {
		c.compress(s)
	}
	return nil
}

// pop removes the command in front.
func (c *conn) pop() {
	if !c.w.commands.Front().done && c.w.commands.Len() == 1 {
		c.packets[decoders.ToServer].what = nothing // the rest of it is of no interest
	}
	c.w.response = response{}
	c.w.commands.Pop()
}

// change does to the connection what a result says.
func (c *conn) change(q *command, r *response) {
	if r.known {
		c.quoting = sql.Usual
		if r.status&noBackslash != 0 {
			c.quoting = sql.Plain
		}
	}
	if r.database != nil {
		c.database = r.database
	}
	if r.failed.is {
		return
	}
	c.loggedIn = true
	switch q.cmd {
	case comPrepare:
		c.remember(r.statement, q.sql)
	case comChangeUser, login:
		c.forgetPrepared()
		c.database = q.database
	case comResetConnection:
		c.forgetPrepared()
	default:
		if q.database != nil {
			c.database = q.database
		}
	}
}

// code is the vendor's error code in decimal; buf has room for it.
func (f failure) appendCode(buf []byte) []byte {
	if !f.is {
		return nil
	}
	return strconv.AppendUint(buf[:0], uint64(f.code), 10)
}
