package mysql

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

// After a loss, and when the beginning of a connection was not seen, nobody knows which packet a byte belongs to. A direction is
// then lost, and its bytes are dropped until a packet can be proven to begin:
//
//   - the client's next command: the first bytes that it sends after the server has spoken, if they have sequence number 0 and the
//     form of a command. Clients send nothing while they wait, so the server's turn ends what was before. At the very
//     beginning of what was seen, and behind a hole, that is not known; there only commands with a form of their own are
//     believed.
//   - the server's next response: the first bytes that it sends after such a command is complete, if they have the sequence number
//     that follows the command's and the form of a response.
//
// The first response that is found so is on probation: clients that do not pipeline send nothing before they have their response, so
// the next command (or the end) proves the match, and one more response refutes it: then a command was not seen. Where
// responses to several commands were under way the connection is blind: commands are counted, their outcome unknown, until one
// clean exchange has passed.

// turn is whether the client's next byte may begin a command.
type turn uint8

const (
	inside    turn = iota // it goes on with what it has said before
	unproven              // nothing was seen yet, or what is missing may have been all of it
	hasSpoken             // the server has spoken since
	proven                // a command begins here
)

// takeTurn notes that the server speaks, which ends whatever a lost client has said before.
func (c *conn) takeTurn(dir decoders.Dir) {
	if dir == decoders.ToClient {
		c.serverSpoke()
	}
}

func (c *conn) serverSpoke() {
	if c.isLost(decoders.ToServer) {
		c.turn, c.stale = hasSpoken, c.waiting
	}
}

func (c *conn) isLost(dir decoders.Dir) bool {
	return c.state[dir] == lost || c.z != nil && c.z.frames[dir].state == frameLost
}

// drop consumes all that is there.
func drop(s *decoders.Stream) error {
	s.Skip(uint64(s.Buffered()))
	return decoders.ErrShort
}

// find looks for a packet that can be proven to begin here.
func (c *conn) find(dir decoders.Dir, s *decoders.Stream) error {
	if s.Buffered() == 0 {
		return decoders.ErrShort
	}
	if dir == decoders.ToServer {
		return c.findCommand(s)
	}
	return c.findResponse(s)
}

func (c *conn) findCommand(s *decoders.Stream) error {
	s.Skip(uint64(c.stale))
	c.stale, c.waiting = 0, 0
	verdict := decoders.No
	if c.turn != inside {
		verdict = c.looksLikeClient(s.Bytes())
	}
	switch verdict {
	case decoders.More:
		c.waiting = uint8(s.Buffered())
		return decoders.ErrShort
	case decoders.No:
		c.turn = inside
		return drop(s)
	}
	b := s.Bytes()
	switch {
	case c.z == nil && looksCompressed(b) == decoders.Yes:
		c.compress(s)
		c.z.frames[decoders.ToClient].state = frameLost
		return nil // the turn is still the client's
	case b[3] != 0:
		c.state[decoders.ToServer] = handshake
	default:
		c.state[decoders.ToServer] = ready
	}
	c.turn = proven
	return nil
}

// looksLikeClient judges what a lost client sends when it may begin a command.
func (c *conn) looksLikeClient(b []byte) decoders.Verdict {
	verdict := looksLikeCommand(b, c.turn == hasSpoken)
	if verdict != decoders.Yes && c.z == nil {
		verdict = max(verdict, looksCompressed(b)) // More beats Yes: wait for both
	}
	if verdict == decoders.No && c.turn == unproven {
		verdict = looksLikeHandshakeResponse(b)
	}
	return verdict
}

// findResponse looks for the response to the only command that waits.
func (c *conn) findResponse(s *decoders.Stream) error {
	if !c.mayAnswer(s.Begin()) {
		return drop(s)
	}
	q := c.front()
	b, n, err := peek(s, 1)
	if err != nil {
		return err
	}
	if n == 0 || c.z == nil && b[3] != q.seq {
		c.forsakeAll()
		return drop(s)
	}
	c.state[decoders.ToClient] = ready
	return nil
}

// mayAnswer says whether what a lost server says at a time may be the response to the command in front. If it is said after that was
// begun, but nobody knows whether it was complete, then nobody knows either whether this was its response.
func (c *conn) mayAnswer(at decoders.Time) bool {
	q := c.front()
	switch {
	case q == nil || at < q.start:
	case q.done && q.end != 0:
		return at >= q.end
	case c.w.commands.Len() > 1:
		c.goBlind(gapPipelining)
	default:
		c.forsakeAll()
	}
	return false
}

// refute says that the response on probation was another command's, when one more comes.
func (c *conn) refute(s *decoders.Stream) error {
	if s.Buffered() == 0 {
		return decoders.ErrShort
	}
	c.goBlind(unmatchedResponse)
	return drop(s)
}

