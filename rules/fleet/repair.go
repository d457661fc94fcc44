package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/engine"
)

// repaired is how long after a repair alerts are looked at: when what is sent has been sent.
const repaired = 30 * time.Minute

// afterRepair prints how many alerts are sent while faults last, and in the half hour after their repair: for the first time, or once more,
// because the label suspect has come, changed or gone.
func (t *tally) afterRepair(out io.Writer) {
	var during, after [2]int
	for _, x := range t.faults {
		known := map[string]bool{}
		for _, e := range t.episodes {
			at, sent := t.sent(e)
			if !sent || !strings.HasSuffix(e.Labels.Get("service_name"), x.chain) || at.Before(x.from) || at.After(x.to.Add(repaired)) {
				continue
			}
			same, again := labels.NewBuilder(e.Labels).Del("suspect").Labels().String(), 0
			if known[same] {
				again = 1
			}
			known[same] = true
			if at.Before(x.to) {
				during[again]++
				continue
			}
			after[again]++
			if t.verbose {
				fmt.Fprintln(out, "   ", x.kind, at.Sub(x.to), e.To.Sub(x.to), []string{"first", "again"}[again], e.Labels)
			}
		}
	}
	fmt.Fprintf(out, "alerts sent while faults lasted: %d, and %d once more; within %s after the repair: %d, and %d once more\n",
		during[0], during[1], repaired, after[0], after[1])
}

// sent says when Alertmanager, configured as shipped, would have sent an alert: when it has waited for its group, fires still, and is not held back.
func (t *tally) sent(e engine.Episode) (at time.Time, ok bool) {
	wait := 30 * time.Second
	switch {
	case isPage(e):
		wait = 10 * time.Second
	case e.Labels.Get("suspect") != "":
		wait = 10 * time.Minute
	}
	for at = e.From.Add(wait); at.Before(e.To); at = at.Add(time.Minute) {
		if !t.heldBack(e, at) {
			return at, true
		}
	}
	return at, false
}

// heldBack says whether another alert inhibits this one.
func (t *tally) heldBack(e engine.Episode, at time.Time) bool {
	suspect := e.Labels.Get("suspect")
	if isPage(e) || suspect == "" {
		return false
	}
	for _, page := range t.episodes {
		if isPage(page) && page.Labels.Get("suspect") == suspect && !at.Before(page.From) && at.Before(page.To) {
			return true
		}
	}
	return false
}
