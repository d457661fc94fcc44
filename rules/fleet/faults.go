package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"wire_exporter/rules/backtest/engine"
)

// fault is something that goes wrong in a chain for a while.
type fault struct {
	kind     string
	chain    string // suffix of the names
	suspect  string // the role that is to blame
	from, to time.Time
}

const (
	faultTime = 40 * time.Minute
	inTime    = 10 * time.Minute // after which the page is too late
)

// effect is what a fault does to a service.
type effect struct {
	traffic, slower, logins float64 // times
	errors, clientErrors    float64 // shares
}

// breakThings spreads faults over the chains and the working hours of a week. Of a chain that is hardly used there are no faults:
// nobody could know.
func (f *fleet) breakThings(from, to time.Time) {
	kinds := []fault{{kind: "dead back end", suspect: "core"}, {kind: "slow database", suspect: "db"}, {kind: "log-ins drop by 30 %", suspect: "web"}, {kind: "401 to all", suspect: "web"}}
	at := from.Add(8 * time.Hour)
	for i := 0; i < len(f.services); i += len(roles) {
		s := f.services[i]
		if s.peak < 5 || at.After(to.Add(-2*time.Hour)) {
			continue
		}
		one := kinds[len(f.faults)%len(kinds)]
		one.chain, one.from, one.to = strings.TrimPrefix(s.name, "web"), at, at.Add(faultTime)
		f.faults = append(f.faults, one)
		if at = at.Add(3 * time.Hour); at.In(oslo).Hour() > 17 {
			at = at.Add(15 * time.Hour)
		}
	}
}

// effect is what goes wrong in s now.
func (f *fleet) effect(s *service, at time.Time) effect {
	e := effect{traffic: 1, slower: 1, logins: 1}
	for _, x := range f.faults {
		role, chain, _ := strings.Cut(s.name, "-")
		if "-"+chain != x.chain || at.Before(x.from) || !at.Before(x.to) {
			continue
		}
		switch depth := slices.Index(roles, role); x.kind {
		case "dead back end":
			switch role {
			case "core":
				e.traffic = 0
			case "db":
				e.traffic = 0.02
			default:
				e.errors = []float64{0.3, 0.6}[depth]
			}
		case "slow database":
			e.slower = []float64{2, 2.5, 3, 5}[depth]
		case "log-ins drop by 30 %":
			e.logins = 0.7
		case "401 to all":
			if role == "web" {
				e.clientErrors = 0.95
			}
		}
	}
	return e
}

// report compares the alerts with the faults.
func (f *fleet) report(out io.Writer, r *engine.Result, from, end time.Time, verbose bool) {
	weeks := end.Sub(from).Hours() / 168
	fmt.Fprintf(out, "%d services, %.0f weeks without faults:\n", len(f.services), weeks)
	for _, severity := range []string{"page", "ticket"} {
		n := 0
		by := map[string]int{}
		for _, e := range r.Episodes {
			if e.Labels.Get("severity") != severity || e.From.Before(from) || !e.From.Before(end) {
				continue
			}
			n++
			by[e.Alert]++
			if verbose {
				fmt.Fprintln(out, "  ", e.From.UTC().Format("Mon 2006-01-02 15:04"), e.To.Sub(e.From), e.Labels)
			}
		}
		fmt.Fprintf(out, "  %-7s %6d, %8.2f a week  %v\n", severity, n, float64(n)/weeks, by)
	}
	fmt.Fprintf(out, "%d faults of %s:\n", len(f.faults), faultTime)
	right := 0
	for _, x := range f.faults {
		verdict := x.judge(r.Episodes)
		if strings.HasPrefix(verdict, "right") {
			right++
		}
		fmt.Fprintf(out, "  %s  %-22s %s%s: %s\n", x.from.UTC().Format("Mon 2006-01-02 15:04"), x.kind, x.suspect, x.chain, verdict)
	}
	fmt.Fprintf(out, "%d of %d faults: exactly one page, in time, about the right service\n", right, len(f.faults))
}

// judge is what the pages of the fault's chain were like.
func (x fault) judge(episodes []engine.Episode) string {
	var pages []string
	good := false
	for _, e := range episodes {
		name := e.Labels.Get("service_name")
		if e.Labels.Get("severity") != "page" || !strings.HasSuffix(name, x.chain) || e.From.Before(x.from) || e.From.After(x.to.Add(time.Hour)) {
			continue
		}
		after := e.From.Sub(x.from)
		pages = append(pages, fmt.Sprintf("%s after %s", name, after))
		good = name == x.suspect+x.chain && after <= inTime
	}
	switch {
	case len(pages) == 0:
		return "no page"
	case len(pages) == 1 && good:
		return "right: " + pages[0]
	}
	return "wrong: " + strings.Join(pages, ", ")
}
