package main

import (
	"cmp"
	"fmt"
	"slices"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/metric"
)

// landingDatabase is one row of the databases: a service that speaks SQL.
type landingDatabase struct {
	Name, Protocol     string
	Rate, P95, Errors  string
	Rows               string // a second
	Active, Idle, Held string // sessions
	RefusedLogins      string
	Statements         []landingStatement
	Bad                bool
}

// landingStatement is one of the statements that took the most time.
type landingStatement struct {
	Text, Share, Mean, Rate string

	seconds float64
}

// landingStatements is how many statements a row has.
const landingStatements = 5

// databases fills in the services that speak SQL, in the order of the services.
func (v *landingView) databases(before, now *metric.Report, seconds float64) {
	type key struct{ service, protocol string }
	rows, earlier := map[key]*metric.DatabaseReport{}, map[key]*metric.DatabaseReport{}
	for _, side := range []struct {
		report *metric.Report
		into   map[key]*metric.DatabaseReport
	}{{before, earlier}, {now, rows}} {
		for i := range side.report.Databases {
			d := &side.report.Databases[i]
			k := key{d.Service, d.Protocol}
			if side.into[k] == nil {
				side.into[k] = &metric.DatabaseReport{}
			}
			side.into[k].Add(d)
		}
	}
	for i := range v.Services {
		s := &v.Services[i]
		k := key{s.Name, s.Protocol}
		if rows[k] == nil || s.Source != "wire" {
			continue
		}
		b := earlier[k]
		if b == nil {
			b = &metric.DatabaseReport{}
		}
		d := newLandingDatabase(s, rows[k], b, seconds)
		d.Statements = landingTop(s.Name, before.Statements, now.Statements, seconds)
		v.Databases = append(v.Databases, d)
	}
}

func newLandingDatabase(s *landingService, d, before *metric.DatabaseReport, seconds float64) landingDatabase {
	r := landingDatabase{Name: s.Name, Protocol: s.Protocol, Rate: s.Rate, P95: s.P95, Errors: s.Errors, Bad: s.Bad}
	r.Rows = landingRate(float64(since(d.Rows, before.Rows)) / max(seconds, 1))
	sessions := func(state decoders.SessionState) string { return landingCount(uint64(max(d.Sessions[state], 0))) }
	r.Active, r.Idle, r.Held = sessions(decoders.Active), sessions(decoders.Idle), sessions(decoders.IdleInTransaction)
	var refused uint64
	for o := decoders.ClientError; o < decoders.Unknown; o++ {
		refused += since(d.Logins[o], before.Logins[o])
	}
	r.RefusedLogins = landingCount(refused)
	return r
}

// landingTop are the statements of a service that took the most time since before.
func landingTop(service string, before, now []metric.StatementReport, seconds float64) (top []landingStatement) {
	earlier := map[string]*metric.StatementReport{}
	for i := range before {
		if before[i].Service == service {
			earlier[before[i].ID] = &before[i]
		}
	}
	var all float64
	for i := range now {
		s := &now[i]
		if s.Service != service {
			continue
		}
		n, took := s.Count, s.Seconds
		if b := earlier[s.ID]; b != nil && b.Count <= n {
			n, took = n-b.Count, max(took-b.Seconds, 0)
		}
		if n == 0 {
			continue
		}
		top = append(top, landingStatement{
			Text: cmp.Or(s.Text, "all others"), Mean: landingSeconds(took / float64(n)), Rate: landingRate(float64(n) / max(seconds, 1)), seconds: took,
		})
		all += took
	}
	slices.SortStableFunc(top, func(a, b landingStatement) int { return cmp.Compare(b.seconds, a.seconds) })
	top = top[:min(len(top), landingStatements)]
	for i := range top {
		if all > 0 {
			top[i].Share = fmt.Sprintf("%.0f %%", 100*top[i].seconds/all)
		}
	}
	return top
}
