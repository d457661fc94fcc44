package decodertest

import (
	"slices"
	"testing"
	"time"

	"wire_exporter/decoders"
)

// Gaps is law 5: whatever piece is lost, nothing is matched that was not, and what is said again later comes out right.
func Gaps(t *testing.T, s Subject) {
	eachWhole(t, func(t *testing.T, c *Conversation) {
		whole := c.play(s, c.events)
		again, repeatable := c.again(s)
		for _, n := range []int{7, 40, 1 << 20} {
			events := c.cut(n)
			for i, e := range events {
				if e.what != segment {
					continue
				}
				lossy := slices.Clone(events)
				lossy[i] = event{what: loss, dir: e.dir, n: uint64(len(e.data)), at: e.at}
				r := c.play(s, lossy)
				noInvention(t, s, r, whole, "losing %q of direction %v", e.data, e.dir)
				if repeatable && e.at >= c.events[c.repeats].at {
					c.recovers(t, s, lossy, again, e)
				}
			}
		}
	})
}

// noInvention checks that what got says of a request and its response is what all says of it, or less.
func noInvention(t *testing.T, s Subject, got, all *record, how string, args ...any) {
	t.Helper()
	known, rest := slices.Clone(all.txns), slices.Clone(got.txns)
	knowsLess := func(g, w *txn) bool { return g.knowsLess(w, s.Vague) }
	for _, same := range [...]func(g, w *txn) bool{(*txn).equals, knowsLess} {
		rest = slices.DeleteFunc(rest, func(g txn) bool {
			i := slices.IndexFunc(known, func(w txn) bool { return same(&g, &w) && (w.code == g.code || g.code == "") })
			if i < 0 {
				return false
			}
			if w := known[i]; !g.claimsNoMore(&w) {
				t.Fatalf(how+"\n got %+v\nwant %+v", append(args, g, w)...)
			}
			known = slices.Delete(known, i, i+1)
			return true
		})
	}
	if len(rest) > 0 {
		t.Fatalf(how+"\ninvented %+v\nof what is true:\n%+v", append(args, rest, all.txns)...)
	}
}

// equals says whether g is the request w.
func (g *txn) equals(w *txn) bool { return g.request == w.request }

// knowsLess says whether g may be the request w: some of its names are not known (a statement was prepared before the loss). Where the
// response is unknown, what seems to belong to the request may have been answered before it.
func (g *txn) knowsLess(w *txn, vague []string) bool {
	for i, name := range g.request.names {
		if name != "" && name != w.request.names[i] && !slices.Contains(vague, name) {
			return false
		}
	}
	return g.request.kind == w.request.kind &&
		(g.request.start == w.request.start || g.outcome == decoders.Unknown && g.request.start < w.request.start)
}

// claimsNoMore says whether g says of the response what w says, or less.
func (g *txn) claimsNoMore(w *txn) bool {
	return (g.outcome == w.outcome || g.outcome == decoders.Unknown) &&
		(g.outcome >= decoders.Unanswered || g.last == 0 || g.last == w.last) && (g.firstByte == 0 || g.firstByte == w.firstByte)
}

// later is the distance between a conversation and its repetition.
const later = decoders.Time(time.Hour)

// thrice is the events and two repetitions, in which nothing is lost, on the same connection.
func (c *Conversation) thrice(events []event) []event {
	all := slices.Clone(events[:len(events)-1])
	for i := range 2 {
		for _, e := range c.events[c.repeats:] {
			e.at += decoders.Time(i+1) * later
			if e.what == closing && i == 0 {
				continue
			}
			all = append(all, e)
		}
	}
	return all
}

// lastTime is what r says of the requests of the second repetition.
func (r *record) lastTime() (lines []string) { return r.since(epoch + 2*later) }

// since is what r says of the requests that began at a time or later.
func (r *record) since(at decoders.Time) (lines []string) {
	for _, t := range r.txns {
		if t.start >= at {
			lines = append(lines, t.line)
		}
	}
	return lines
}

// again is what the second repetition of a conversation says; false when it cannot be repeated, because it ends the connection
// or does not say the same again, or when nothing can be found again after a loss.
func (c *Conversation) again(s Subject) (lines []string, ok bool) {
	if c.unrecoverable || slices.ContainsFunc(c.events[:len(c.events)-1], func(e event) bool { return e.what != segment }) {
		return nil, false
	}
	once, r := c.play(s, c.events), c.play(s, c.thrice(c.events))
	lines = r.lastTime()
	return lines, len(lines) == len(once.since(c.events[c.repeats].at)) && len(once.txns)+2*len(lines) == len(r.txns)
}

// recovers plays lossy events, then the conversation twice: all of the last repetition must come out right.
func (c *Conversation) recovers(t *testing.T, s Subject, lossy []event, want []string, e event) {
	t.Helper()
	same(t, c.play(s, c.thrice(lossy)).lastTime(), want, "the second repetition after losing %q of direction %v", e.data, e.dir)
}

// Midstream is law 8: from whatever piece on the connection is seen, nothing is matched that was not.
func Midstream(t *testing.T, s Subject) {
	eachWhole(t, func(t *testing.T, c *Conversation) {
		whole := c.play(s, c.events)
		for _, n := range []int{1, 7, 1 << 20} {
			events := c.cut(n)
			for i := range events {
				noInvention(t, s, play(s, true, c.Transport, events[i:]), whole, "from event %d of pieces of %d bytes", i, n)
			}
		}
	})
}
