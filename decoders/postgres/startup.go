package postgres

import (
	"bytes"
	"encoding/binary"

	"wire_exporter/decoders"
)

// What a start-up message may ask for instead of a protocol version: pqcomm.h.
const (
	cancelRequest = 80877102
	sslRequest    = 80877103
	gssRequest    = 80877104
	protocol3     = 3 // the upper half of a version
)

// maxStartup is the largest start-up message a server takes, MAX_STARTUP_PACKET_LENGTH.
const maxStartup = 10000

// What a connection becomes, made once because it is returned as an interface.
var (
	encrypted error = decoders.Become("tls")
	opaque    error = decoders.Become("opaque")
)

// login is the log-in of a connection: from the start-up message to the first ReadyForQuery, or to an error.
type login struct {
	start, end, first decoders.Time
	size              uint64
	from              uint64 // offset of the first byte of the response
	asked             bool   // it has begun and is not over
}

// readStartup reads the messages in front of all others, which have no type: length and code.
func (c *conn) readStartup(s *decoders.Stream) error {
	start, from := s.Begin(), s.Offset()
	if b := s.Bytes(); len(b) >= 3 && isTLS(b) {
		return encrypted
	}
	b, err := s.Peek(8)
	if err != nil {
		return err
	}
	n, code := int(binary.BigEndian.Uint32(b)), binary.BigEndian.Uint32(b[4:])
	if n < 8 || n > maxStartup {
		return notPostgres
	}
	switch {
	case code == sslRequest && n == 8:
		c.asked = 'S'
	case code == gssRequest && n == 8:
		c.asked = 'G'
	case code == cancelRequest:
		s.SkipToEnd()
		c.starting, c.blind = false, true
		return decoders.ErrShort
	case code>>16 == protocol3:
		return c.readParameters(s, n, start, from)
	default:
		return notPostgres
	}
	_, err = s.Next(n)
	return err
}

// readParameters reads a StartupMessage: who wants to log in to which database.
func (c *conn) readParameters(s *decoders.Stream, n int, start decoders.Time, from uint64) error {
	b, err := s.Next(n)
	if err != nil {
		return err
	}
	c.asked, c.starting = 0, false
	var user, database []byte
	for b = b[8:]; len(b) > 1; {
		var name, value []byte
		var ok bool
		if name, b, ok = cutString(b); !ok {
			return notPostgres
		}
		if value, b, ok = cutString(b); !ok || len(name) == 0 {
			return notPostgres
		}
		switch string(name) {
		case "user":
			user = value
		case "database":
			database = value
		case "replication":
			c.replication = isTrue(value)
		}
	}
	if len(database) == 0 {
		database = user // the server's default
	}
	before := c.database.Cap()
	c.database.Set(database, maxDatabase)
	c.d.memory.Add(c.database.Cap() - before)
	c.need().login = login{start: start, end: s.Time(), size: s.Offset() - from, asked: true}
	return nil
}

// maxDatabase is the most of a database's name that is kept: the server's own are 63 bytes at most.
const maxDatabase = 128

// isTrue reads the parameter replication: a boolean, or the word database.
func isTrue(value []byte) bool {
	for _, word := range trueWords {
		if bytes.EqualFold(value, word) {
			return true
		}
	}
	return false
}

var trueWords = [][]byte{[]byte("true"), []byte("on"), []byte("yes"), []byte("1"), []byte("database")}

// readAnswer reads the single byte with which the server answers an SSLRequest or GSSENCRequest.
func (c *conn) readAnswer(s *decoders.Stream) error {
	b, err := s.Peek(1)
	if err != nil {
		return err
	}
	asked := c.asked
	c.asked = 0
	switch {
	case b[0] == 'E':
		return nil // an ErrorResponse of a server that knows no such request
	case b[0] == 'N':
		_, err = s.Next(1)
		return err
	case b[0] != asked:
		return notPostgres
	}
	s.Skip(1)
	if asked == 'S' {
		return encrypted
	}
	return opaque
}

// endLogin reports the log-in.
func (c *conn) endLogin(outcome decoders.Outcome, code []byte, end decoders.Time, offset uint64) {
	l := &c.w.login
	if outcome < decoders.Aborted && end == 0 {
		outcome = decoders.Unknown
	}
	t := &c.d.txn
	*t = decoders.Txn{
		Kind: decoders.Login, Flow: c.f, Outcome: outcome, Code: code, Database: c.database.Bytes(),
		Start: l.start, RequestEnd: l.end, FirstByte: l.first, End: end, BytesIn: l.size,
	}
	if l.first != 0 {
		t.BytesOut = offset - l.from
	}
	*l = login{}
	c.emit()
}

// isTLS says whether b begins with a TLS record: RFC 8446 section 5.1.
func isTLS(b []byte) bool { return b[0] >= 20 && b[0] <= 23 && b[1] == 3 && b[2] <= 4 }

// mayBeTLS says whether b, which is shorter, may be the beginning of one.
func mayBeTLS(b []byte) bool { return b[0] >= 20 && b[0] <= 23 && (len(b) < 2 || b[1] == 3) }

// cutString takes a string off the front of b; false when its NUL is missing.
func cutString(b []byte) (text, rest []byte, ok bool) {
	if len(b) > 0 && b[0] == 0 { // no name: the unnamed statement or portal
		return b[:0], b[1:], true
	}
	i := bytes.IndexByte(b, 0)
	if i < 0 {
		return b, nil, false
	}
	return b[:i], b[i+1:], true
}
