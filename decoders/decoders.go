// Package decoders is the contract between the transport and the protocols: a protocol turns the bytes of one connection
// into transactions. In go the bytes of both directions in order, the holes between them and the capture time of each; out
// come finished transactions. It knows neither packets nor metrics, never reads a clock, starts no goroutine and keeps no
// byte longer than the message it belongs to.
//
// A decoder is written like a blocking parser and run as a state machine: it pulls from a Stream that never blocks, returns
// ErrShort when it needs more, and is called again.
package decoders

import (
	"encoding/binary"
	"net/netip"
)

// Time is capture time in nanoseconds since the Unix epoch. Zero means "not known".
type Time int64

// Dir is a direction of a connection, seen from the server.
type Dir uint8

// The two directions.
const (
	ToServer Dir = iota // requests
	ToClient            // responses
)

// Other returns the opposite direction.
func (d Dir) Other() Dir { return d ^ 1 }

func (d Dir) String() string {
	if d == ToServer {
		return "to server"
	}
	return "to client"
}

// Transport is the protocol below the decoders.
type Transport uint8

// The transports a connection may have.
const (
	TCP Transport = iota
	UDP
)

// Endpoint is an address and a port in 18 bytes without a pointer: 16 bytes of IPv6 or IPv4-mapped IPv6 address, then the
// port, big endian. It is a map key and half a netip.AddrPort's size.
type Endpoint [18]byte

// EndpointFrom packs a.
func EndpointFrom(a netip.AddrPort) (e Endpoint) {
	ip := a.Addr().As16()
	copy(e[:16], ip[:])
	binary.BigEndian.PutUint16(e[16:], a.Port())
	return e
}

// AddrPort unpacks e; an IPv4-mapped address comes back as IPv4.
func (e Endpoint) AddrPort() netip.AddrPort { return netip.AddrPortFrom(e.Addr(), e.Port()) }

// Addr is the address of e; an IPv4-mapped address comes back as IPv4.
func (e Endpoint) Addr() netip.Addr { return netip.AddrFrom16([16]byte(e[:16])).Unmap() }

// Port is the port of e.
func (e Endpoint) Port() uint16 { return binary.BigEndian.Uint16(e[16:]) }

// ErrShort asks to be called again with more bytes. It is not a failure.
var ErrShort error = short{}

// short is a type of its own so that ErrShort is told from other errors without a call.
type short struct{}

func (short) Error() string { return "short" }

// Malformed is why bytes could not be decoded: a constant, so that it allocates nothing and is a label value.
type Malformed string

func (m Malformed) Error() string { return string(m) }

// TooLong is returned by a Stream that was asked to hold more than its limit.
const TooLong Malformed = "message_too_long"

// UnmatchedResponse is counted for a response whose request was not seen. Every service has it, as 0 before it happens.
const UnmatchedResponse Malformed = "unmatched_response"

// Become is returned by Conn.Feed when what is still unread, in both directions, belongs to another plugin, by name. The
// empty name asks for the protocol to be detected anew; "tls" says that the bytes are encrypted from here on; "opaque" that
// nobody here understands them (after an HTTP Upgrade).
type Become string

func (b Become) Error() string { return "become " + string(b) }

// Verdict is a plugin's answer to the first bytes of a connection.
type Verdict uint8

// The verdicts.
const (
	No   Verdict = iota // not this protocol
	Yes                 // this protocol
	More                // could be: ask again with more bytes
)

// Port is a server port a protocol usually listens on.
type Port struct {
	Number    uint16
	Transport Transport
}

// Plugin is what a protocol's package puts into the list in decoders/all.
type Plugin struct {
	// Name is the value of the label "protocol" and the name of the plugin's block in the configuration.
	Name string
	// Ports are a hint only: which plugin to ask first, and which end of a connection seen from its middle is the server.
	Ports []Port
	// Preamble marks a header that stands in front of another protocol (PROXY protocol). It is asked before the configured
	// protocol of the port is believed.
	Preamble bool
	// Detect judges the first bytes a direction carried. When no SYN was seen it is asked for both directions, about bytes
	// from the middle of a connection. first is valid during the call only.
	Detect func(dir Dir, first []byte) Verdict
	// New makes the decoder of one worker. unmarshal fills a struct from the plugin's block in the configuration, strictly
	// (unknown keys are errors); without a block it leaves the struct alone. Nil is allowed and means: no block.
	New func(env Env, unmarshal func(any) error) (Decoder, error)
}

