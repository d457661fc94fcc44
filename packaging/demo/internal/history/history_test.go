package history

import (
	"math"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/source"
	"wire_exporter/rules/backtest/store"
)

// week is a calendar of one kind of day after another, from Monday on, an hour east.
func week(from time.Time) *Calendar {
	c := &Calendar{}
	for i, kind := range []string{"workday", "pay_day", "holiday", "workday", "workday", "saturday", "sunday"} {
		types := map[string]bool{"workday": kind == "pay_day", kind: true}
		c.changes = append(c.changes, change{At: from.AddDate(0, 0, i), Offset: 3600, Types: types, LikeDay: 7})
	}
	return c
}

var monday = time.Date(2026, 11, 15, 23, 0, 0, 0, time.UTC) // local midnight

func TestLevel(t *testing.T) {
	c := week(monday)
	at := func(day int, hour float64) float64 {
		return Level(c.At(monday.AddDate(0, 0, day).Add(time.Duration(hour * float64(time.Hour)))))
	}
	if noon, night := at(0, 10.5), at(0, 3); noon < 0.9 || noon > 1.1 || night > 0.2 || night < 0.1 {
		t.Errorf("noon %.2f, night %.2f", noon, night)
	}
	if !(at(1, 10.5) > 1.2*at(0, 10.5)) || !(at(2, 10.5) < 0.6*at(0, 10.5)) || !(at(6, 10.5) < at(5, 10.5)) {
		t.Error("pay day, holiday and week-end are not like it")
	}
	if math.Abs(at(0, 23.99)-at(0, 0.01)) > 0.05 {
		t.Error("a step at midnight")
	}
}

// TestHistoryIsLikeTheShop: what is written goes at the speed at which the exporter's series grew, at the level of the hour, and the
// rules have run over it; a second part goes on where the first ended.
func TestHistoryIsLikeTheShop(t *testing.T) {
	registry := prometheus.NewRegistry()
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "wire_requests_total"}, []string{"service_name", "protocol", "operation", "outcome", "source"})
	durations := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "wire_request_duration_seconds", NativeHistogramBucketFactor: 1.1},
		[]string{"service_name", "protocol", "outcome", "source"})
	registry.MustRegister(requests, durations)
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	extra := labels.FromStrings("job", "wire_exporter", "instance", "sensor")
	before, err := Scrape(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6000 {
		requests.WithLabelValues("web", "http1", "GET", "ok", "wire").Inc()
		durations.WithLabelValues("web", "http1", "ok", "wire").Observe(0.1 * (1 + float64(i%10)/10))
	}
	after, err := Scrape(t.Context(), server.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, err := profileOf(before, after, extra, []string{"wire_requests_total", "wire_request_duration_seconds"}, 60, 60) // 100 a second
	if err != nil || len(p.Series) != 2 {
		t.Fatal(p, err)
	}
	dir := filepath.Join(t.TempDir(), "prometheus")
	from := monday.Add(10 * time.Hour)
	for _, part := range []time.Duration{0, time.Hour} {
		o := Options{Profile: p, Calendar: week(monday), Labels: extra, From: from.Add(part), To: from.Add(part + time.Hour), Storage: dir}
		if err := Write(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	src, err := source.Open(t.Context(), dir, source.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s := store.New()
	names := []string{"wire:signal:value", "wire:signal:avg5m", "wire_request_duration_seconds", "wire_calendar_day_type"}
	if err := src.Load(t.Context(), names, from.UnixMilli()-1, from.Add(2*time.Hour).UnixMilli(), s); err != nil {
		t.Fatal(err)
	}
	signal := func(name, signal string) *store.Series {
		return s.Series(labels.FromStrings("__name__", name, "signal", signal, "service_name", "web", "protocol", "http1"))
	}
	rate := signal("wire:signal:value", "request_rate")
	level := 100 * Level(week(monday).At(from))
	if n := len(rate.T); n < 112 || slices.Max(rate.V) > 2*level || slices.Min(rate.V[:50]) < level/2 {
		t.Errorf("%d minutes from %.1f to %.1f a second, at a level of %.1f", n, slices.Min(rate.V), slices.Max(rate.V), level)
	}
	p95 := signal("wire:signal:value", "duration_p95")
	if len(p95.V) < 100 || slices.Min(p95.V) < 0.17 || slices.Max(p95.V) > 0.21 {
		t.Errorf("p95: %v", p95.V)
	}
	if n := len(signal("wire:signal:avg5m", "request_rate").T); n < 23 {
		t.Errorf("%d five-minute means: the second part does not go on", n)
	}
}
