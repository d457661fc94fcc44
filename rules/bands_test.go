package rules_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"

	"wire_exporter/rules"
	"wire_exporter/rules/backtest/engine"
	"wire_exporter/rules/backtest/store"
)

// The bands over weeks of simulated history, evaluated by Prometheus' engine. Histories are functions of time: the same at each run.

// history is what a signal was at a minute; NaN: there is no sample.
type history func(at time.Time) float64

// world has the histories of some services, and what else there is to read.
type world struct {
	from, to time.Time
	signal   string
	services map[string]history
	counts   map[string]history
	others   map[string]history // metrics without labels
	knobs    string             // a rule file
}

// bands is what the rules made of a world: samples by metric and service.
type bands map[string]map[string][]sample

type sample struct {
	at time.Time
	v  float64
}

// Load gives the minutes of lo < time <= hi.
func (w world) Load(_ context.Context, _ []string, lo, hi int64, into *store.Store) error {
	for at := time.UnixMilli(lo).UTC().Truncate(time.Minute).Add(time.Minute); at.UnixMilli() <= hi; at = at.Add(time.Minute) {
		if at.Before(w.from) {
			continue
		}
		for metric, of := range map[string]map[string]history{"wire:signal:value": w.services, "wire:signal:count": w.counts} {
			for name, h := range of {
				if err := put(into, at, h(at), labels.MetricName, metric, "signal", w.signal, "service_name", name); err != nil {
					return err
				}
			}
		}
		for metric, h := range w.others {
			if err := put(into, at, h(at), labels.MetricName, metric); err != nil {
				return err
			}
		}
	}
	return nil
}

func put(into *store.Store, at time.Time, v float64, pairs ...string) error {
	if math.IsNaN(v) {
		return nil
	}
	return into.Series(labels.FromStrings(pairs...)).Float(at.UnixMilli(), v)
}

