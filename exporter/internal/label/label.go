// Package label turns a transaction into label values of a bounded number. In go transactions with raw bytes from the wire;
// out come Sets of IDs, each the ID of a short text. Whatever is on the wire, the number of IDs stays below the budgets of
// the configuration: what finds no room becomes "_other" and is counted. No client address, no user, no raw path and no SQL
// text ever becomes a value. The package reads no clock, starts no goroutine and knows no metric.
//
// A Book is shared by all workers. Each worker owns a Labeler, whose hot path takes no lock and allocates nothing; the
// Book's mutex is taken when a value gets its slot, and once a minute by Age.
package label

import "wire_exporter/decoders"

// ID stands for a label value. It belongs to one value of one service (the value "GET" of two services has two IDs) and is
// never used again for another one.
type ID uint32

// The IDs that always exist.
const (
	None  ID = 0 // the empty text: the transaction has no such value
	Other ID = 1 // "_other": the value has no slot
)

// OtherText is the label value of everything that has no slot of its own.
const OtherText = "_other"

// MaxText is the most bytes a label value has.
const MaxText = 120

// Source says where a transaction was seen.
type Source uint8

// The sources.
const (
	Wire Source = iota // packets
	Log                // an access log
)

var sourceNames = [...]string{"wire", "log"}

func (s Source) String() string { return sourceNames[s] }

// Set is the label values of one transaction. Operation, Resource, Code and Database are None when it has none.
type Set struct {
	Service, Operation, Resource, Code, Client, Database ID
	Statement                                            ID // None from Label; Labeler.Statement tells it

	Protocol uint8 // index into Config.Protocols
	Outcome  decoders.Outcome
	Source   Source
}

// Verdict says whether a transaction is to be counted.
type Verdict uint8

// The verdicts.
const (
	Counted   Verdict = iota
	Elsewhere         // its server is another sensor's (measure.servers)

	// The configuration leaves it out, by one of the keys of ignore.
	IgnoredNetwork
	IgnoredPort
	IgnoredPath
	IgnoredContentType
	NumVerdicts
)

// Ignored is the key of ignore that leaves a transaction out, "" when none does.
func (v Verdict) Ignored() string { return ignoreKeys[v] }

var ignoreKeys = [NumVerdicts]string{IgnoredNetwork: "networks", IgnoredPort: "ports", IgnoredPath: "paths", IgnoredContentType: "content_types"}

// Family is a kind of label value with a budget of its own.
type Family uint8

// The families.
const (
	Services   Family = iota // budget over all
	Operations               // budget a service
	Resources                // budget a service
	Codes                    // budget a service
	Databases                // budget a service
	Clients                  // budget over all
	Statements               // budget a service
	NumFamilies
)

var familyNames = [NumFamilies]string{"service", "operation", "resource", "code", "database", "client", "statement"}

func (f Family) String() string { return familyNames[f] }
