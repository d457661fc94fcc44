package postgres

import (
	"bytes"

	"wire_exporter/decoders"
)

// After a loss, and when the beginning of a connection was not seen, nobody knows where messages begin. A direction is then lost.
//
// The server's is found again behind a ReadyForQuery, which is the same six bytes always. The client's is found again where a
// segment begins after that: clients wait for the ReadyForQuery before they ask again, so nothing is under way. Without
// a ReadyForQuery, a segment that is a whole Query and nothing else will do, and the segment of the server that follows it.
// A client that does not wait would make the match wrong. So what is matched first is on trial, and held back: the next message
// of the client (or the end) proves it, one more answer than requests refutes it. Where a client was seen not to wait, nothing
// can be proven: after a loss the connection goes on blind, and requests are counted with an unknown outcome.

// Gap implements decoders.Conn.
func (c *conn) Gap(dir decoders.Dir, n uint64) error {
	if dir == decoders.ToServer {
		c.endTail(0, c.f.Offset(dir)-n)
	}
	c.tail[dir] = 0
	err := c.lose(dir)
	c.rest()
	return err
}

// lose says that nobody knows where dir goes on.
func (c *conn) lose(dir decoders.Dir) error {
	if c.blind && dir == decoders.ToClient {
		return nil
	}
	c.asked = 0
	if c.starting && dir == decoders.ToServer {
		c.starting = false
		c.lost[decoders.ToClient] = true
	}
	c.refute()
	c.lost[dir], c.quiet, c.incomplete = true, false, true
	if c.overlapping || c.w != nil && c.w.marks > 1 {
		return c.loseOrder(dir)
	}
	if dir == decoders.ToServer {
		c.loseRequests()
	} else {
		c.loseResponses()
	}
	return nil
}

// loseOrder is lose for a client that does not wait for its answers.
func (c *conn) loseOrder(dir decoders.Dir) error {
	if dir == decoders.ToServer {
		return gapPipelining // where its messages begin will never be known again
	}
	c.goBlind()
	return nil
}

// loseRequests treats a loss among the client's messages. What came before it is still answered first.
func (c *conn) loseRequests() {
	c.unnamed = known{}
	if e := c.open(); e != nil {
		e.void = true
		c.d.out.Count(c.f, incompleteRequest)
	}
	if c.w != nil {
		c.w.copying = false
		c.closePortals(decoders.Unknown)
	}
}

// loseResponses treats a loss among the server's messages.
func (c *conn) loseResponses() {
	c.status = 0
	if c.w == nil {
		return
	}
	if c.w.login.asked {
		c.endLogin(decoders.Unknown, nil, 0, 0)
	}
	c.w.fresh = false
	c.forsake()
	c.closePortals(decoders.Unknown)
	if c.w.tx.open {
		c.endTransaction(decoders.Unknown, 0)
	}
	c.w.tx = transaction{}
	c.w.failed, c.w.skipping, c.w.copying = false, false, false
}

// goBlind gives up to match, now and later.
func (c *conn) goBlind() {
	c.refute()
	c.d.out.Count(c.f, gapPipelining)
	c.blind, c.tail[decoders.ToClient] = true, 0
	c.loseResponses()
}

// mismatch is told of an answer that fits nothing that was asked.
func (c *conn) mismatch() {
	c.d.out.Count(c.f, unmatchedResponse)
	if c.lost[decoders.ToServer] {
		return // it answers what was lost
	}
	c.refute()
	c.lost[decoders.ToServer] = true
	c.loseRequests()
	if c.w != nil {
		c.forsake()
		c.w.forsaken = c.w.queue.Len() > 0
	}
}

// maxMisread is how often one connection may be misread before it is given up.
const maxMisread = 8

// misreadMessage treats a message that makes no sense like a loss.
func (c *conn) misreadMessage(dir decoders.Dir) error {
	if c.misread++; c.misread > maxMisread {
		return badMessage
	}
	c.d.out.Count(c.f, badMessage)
	return c.lose(dir)
}

// findRequest looks for the beginning of a message of the client where a segment begins.
func (c *conn) findRequest(s *decoders.Stream) error {
	b := s.Bytes()
	if len(b) == 0 {
		return decoders.ErrShort
	}
	verdict := decoders.No
	switch {
	case len(b) >= 3 && isTLS(b):
		return encrypted
	case len(b) < 3 && mayBeTLS(b):
		return decoders.ErrShort
	case c.blind:
	case c.lost[decoders.ToClient]:
		verdict = isQuery(b)
	case c.quiet:
		verdict = isRequest(b)
	}
	switch verdict {
	case decoders.Yes:
		c.lost[decoders.ToServer] = false
		c.probation = onTrial
		return nil
	case decoders.No:
		c.quiet = false
		s.Skip(uint64(len(b)))
	}
	return decoders.ErrShort
}

// findResponse looks for the end of an answer, or for the beginning of the one to the request that waits.
func (c *conn) findResponse(s *decoders.Stream) error {
	b := s.Bytes()
	if len(b) == 0 {
		return decoders.ErrShort
	}
	if c.w != nil && c.w.fresh && c.front() != nil {
		switch isResponse(b) {
		case decoders.Yes:
			c.lost[decoders.ToClient], c.w.fresh = false, false
			c.probation = onTrial
			return nil
		case decoders.More:
			return decoders.ErrShort
		}
	}
	end, found := findReady(b)
	s.Skip(uint64(end))
	if !found {
		return decoders.ErrShort
	}
	c.found(b[end-1])
	return nil
}

// found goes on behind a ReadyForQuery: all that was asked is answered, nobody knows how.
func (c *conn) found(status byte) {
	c.lost[decoders.ToClient], c.status, c.quiet = false, status, true
	w := c.w
	if w != nil {
		if w.login.asked { // with the answer to an SSLRequest something else was lost, perhaps
			c.endLogin(decoders.Unknown, nil, 0, 0)
		}
		w.fresh = false
		c.forsake()
		w.reset()
	}
	if !c.lost[decoders.ToServer] {
		c.probation = onTrial
	}
}

// readyForQuery is a ReadyForQuery but for its last byte, the status.
const readyForQuery = "Z\x00\x00\x00\x05I"

func isStatus(b byte) bool { return b == 'I' || b == 'T' || b == 'E' }

// findReady looks for a ReadyForQuery, behind which another message or nothing may follow. end is behind it; if there is none,
// end is as far as none can begin.
func findReady(b []byte) (end int, found bool) {
	for pos := 0; ; pos++ {
		i := bytes.IndexByte(b[pos:], 'Z')
		if i < 0 {
			return len(b), false
		}
		pos += i
		head := b[pos:min(len(b), pos+header)]
		switch {
		case string(head) != readyForQuery[:len(head)]:
		case pos+len(readyForQuery) > len(b):
			return pos, false
		case isStatus(b[pos+header]) && mayFollow(b[pos+len(readyForQuery):], responseTypes):
			return pos + len(readyForQuery), true
		}
	}
}
