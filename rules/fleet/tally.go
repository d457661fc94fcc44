package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"wire_exporter/rules/backtest/engine"
)

// tally is what came of the parts of a fleet so far.
type tally struct {
	from, end time.Time // without faults
	verbose   bool
	services  int
	episodes  []engine.Episode
	faults    []fault
}

func (t *tally) add(f *fleet, r *engine.Result) {
	t.services += len(f.services)
	t.episodes = append(t.episodes, r.Episodes...)
	t.faults = append(t.faults, f.faults...)
}

// report compares the alerts with the faults.
func (t *tally) report(out io.Writer) {
	weeks := t.end.Sub(t.from).Hours() / week.Hours()
	fmt.Fprintf(out, "%d services, %.0f weeks without faults:\n", t.services, weeks)
	for _, severity := range []string{"page", "ticket"} {
		t.count(out, severity, weeks)
	}
	fmt.Fprintf(out, "pages in the week of the faults that none of them explains: %d\n", t.unexplained(out))
	fmt.Fprintf(out, "%d faults of %s:\n", len(t.faults), faultTime)
	for _, kind := range kinds {
		t.judge(out, kind.name)
	}
	t.afterRepair(out)
}

// count prints the false alerts of a severity.
func (t *tally) count(out io.Writer, severity string, weeks float64) {
	n, by := 0, map[string]int{}
	for _, e := range t.episodes {
		if e.Labels.Get("severity") != severity || e.From.Before(t.from) || !e.From.Before(t.end) {
			continue
		}
		n++
		by[e.Alert]++
		if t.verbose {
			fmt.Fprintln(out, "  ", e.From.UTC().Format("Mon 2006-01-02 15:04"), e.To.Sub(e.From), e.Labels)
		}
	}
	fmt.Fprintf(out, "  %-7s %6d, %8.2f a week  %v\n", severity, n, float64(n)/weeks, by)
}

// unexplained counts the pages that came with no fault.
func (t *tally) unexplained(out io.Writer) (n int) {
	for _, e := range t.episodes {
		if !isPage(e) || e.From.Before(t.end) || slices.ContainsFunc(t.faults, func(x fault) bool { return x.mayCause(e) }) {
			continue
		}
		n++
		if t.verbose {
			fmt.Fprintln(out, "  ", e.From.UTC().Format("Mon 2006-01-02 15:04"), e.To.Sub(e.From), e.Labels)
		}
	}
	return n
}

// judge prints what became of one kind of fault, the busiest services first.
func (t *tally) judge(out io.Writer, kind string) {
	var lines []string
	right := 0
	of := slices.Clone(t.faults)
	slices.SortStableFunc(of, func(a, b fault) int { return int(b.requests - a.requests) })
	for _, x := range of {
		if x.kind != kind {
			continue
		}
		verdict, good := x.judge(t.episodes)
		if good {
			right++
		}
		lines = append(lines, fmt.Sprintf("    %s  %s%s, %s: %s", x.from.UTC().Format("Mon 15:04"), x.suspect, x.chain, x.size(), verdict))
	}
	fmt.Fprintf(out, "  %s: %d of %d with exactly one page, in time, about the right service\n", kind, right, len(lines))
	for _, line := range lines {
		fmt.Fprintln(out, line)
	}
}

// size is what there was to be seen.
func (x fault) size() string {
	text := fmt.Sprintf("%.0f requests a minute", x.requests)
	if x.kind == logins30 {
		text = fmt.Sprintf("%.0f log-ins a minute", x.requests*loginShare)
	}
	if x.bursty {
		text += " in bursts"
	}
	return text
}
