package relay

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
)

// The pieces a long write is shown in: small enough that a receiver's window
// of 64 KiB is never overrun before the acknowledgement that follows each.
const writePiece = 16 << 10

// end is the sending half of one side of a connection.
type end struct {
	addr  netip.AddrPort
	next  uint32 // sequence number of the next byte it sends
	acked uint32 // what it has acknowledged of the other side
	fin   bool
}

// session is the TCP view of one connection.
type session struct {
	relay *Relay

	mu             sync.Mutex // orders the packets of this connection
	client, server end
	awaiting       bool // the client spoke last: a response is outstanding
	goodbye        bool // the client's last word has no answer
	dead           bool // reset, or closed by both sides: nothing may follow
}

func newSession(r *Relay, client, server netip.AddrPort) *session {
	return &session{
		relay:  r,
		client: end{addr: client, next: rand.Uint32()},
		server: end{addr: server, next: rand.Uint32()},
	}
}

// send shows one segment; the caller holds mu.
func (s *session) send(from, to *end, flags uint8, payload []byte) {
	p := packet{src: from.addr, dst: to.addr, seq: from.next, flags: flags, payload: payload}
	if flags&flagACK != 0 {
		p.ack = to.next
		from.acked = to.next
	}
	from.next += uint32(len(payload))
	if flags&(flagSYN|flagFIN) != 0 {
		from.next++
	}
	s.relay.record(p)
}

func (s *session) syn() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(&s.client, &s.server, flagSYN, nil)
}

func (s *session) established() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.send(&s.server, &s.client, flagSYN|flagACK, nil)
	s.send(&s.client, &s.server, flagACK, nil)
}

// refused answers the SYN with a reset (RFC 9293 section 3.10.7.1: sequence
// number zero).
func (s *session) refused() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.server.next = 0
	s.send(&s.server, &s.client, flagRST|flagACK, nil)
	s.dead = true
}

// data shows bytes in as many segments as an Ethernet needs.
func (s *session) data(from, to *end, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead || from.fin {
		return
	}
	s.awaiting = from == &s.client
	for len(b) > maxSegment {
		s.send(from, to, flagACK, b[:maxSegment])
		b = b[maxSegment:]
	}
	s.send(from, to, flagACK|flagPSH, b)
}

// acknowledge shows a bare ACK unless a segment has said as much already.
func (s *session) acknowledge(from, to *end) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.dead && from.acked != to.next {
		s.send(from, to, flagACK, nil)
	}
}

// serverClosed is the client reading the end of the stream.
func (s *session) serverClosed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead || s.server.fin {
		return
	}
	s.finish(&s.server, &s.client)
}

// finish shows one side's FIN and its acknowledgement.
func (s *session) finish(from, to *end) {
	s.send(from, to, flagFIN|flagACK, nil)
	s.send(to, from, flagACK, nil)
	from.fin = true
	s.dead = to.fin
}

func (s *session) reset(from, to *end) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return
	}
	s.send(from, to, flagRST|flagACK, nil)
	s.dead = true
}

// clientCloses shows the client's FIN, or its reset where it goes away from
// an outstanding request; it reports which. What the server still sends after
// the FIN reaches nobody and is not shown, so its own FIN comes at once.
func (s *session) clientCloses() (reset bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.dead:
		return false
	case s.awaiting && !s.goodbye && !s.server.fin:
		s.send(&s.client, &s.server, flagRST|flagACK, nil)
		s.dead = true
		return true
	}
	s.finish(&s.client, &s.server)
	if !s.server.fin {
		s.finish(&s.server, &s.client)
	}
	return false
}

// conn is the client's end of a connection that is being shown. The connection is held as a plain
// net.Conn: a ReadFrom of its own would carry bytes past Write.
type conn struct {
	net.Conn
	tcp     *net.TCPConn
	session *session
}

func (c *conn) Write(b []byte) (n int, err error) {
	s := c.session
	for n < len(b) {
		piece := b[n:min(n+writePiece, len(b))]
		// Before the call, or the response could be shown ahead of it.
		s.data(&s.client, &s.server, piece)
		m, err := c.tcp.Write(piece)
		n += m
		if err != nil {
			s.failed(err)
			return n, err
		}
		s.acknowledge(&s.server, &s.client)
	}
	return n, nil
}

func (c *conn) Read(b []byte) (int, error) {
	s := c.session
	n, err := c.tcp.Read(b)
	if n > 0 {
		s.data(&s.server, &s.client, b[:n])
		s.acknowledge(&s.client, &s.server)
	}
	if err != nil {
		s.failed(err)
	}
	return n, err
}

func (c *conn) Close() error {
	if c.session.clientCloses() {
		_ = c.tcp.SetLinger(0) // a real reset, as shown
	}
	return c.tcp.Close()
}
