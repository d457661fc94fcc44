package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"wire_exporter/packaging/demo/internal/stack"
)

const repository = "../.."

// needStack skips tests that build Prometheus; make test-stack runs them.
func needStack(t *testing.T) {
	t.Helper()
	if os.Getenv("WIRE_TEST_STACK") == "" {
		t.Skip("WIRE_TEST_STACK is not set")
	}
}

func buildStack(t *testing.T) (programs string) {
	t.Helper()
	programs, err := stack.Prometheus(repository).Build(t.Context(), defaultCache(), func(elapsed time.Duration) {
		t.Logf("building Prometheus: %.0f s", elapsed.Seconds())
	})
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

// TestStackRules: the newer Prometheus accepts the shipped rules, too, and
// they do what rules/tests say.
func TestStackRules(t *testing.T) {
	needStack(t)
	promtool := filepath.Join(buildStack(t), "promtool")
	files := func(pattern string) []string {
		names, err := filepath.Glob(filepath.Join(repository, pattern))
		if err != nil {
			t.Fatal(err)
		}
		return names
	}
	rules := append(files("rules/alerts/*.yml"), files("rules/recording/*.yml")...)
	for _, args := range [][]string{
		{"check", "config", "prometheus.yml"},
		append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, rules...),
		append([]string{"test", "rules"}, files("rules/tests/*.yml")...),
	} {
		if out, err := exec.Command(promtool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
}

// TestStack runs the demo, by relay and (where this user may) live, and asks
// Prometheus for what the exporter has seen.
func TestStack(t *testing.T) {
	needStack(t)
	programs := buildStack(t)
	exporter := os.Getenv("WIRE_EXPORTER")
	for _, capture := range []string{"relay", "live"} {
		t.Run(capture, func(t *testing.T) {
			if capture == "live" && !stack.MayCapture(exporter) {
				t.Skip("this user may not capture")
			}
			testStack(t, programs, exporter, capture)
		})
	}
}

func testStack(t *testing.T, programs, exporter, capture string) {
	runtime.LockOSThread() // the child processes die with this thread
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Minute, fmt.Errorf("the test takes too long"))
	defer cancel()
	ctx, end := context.WithCancelCause(ctx)
	d := &demo{
		cache: defaultCache(), data: t.TempDir(), repository: repository,
		exporter: exporter, capture: capture, out: t.Output(), end: end,
	}
	defer d.close()
	if err := d.open(ctx); err != nil {
		t.Fatal(err)
	}
	if err := d.startPrometheus(ctx, programs); err != nil {
		t.Fatal(err)
	}
	if err := tell("/incident/dead", t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, q := range expected {
		awaitQuery(ctx, t, q)
	}
	unexpected := slices.Clone(expectedNot)
	if capture == "relay" {
		unexpected = append(unexpected, expectedNotByRelay...)
	}
	for _, q := range unexpected {
		if got := query(ctx, t, q); len(got) > 0 {
			t.Errorf("%s: %s", q, got)
		}
	}
}

// expected have an answer after a while. The shop's payments are dead.
var expected = []string{
	`up{job="wire_exporter"} == 1`,
	// A native histogram arrives as one: there is no fraction of a float.
	`histogram_fraction(0, 60, rate(wire_request_duration_seconds{service_name="web",outcome="ok"}[1m])) > 0.9`,
	// The classic one beside it.
	`rate(wire_request_duration_seconds_bucket{service_name="web",outcome="ok",le="+Inf"}[1m]) > 0`,
	`histogram_quantile(0.95, sum(rate(wire_request_duration_seconds{service_name="ledger"}[1m]))) > 0.002 < 1`,
	`sum(rate(wire_requests_total{service_name="web"}[1m])) > 20`,
	`wire_calls_total{client_name="branches",service_name="web"} > 0`,
	`wire_calls_total{client_name="phones",service_name="web"} > 0`,
	`wire_calls_total{client_name="partners",service_name="web"} > 0`,
	`wire_calls_total{client_name="web",service_name="catalog"} > 0`,
	`wire_calls_total{client_name="web",service_name="accounts"} > 0`,
	`wire_calls_total{client_name="accounts",service_name="ledger"} > 0`,
	`wire_active_users{service_name="web",window="5m"} > 10`,
	`sum(wire_user_logins_total{service_name="web",outcome="ok"}) > 0`,
	`wire_tcp_connection_attempts_total{service_name="payments",outcome="refused"} > 0`,
	`wire_operation_duration_seconds{service_name="web",resource="/products/{sku}"}`,
	`sum(wire_requests_total{service_name="web",outcome="server_error"}) > 0`,
	// The databases behind.
	`wire_calls_total{client_name="ledger",service_name="bankdb",protocol="postgres"} > 0`,
	`wire_calls_total{client_name="accounts",service_name="bankdb"} > 0`,
	`wire_calls_total{client_name="catalog",service_name="shopdb",protocol="mysql"} > 0`,
	`wire_sql_rows_total{service_name="bankdb",database="bank"} > 0`,
	`wire_sql_logins_total{service_name="shopdb",database="shop",outcome="ok"} > 0`,
	`sum by (service_name) (wire_sql_sessions{service_name="shopdb",state=~"active|idle"}) > 0`,
	`rate(wire_sql_transaction_duration_seconds{service_name="shopdb",outcome="ok"}[1m])`,
	`histogram_fraction(0, 60, rate(wire_sql_statement_duration_seconds{service_name="shopdb"}[1m])) * on (service_name, statement_id) group_left (statement) wire_sql_statement_info{statement=~"SELECT .* WHERE sku = [?]"} > 0.9`,
}

// expectedNot would mean that the measurement cannot be trusted.
var expectedNot = []string{
	`wire_capture_dropped_packets_total > 0`,
	`wire_service_missing_bytes_total > 0`,
	`wire_decoder_errors_total > 0`,
	`wire_series_folded_total{family!~"resource|statement"} > 0`, // tables and statements earn their names
	`wire_series_folded_total > 200`,
	`ALERTS{alertstate="firing", alertname=~"WireExporter.+|WireMirrorLost|WireCapture.+|WireUnmatched.+|Wire.+BudgetReached|WireDecoder.+|WireMeasurement.+"}`,
}

// expectedNotByRelay: what the relay shows is whole. Live, the loopback
// interface carries other programs' traffic as well.
var expectedNotByRelay = []string{
	`wire_flow_gaps_total > 0`,
	`wire_capture_undecoded_bytes_total > 0`,
	`wire_capture_duplicate_packets_total > 0`,
}

// awaitQuery asks until the query has an answer or ctx ends.
func awaitQuery(ctx context.Context, t *testing.T, promQL string) {
	t.Helper()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for len(query(ctx, t, promQL)) == 0 {
		select {
		case <-ctx.Done():
			t.Errorf("%v, still without an answer: %s", context.Cause(ctx), promQL)
			return
		case <-ticker.C:
		}
	}
}

func query(ctx context.Context, t *testing.T, promQL string) []json.RawMessage {
	t.Helper()
	if ctx.Err() != nil {
		return nil
	}
	res, err := http.Get("http://" + prometheusAddr + "/api/v1/query?query=" + url.QueryEscape(promQL))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct{ Result []json.RawMessage }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if answer.Status != "success" {
		t.Fatalf("%s: %s", promQL, answer.Error)
	}
	return answer.Data.Result
}