// forsakeAll says that the responses to all commands that wait cannot be known.
func (c *conn) forsakeAll() {
	c.loseTransaction()
	for q := c.front(); q != nil; q = c.front() {
		q.forsaken = true
		if q.cmd == login && c.caps&(withZlib|withZstd) != 0 {
			c.state[decoders.ToServer], c.turn = lost, hasSpoken // whether it is compressed from here on shows
		}
		c.report(q, decoders.Unknown, 0)
		c.pop()
	}
}

// goBlind forsakes all commands, now and until it is clear again which response belongs to which.
func (c *conn) goBlind(why decoders.Malformed) {
	c.d.out.Count(c.f, why)
	c.forsakeAll()
	c.blind, c.state[decoders.ToClient] = true, lost
}

// Gap implements decoders.Conn.
func (c *conn) Gap(dir decoders.Dir, n uint64) error {
	if c.z != nil {
		c.loseFrames(dir, n)
	} else {
		c.lose(dir, c.f.Offset(dir)-n)
	}
	c.rest()
	return nil
}

// lose says that nobody knows where dir goes on after offset.
func (c *conn) lose(dir decoders.Dir, offset uint64) {
	c.packets[dir] = packet{}
	if dir == decoders.ToServer {
		c.breakCommand(offset) // what was lost came after it: the next response is still its
		c.loseTransaction()
		c.state[dir], c.turn, c.waiting, c.stale = lost, unproven, 0, 0
		return
	}
	c.serverSpoke()
	switch {
	case c.w == nil || c.w.commands.Len() == 0:
		c.loseTransaction()
	case c.w.commands.Len() > 1:
		c.goBlind(gapPipelining)
	default:
		c.forsakeAll()
	}
	c.state[dir] = lost
}

// maxMisread is how often one connection may be misread before it is given up: it is MySQL no more, if it ever was.
const maxMisread = 8

// misreadPacket treats a packet that makes no sense like a loss.
func (c *conn) misreadPacket(dir decoders.Dir, s *decoders.Stream) error {
	if c.misread++; c.misread > maxMisread {
		return notMySQL
	}
	c.d.out.Count(c.f, badPacket)
	c.lose(dir, c.end(dir, s))
	return drop(s)
}

// looksLikeCommand judges whether b begins with a command. Where the server has spoken before, its form is enough; else it must
// have a form that nothing else has.
func looksLikeCommand(b []byte, spoken bool) decoders.Verdict {
	const shortest, parameters = headSize + 1, 4 + 1 + 4
	if len(b) >= headSize && (b[3] != 0 || uint24(b) == 0) {
		return decoders.No
	}
	if len(b) < shortest {
		return decoders.More
	}
	n, cmd, body := int(uint24(b)), b[headSize], b[shortest:]
	kind := &kinds[cmd]
	if kind.name == nil || n < kind.min || kind.max > 0 && n > kind.max {
		return decoders.No
	}
	switch cmd {
	case comQuery:
		return looksLikeText(body, n-1)
	case comPrepare:
		return looksLikeSQL(body, n-1)
	case comExecute:
		if len(body) < parameters {
			return decoders.More
		}
		if binary.LittleEndian.Uint32(body[5:]) == 1 && body[4] < 16 { // iterations, flags
			return decoders.Yes
		}
		return decoders.No
	}
	if spoken {
		return decoders.Yes
	}
	return decoders.No
}

// looksLikeText judges whether b begins with the text of a query of n bytes, behind query attributes or not.
func looksLikeText(b []byte, n int) decoders.Verdict {
	if len(b) >= 2 && b[1] == 1 && b[0] <= maxAttributes {
		bound := 2 + (int(b[0])+7)/8 // behind the bits of those that are NULL: the types follow
		switch {
		case b[0] == 0:
			return looksLikeSQL(b[2:], n-2)
		case len(b) <= bound:
			return decoders.More
		case b[bound] == 1:
			return decoders.Yes
		}
		return decoders.No
	}
	if len(b) < min(2, n) {
		return decoders.More
	}
	return looksLikeSQL(b, n)
}

// looksLikeSQL judges whether b begins with an SQL text of n bytes: with a word, a parenthesis or a comment.
func looksLikeSQL(b []byte, n int) decoders.Verdict {
	const enough = 4
	for i, x := range b[:min(len(b), n)] {
		letter := x|0x20 >= 'a' && x|0x20 <= 'z'
		switch {
		case i == 0 && !letter && x != '(' && x != '/' && x != '-' && x != '#' && x != ' ' && (x < '\t' || x > '\r'),
			x < ' ' && (x < '\t' || x > '\r'), x == 0x7f:
			return decoders.No
		}
		if i >= enough {
			return decoders.Yes
		}
	}
	if len(b) >= n && n > 1 {
		return decoders.Yes
	}
	if len(b) >= n {
		return decoders.No
	}
	return decoders.More
}
