package main

import (
	"fmt"
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
	requests float64 // a minute, at that time
	bursty   bool
}

const (
	faultTime = 40 * time.Minute
	inTime    = 10 * time.Minute // after which the page is too late
	recovery  = 8 * time.Minute  // after a repair
)

// kinds of faults, and who is to blame.
var kinds = []struct{ name, suspect string }{
	{"dead back end", "core"}, {"slow database", "db"}, {logins30, "web"}, {"401 to all", "web"},
}

const (
	logins30   = "log-ins drop by 30 %"
	loginShare = 0.04 // of the requests are log-ins
)

// effect is what a fault does to a service.
type effect struct {
	traffic, slower, logins float64 // times
	errors, clientErrors    float64 // shares
	refused                 float64 // of the time, connections are
}

// breakThings gives every chain one fault of each kind in the week, on different days and at different hours. Where there is less than a request
// a second at that time there is none: nobody could know.
func (f *fleet) breakThings(from time.Time) {
	for i := 0; i < len(f.services); i += len(roles) {
		s := f.services[i]
		for k, kind := range kinds {
			day, hour, minute := (s.chain+k)%7, 7+(5*s.chain+3*k)%14, 7*s.chain%60
			at := from.AddDate(0, 0, day).Add(time.Duration(60*hour+minute)*time.Minute + time.Duration(7*s.chain%60)*time.Second)
			if rate := s.peak * s.shape(at); rate >= 1 {
				f.faults = append(f.faults, fault{kind.name, strings.TrimPrefix(s.name, "web"), kind.suspect, at, at.Add(faultTime), 60 * rate, s.bursty})
			}
		}
	}
}

// part is how much of the minute before at the fault takes up.
func (x fault) part(at time.Time) float64 {
	from, to := at.Add(-time.Minute), at
	if x.from.After(from) {
		from = x.from
	}
	if x.to.Before(to) {
		to = x.to
	}
	return max(0, to.Sub(from).Minutes())
}

// effect is what goes wrong in s in the minute before at.
func (f *fleet) effect(s *service, at time.Time) effect {
	e := effect{traffic: 1, slower: 1, logins: 1}
	for _, x := range f.faults {
		role, chain, _ := strings.Cut(s.name, "-")
		part := x.part(at)
		if "-"+chain != x.chain || part == 0 {
			continue
		}
		depth := slices.Index(roles, role)
		traffic, logins := 1.0, 1.0
		switch x.kind {
		case "dead back end":
			switch role {
			case "core":
				traffic, e.refused = 0, part
			case "db":
				traffic = 0.02
			default:
				e.errors = []float64{0.3, 0.6}[depth] * part
			}
		case "slow database":
			if part > 0.05 { // of the requests: the 95th percentile is one of the slow ones
				e.slower = []float64{2, 2.5, 3, 5}[depth]
			}
		case logins30:
			logins = 0.7
		case "401 to all":
			if role == "web" {
				e.clientErrors, logins = 0.95*part, 0.05
			} else { // whoever is turned away at the door asks nothing of those behind it
				traffic = 0.05
			}
		}
		e.traffic, e.logins = 1-(1-traffic)*part, 1-(1-logins)*part
	}
	return e
}

// recovering says whether s, or what it depends on, has just been repaired: its caches are cold and its queues are long, so that some minutes
// are slow.
func (f *fleet) recovering(s *service, at time.Time) bool {
	role, chain, _ := strings.Cut(s.name, "-")
	return slices.ContainsFunc(f.faults, func(x fault) bool {
		behind := slices.Index(roles, x.suspect) >= slices.Index(roles, role)
		return "-"+chain == x.chain && behind && x.kind != logins30 && at.After(x.to) && !at.After(x.to.Add(recovery))
	})
}

// judge is what the pages of the fault's chain were like.
func (x fault) judge(episodes []engine.Episode) (verdict string, right bool) {
	var pages []string
	good := false
	for _, e := range episodes {
		if !isPage(e) || !x.mayCause(e) {
			continue
		}
		name, after := e.Labels.Get("service_name"), e.From.Sub(x.from)
		pages = append(pages, fmt.Sprintf("%s after %s", name, after))
		good = name == x.suspect+x.chain && after <= inTime
	}
	switch {
	case len(pages) == 0:
		return "no page", false
	case len(pages) == 1 && good:
		return "right: " + pages[0], true
	}
	return "wrong: " + strings.Join(pages, ", "), false
}

func isPage(e engine.Episode) bool { return e.Labels.Get("severity") == "page" }

// mayCause says whether the alert began in the fault's chain while it lasted, or in the hour after.
func (x fault) mayCause(e engine.Episode) bool {
	return strings.HasSuffix(e.Labels.Get("service_name"), x.chain) && !e.From.Before(x.from) && !e.From.After(x.to.Add(time.Hour))
}
