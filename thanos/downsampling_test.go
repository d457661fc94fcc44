package thanos

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	ofWeb    = `service_name="web"`
	ofLedger = `service_name="ledger"` // its exporter was restarted
	native   = `wire_request_duration_seconds{outcome=~"ok|client_error", `
)

// survivor is a query that downsampling must not break: the ratio to the raw data's answer stays within these bounds.
type survivor struct {
	what, query string
	five, hour  float64 // largest difference of the median
	fiveSpread  float64 // largest difference of 90 % of the answers
	hourSpread  float64
}

var survivors = []survivor{
	{"rate of a counter, 1h", `sum(rate(wire_requests_total{` + ofWeb + `}[1h]))`, .005, .005, .05, .05},
	{"rate of a counter, 6h", `sum(rate(wire_requests_total{` + ofWeb + `}[6h]))`, .005, .05, .02, .25},
	{"rate of a counter, 1d", `sum(rate(wire_requests_total{` + ofWeb + `}[1d]))`, .005, .03, .01, .10},
	{"rate of a counter over a restart, 1d", `sum(rate(wire_requests_total{` + ofLedger + `}[1d]))`, .005, .03, .01, .10},
	{"error ratio, 6h", `sum(rate(wire_requests_total{` + ofWeb + `, outcome=~"server_error|unanswered"}[6h])) / sum(rate(wire_requests_total{` + ofWeb + `, outcome!="unknown"}[6h]))`, .005, .02, .05, .15},
	{"error ratio, 1d", `sum(rate(wire_requests_total{` + ofWeb + `, outcome=~"server_error|unanswered"}[1d])) / sum(rate(wire_requests_total{` + ofWeb + `, outcome!="unknown"}[1d]))`, .005, .02, .02, .08},
	{"p50, native, 6h", `histogram_quantile(0.5, sum(rate(` + native + ofWeb + `}[6h])))`, .005, .01, .02, .08},
	{"p95, native, 6h", `histogram_quantile(0.95, sum(rate(` + native + ofWeb + `}[6h])))`, .005, .01, .02, .08},
	{"p99, native, 6h", `histogram_quantile(0.99, sum(rate(` + native + ofWeb + `}[6h])))`, .005, .01, .02, .08},
	{"p95, native, 1d", `histogram_quantile(0.95, sum(rate(` + native + ofWeb + `}[1d])))`, .005, .01, .01, .05},
	{"p95, classic, 6h", `histogram_quantile(0.95, sum by (le) (rate(wire_request_duration_seconds_bucket{outcome=~"ok|client_error", ` + ofWeb + `}[6h])))`, .005, .01, .02, .08},
	{"share faster than 50 ms, native, 6h", `histogram_fraction(0, 0.05, sum(rate(` + native + ofWeb + `}[6h])))`, .005, .01, .02, .05},
	{"active users, mean of 6h", `avg_over_time(wire_active_users{` + ofWeb + `}[6h])`, .001, .001, .01, .06},
	{"active users, mean of 1d", `avg_over_time(wire_active_users{` + ofWeb + `}[1d])`, .001, .001, .01, .03},
	{"active users, most of 1d", `max_over_time(wire_active_users{` + ofWeb + `}[1d])`, .001, .001, .01, .01},
	{"signal, mean of 6h", `avg_over_time(wire:signal:value{signal="request_rate", ` + ofWeb + `}[6h])`, .001, .001, .01, .06},
	{"band, mean of 6h", `avg_over_time(wire:band:upper{signal="request_rate", ` + ofWeb + `}[6h])`, .001, .001, .01, .06},
}

// victim is a query that downsampling does break: at one resolution at least its answers are further from the raw data's than
// this. If one is mended, this test says so, and docs/longterm.md can be changed. Counts taken from a native histogram are
// another, after a restart: packaging/stack/thanos/faults_test.go.
type victim struct {
	what, query, instead string
	off                  float64
}

var victims = []victim{
	{"quantile_over_time", `quantile_over_time(0.95, wire:signal:value{signal="duration_p95", ` + ofWeb + `}[6h])`, "max_over_time, or a recorded quantile", .02},
	{"stddev_over_time", `stddev_over_time(wire:signal:value{signal="duration_p95", ` + ofWeb + `}[6h])`, "the recorded band", .2},
	{"count_over_time", `count_over_time(wire_active_users{` + ofWeb + `}[6h])`, "a counter", .5},
	{"max by () of a gauge without a range", `max(wire_active_users)`, "max(avg_over_time(…))", .02},
	{"a native histogram without rate()", `histogram_quantile(0.95, ` + native + ofWeb + `})`, "rate() of it (fault F2)", .2},
}

