package http1

import (
	"wire_exporter/decoders"
)

// request is one that waits for its response, or is being read.
type request struct {
	method    decoders.Text
	target    decoders.Text
	authority decoders.Text // with its port
	path      span          // of target
	session   uint64
	user      decoders.User // while the head is read
	trace     [16]byte

	start decoders.Time // first byte
	end   decoders.Time // last byte; zero: not known
	from  uint64        // offset of the first byte
	size  uint64        // bytes; so far while it is read

	headOnly bool // HEAD
	connect  bool // CONNECT
	upgrade  bool // it asks for another protocol
	traced   bool
	headRead bool // its head is complete
	done     bool // it is complete, or nothing more of it will be seen
	forsaken bool // its response was lost: what the server sends does not belong to it
}

// reset makes r as good as new; the room of its texts is used again.
func (r *request) reset() {
	method, target, authority := r.method, r.target, r.authority
	*r = request{}
	r.method, r.target, r.authority = method, target, authority
	r.user.Reset()
}

// readRequestLine reads the first line of a request.
func (c *conn) readRequestLine(s *decoders.Stream) error {
	for {
		at, from := s.Begin(), s.Offset()
		line, cut, err := s.Line(maxLine)
		if err != nil {
			return err
		}
		if len(line) > 0 {
			method, target, ok := c.cutFirstLine(line, cut)
			if !ok {
				return notHTTP
			}
			c.beginRequest(method, target, at, from)
			return nil
		}
	}
}

// cutFirstLine takes a request line apart; of one that was cut the beginning of the target is enough.
func (c *conn) cutFirstLine(line []byte, cut bool) (method, target []byte, ok bool) {
	if !cut {
		return cutRequestLine(line)
	}
	c.d.out.Count(c.f, requestLineCut)
	method, target, ok = cutByte(line, ' ')
	return method, target, ok && len(method) > 0 && isToken(method) && len(target) > 0
}

// beginRequest puts a request at the end of the queue.
func (c *conn) beginRequest(method, target []byte, at decoders.Time, from uint64) {
	c.admit()
	if c.w == nil {
		c.w = c.d.works.Get()
	}
	w := c.w
	slots := w.requests.Cap()
	r := w.requests.Push()
	if r == nil {
		c.goBlind(tooManyPending)
		r = w.requests.Push()
	}
	c.d.grown(w, (w.requests.Cap()-slots)*slotSize)
	r.reset()
	r.start, r.from, r.forsaken = at, from, c.order == blind
	r.headOnly, r.connect = string(method) == "HEAD", string(method) == "CONNECT"
	path, authority := cutTarget(target, r.connect)
	r.path = path
	c.d.set(w, &r.method, method, maxMethod)
	c.d.set(w, &r.target, target, maxTarget)
	c.d.set(w, &r.authority, authority, maxHost)
	w.message[decoders.ToServer] = message{from: from, length: unknownSize}
	c.state[decoders.ToServer] = head
}

// requestField looks at a field that says nothing of the body.
func (c *conn) requestField(f field, value []byte, cut bool) {
	r := c.w.requests.Back()
	sessions := c.d.sessions
	switch {
	case f == host && r.authority.Len() == 0:
		c.d.set(c.w, &r.authority, value, maxHost)
	case f == upgrade:
		r.upgrade = true
	case f == traceparent && !r.traced:
		r.trace, r.traced = parseTrace(value)
	case sessions == nil:
	case f == cookie:
		r.user.Cookies(sessions, value, cut)
	case cut:
	case f == authorization:
		r.user.Bearer(sessions, value)
	case f == forwardedFor && sessions.Trusts(c.f.Client.Addr()):
		r.user.Forwarded(sessions, value)
	}
}

// headerSession looks whether the line is a header field that was configured to tell users apart.
func (c *conn) headerSession(line []byte) {
	s := c.d.sessions
	for _, name := range s.Headers {
		if len(line) > len(name) && line[len(name)] == ':' && hasPrefixFold(line, name) {
			c.w.requests.Back().user.Header(s, trim(line[len(name)+1:]))
		}
	}
}

// endRequestHead decides how the body is framed (RFC 9112 section 6.3).
func (c *conn) endRequestHead(s *decoders.Stream) error {
	r, m := c.w.requests.Back(), &c.w.message[decoders.ToServer]
	r.headRead = true
	if c.d.sessions != nil {
		r.session = c.d.session(&r.user, &c.f.Client)
	}
	switch {
	case r.connect:
	case m.broken != nil:
		return m.broken
	case m.chunked:
		c.state[decoders.ToServer] = chunkSize
		return nil
	case m.coded:
		return badCoding // its end cannot be known
	case m.length != unknownSize && m.length > 0:
		c.state[decoders.ToServer] = body
		return s.Skip(m.length)
	}
	return c.endMessage(decoders.ToServer, s)
}

// endRequest completes the request being read. end zero: its last byte was lost.
func (c *conn) endRequest(end decoders.Time, offset uint64) {
	r := c.w.requests.Back()
	r.done, r.end, r.size = true, end, offset-r.from
	c.state[decoders.ToServer] = start
	if r.connect || r.upgrade {
		c.state[decoders.ToServer] = hold
	}
	c.match()
}
