// Package flow puts the segments of each connection in order and hands them to the decoder of its protocol: segments in,
// transactions out (by way of the decoder). It finds holes and decides when they are lost, tells client from server, chooses
// the protocol, keeps connections and everything they hold within a budget of memory, and is the one place that survives a
// decoder's panic. One Table belongs to one worker; it starts no goroutine, takes no lock and reads no clock: time is what
// the segments say.
package flow

import (
	"time"

	"wire_exporter/decoders"
)

// Config is how a Table behaves. The zero value of a field means its default.
type Config struct {
	// Memory is the most bytes the table and its decoders may hold; default 256 MiB. The connection that was idle longest goes
	// first.
	Memory int64
	// Hold is the most bytes one direction may keep for segments that came out of order; default 1 MiB, a large receive window.
	Hold int
	// Grace is how long a hole stays open after the peer acknowledged it; default 200 ms. The bytes did arrive there, so only
	// the capture can have reordered them, and two rings or two legs of a TAP are read that far apart at most.
	Grace time.Duration
	// Patience is how long a hole that nobody acknowledged stays open for the retransmission; default 30 s.
	Patience time.Duration
	// SynTimeout is how long a SYN may go unanswered; default 20 s, after four retransmissions of Linux's six.
	SynTimeout time.Duration
	// Idle is how long a connection without a request in flight may be silent; default 2 h, TCP's keep-alive time. One with a
	// request in flight never times out: a slow report is a slow report.
	Idle time.Duration
	// Linger is how long a closed connection is remembered, so that its last segments are not taken for a new one; default 5 s.
	Linger time.Duration

	// Plugins are the protocols, and Protocol says which one (its index) a server is configured to speak; nil or -1: none.
	Plugins  []decoders.Plugin
	Protocol func(server decoders.Endpoint, transport decoders.Transport) int
}

// WithDefaults is c with the default of every field that is zero.
func (c Config) WithDefaults() Config {
	set := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	set(&c.Grace, 200*time.Millisecond)
	set(&c.Patience, 30*time.Second)
	set(&c.SynTimeout, 20*time.Second)
	set(&c.Idle, 2*time.Hour)
	set(&c.Linger, 5*time.Second)
	if c.Memory == 0 {
		c.Memory = 256 << 20
	}
	if c.Hold == 0 {
		c.Hold = 1 << 20
	}
	if c.Protocol == nil {
		c.Protocol = func(decoders.Endpoint, decoders.Transport) int { return -1 }
	}
	return c
}

// Observer is told what the flow table finds. It is called by the table's worker only.
type Observer interface {
	// Transaction takes a finished transaction of the plugin with that index; t and all it points to die when the call returns.
	Transaction(plugin int, t *decoders.Txn)
	// Count takes what a decoder could not match.
	Count(plugin int, f *decoders.Flow, reason decoders.Malformed)
	// Server names the service behind an address: the tag its counters are kept under, and whether this sensor counts for it.
	// answered says that the server was seen to answer.
	Server(server decoders.Endpoint, answered bool) (tag uint32, measured bool)
	// Handshake is the time from the first SYN to the ACK that completed the connection, ns.
	Handshake(tag uint32, ns int64)
	// RTT is the time from a segment to its acknowledgment by the server's (ToServer: its segments went there) or the client's
	// side, ns.
	RTT(tag uint32, side decoders.Dir, ns int64)
}

// sink binds an Observer to one plugin.
type sink struct {
	Observer
	plugin int
}

func (s *sink) Transaction(t *decoders.Txn) { s.Observer.Transaction(s.plugin, t) }
func (s *sink) Count(f *decoders.Flow, reason decoders.Malformed) {
	s.Observer.Count(s.plugin, f, reason)
}