// TestThanosHistory: six weeks go into both kinds of buckets, are compacted and downsampled, and still tell the same.
func TestThanosHistory(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	end := time.Now().Truncate(freshSpan)
	dir := writeHistory(t, end)
	all := map[string]bucket{"s3": s3(t), "filesystem": filesystem(t)}
	for _, kind := range []string{"s3", "filesystem"} {
		b := all[kind]
		b.upload(t, dir, `site="oslo"`, `replica="a"`)
		if err := os.Remove(filepath.Join(dir, "thanos.shipper.json")); err != nil { // or the second bucket would get nothing
			t.Fatal(err)
		}
		if out, err := b.compact(t); err != nil {
			t.Fatalf("%s: %v\n%s", kind, err, out)
		}
		// The simulation behind docs/storage.md has to leave the same. Of raw blocks the real one leaves up to a window of 8 h more: those of this test end with
		// their last sample, a little before their window.
		n, want := b.resolutions(t), simulated(end.Add(-historySpan).Truncate(blockSpan), end)
		if more := n["0s"] - want["0s"]; n["5m0s"] != want["5m0s"] || n["1h0m0s"] != want["1h0m0s"] || more < 0 || more > 3 || n["1h0m0s"] < 2 {
			t.Fatalf("%s: blocks by resolution: %v, simulated %v", kind, n, want)
		}
	}
	all["filesystem"].sizes(t)
	q := all["s3"].open(t)
	from, to := fortnights(time.Now())
	t.Run("survives", func(t *testing.T) { testSurvivors(t, q, from, to) })
	t.Run("broken", func(t *testing.T) { testVictims(t, q, from, to) })
	t.Run("frontend", func(t *testing.T) { testFrontend(t, q, from, to) })
	t.Run("delete", func(t *testing.T) { testDeletion(t, all["filesystem"]) })
}

// fortnights is the time of which there surely are 1 h blocks: whole ranges of 14 days that begin a day after the history.
func fortnights(now time.Time) (from, to time.Time) {
	const fortnight = 14 * day
	from = now.Add(-historySpan).Truncate(fortnight).Add(fortnight)
	return from.Add(2 * day), now.Truncate(fortnight).Add(-day)
}

// spread is the median and the middle 90 % of the ratios of two answers, and the one that is furthest off.
type spread struct{ low, median, high, worst float64 }

func (s spread) String() string { return fmt.Sprintf("%.3f [%.3f..%.3f]", s.median, s.low, s.high) }

func (s spread) off() float64    { return math.Abs(s.median - 1) }
func (s spread) widest() float64 { return max(math.Abs(s.low-1), math.Abs(s.high-1)) }

func compare(t *testing.T, q asker, query string, from, to time.Time, resolution string) spread {
	t.Helper()
	const step = 2 * time.Hour
	raw, err := q.between(query, from, to, step, "0s")
	if err != nil || len(raw) != 1 {
		t.Fatalf("%s: %d series, %v", query, len(raw), err)
	}
	down, err := q.between(query, from, to, step, resolution)
	if err != nil || len(down) != 1 {
		t.Fatalf("%s at %s: %d series, %v", query, resolution, len(down), err)
	}
	var ratios []float64
	for at, v := range raw[0].Values {
		if d, ok := down[0].Values[at]; ok && v > 0 {
			ratios = append(ratios, d/v)
		}
	}
	if len(ratios) < len(raw[0].Values)*9/10 {
		t.Fatalf("%s at %s: %d answers for %d", query, resolution, len(ratios), len(raw[0].Values))
	}
	slices.SortFunc(ratios, cmp.Compare)
	at := func(p float64) float64 { return ratios[int(p*float64(len(ratios)-1))] }
	s := spread{at(.05), at(.5), at(.95), at(0)}
	if math.Abs(at(1)-1) > math.Abs(s.worst-1) {
		s.worst = at(1)
	}
	return s
}

func testSurvivors(t *testing.T, q asker, from, to time.Time) {
	var table strings.Builder
	for _, s := range survivors {
		five, hour := compare(t, q, s.query, from, to, "5m"), compare(t, q, s.query, from, to, "1h")
		fmt.Fprintf(&table, "| %s | %v | %v |\n", s.what, five, hour)
		if five.off() > s.five || five.widest() > s.fiveSpread {
			t.Errorf("%s: 5 m says %v of raw", s.what, five)
		}
		if hour.off() > s.hour || hour.widest() > s.hourSpread {
			t.Errorf("%s: 1 h says %v of raw", s.what, hour)
		}
	}
	t.Logf("ratio to raw: median [p5..p95]\n| query | 5 m | 1 h |\n| --- | --- | --- |\n%s", table.String())
}

func testVictims(t *testing.T, q asker, from, to time.Time) {
	var table strings.Builder
	for _, v := range victims {
		five, hour := compare(t, q, v.query, from, to, "5m"), compare(t, q, v.query, from, to, "1h")
		fmt.Fprintf(&table, "| %s | %v, worst %.3f | %v, worst %.3f | %s |\n", v.what, five, five.worst, hour, hour.worst, v.instead)
		if math.Abs(five.worst-1) < v.off && math.Abs(hour.worst-1) < v.off {
			t.Errorf("%s survives now (5 m: %v, 1 h: %v): this Thanos has mended it; change docs/longterm.md, the boards' test and this one", v.what, five, hour)
		}
	}
	t.Logf("ratio to raw: median [p5..p95]\n| query | 5 m | 1 h | instead |\n| --- | --- | --- | --- |\n%s", table.String())
}
