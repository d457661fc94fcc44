package engine

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"wire_exporter/rules/backtest/store"
)

const ruleText = `
groups:
- name: signals
  interval: 1m
  rules:
  - {record: "job:x:rate1m", expr: "sum by (job) (rate(x_total[1m]))"}
  - {record: "job:x:rate1m", expr: "vector(7)", labels: {job: constant}}
  - {record: "job:lat:p95", expr: "histogram_quantile(0.95, sum by (job) (rate(lat_seconds[2m]))) > 0.01"}
- name: bands
  interval: 5m
  rules:
  - {record: "job:x:avg5m", expr: "avg_over_time(job:x:rate1m[5m])"}
  - {record: "job:x:learned", expr: "quantile_over_time(0.5, job:x:kept[1h] offset 1h) or job:x:avg5m"}
  - {record: "job:x:kept", expr: "job:x:avg5m < 1.5 * job:x:learned or job:x:learned"}
- name: alerts
  interval: 1m
  rules:
  - alert: High
    expr: job:x:rate1m > on (job) (1.2 * last_over_time(job:x:learned[10m]))
    for: 3m
    keep_firing_for: 4m
    labels: {severity: "{{ if gt $value 9.0 }}page{{ else }}ticket{{ end }}"}
    annotations: {summary: "{{ $labels.job }} {{ with query \"count(job:x:rate1m)\" }}{{ . | first | value }}{{ end }}"}
  - {record: "firing:count", expr: "count(ALERTS{alertstate=\"firing\", alertname=\"High\"})"}
`

// raw is history with gaps, a series that ends, a reset, and native histograms.
func raw(step, end int64) *store.Store {
	s := store.New()
	rng := rand.New(rand.NewPCG(1, 2))
	var n [3]float64
	h := &histogram.FloatHistogram{Schema: 3, ZeroThreshold: 1e-6, PositiveSpans: []histogram.Span{{Offset: -60, Length: 40}}, PositiveBuckets: make([]float64, 40)}
	for t := int64(0); t < end; t += step {
		for i := range n {
			n[i] += rng.Float64() * 100 * (1 + float64(t%3600_000)/3e6)
			if t == end/2 && i == 1 {
				n[i] = 0
			}
			gone := i == 2 && t > end*2/3 && t < end*3/4 || rng.IntN(50) == 0
			if !gone {
				_ = s.Series(labels.FromStrings("__name__", "x_total", "job", fmt.Sprint("j", i%2), "instance", fmt.Sprint(i))).Float(t, n[i])
			}
		}
		for range 20 {
			h.PositiveBuckets[rng.IntN(40)]++
			h.Count++
			h.Sum += 0.1
		}
		_ = s.Series(labels.FromStrings("__name__", "lat_seconds", "job", "j0")).Histogram(t, h.Copy())
	}
	return s
}

// storeSource serves a store.
type storeSource struct{ *store.Store }

func (s storeSource) Load(_ context.Context, names []string, lo, hi int64, into *store.Store) error {
	return Copy(s.Store, names, lo, hi, into)
}

