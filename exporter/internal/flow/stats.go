package flow

import "wire_exporter/decoders"

// Counters are what TCP shows of one service, over all its connections.
type Counters struct {
	// Indexed by the direction the segments went: [ToServer] are the client's.
	Segments      [2]uint64
	Retransmitted [2]uint64
	Resets        [2]uint64
	ZeroWindows   [2]uint64

	Accepted, Refused, Unanswered uint64 // connection attempts by how they ended
	Connections                   int64  // open now
	Bytes                         uint64 // payload seen, without retransmissions
	Missing                       uint64 // payload the capture lost or cut
}

// Undecoded is why payload went through no decoder.
type Undecoded uint8

// The reasons.
const (
	TLS             Undecoded = iota // encrypted
	Upgraded                         // another protocol after an HTTP Upgrade
	UnknownProtocol                  // no decoder recognised it
	GaveUp                           // its decoder gave up
	Midstream                        // the start was not seen and no boundary was found yet
	NoUDPDecoder                     // UDP, and nobody decodes it
	AfterClose                       // data behind a FIN or RST
	OutOfWindow                      // sequence numbers no window can hold
	NumUndecoded    = iota
)

var undecodedNames = [NumUndecoded]string{"tls", "upgraded", "unknown_protocol", "gave_up", "midstream", "udp", "after_close", "out_of_window"}

func (u Undecoded) String() string { return undecodedNames[u] }

// Eviction is why a connection was forgotten before it was closed.
type Eviction uint8

// The reasons.
const (
	EvictedMemory Eviction = iota // the budget
	EvictedIdle                   // Config.Idle
	EvictedSyn                    // the budget, and the connection was not open yet
	EvictedReused                 // a SYN opened a new one with the same addresses and ports
	NumEvictions  = iota
)

var evictionNames = [NumEvictions]string{"memory", "idle", "half_open", "port_reuse"}

func (e Eviction) String() string { return evictionNames[e] }

// DecoderError names a failure of a decoder.
type DecoderError struct {
	Plugin int // index into Config.Plugins
	Reason decoders.Malformed
}

// Stats counts what the table did.
type Stats struct {
	Active       int64 // connections known, closed ones that linger included
	Memory       int64 // bytes held, see Config.Memory
	MemoryLimit  int64
	Duplicates   uint64 // packets that were seen before
	Gaps         uint64
	MissingBytes uint64
	Undecoded    [NumUndecoded]uint64 // bytes
	Evicted      [NumEvictions]uint64
	Errors       map[DecoderError]uint64
}

// Waiting is what is in flight at one service with one protocol.
type Waiting struct {
	Requests int
	Oldest   decoders.Time // start of the oldest request
}

// Of is the key of a Waiting.
type Of struct {
	Tag    uint32
	Plugin int
}

// panicked is the reason counted when a decoder panicked.
const panicked decoders.Malformed = "panic"

// maxErrors bounds Stats.Errors: reasons are constants of the decoders, so this is only a net.
const maxErrors = 1000

func (t *Table) fault(plugin int, reason decoders.Malformed) {
	k := DecoderError{plugin, reason}
	if _, known := t.stats.Errors[k]; known || len(t.stats.Errors) < maxErrors {
		t.stats.Errors[k]++
	}
}
