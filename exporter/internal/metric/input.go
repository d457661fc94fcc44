package metric

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Input is what the other stages have counted since the start, over all workers. The function given to Metrics.Attach fills
// it; entries of the same name add up.
type Input struct {
	Now        decoders.Time // newest capture time
	Services   []Service
	Waiting    []Waiting
	Sessions   []Sessions
	Flow       Flow
	Interfaces []Interface
	Logs       []Log
	Duplicates uint64   // packets that were seen before
	Undecoded  []Reason // payload bytes that went through no decoder
	Errors     []Error  // what decoders gave up on
}

// Service is what TCP shows of a server, under the name of its address. The pairs are indexed by the direction the segments
// went: [ToServer] are the client's.
type Service struct {
	ID label.ID

	Segments      [2]uint64
	Retransmitted [2]uint64
	Resets        [2]uint64
	ZeroWindows   [2]uint64

	Accepted, Refused, Unanswered uint64 // connection attempts by how they ended
	Connections                   int64  // open now
	Bytes, Missing                uint64 // payload seen, and payload the capture lost
}

// Waiting is what is in flight at one service, also when that is nothing.
type Waiting struct {
	ID       label.ID
	Protocol int // index
	Requests int
	Oldest   decoders.Time // start of the oldest request
}

// Sessions is how many sessions of a database are in each state.
type Sessions struct {
	ID       label.ID // the service
	Protocol int      // index
	Database label.ID
	States   [decoders.NumSessionStates]int64 // by decoders.SessionState; those of NoSession do not count
}

// Flow is the flow table's state.
type Flow struct {
	Active      int64
	Memory      int64 // bytes
	MemoryLimit int64 // bytes
	Gaps        uint64
	Missing     uint64 // payload bytes the capture lost
	Evicted     []Reason
}

// Interface is what was captured on one interface or read from one file.
type Interface struct {
	Name    string
	Packets uint64
	Bytes   uint64
	Dropped []Reason
}

// Log is what was read of the access logs of one pattern.
type Log struct {
	File         string // the pattern
	Lines, Bytes uint64
	Malformed    []Reason      // lines that made no transaction
	Newest       decoders.Time // of the newest request; zero: none was read
}

// Reason is how much of something there was for a reason.
type Reason struct {
	Reason string
	N      uint64
}

// Error is how often a decoder gave up for a reason.
type Error struct {
	Protocol int // index
	Reason   string
	N        uint64
}

// reset empties in and keeps its room.
func (in *Input) reset() {
	*in = Input{
		Services:   in.Services[:0],
		Waiting:    in.Waiting[:0],
		Sessions:   in.Sessions[:0],
		Flow:       Flow{Evicted: in.Flow.Evicted[:0]},
		Interfaces: in.Interfaces[:0],
		Logs:       in.Logs[:0],
		Undecoded:  in.Undecoded[:0],
		Errors:     in.Errors[:0],
	}
}