func writeRules(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(path, []byte(ruleText), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

type key struct {
	series string
	t      int64
}

// TestAsPrometheus: chunk by chunk gives sample by sample what Prometheus' rule groups give, evaluated one instant after another
// over its own storage; stale markers and alerts among them.
func TestAsPrometheus(t *testing.T) {
	const step, end = 15_000, 6 * 3600_000
	history := raw(step, end)
	path := writeRules(t)
	want := byPrometheus(t, path, history, step, end)
	plan, err := Load([]File{{path, []byte(ruleText)}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if plan.chunk != time.Hour { // job:x:learned reads what depends on it, an hour late
		t.Errorf("chunk %s", plan.chunk)
	}
	got := map[key]uint64{}
	result, err := plan.Run(context.Background(), Run{
		From: time.UnixMilli(0), To: time.UnixMilli(end), Source: storeSource{history},
		Sink: func(s *store.Series, from int) error {
			for i := from; i < len(s.T); i++ {
				if s.H == nil || s.H[i] == nil {
					got[key{s.Labels.String(), s.T[i]}] = math.Float64bits(s.V[i])
				}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	wrong := 0
	for k, w := range want {
		if g, ok := got[k]; !ok || g != w {
			if wrong++; wrong < 10 {
				t.Errorf("%s at %d: %v (%v), want %v", k.series, k.t/1000, math.Float64frombits(g), ok, math.Float64frombits(w))
			}
		}
	}
	if len(got) != len(want) || len(want) < 5000 || wrong > 0 {
		t.Errorf("%d samples, want %d; %d wrong", len(got), len(want), wrong)
	}
	pages := 0
	for _, e := range result.Episodes {
		if e.Labels.Get("severity") == "page" {
			pages++
		}
	}
	if len(result.Episodes) < 3 || pages == 0 || pages == len(result.Episodes) {
		t.Errorf("episodes: %v", result.Episodes)
	}
	if c := result.Costs[0]; c.Evaluations != 360 || c.Samples == 0 || c.Results == 0 {
		t.Errorf("cost: %+v", c)
	}
}

// TestWarmup: what is evaluated before From is enough for everything after it, and less than all.
func TestWarmup(t *testing.T) {
	const step, end = 15_000, 6 * 3600_000
	history := raw(step, end)
	path := writeRules(t)
	run := func(from, warmup time.Duration) (map[key]uint64, *Plan) {
		plan, err := Load([]File{{path, []byte(ruleText)}}, Options{MaxChunk: 50 * time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		got := map[key]uint64{}
		result, err := plan.Run(t.Context(), Run{
			From: time.UnixMilli(from.Milliseconds()), Warmup: warmup, To: time.UnixMilli(end), Source: storeSource{history},
			Sink: func(s *store.Series, i int) error {
				for ; i < len(s.T); i++ {
					if s.H == nil && s.T[i] >= 4*3600_000 && strings.HasPrefix(s.Labels.Get("__name__"), "job:") { // not what is made of alerts
						got[key{s.Labels.String(), s.T[i]}] = math.Float64bits(s.V[i])
					}
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if c := result.Costs[0]; c.Evaluations != int((6*time.Hour-from)/time.Minute) {
			t.Errorf("%d steps are counted", c.Evaluations)
		}
		return got, plan
	}
	whole, _ := run(0, 0)
	short, plan := run(4*time.Hour, 4*time.Hour)
	if len(whole) < 500 || !maps.Equal(whole, short) {
		t.Errorf("%d samples with warm-up, %d without, or other ones", len(short), len(whole))
	}
	for r, since := range plan.since(0, 4*3600_000) {
		if want := map[string]int64{"job:x:rate1m": 0, "job:x:learned": 0, "job:lat:p95": 4 * 3600_000, "High": 4 * 3600_000}; since != want[r.name] && r.name != "firing:count" {
			t.Errorf("%s begins at %d", r.name, since)
		}
	}
}

func byPrometheus(t *testing.T, path string, history *store.Store, step, end int64) map[key]uint64 {
	opts := tsdb.DefaultOptions()
	db, err := tsdb.Open(t.TempDir(), promslog.NewNopLogger(), nil, opts, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	engine := promql.NewEngine(promql.EngineOpts{MaxSamples: 1e7, Timeout: time.Minute, LookbackDelta: 5 * time.Minute, EnableAtModifier: true})
	manager := rules.NewManager(&rules.ManagerOptions{
		Appendable: db, Queryable: db, QueryFunc: rules.EngineQueryFunc(engine, db), Context: t.Context(), Logger: promslog.NewNopLogger(),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, path)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var inOrder []*rules.Group
	for _, name := range []string{"signals", "bands", "alerts"} {
		g := groups[rules.GroupKey(path, name)]
		for _, r := range g.AlertingRules() {
			r.SetRestored(true)
		}
		inOrder = append(inOrder, g)
	}
	for at := int64(0); at < end; at += step {
		app := db.Appender(t.Context())
		for _, name := range history.Names() {
			history.Each(name, at, at, func(s *store.Series, i, _ int) {
				if s.H != nil && s.H[i] != nil {
					_, err = app.AppendHistogram(0, s.Labels, at, nil, s.H[i])
				} else {
					_, err = app.Append(0, s.Labels, at, s.V[i])
				}
				if err != nil {
					t.Fatal(err)
				}
			})
		}
		if err := app.Commit(); err != nil {
			t.Fatal(err)
		}
		for _, g := range inOrder {
			if at%g.Interval().Milliseconds() == 0 {
				g.Eval(t.Context(), time.UnixMilli(at))
			}
		}
	}
	return all(t, db, end)
}

// all reads every float that is stored, stale markers too.
func all(t *testing.T, db storage.Queryable, end int64) map[key]uint64 {
	q, err := db.Querier(0, end)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	found := map[key]uint64{}
	set := q.Select(t.Context(), true, nil, labels.MustNewMatcher(labels.MatchRegexp, "__name__", ".+"))
	for set.Next() {
		it := set.At().Iterator(nil)
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if kind == chunkenc.ValFloat {
				at, v := it.At()
				found[key{set.At().Labels().String(), at}] = math.Float64bits(v)
			}
		}
	}
	if err := set.Err(); err != nil {
		t.Fatal(err)
	}
	return found
}

func TestRanges(t *testing.T) {
	got := string(rewrite([]byte("rate(x[1m]) + rate(y[5m]) offset 1m"), map[string]string{"1m": "4m"}))
	if got != "rate(x[4m]) + rate(y[5m]) offset 1m" {
		t.Error(got)
	}
}

func TestStaleMarkerIsPrometheus(t *testing.T) {
	if !value.IsStaleNaN(staleNaN) {
		t.Error("not a stale marker")
	}
}
