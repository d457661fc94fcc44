package http1

import "wire_exporter/decoders"

// After a loss, and when the beginning of a connection was not seen, nobody knows which message a byte belongs to. A direction
// is then lost: its bytes are dropped until a segment begins with the first line of a message. The first response found
// that way is on probation: clients that do not pipeline send nothing before they have their response, so the next request (or
// the end) proves the match, and one more response refutes it: then a request was not seen. Where requests and responses cannot
// be told to belong together any more the connection goes on blind: requests are counted, their outcome unknown.

// order is what is known of the order of requests and responses.
type order uint8

const (
	oneByOne  order = iota // no request began before the response to the last was complete
	pipelined              // one did
	blind                  // which response belongs to which request is not known, and never will be
)

// find looks for the beginning of a message at the beginning of what is there.
func (c *conn) find(dir decoders.Dir, s *decoders.Stream) error {
	skipEmptyLines(s)
	if s.Buffered() == 0 {
		return decoders.ErrShort
	}
	verdict := detect(dir, s.Bytes())
	switch {
	case verdict == decoders.More:
		return decoders.ErrShort
	case verdict == decoders.No:
		return drop(s)
	case dir == decoders.ToServer:
		return c.findRequest(s)
	}
	switch r := c.front(); {
	case c.awaits() && s.Begin() >= r.start:
		c.state[dir], c.probation = start, true
		return nil
	case c.order != blind && (r == nil || c.w.response.done):
		c.d.out.Count(c.f, unmatchedResponse)
	}
	return drop(s)
}

// awaits says whether there is a request whose response may come next.
func (c *conn) awaits() bool {
	r := c.front()
	return r != nil && !r.forsaken && !c.w.response.done
}

// drop consumes all that is there.
func drop(s *decoders.Stream) error {
	s.Skip(uint64(s.Buffered()))
	return decoders.ErrShort
}

func (c *conn) findRequest(s *decoders.Stream) error {
	at, from := s.Begin(), s.Offset()
	line, cut, err := s.Line(maxLine)
	if err != nil {
		return err
	}
	method, target, ok := c.cutFirstLine(line, cut)
	if !ok || !isMethod(method) { // a method nobody knows may be the end of a longer word
		return drop(s)
	}
	c.beginRequest(method, target, at, from)
	return nil
}

// admit is asked before a request begins: it settles a response on probation, and goes blind where the order is not certain.
func (c *conn) admit() {
	if c.probation && c.w.response.done && c.w.requests.Front().done {
		c.probation = false
		c.match()
	}
	found := c.state[decoders.ToServer] == lost
	if c.front() != nil && c.order != blind {
		c.order = pipelined
		if found || c.probation || c.state[decoders.ToClient] == lost {
			c.goBlind(gapPipelining)
		}
	}
	if found && c.state[decoders.ToClient] == start {
		c.state[decoders.ToClient] = lost
	}
}

// goBlind forsakes all requests, now and later.
func (c *conn) goBlind(why decoders.Malformed) {
	c.d.out.Count(c.f, why)
	c.order, c.state[decoders.ToClient] = blind, lost
	for r := c.front(); r != nil; r = c.front() {
		c.forsake()
		if !r.done {
			return // it is being read, and reported when it is complete
		}
		c.match()
	}
}

// forsake says that the response to the request in front cannot be known. One on probation is not known to be its.
func (c *conn) forsake() {
	c.front().forsaken = true
	if c.probation {
		c.w.response.reset()
	}
}

// Gap implements decoders.Conn.
func (c *conn) Gap(dir decoders.Dir, n uint64) error {
	c.lose(dir, c.f.Offset(dir)-n)
	c.rest()
	return nil
}

// lose says that nobody knows where dir goes on after offset.
func (c *conn) lose(dir decoders.Dir, offset uint64) {
	if dir == decoders.ToServer {
		c.breakRequest(offset) // what was lost came after it: the next response is still its
		c.state[dir] = lost
		return
	}
	c.state[dir] = lost
	switch {
	case c.order == pipelined && c.front() != nil:
		c.goBlind(gapPipelining)
	case c.front() != nil:
		c.forsake()
		c.match()
	}
}

// maxMisread is how often one connection may be misread before it is given up: it is HTTP no more, if it ever was.
const maxMisread = 8

// misreadMessage treats a message that makes no sense, or does not say where it ends, like a loss. Other errors it gives back.
func (c *conn) misreadMessage(dir decoders.Dir, offset uint64, why decoders.Malformed) error {
	if why != notHTTP && why != badLength && why != badCoding && why != badChunk {
		return why
	}
	if c.misread++; c.misread > maxMisread {
		return why
	}
	c.d.out.Count(c.f, why)
	c.lose(dir, offset)
	return nil
}
