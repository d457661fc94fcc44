// Package accesslog is the second source: in go the access logs of web servers as they are written, out come transactions like
// those that a decoder makes, for servers whose traffic is encrypted. It follows files through rotation and truncation, knows
// the formats of the usual servers, and hands out no byte of a line but what a label or the hash of a session needs. It never
// writes to a log, and never changes what a decoder counts.
package accesslog

import (
	"time"

	"wire_exporter/decoders"
)

// Config is one input: the files of one pattern, all in one format.
type Config struct {
	Path    string            // a path or a pattern of path/filepath.Match; the label "file"
	Format  Format            // of its lines
	Zone    *time.Location    // of times that name no zone
	Service string            // the configured service that the lines are about; empty: by Host, else by Server
	Server  decoders.Endpoint // the server that the lines are about; zero: none is known
	// FromStart reads a file whose position is not known from its start. Else only what is added to it counts.
	FromStart bool
}

// Why a line made no transaction.
const (
	NoMatch    decoders.Malformed = "no_match"       // it is not in the configured format
	NoFields   decoders.Malformed = "no_fields"      // W3C: no #Fields line came before
	NoRequest  decoders.Malformed = "no_request"     // the client sent none: a connection that was opened and closed
	BadTime    decoders.Malformed = "bad_time"       // its time cannot be read
	BadStatus  decoders.Malformed = "bad_status"     // its status is no number of three digits
	LineTooBig decoders.Malformed = "line_too_long"  // longer than 64 KiB
	CutOff     decoders.Malformed = "line_cut_short" // the file ended, was truncated or replaced in the middle of it
)

// Reasons are all of them.
var Reasons = [...]decoders.Malformed{NoMatch, NoFields, NoRequest, BadTime, BadStatus, LineTooBig, CutOff}

// Sink takes what an input finds. Its methods are called by the input's goroutine.
type Sink interface {
	Begin()                      // lines follow, and what Stats says may change
	Transaction(t *decoders.Txn) // of one line; t and all it points to die when the call returns
	End()                        // no line for a while
}
