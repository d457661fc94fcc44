package http1

import "wire_exporter/decoders"

// response is the one being read: the response to the request in front.
type response struct {
	contentType decoders.Text
	first       decoders.Time // first byte
	end         decoders.Time // last byte; zero: not known
	from        uint64        // offset of the first byte
	size        uint64        // bytes
	code        [3]byte
	begun       bool // the status line was read, and it is not an interim one
	done        bool
}

func (r *response) reset() {
	contentType := r.contentType
	*r = response{}
	r.contentType = contentType
	r.contentType.Clear()
}

// interim says whether the response is followed by another to the same request (RFC 9110 section 15.2).
func (r *response) interim() bool { return r.code[0] == '1' && r.code != switching }

var switching = [3]byte{'1', '0', '1'} // 101 Switching Protocols

// bodiless says whether a response to q has no body, whatever its fields say (RFC 9112 section 6.3).
func (r *response) bodiless(q *request) bool {
	return q.headOnly || r.code == [3]byte{'2', '0', '4'} || r.code == [3]byte{'3', '0', '4'}
}

// readStatusLine reads the first line of a response.
func (c *conn) readStatusLine(s *decoders.Stream) error {
	skipEmptyLines(s)
	if s.Buffered() == 0 {
		return decoders.ErrShort
	}
	if c.probation && c.w.response.done {
		c.goBlind(gapPipelining) // one response more than requests: its match was wrong
	}
	if !c.awaits() {
		if c.order != blind {
			c.d.out.Count(c.f, unmatchedResponse)
		}
		c.state[decoders.ToClient] = lost
		return drop(s)
	}
	w := c.w
	at, from := s.Begin(), s.Offset()
	line, _, err := s.Line(maxLine)
	if err != nil {
		return err
	}
	code, ok := cutStatusLine(line)
	if !ok {
		return notHTTP
	}
	w.response.reset()
	w.response.code = [3]byte(code)
	w.response.begun = !w.response.interim()
	w.response.first, w.response.from = at, from
	w.message[decoders.ToClient] = message{from: from, length: unknownSize}
	c.state[decoders.ToClient] = head
	return nil
}

// skipEmptyLines drops the line ends that some send behind a message (RFC 9112 section 2.2).
func skipEmptyLines(s *decoders.Stream) {
	n := 0
	for _, b := range s.Bytes() {
		if b != '\r' && b != '\n' {
			break
		}
		n++
	}
	s.Skip(uint64(n))
}

// endResponseHead decides what follows (RFC 9112 section 6.3).
func (c *conn) endResponseHead(s *decoders.Stream) error {
	w, q := c.w, c.w.requests.Front()
	r, m := &w.response, &w.message[decoders.ToClient]
	switch {
	case r.interim():
		r.reset()
		c.state[decoders.ToClient] = start
		return nil
	case r.code == switching:
		return c.handOver(s, opaque)
	case q.connect && r.code[0] == '2':
		return c.handOver(s, detectAnew)
	case r.bodiless(q):
	case m.broken != nil:
		return m.broken
	case m.chunked:
		c.state[decoders.ToClient] = chunkSize
		return nil
	case m.coded || m.length == unknownSize:
		c.state[decoders.ToClient] = toEnd
		s.SkipToEnd()
		return nil
	case m.length > 0:
		c.state[decoders.ToClient] = body
		return s.Skip(m.length)
	}
	return c.endMessage(decoders.ToClient, s)
}

// What a connection becomes, made once because it is returned as an interface.
var (
	opaque     error = decoders.Become("opaque")
	detectAnew error = decoders.Become("")
)

// handOver completes the exchange: from here on the connection speaks another protocol.
func (c *conn) handOver(s *decoders.Stream, to error) error {
	c.probation = false
	c.w.requests.Front().done = true
	c.endResponse(s.Time(), s.Offset())
	return to
}

// endResponse completes the response being read. end zero: its last byte was lost.
func (c *conn) endResponse(end decoders.Time, offset uint64) {
	r := &c.w.response
	r.done, r.end, r.size = true, end, offset-r.from
	c.state[decoders.ToClient] = start
	c.release()
	c.match()
}
