package decodertest

import (
	"slices"
	"strings"
	"testing"

	"wire_exporter/decoders"
)

// The laws of the decoder contract; docs/design.md, section 3. Each is a function, so that a failure says which.

// Laws holds the decoder to all of them.
func Laws(t *testing.T, s Subject) {
	t.Run("1 any cut, the same transactions and times", func(t *testing.T) { Cuts(t, s) })
	t.Run("2 nothing held after a message", func(t *testing.T) { NothingHeld(t, s) })
	t.Run("3 a skip swallows loss", func(t *testing.T) { SkipSwallowsLoss(t, s) })
	t.Run("4 no allocation", func(t *testing.T) { NoAllocation(t, s) })
	t.Run("5 no invented match after a gap, and recovery", func(t *testing.T) { Gaps(t, s) })
	t.Run("6 never panics", func(t *testing.T) { Mutations(t, s) })
	t.Run("7 everything is bounded", func(t *testing.T) { Bounds(t, s) })
	t.Run("8 no invented match from mid-stream", func(t *testing.T) { Midstream(t, s) })
}

// cuts are the sizes of the pieces that segments are cut into.
var cuts = []int{1, 2, 3, 4, 5, 7, 11, 16, 23, 64, 333}

// each runs f for every conversation.
func each(t *testing.T, f func(t *testing.T, c *Conversation)) {
	for _, c := range load(t) {
		t.Run(c.Name, func(t *testing.T) { f(t, c) })
	}
}

// eachStream runs f for every conversation over TCP.
func eachStream(t *testing.T, f func(t *testing.T, c *Conversation)) {
	each(t, func(t *testing.T, c *Conversation) {
		if c.Transport == decoders.TCP {
			f(t, c)
		}
	})
}

// eachWhole runs f for every conversation over TCP in which nothing is missing.
func eachWhole(t *testing.T, f func(t *testing.T, c *Conversation)) {
	eachStream(t, func(t *testing.T, c *Conversation) {
		if !c.Midstream && !slices.ContainsFunc(c.events, func(e event) bool { return e.what == loss }) {
			f(t, c)
		}
	})
}

// cut is c's events with segments cut into pieces of n bytes, which keep the time of their segment.
func (c *Conversation) cut(n int) []event {
	var out []event
	for _, e := range c.events {
		if e.what != segment {
			out = append(out, e)
			continue
		}
		for piece := range slices.Chunk(e.data, n) {
			e.data = piece
			out = append(out, e)
		}
	}
	return out
}

// play plays events on a new connection of a new worker.
func play(s Subject, midstream bool, transport decoders.Transport, events []event) *record {
	r := new(record)
	p := newPlayer(s, r)
	p.open(midstream, transport)
	for _, e := range events {
		r.result(p.do(e))
	}
	return r
}

func (c *Conversation) play(s Subject, events []event) *record {
	return play(s, c.Midstream, c.Transport, events)
}

func same(t *testing.T, got, want []string, how string, args ...any) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Helper()
		t.Fatalf(how+"\n got:\n\t%s\nwant:\n\t%s", append(args, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))...)
	}
}

// Cuts is law 1.
func Cuts(t *testing.T, s Subject) {
	eachStream(t, func(t *testing.T, c *Conversation) {
		want := c.play(s, c.events).lines
		for _, n := range cuts {
			same(t, c.play(s, c.cut(n)).lines, want, "in pieces of %d bytes", n)
		}
	})
}

// NothingHeld is law 2: when the conversation is over no byte is held, unless its last message is broken off, which shows in
// a transaction that is not complete.
func NothingHeld(t *testing.T, s Subject) {
	each(t, func(t *testing.T, c *Conversation) {
		p := newPlayer(s, new(record))
		p.open(c.Midstream, c.Transport)
		for _, e := range c.cut(1) {
			if e.what == closing {
				break
			}
			p.do(e)
			if p.held() > 2*decoders.DefaultLimit {
				t.Fatalf("%d bytes are held", p.held())
			}
		}
		if n := p.held(); n > 0 && !c.brokenOff() {
			t.Fatalf("%d bytes are held after the last message", n)
		}
	})
}

// brokenOff says whether a message was begun that is not complete at the end.
func (c *Conversation) brokenOff() bool {
	for _, l := range c.want {
		if strings.Contains(l, "outcome=unknown") || strings.Contains(l, "outcome=aborted") || strings.Contains(l, "outcome=unanswered") ||
			strings.HasPrefix(l, "count ") || strings.HasPrefix(l, "become ") {
			return true
		}
	}
	return false
}

// SkipSwallowsLoss is law 3: pieces that a Skip covers are lost, but not its last byte, nor the last of a segment: they carry
// the time.
func SkipSwallowsLoss(t *testing.T, s Subject) {
	eachStream(t, func(t *testing.T, c *Conversation) {
		want := c.play(s, c.events).lines
		for _, n := range cuts {
			r := new(record)
			p := newPlayer(s, r)
			p.open(c.Midstream, c.Transport)
			events := c.cut(n)
			for i, e := range events {
				follows := i+1 < len(events) && events[i+1].what == segment && events[i+1].dir == e.dir && events[i+1].at == e.at
				if e.what == segment && follows && !p.stopped && p.feeder.Covered(e.dir) > uint64(len(e.data)) {
					e = event{what: loss, dir: e.dir, n: uint64(len(e.data)), at: e.at}
				}
				r.result(p.do(e))
			}
			same(t, r.lines, want, "losing what is skipped, in pieces of %d bytes", n)
		}
	})
}

// nowhere is a Sink that forgets.
type nowhere struct{}

func (nowhere) Transaction(*decoders.Txn)                {}
func (nowhere) Count(*decoders.Flow, decoders.Malformed) {}

// NoAllocation is law 4: a connection from its opening to its close, heads cut.
func NoAllocation(t *testing.T, s Subject) {
	each(t, func(t *testing.T, c *Conversation) {
		events := c.events
		if c.Transport == decoders.TCP {
			events = c.cut(23)
		}
		p := newPlayer(s, nowhere{})
		once := func() {
			p.open(c.Midstream, c.Transport)
			for _, e := range events {
				p.do(e)
			}
		}
		most := 0.0
		if c.compressed {
			most = 200 // tables of a decompressor
		}
		if n := testing.AllocsPerRun(20, once); n > most {
			t.Fatalf("%v allocations a connection", n)
		}
	})
}
