package thanos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	panelStep = 12 * time.Hour // what Grafana takes for a year
	soon      = 2 * time.Second
)

// boardQueries are the queries of the shipped board "Long term", by panel.
func boardQueries(t *testing.T) (all [][2]string) {
	t.Helper()
	text, err := os.ReadFile("../dashboards/grafana/wire-longterm.json")
	must(t, err)
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	must(t, json.Unmarshal(text, &board))
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			all = append(all, [2]string{p.Title, target.Expr})
		}
	}
	if len(all) < 9 {
		t.Fatalf("%d queries", len(all))
	}
	return all
}

// ask is a range query as Grafana has it; it returns how long that took, and how many points came.
func (a asker) ask(t *testing.T, query string, from, to time.Time) (took time.Duration, points int) {
	t.Helper()
	begin := time.Now()
	all, err := toSeries(a.get("/api/v1/query_range", url.Values{"query": {query}, "start": {strconv.FormatInt(from.Unix(), 10)},
		"end": {strconv.FormatInt(to.Unix(), 10)}, "step": {strconv.Itoa(int(panelStep.Seconds()))}}))
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for _, s := range all {
		points += len(s.Values)
	}
	return time.Since(begin), points
}

// TestThanosYear: make bench-year. The board "Long term" over a year of 1,000 services (WIRE_BENCH_YEAR says how many) comes through
// query-frontend, query and store, with the shipped settings, out of 1 h data that were written at steps of five
// minutes by packaging/stack/thanos.
func TestThanosYear(t *testing.T) {
	needPrograms(t)
	services, _ := strconv.Atoi(os.Getenv("WIRE_BENCH_YEAR"))
	if services == 0 {
		t.Skip("WIRE_BENCH_YEAR is not set")
	}
	dir := os.Getenv("WIRE_BENCH_BUCKET")
	b := bucket{"filesystem", write(t, "objstore.yml", fmt.Sprintf("type: FILESYSTEM\nconfig: {directory: %q}\n", dir)), dir}
	until := time.Now().Truncate(14 * day)
	b.sizes(t)
	to := until.Add(-panelStep)
	from := to.Add(-365 * day)

	a := free(t, 5)
	store := startThanos(t, "store", a[0], "--grpc-address="+a[1], "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config)
	store.waitReady(t, http.DefaultClient, "http://"+a[0]+"/-/ready")
	behind := openQuery(t, "query", a[2], a[3], a[1])
	cache, err := filepath.Abs("config/cache.yml")
	must(t, err)
	startThanos(t, "query-frontend", a[4], "--query-frontend.downstream-url="+behind.base, "--query-range.response-cache-config-file="+cache,
		"--labels.response-cache-config-file="+cache).waitReady(t, http.DefaultClient, "http://"+a[4]+"/-/ready")
	front := asker{http.DefaultClient, "http://" + a[4]}
	await(t, readyLimit, "the store's blocks are there", func() error {
		if got, err := behind.instant(`avg_over_time(wire:slo:latency:30d{service_name="service-0000"}[1d])`, to, "max_source_resolution", "1h"); err != nil || len(got) != 1 {
			return fmt.Errorf("%v %v", got, err)
		}
		return nil
	})

	var table strings.Builder
	for _, round := range []struct {
		what, service string
		who           asker
		cached        bool
	}{
		{"query, store cold", "service-0007", behind, false}, {"query, another service", "service-0008", behind, false},
		{"query-frontend", "service-0009", front, false}, {"query-frontend, again", "service-0009", front, true},
	} {
		var all []time.Duration
		slowest := ""
		for _, q := range boardQueries(t) {
			query := strings.ReplaceAll(q[1], "$service", round.service)
			took, points := round.who.ask(t, query, from, to)
			if points < 700 {
				t.Errorf("%s: %s: %d points of 730", round.what, query, points)
			}
			if took > soon {
				t.Errorf("%s: %s took %v", round.what, query, took)
			}
			if all = append(all, took); took == slices.Max(all) {
				slowest = q[0]
			}
		}
		slices.Sort(all)
		fmt.Fprintf(&table, "| %s | %d ms | %d ms (%s) |\n", round.what, all[len(all)/2].Milliseconds(), all[len(all)-1].Milliseconds(), slowest)
	}
	t.Logf("%d services, a year: the %d queries of the board\n| asked of | median | slowest |\n| --- | --- | --- |\n%s", services, len(boardQueries(t)), table.String())
	table.Reset()
	for _, query := range []string{
		`sum(avg_over_time(wire:signal:value{signal="request_rate"}[1d]))`,
		`topk(10, avg_over_time(wire:signal:value{signal="request_rate"}[1d]))`,
		`sum(rate(wire_requests_total{operation="GET", outcome="server_error"}[1d])) / sum(rate(wire_requests_total{operation="GET", outcome="ok"}[1d]))`,
	} {
		direct, n := behind.ask(t, query, from, to)
		first, _ := front.ask(t, query, from, to)
		again, _ := front.ask(t, query, from, to)
		fmt.Fprintf(&table, "| `%s` | %d | %.1f s | %.1f s | %.1f s |\n", query, n, direct.Seconds(), first.Seconds(), again.Seconds())
	}
	t.Logf("all services at once\n| query | points | query | query-frontend | again |\n| --- | --- | --- | --- | --- |\n%s", table.String())
	for name, address := range map[string]string{"store": a[0], "query": a[2], "query-frontend": a[4]} {
		memory, _ := metric(t, address, "process_resident_memory_bytes")
		used, _ := metric(t, address, "process_cpu_seconds_total")
		t.Logf("%s: %.0f MB, %.1f s of processor time", name, memory/1e6, used)
	}
}
