package main

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/engine"
)

// TestDice: counts have the mean and the scatter that they are to have.
func TestDice(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(1, 2))}
	for _, c := range []struct {
		name           string
		draw           func() float64
		mean, variance float64
	}{
		{"few of few", func() float64 { return d.binomial(20, 0.03) }, 0.6, 0.582},
		{"half of some", func() float64 { return d.binomial(60, 0.5) }, 30, 15},
		{"few of many", func() float64 { return d.binomial(20000, 0.002) }, 40, 40},
		{"some of many", func() float64 { return d.binomial(20000, 0.03) }, 600, 582},
		{"nearly all", func() float64 { return d.binomial(300, 0.95) }, 285, 14.25},
		{"rare", func() float64 { return d.poisson(0.5) }, 0.5, 0.5},
		{"many", func() float64 { return d.poisson(900) }, 900, 900},
	} {
		const n = 20000
		sum, squares := 0.0, 0.0
		for range n {
			v := c.draw()
			sum, squares = sum+v, squares+v*v
		}
		mean := sum / n
		if v := squares/n - mean*mean; math.Abs(mean-c.mean) > 5*math.Sqrt(c.variance/n) || math.Abs(v/c.variance-1) > 0.1 {
			t.Errorf("%s: mean %g, variance %g, want %g and %g", c.name, mean, v, c.mean, c.variance)
		}
	}
}

// TestJudge: one page, in time, about the right service, and nothing else.
func TestJudge(t *testing.T) {
	begin := time.Unix(1e9, 0)
	x := fault{kind: "slow database", chain: "-01", suspect: "db", from: begin, to: begin.Add(faultTime)}
	page := func(name string, after time.Duration) engine.Episode {
		return engine.Episode{Alert: "WireServiceFault", From: begin.Add(after), Labels: labels.FromStrings("severity", "page", "service_name", name)}
	}
	other := engine.Episode{From: begin.Add(time.Minute), Labels: labels.FromStrings("severity", "ticket", "service_name", "web-01")}
	for name, c := range map[string]struct {
		episodes []engine.Episode
		right    bool
	}{
		"none":          {nil, false},
		"right":         {[]engine.Episode{other, page("db-01", 7*time.Minute), page("web-02", 8*time.Minute)}, true},
		"late":          {[]engine.Episode{page("db-01", 11*time.Minute)}, false},
		"wrong service": {[]engine.Episode{page("core-01", 5*time.Minute)}, false},
		"two":           {[]engine.Episode{page("db-01", 5*time.Minute), page("core-01", 6*time.Minute)}, false},
		"before":        {[]engine.Episode{page("db-01", -time.Minute)}, false},
	} {
		if verdict, right := x.judge(c.episodes); right != c.right {
			t.Errorf("%s: %s", name, verdict)
		}
	}
}

// TestFleet: a service does the same whatever chains it is run with, and every kind of fault is there.
func TestFleet(t *testing.T) {
	from := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)
	all, part := newFleet(0, 8, 1, nil, from), newFleet(5, 2, 1, nil, from)
	for i, s := range part.services {
		if w := all.services[5*len(roles)+i]; s.name != w.name || s.peak != w.peak || s.p95 != w.p95 {
			t.Errorf("%s is %+v in a part, and %+v", s.name, s, w)
		}
	}
	all.breakThings(from)
	found := map[string]int{}
	for _, x := range all.faults {
		found[x.kind]++
		if x.requests < 60 || x.from.Before(from) || x.to.After(from.Add(week)) {
			t.Errorf("%+v", x)
		}
	}
	for _, kind := range kinds {
		if found[kind.name] < 5 {
			t.Errorf("%s: %d times", kind.name, found[kind.name])
		}
	}
}

// TestSent: what is held back by the page of its suspect is sent only if it outlives that.
func TestSent(t *testing.T) {
	begin := time.Unix(1e9, 0)
	episode := func(from, to time.Duration, pairs ...string) engine.Episode {
		return engine.Episode{From: begin.Add(from), To: begin.Add(to), Labels: labels.FromStrings(pairs...)}
	}
	all := tally{episodes: []engine.Episode{episode(5*time.Minute, 30*time.Minute, "severity", "page", "service_name", "db", "suspect", "db")}}
	for name, c := range map[string]struct {
		of    engine.Episode
		after time.Duration
		sent  bool
	}{
		"page":            {all.episodes[0], 10 * time.Second, true},
		"ticket":          {episode(0, 20*time.Minute, "severity", "ticket"), 30 * time.Second, true},
		"of another":      {episode(0, 20*time.Minute, "severity", "ticket", "suspect", "core"), 10 * time.Minute, true},
		"held back":       {episode(0, 20*time.Minute, "severity", "ticket", "suspect", "db"), 0, false},
		"longer than it":  {episode(0, 40*time.Minute, "severity", "ticket", "suspect", "db"), 30 * time.Minute, true},
		"over by then":    {episode(0, 9*time.Minute, "severity", "ticket", "suspect", "core"), 0, false},
		"before the page": {episode(-20*time.Minute, 20*time.Minute, "severity", "ticket", "suspect", "db"), 10 * time.Minute, true},
	} {
		if at, sent := all.sent(c.of); sent != c.sent || sent && at.Sub(c.of.From) != c.after {
			t.Errorf("%s: %v, after %s", name, sent, at.Sub(c.of.From))
		}
	}
}

// TestPart: the minute at a time is the one before it.
func TestPart(t *testing.T) {
	begin := time.Unix(1e9, 0)
	x := fault{from: begin.Add(15 * time.Second), to: begin.Add(75 * time.Second)}
	for at, want := range map[time.Duration]float64{0: 0, time.Minute: 0.75, 2 * time.Minute: 0.25, 3 * time.Minute: 0} {
		if got := x.part(begin.Add(at)); got != want {
			t.Errorf("%g of the minute before %s, want %g", got, at, want)
		}
	}
}
