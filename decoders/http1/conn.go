package http1

import "wire_exporter/decoders"

// Why a connection is given up, and what is counted beside transactions.
const (
	notHTTP        decoders.Malformed = "not_http1"
	headTooLong    decoders.Malformed = "head_too_long"
	badLength      decoders.Malformed = "bad_content_length"
	badCoding      decoders.Malformed = "bad_transfer_encoding"
	badChunk       decoders.Malformed = "bad_chunk"
	tooManyPending decoders.Malformed = "too_many_pending"
	gapPipelining  decoders.Malformed = "gap_while_pipelining"

	unmatchedResponse                    = decoders.UnmatchedResponse
	incompleteRequest decoders.Malformed = "incomplete_request_head"
	requestLineCut    decoders.Malformed = "request_line_cut"
)

// state is what one direction of a connection reads next.
type state uint8

const (
	start     state = iota // the first line of a message
	head                   // a field line
	body                   // what follows a body of known length
	chunkSize              // the line in front of a chunk
	chunkEnd               // the line end behind it
	trailers               // a trailer field
	toEnd                  // nothing: the body ends with the connection
	hold                   // requests: nothing before the response tells whether this is HTTP at all (CONNECT, Upgrade)
	lost                   // a message that begins with the segment; see lost.go
)

// conn is one connection; 32 bytes while it is idle.
type conn struct {
	d     *decoder
	f     *decoders.Flow
	w     *work // nil while nothing is read or awaited
	state [2]state
	ended [2]bool

	clientFirst bool // the client ended its direction before the server did
	probation   bool // the response is the first after a loss: see lost.go
	order       order
	misread     uint8 // messages that made no sense
}

// message is what the head of the message being read says of its body.
type message struct {
	from    uint64 // offset of the first line of the head, or of the trailers
	length  uint64 // Content-Length; unknownSize
	lines   int
	last    field // of the line before, which the next may continue
	coded   bool  // there is a Transfer-Encoding
	chunked bool  // and the last coding is chunked
	broken  error // why the length cannot be known
}

// Feed implements decoders.Conn.
func (c *conn) Feed(dir decoders.Dir, s *decoders.Stream) error {
	var err error
	for err == nil {
		if err = c.step(dir, s); err != nil {
			if why, ok := err.(decoders.Malformed); ok {
				err = c.misreadMessage(dir, s.Offset(), why)
			}
		}
	}
	c.rest()
	return err
}

// step reads one piece: it consumes bytes, goes to another state, or returns an error.
func (c *conn) step(dir decoders.Dir, s *decoders.Stream) error {
	switch c.state[dir] {
	case start:
		if dir == decoders.ToServer {
			return c.readRequestLine(s)
		}
		return c.readStatusLine(s)
	case head:
		return c.readHead(dir, s)
	case body:
		return c.endMessage(dir, s)
	case chunkSize:
		return c.readChunkSize(dir, s)
	case chunkEnd:
		return c.readChunkEnd(dir, s)
	case trailers:
		return c.readTrailers(dir, s)
	case lost:
		return c.find(dir, s)
	}
	return decoders.ErrShort // hold, toEnd
}

// reading says whether a message of dir has begun and is not complete.
func (c *conn) reading(dir decoders.Dir) bool {
	s := c.state[dir]
	return s >= head && s <= toEnd
}

// rest gives the work back when there is nothing to do.
func (c *conn) rest() {
	if c.w != nil && c.w.requests.Len() == 0 {
		c.d.freeWork(c.w)
		c.w = nil
	}
}

// front is the request whose response comes next; nil when none waits.
func (c *conn) front() *request {
	if c.w == nil {
		return nil
	}
	return c.w.requests.Front()
}

func (c *conn) readHead(dir decoders.Dir, s *decoders.Stream) error {
	m := &c.w.message[dir]
	for s.Scanned() > 0 || !c.readFields(dir, m, s) {
		line, cut, err := s.Line(maxLine)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			break
		}
		if err := m.limit(c.d, s); err != nil {
			return err
		}
		c.readField(dir, m, line, cut)
	}
	if dir == decoders.ToServer {
		return c.endRequestHead(s)
	}
	return c.endResponseHead(s)
}

func (c *conn) readField(dir decoders.Dir, m *message, line []byte, cut bool) {
	var value []byte
	if line[0] == ' ' || line[0] == '\t' {
		value = trim(line) // obs-fold, RFC 9112 section 5.2: more of the value before
	} else if m.last, value = cutField(line); dir == decoders.ToServer && c.d.headers && !cut {
		c.headerSession(line)
	}
	switch {
	case m.last == otherField:
	case m.last == contentLength || m.last == transferEncoding:
		m.frame(value, cut)
	case dir == decoders.ToServer:
		c.requestField(m.last, value, cut)
	case m.last == contentType && c.w.response.contentType.Len() == 0:
		kind, _, _ := cutByte(value, ';')
		c.d.set(c.w, &c.w.response.contentType, trim(kind), maxType)
	}
}

// limit counts a line and checks the limits of a head.
func (m *message) limit(d *decoder, s *decoders.Stream) error {
	if m.lines++; m.lines > maxLines || s.Offset()-m.from > d.maxHead {
		return headTooLong
	}
	return nil
}

// frame notes a field that says how long the body is. Of a cut one nothing would be certain.
func (m *message) frame(value []byte, cut bool) {
	switch {
	case len(value) == 0: // the value may follow on the next line
	case m.last == transferEncoding:
		m.coded, m.chunked = true, endsChunked(value)
		if cut {
			m.broken = badCoding
		}
	default:
		n, ok := parseLength(value)
		if !ok || cut || m.length != unknownSize && m.length != n {
			m.broken = badLength
		}
		m.length = n
	}
}

func (c *conn) readChunkSize(dir decoders.Dir, s *decoders.Stream) error {
	line, _, err := s.Line(maxChunkLine)
	if err != nil {
		return err
	}
	n, ok := parseChunkSize(line)
	if !ok {
		return badChunk
	}
	if n == 0 {
		m := &c.w.message[dir]
		m.from, m.lines = s.Offset(), 0
		c.state[dir] = trailers
		return nil
	}
	c.state[dir] = chunkEnd
	return s.Skip(n)
}

func (c *conn) readChunkEnd(dir decoders.Dir, s *decoders.Stream) error {
	line, cut, err := s.Line(0)
	if err != nil {
		return err
	}
	if len(line) > 0 || cut {
		return badChunk
	}
	c.state[dir] = chunkSize
	return nil
}

func (c *conn) readTrailers(dir decoders.Dir, s *decoders.Stream) error {
	for {
		line, _, err := s.Line(maxLine)
		if err != nil {
			return err
		}
		if len(line) == 0 {
			return c.endMessage(dir, s)
		}
		if err := c.w.message[dir].limit(c.d, s); err != nil {
			return err
		}
	}
}

func (c *conn) endMessage(dir decoders.Dir, s *decoders.Stream) error {
	if dir == decoders.ToServer {
		c.endRequest(s.Time(), s.Offset())
	} else {
		c.endResponse(s.Time(), s.Offset())
	}
	return nil
}

// Wake implements decoders.Conn; nobody asks for it.
func (c *conn) Wake(decoders.Time) {}

// Waiting implements decoders.Conn.
func (c *conn) Waiting() (n int, since decoders.Time) {
	if c.w == nil {
		return 0, 0
	}
	for i := range c.w.requests.Len() {
		r := c.w.requests.At(i)
		if r.forsaken || i == 0 && c.w.response.done {
			continue
		}
		if n++; n == 1 {
			since = r.start
		}
	}
	return n, since
}