// run evaluates the shipped bands and knobs, and keeps these metrics.
func (w world) run(t *testing.T, keep ...string) bands {
	t.Helper()
	files := []engine.File{{Name: "bands.yml", Text: rules.Text("recording/bands.yml")}, {Name: "knobs.yml", Text: rules.Text("recording/knobs.yml")}, {Name: "faults.yml", Text: rules.Text("recording/faults.yml")}}
	if w.knobs != "" {
		files = append(files, engine.File{Name: "own.yml", Text: []byte(w.knobs)})
	}
	plan, err := engine.Load(files, engine.Options{MaxChunk: 10 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	out := bands{}
	for _, metric := range keep {
		out[metric] = map[string][]sample{}
	}
	_, err = plan.Run(context.Background(), engine.Run{From: w.from, To: w.to, Source: w, Sink: func(s *store.Series, from int) error {
		of := out[s.Labels.Get(labels.MetricName)]
		if of == nil {
			return nil
		}
		name := s.Labels.Get("service_name") + s.Labels.Get("tier")
		for i := from; i < len(s.T); i++ {
			if math.Float64bits(s.V[i]) != value.StaleNaN {
				of[name] = append(of[name], sample{time.UnixMilli(s.T[i]).UTC(), s.V[i]})
			}
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// between are the samples of a stretch of time.
func (b bands) between(metric, service string, from, to time.Time) (all []sample) {
	for _, s := range b[metric][service] {
		if !s.at.Before(from) && s.at.Before(to) {
			all = append(all, s)
		}
	}
	return all
}

// noise is standard normal, and the same for the same name and minute.
func noise(name string, at time.Time) float64 {
	seed := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		seed = (seed ^ uint64(c)) * 1099511628211
	}
	return rand.New(rand.NewPCG(seed, uint64(at.Unix()))).NormFloat64()
}

// bank is a working day's shape, in requests a second: little at night, a peak before noon and one after, half at week-ends.
func bank(local time.Time) float64 {
	hour := float64(local.Hour()) + float64(local.Minute())/60
	bump := func(center, width float64) float64 {
		return math.Exp(-(hour - center) * (hour - center) / (2 * width * width))
	}
	level := 20 + 200*bump(10.5, 1.8) + 150*bump(15, 2.2)
	if d := local.Weekday(); d == time.Saturday || d == time.Sunday {
		level = 20 + 60*bump(13, 3.5)
	}
	return level
}

// noisy is a history of bank's shape with noise of 4 %.
func noisy(at time.Time) float64 { return bank(at) * (1 + 0.04*noise("noisy", at)) }

// start is a Monday.
var start = time.Date(2026, 8, 31, 0, 0, 0, 0, time.UTC)

func day(n float64) time.Time { return start.Add(time.Duration(n * 24 * float64(time.Hour))) }

// outage is a history that is 0 for some time.
func outage(h history, from time.Time, lasts time.Duration) history {
	return func(at time.Time) float64 {
		if !at.Before(from) && at.Before(from.Add(lasts)) {
			return 0
		}
		return h(at)
	}
}

// TestOutagesAreNotLearned: neither an outage of four hours nor one of three days moves or widens the band of the week after.
func TestOutagesAreNotLearned(t *testing.T) {
	begin := day(28 + 1 + 10./24) // Tuesday, 10 o'clock
	w := world{from: start, to: day(42), signal: "own", services: map[string]history{
		"healthy": noisy, "hours": outage(noisy, begin, 4*time.Hour), "days": outage(noisy, begin, 72*time.Hour),
	}}
	b := w.run(t, "wire:band:upper", "wire:band:lower", "wire:band:normal", "wire:band:outside")
	for _, tt := range []struct {
		service string
		over    time.Time
	}{{"hours", begin.Add(4 * time.Hour)}, {"days", begin.Add(72 * time.Hour)}} {
		for _, metric := range []string{"wire:band:upper", "wire:band:lower", "wire:band:normal"} {
			var worst, sum, n float64
			for _, s := range b.between(metric, "healthy", tt.over.Add(2*time.Hour), day(42)) {
				width := b.at("wire:band:upper", "healthy", s.at) - b.at("wire:band:lower", "healthy", s.at)
				off := math.Abs(b.at(metric, tt.service, s.at)-s.v) / width
				worst, sum, n = max(worst, off), sum+off, n+1
			}
			t.Logf("%s %s: off by %.4f of the band's width, %.4f at worst", tt.service, metric, sum/n, worst)
			if !(sum/n < 0.05 && worst < 0.1) {
				t.Error("that is visible")
			}
		}
		if n := len(b.between("wire:band:outside", tt.service+"now", begin, begin.Add(time.Hour))); n < 20 {
			t.Errorf("%s: outside its band for %d minutes of the first hour", tt.service, n)
		}
	}
	if n := len(b.between("wire:band:outside", "healthynow", day(28), day(42))); n > 0 {
		t.Errorf("healthy: outside its band for %d minutes of two weeks", n)
	}
}

// at is the last sample not after a time; NaN when there is none within ten minutes.
func (b bands) at(metric, service string, at time.Time) float64 {
	all := b[metric][service]
	lo, hi := 0, len(all)
	for lo < hi {
		if m := (lo + hi) / 2; all[m].at.After(at) {
			hi = m
		} else {
			lo = m + 1
		}
	}
	if lo == 0 || at.Sub(all[lo-1].at) >= 10*time.Minute {
		return math.NaN()
	}
	return all[lo-1].v
}

// TestFirstDays: there is a band from the first hour on, honest about its age; a signal that never changes has one, one that is
// nearly always zero has none, and one of which there are ten days only stands on the lags that exist.
func TestFirstDays(t *testing.T) {
	w := world{from: start, to: day(10), signal: "own", services: map[string]history{
		"young":    noisy,
		"constant": func(time.Time) float64 { return 5 },
		"sparse": func(at time.Time) float64 {
			if noise("sparse", at) > 2.3 {
				return 1
			}
			return 0
		},
	}}
	b := w.run(t, "wire:band:upper", "wire:band:lower", "wire:band:age", "wire:band:outside")
	for _, tt := range []struct{ after, age float64 }{{1. / 24, 0}, {0.5, 0}, {1.5, 86400}, {2.5, 2 * 86400}, {6.9, 2 * 86400}, {7.5, 7 * 86400}, {9.9, 7 * 86400}} {
		if got := b.at("wire:band:age", "young", day(tt.after)); got != tt.age {
			t.Errorf("after %.1f days the age is %.0f s, not %.0f s", tt.after, got, tt.age)
		}
	}
	for _, s := range []string{"young", "constant"} {
		if up, low := b.at("wire:band:upper", s, day(0.05)), b.at("wire:band:lower", s, day(0.05)); !(up > low) {
			t.Errorf("%s: the first hour's band is from %g to %g", s, low, up)
		}
	}
	if up, low := b.at("wire:band:upper", "constant", day(9)), b.at("wire:band:lower", "constant", day(9)); up != 6 || low != 4 {
		t.Errorf("constant: the band is from %g to %g", low, up)
	}
	if n := len(b.between("wire:band:upper", "sparse", day(3), day(10))); n > 0 {
		t.Errorf("sparse: there is a band for %d times 5 minutes", n)
	}
	if n := len(b.between("wire:band:outside", "youngnow", start, day(10))); n > 5 {
		t.Errorf("young: outside its band for %d minutes of ten days", n)
	}
}