// Env is what a worker lends its decoders.
type Env struct {
	Sessions *Sessions // how users are recognised; nil: not at all
	Memory   *Memory   // where what a decoder keeps is accounted; nil: nowhere
	Raw      bool      // keep SQL texts as they came, for replay --raw
}

// Memory counts the bytes that the decoders of one worker keep, so that the flow table can hold them to its budget.
type Memory struct{ used int64 }

// Add accounts for n more bytes (or fewer, n < 0). A nil m ignores it.
func (m *Memory) Add(n int) {
	if m != nil {
		m.used += int64(n)
	}
}

// Used is what is accounted for now, in bytes.
func (m *Memory) Used() int64 {
	if m == nil {
		return 0
	}
	return m.used
}

// Flow is one connection (or, for UDP, one pair of endpoints) as a decoder sees it. It is valid until Conn.Close returns.
type Flow struct {
	Client, Server Endpoint
	Transport      Transport
	Midstream      bool   // the start of the connection was not seen
	Tag            uint32 // the owner's note (which server this is); decoders leave it alone

	last   [2]Time   // stamp of the newest byte delivered in each direction; below zero: bytes before it were lost, which came by -last at the latest
	offset [2]uint64 // bytes consumed, skipped or lost in each direction
	pool   *Pool     // of the Feeder around it
}

// Last is the capture time of the last byte that came in this direction, skipped ones included; zero when there was none or
// when it is not known, because the capture lost it or something before it. For a body that ends with the connection it is the time of the last byte. Within Feed ask the
// Stream: the Flow learns of what it consumes when Feed returns.
func (f *Flow) Last(dir Dir) Time { return max(f.last[dir], 0) }

// Offset is the number of bytes consumed, skipped or lost in this direction so far; what is held unread is not in it. For a
// body that ends with the connection it tells the length. Within Feed ask the Stream.
func (f *Flow) Offset(dir Dir) uint64 { return f.offset[dir] }

// Wake asks for Conn.Wake to be called when capture time reaches at. The earliest wish wins.
func (f *Flow) Wake(at Time) {
	if f.pool != nil && f.pool.wake != nil {
		f.pool.wake(f, at)
	}
}

// Decoder opens connections. There is one a worker, never shared, so it owns its free lists without a lock. The Sink is the
// same for every call.
type Decoder interface {
	Open(f *Flow, out Sink) Conn
}

// Conn parses both directions of one connection. Slices taken from a Stream die when Feed returns.
type Conn interface {
	// Feed reads what is there. nil or ErrShort: go on when more comes. A Become hands the unread bytes over. Any other error
	// gives the connection up: only Close follows. For UDP a call brings one datagram, and ErrShort is malformed.
	Feed(dir Dir, s *Stream) error
	// Gap says that n > 0 bytes which no Skip covers will never come. Bytes held for dir are gone as well. nil: the Conn resynchronises in later Feeds; an error gives up.
	Gap(dir Dir, n uint64) error
	// End says that dir sends no more (FIN). No Feed for dir follows.
	End(dir Dir, now Time)
	// Wake was asked for by Flow.Wake.
	Wake(now Time)
	// Waiting is the number of requests in flight and the start of the oldest.
	Waiting() (n int, since Time)
	// Close comes once, last. What is still in flight is reported, and the Conn goes back to its free list.
	Close(now Time, why Why)
}

// Why is the reason for a Close.
type Why uint8

// The reasons for a Close.
const (
	FIN           Why = iota // both directions ended
	ResetByClient            // RST from the client
	ResetByServer            // RST from the server
	Evicted                  // the flow table needed the room, or the flow was idle for too long
	CaptureEnd               // the capture ended
	GaveUp                   // Feed or Gap returned an error
	HandedOver               // Feed returned a Become
)

// Unfinished is how requests end that still wait when the connection is closed for the reason w: cut those whose response had begun,
// none the others. clientFirst says that the client ended its direction before the server did, serverEnded that the server has ended
// its own. Only the end of the connection itself tells: what the capture or the flow table left off is Unknown.
func (w Why) Unfinished(clientFirst, serverEnded bool) (cut, none Outcome) {
	switch {
	case w > ResetByServer:
		return Unknown, Unknown
	case clientFirst:
		return Aborted, Aborted
	case w != ResetByClient:
		return ServerError, Unanswered
	case serverEnded:
		return Aborted, Unanswered
	}
	return Aborted, Aborted
}

// Sink takes what a Conn finds out.
type Sink interface {
	// Transaction takes a finished transaction; t and all it points to die when the call returns.
	Transaction(t *Txn)
	// Count counts what is no transaction: an unmatched response, a forgotten statement.
	Count(f *Flow, reason Malformed)
}
