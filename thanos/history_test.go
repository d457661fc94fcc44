package thanos

import (
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	day          = 24 * time.Hour
	historySpan  = 6 * 7 * day
	historyStep  = time.Minute
	blockSpan    = 2 * day       // of the older blocks; the last days come as the sidecar leaves them
	freshSpan    = 2 * time.Hour // a block of Prometheus
	restartAfter = 25 * day      // when the exporter that sees the ledger is restarted
	schema       = 3             // of the native histograms: 8 buckets to a doubling, factor 1.09
)

// bounds are the exporter's classic ones from 1 ms on.
var bounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, math.Inf(1)}

// service is what one service has done so far, as the exporter counts it.
type service struct {
	name     string
	median   float64 // seconds
	perMin   float64
	random   *rand.Rand
	buckets  map[int]int64
	classic  []uint64
	count    uint64
	sum      float64
	outcomes map[string]float64

	restartAt time.Time // of its exporter
}

func newService(name string, median, perMin float64) *service {
	s := &service{name: name, median: median, perMin: perMin, random: rand.New(rand.NewPCG(1, uint64(len(name))))}
	s.restart()
	return s
}

func (s *service) restart() {
	s.buckets, s.classic, s.count, s.sum = map[int]int64{}, make([]uint64, len(bounds)), 0, 0
	s.outcomes = map[string]float64{"ok": 0, "client_error": 0, "server_error": 0, "unanswered": 0}
}

// level is the shape of a day and a week.
func level(t time.Time) float64 {
	l := 1 + 0.7*math.Sin(2*math.Pi*(t.Sub(t.Truncate(day)).Hours()-8)/24)
	if w := t.Weekday(); w == time.Saturday || w == time.Sunday {
		l *= 0.6
	}
	return l
}

// advance lives through one step.
func (s *service) advance(t time.Time, step time.Duration) {
	n := int(s.perMin * step.Minutes() * level(t) * (0.9 + 0.2*s.random.Float64()))
	for range n {
		switch r := s.random.Float64(); {
		case r < 0.01:
			s.outcomes["server_error"]++
			continue
		case r < 0.012:
			s.outcomes["unanswered"]++
			continue
		case r < 0.04:
			s.outcomes["client_error"]++
			continue
		}
		s.outcomes["ok"]++
		// Slower when there is more to do.
		s.observe(s.median * (0.7 + 0.3*level(t)) * math.Exp(0.8*s.random.NormFloat64()))
	}
}

func (s *service) observe(seconds float64) {
	s.count++
	s.sum += seconds
	s.buckets[int(math.Ceil(math.Log2(seconds)*(1<<schema)))]++
	for i, b := range bounds {
		if seconds <= b {
			s.classic[i]++
		}
	}
}

// native is the histogram as Prometheus scrapes it.
func (s *service) native() *histogram.Histogram {
	h := &histogram.Histogram{Schema: schema, ZeroThreshold: 1e-6, Count: s.count, Sum: s.sum}
	var indexes []int
	for i := range s.buckets {
		indexes = append(indexes, i)
	}
	slices.Sort(indexes)
	previous := int64(0)
	for k, i := range indexes {
		if k > 0 && i == indexes[k-1]+1 {
			h.PositiveSpans[len(h.PositiveSpans)-1].Length++
		} else {
			offset := i
			if k > 0 {
				offset = i - indexes[k-1] - 1
			}
			h.PositiveSpans = append(h.PositiveSpans, histogram.Span{Offset: int32(offset), Length: 1})
		}
		h.PositiveBuckets = append(h.PositiveBuckets, s.buckets[i]-previous)
		previous = s.buckets[i]
	}
	return h
}

// scrape appends what a scrape would, and what the rules record.
func (s *service) scrape(t *testing.T, app storage.Appender, at time.Time) {
	t.Helper()
	ms := at.UnixMilli()
	add := func(v float64, name string, more ...string) {
		if _, err := app.Append(0, labels.FromStrings(append([]string{"__name__", name, "service_name", s.name, "instance", "sensor:10177"}, more...)...), ms, v); err != nil {
			t.Fatal(err)
		}
	}
	const duration = "wire_request_duration_seconds"
	ok := []string{"protocol", "http", "outcome", "ok", "source", "wire"}
	native := labels.FromStrings(append([]string{"__name__", duration, "service_name", s.name, "instance", "sensor:10177"}, ok...)...)
	if _, err := app.AppendHistogram(0, native, ms, s.native(), nil); err != nil {
		t.Fatal(err)
	}
	for i, b := range bounds {
		le := fmt.Sprint(b)
		if math.IsInf(b, 1) {
			le = "+Inf"
		}
		add(float64(s.classic[i]), duration+"_bucket", append([]string{"le", le}, ok...)...)
	}
	add(float64(s.count), duration+"_count", ok...)
	add(s.sum, duration+"_sum", ok...)
	for outcome, n := range s.outcomes {
		add(n, "wire_requests_total", "protocol", "http", "operation", "GET", "outcome", outcome, "source", "wire")
	}
	users := math.Round(40*level(at) + 4*s.random.NormFloat64())
	add(users, "wire_active_users", "window", "5m", "source", "wire")
	rate := s.perMin * level(at) / 60
	for signal, value := range map[string]float64{"request_rate": rate, "duration_p95": s.median * 3.7} {
		value *= 1 + 0.05*s.random.NormFloat64()
		add(value, "wire:signal:value", "signal", signal)
		add(rate*60, "wire:signal:count", "signal", signal)
	}
	for family, factor := range map[string]float64{"wire:band:upper": 1.3, "wire:band:lower": 0.7, "wire:band:center": 1} {
		add(rate*factor, family, "signal", "request_rate")
	}
}

// writeHistory writes six weeks of two services up to end, and returns the folder with the blocks. The ledger's exporter is
// restarted once.
func writeHistory(t *testing.T, end time.Time) (dir string) {
	t.Helper()
	dir = t.TempDir()
	web, ledger := newService("web", 0.020, 120), newService("ledger", 0.005, 60)
	begin := end.Add(-historySpan).Truncate(blockSpan)
	ledger.restartAt = begin.Add(restartAfter)
	for from := begin; from.Before(end); {
		to := from.Add(blockSpan)
		if to.After(end) {
			to = from.Add(freshSpan)
		}
		writeBlock(t, dir, from, to, historyStep, web, ledger)
		from = to
	}
	return dir
}

// writeBlock writes one block of what the services do.
func writeBlock(t *testing.T, dir string, from, to time.Time, step time.Duration, services ...*service) {
	t.Helper()
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, to.Sub(from).Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
	for at := from; at.Before(to); at = at.Add(step) {
		app := w.Appender(t.Context())
		for _, s := range services {
			if at.Equal(s.restartAt) {
				s.restart()
			}
			s.advance(at, step)
			s.scrape(t, app, at)
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}
