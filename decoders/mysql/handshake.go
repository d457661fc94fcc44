package mysql

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

// capabilities are what client and server have agreed on; the flags that matter here.
type capabilities uint32

const (
	withDatabase capabilities = 1 << 3
	withZlib     capabilities = 1 << 5 // CLIENT_COMPRESS
	protocol41   capabilities = 1 << 9
	withTLS      capabilities = 1 << 11
	secureConn   capabilities = 1 << 15 // the length of the authentication data is one byte
	lenencAuth   capabilities = 1 << 21 // it is length-encoded
	deprecateEOF capabilities = 1 << 24
	withZstd     capabilities = 1 << 26
	unknownCaps  capabilities = 1<<32 - 1
)

// readGreeting reads the server's first packet: the greeting, or an error in place of it.
func (c *conn) readGreeting(s *decoders.Stream) error {
	const largest = 1024 // what a greeting or a refusal may have
	b, n, err := peek(s, 0)
	if err == nil && n > largest {
		return notMySQL
	}
	if err == nil {
		b, n, err = peek(s, 256)
	}
	if err != nil {
		return err
	}
	switch {
	case n > 0 && b[headSize] == errPacket:
		q := c.push(login, s.Begin(), 0)
		q.done, q.seq = true, b[3]
		return c.readResult(s, q, b, n)
	case n < 2 || b[headSize] != 10 || c.front() != nil:
		return notMySQL
	}
	g := reader{b: b[headSize+1:]}
	g.upToNUL()        // version
	g.take(4 + 8 + 1)  // connection number, scramble, filler
	low := g.take(2)   // capabilities
	g.take(1 + 2)      // character set, status
	high := g.take(2)  // capabilities
	if len(low) == 2 { // else: a server before 4.1
		c.caps &= capabilities(binary.LittleEndian.Uint16(low)) | 0xffff0000
	}
	if len(high) == 2 {
		c.caps &= capabilities(binary.LittleEndian.Uint16(high))<<16 | 0xffff
	}
	c.state[decoders.ToClient] = ready
	return c.skip(decoders.ToClient, s, n, nothing)
}

// readHandshakeResponse reads the client's first packet: it says how the connection goes on, and begins the log-in.
func (c *conn) readHandshakeResponse(s *decoders.Stream) error {
	const worth = 2048 // user, authentication data, database
	b, n, err := peek(s, 0)
	if err == nil && (n < 4 || n > largestResponse || b[3] == 0) {
		return notMySQL
	}
	if err == nil {
		b, n, err = peek(s, worth)
	}
	if err != nil {
		return err
	}
	body := b[headSize:]
	flags := capabilities(binary.LittleEndian.Uint32(body))
	if flags&protocol41 == 0 {
		flags &= 1<<16 - 1
	}
	if flags&withTLS != 0 && n <= tlsRequestSize {
		s.Skip(uint64(headSize + n))
		return encrypted
	}
	c.caps &= flags
	c.learnEOF(c.caps&deprecateEOF == 0)
	q := c.push(login, s.Begin(), c.begin(decoders.ToServer, s))
	q.seq = b[3] + 1
	q.database = c.d.name(handshakeDatabase(body, flags))
	c.state[decoders.ToServer], c.turn = ready, inside
	return c.skip(decoders.ToServer, s, n, endCommand)
}

// largestResponse is what a handshake response may have: its attributes have up to 64 KiB.
const largestResponse = 128 << 10

// tlsRequestSize is the size of the packet that asks for TLS: a handshake response without what follows the filler.
const tlsRequestSize = 32

var encrypted error = decoders.Become("tls")

// learnEOF notes whether EOF packets end column definitions.
func (c *conn) learnEOF(is bool) {
	c.eof = no
	if is {
		c.eof = yes
	}
}

// handshakeDatabase is the database that a handshake response asks for.
func handshakeDatabase(body []byte, caps capabilities) []byte {
	r := reader{b: body}
	if caps&protocol41 == 0 {
		r.take(2 + 3) // capabilities, packet size
		r.upToNUL()
		r.upToNUL()
		return upToNUL(r.b)
	}
	r.take(4 + 4 + 1 + 23) // capabilities, packet size, character set, filler
	r.upToNUL()            // user
	switch {
	case caps&lenencAuth != 0:
		r.text()
	case caps&secureConn != 0:
		r.short()
	default:
		r.upToNUL()
	}
	if caps&withDatabase == 0 || r.bad {
		return nil
	}
	return upToNUL(r.b)
}

// changeUserDatabase is the database in a COM_CHANGE_USER.
func changeUserDatabase(body []byte, caps capabilities) []byte {
	r := reader{b: body}
	r.upToNUL() // user
	if caps&secureConn != 0 {
		r.short()
	} else {
		r.upToNUL()
	}
	if r.bad {
		return nil
	}
	return upToNUL(r.b)
}

// short is a string behind its length in one byte.
func (a *reader) short() {
	if n := a.take(1); len(n) == 1 {
		a.take(int(n[0]))
	}
}

// upToNUL is b up to its first NUL, or all of it.
func upToNUL(b []byte) []byte {
	r := reader{b: b}
	return r.upToNUL()
}

// authenticating says whether the client's next packet is a part of a log-in, whose bytes nobody looks at.
func (c *conn) authenticating() bool {
	q := c.front()
	return q != nil && (q.cmd == login || q.cmd == comChangeUser)
}

// readAuthentication skips what proves who the client is.
func (c *conn) readAuthentication(s *decoders.Stream, b []byte, n int) error {
	c.w.response.seq = b[3] + 1
	return c.skip(decoders.ToServer, s, n, nothing)
}
