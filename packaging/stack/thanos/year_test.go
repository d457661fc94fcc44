package thanos

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

const (
	day         = 24 * time.Hour
	fortnight   = 14 * day
	yearEvery   = 5 * time.Minute
	stepsOfWeek = int(7 * day / yearEvery)
	yearBlocks  = 27 // of a fortnight: a year and what windows of a week before it read
	schema      = 3
)

// yearService is a service over a year: what it does at each step comes out of a table of a week, so that no step depends on the one before.
type yearService struct {
	number int
	weekly []float64 // requests done since the begin of the week, before each step
}

func newYearService(number int) *yearService {
	s := &yearService{number: number, weekly: make([]float64, stepsOfWeek+1)}
	for i := range stepsOfWeek {
		at := time.Unix(0, 0).Add(time.Duration(i) * yearEvery)
		s.weekly[i+1] = s.weekly[i] + math.Round(level(at)*float64(200+number%800)*(.9+.2*noise(number, i)))
	}
	return s
}

// noise is a number from 0 to 1 that looks random.
func noise(a, b int) float64 {
	x := uint64(a)*0x9e3779b97f4a7c15 ^ uint64(b)*0xbf58476d1ce4e5b9
	x ^= x >> 29
	x *= 0x94d049bb133111eb
	return float64(x>>40) / (1 << 24)
}

// level is the shape of a day and a week.
func level(t time.Time) float64 {
	l := 1 + 0.7*math.Sin(2*math.Pi*(t.Sub(t.Truncate(day)).Hours()-8)/24)
	if w := t.Weekday(); w == time.Saturday || w == time.Sunday {
		l *= 0.6
	}
	return l
}

// done is how many requests there were before a step.
func (s *yearService) done(step int) float64 {
	return float64(step/stepsOfWeek)*s.weekly[stepsOfWeek] + s.weekly[step%stepsOfWeek]
}

func (s *yearService) rate(step int) float64 {
	return (s.weekly[step%stepsOfWeek+1] - s.weekly[step%stepsOfWeek]) / yearEvery.Seconds()
}

// shares are those of the buckets of a native histogram.
var shares = []float64{.01, .03, .08, .14, .2, .2, .14, .09, .06, .03, .01, .01}

func (s *yearService) native(share float64) func(int) *histogram.Histogram {
	h := &histogram.Histogram{Schema: schema, ZeroThreshold: 1e-6, PositiveSpans: []histogram.Span{{Offset: int32(-50 + s.number%20), Length: uint32(len(shares))}},
		PositiveBuckets: make([]int64, len(shares))}
	return func(step int) *histogram.Histogram {
		n := s.done(step) * share
		h.Count, h.Sum = 0, n*.02
		before := int64(0)
		for i, part := range shares {
			k := int64(n * part)
			h.PositiveBuckets[i], before = k-before, k
			h.Count += uint64(k)
		}
		return h
	}
}

// series are the 32 that the board "Long term" or its like can read of a service.
func (s *yearService) series() (all []generated) {
	name := fmt.Sprintf("service-%04d", s.number)
	of := func(family string, more ...string) labels.Labels {
		return labels.FromStrings(append([]string{"__name__", family, "service_name", name, "protocol", "http", "source", "wire", "instance", "sensor:10177"}, more...)...)
	}
	for k, operation := range []string{"GET", "POST"} {
		for outcome, share := range map[string]float64{"ok": .96, "client_error": .03, "server_error": .009, "unanswered": .001} {
			share /= float64(k + 1)
			all = append(all, generated{labels: of("wire_requests_total", "operation", operation, "outcome", outcome),
				float: func(i int) float64 { return math.Floor(s.done(i) * share) }})
		}
	}
	for outcome, share := range map[string]float64{"ok": .96, "client_error": .03} {
		all = append(all, generated{labels: of("wire_request_duration_seconds", "outcome", outcome), histogram: s.native(share)})
	}
	signals := []string{"request_rate", "duration_p95", "duration_p50", "error_ratio", "active_users", "bytes_rate"}
	for k, signal := range signals {
		value := func(i int) float64 { return s.rate(i) * float64(k+1) * (.95 + .1*noise(i, k)) }
		all = append(all, generated{labels: of("wire:signal:value", "signal", signal), float: value})
		if k >= 5 {
			continue
		}
		for family, factor := range map[string]float64{"wire:band:lower": .7, "wire:band:center": 1, "wire:band:upper": 1.3} {
			all = append(all, generated{labels: of(family, "signal", signal), float: func(i int) float64 { return s.rate(i) * factor }})
		}
	}
	all = append(all, generated{labels: of("wire:slo:availability:30d"), float: func(i int) float64 { return .999 + .001*noise(s.number, i/100) }})
	return append(all, generated{labels: of("wire:slo:latency:30d"), float: func(i int) float64 { return .99 + .01*noise(s.number, i/90) }})
}

// TestYearBlocks is the first half of `make bench-year`: it fills a bucket with a year of so many services. A fortnight at a time it writes raw data
// of every five minutes, and leaves what is made of them in 1 h resolution.
func TestYearBlocks(t *testing.T) {
	services, _ := strconv.Atoi(os.Getenv("WIRE_BENCH_YEAR"))
	bucket := os.Getenv("WIRE_BENCH_BUCKET")
	if services == 0 || bucket == "" {
		t.Skip("WIRE_BENCH_YEAR and WIRE_BENCH_BUCKET are not set")
	}
	until := time.Now().Truncate(fortnight)
	var all []generated
	for i := range services {
		all = append(all, newYearService(i).series()...)
	}
	sortGenerated(all)
	steps := int(fortnight / yearEvery)
	for k := range yearBlocks {
		begin := time.Now()
		dir := filepath.Join(bucket, "raw")
		from := until.Add(-time.Duration(yearBlocks-k) * fortnight)
		raw := writeGenerated(t, dir, k, from, k*steps, (k+1)*steps, yearEvery, all)
		written := time.Since(begin)
		downsampleInto(t, raw, dir, bucket, time.Hour)
		must(t, os.RemoveAll(dir))
		t.Logf("%v: %d series, %d samples written in %v, downsampled in %v", from.Format(time.DateOnly), raw.Stats.NumSeries, raw.Stats.NumSamples,
			written.Round(time.Second), time.Since(begin.Add(written)).Round(time.Second))
	}
}
