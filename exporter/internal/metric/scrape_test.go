package metric

import (
	"bytes"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/calendar"
	"wire_exporter/exporter/internal/label"
)

var update = flag.Bool("update", false, "write testdata/scrape.txt anew")

// example has something in every family.
func example() *Metrics {
	m := New(words, []string{"http", "postgres"}, Options{Started: time.Unix(1_700_000_000, 0), Values: func() []ValueStats {
		return []ValueStats{{"service", 2, 200, 0}, {"resource", 17, 50, 3}}
	}})
	a, b := m.Shard(), m.Shard()
	x := txn(decoders.OK)
	x.TraceID, x.Session = [16]byte{0x4b, 0xf9, 0x2f, 15: 0x36}, 1
	a.Transaction(x, set(decoders.OK))
	x = txn(decoders.ServerError)
	x.End += second
	failed := set(decoders.ServerError)
	failed.Code, failed.Operation, failed.Resource = code503, post, cards
	b.Transaction(x, failed)
	b.Transaction(txn(decoders.Unanswered), &label.Set{Service: bank, Operation: get, Resource: accounts, Client: label.Other, Outcome: decoders.Unanswered})
	b.Transaction(txn(decoders.OK), &label.Set{Service: shop, Operation: get, Resource: label.Other, Code: code200, Source: label.Log})
	a.Login(set(decoders.OK))
	a.Logout(set(decoders.OK))
	exampleSQL(a)
	a.Handshake(bank, 1_500_000)
	a.RTT(bank, decoders.ToServer, 400_000)
	b.RTT(bank, decoders.ToClient, 30e6)
	a.Unmatched(bank, "orphan_response")
	b.LeftOut(label.Elsewhere)
	m.Attach(func(in *Input) { a.Flush(); b.Flush(); exampleInput(in) })
	m.Reloaded(true, time.Unix(1_700_000_001, 0))
	m.Calendar(&calendar.Config{
		Zone: time.FixedZone("two hours east", 7200),
		Days: []calendar.OwnDay{{Name: "pay_day", Rule: calendar.Rule{Monthly: true, Day: 12}}},
		Windows: []calendar.Window{
			{From: time.Unix(0, 0), To: time.Unix(1<<40, 0), Services: []string{"bank"}},
			{From: time.Unix(0, 0), To: time.Unix(1, 0)},
		},
	})
	return m
}

func exampleSQL(s *Shard) {
	for _, outcome := range []decoders.Outcome{decoders.OK, decoders.Aborted} {
		x := txn(outcome)
		x.Rows = 3
		set := &label.Set{Service: shop, Database: ledger, Protocol: 1, Outcome: outcome}
		for _, x.Kind = range []decoders.Kind{decoders.Request, decoders.Login, decoders.SQLTransaction} {
			s.SQL(x, set, statement1)
			s.SQL(x, set, label.Other)
		}
	}
}

func exampleInput(in *Input) {
	in.Now = start + 10*second
	for range 2 { // two workers
		in.Services = append(in.Services, Service{
			ID: bank, Segments: [2]uint64{60, 90}, Retransmitted: [2]uint64{1, 2}, Resets: [2]uint64{0, 1}, ZeroWindows: [2]uint64{3, 0},
			Accepted: 5, Refused: 1, Unanswered: 2, Connections: 4, Bytes: 123456, Missing: 1460,
		})
		in.Undecoded = append(in.Undecoded, Reason{"tls", 5000}, Reason{"unknown_protocol", 40})
		in.Flow.Evicted = append(in.Flow.Evicted, Reason{"memory", 1}, Reason{"idle", 0})
	}
	in.Waiting = append(in.Waiting, Waiting{bank, 0, 2, start + 4*second}, Waiting{bank, 0, 1, start + 7*second}, Waiting{shop, 1, 0, 0})
	in.Sessions = append(in.Sessions, Sessions{shop, 1, ledger, [decoders.NumSessionStates]int64{1, 2, 3, 4}}, Sessions{shop, 1, ledger, [decoders.NumSessionStates]int64{0, 1, 1, 1}})
	in.Flow.Active, in.Flow.Memory, in.Flow.MemoryLimit, in.Flow.Gaps, in.Flow.Missing = 8, 65536, 1<<20, 3, 2920
	in.Interfaces = append(in.Interfaces, Interface{"eth0", 1000, 900_000, []Reason{{"kernel", 7}}})
	in.Duplicates = 11
	in.Errors = append(in.Errors, Error{0, "bad_chunk_size", 2})
}

func gather(t *testing.T, m *Metrics) []*dto.MetricFamily {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := m.Register(registry); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// The whole exposition, as OpenMetrics text. go test -update writes it anew.
func TestScrape(t *testing.T) {
	var text bytes.Buffer
	encoder := expfmt.NewEncoder(&text, expfmt.NewFormat(expfmt.TypeOpenMetrics))
	for _, f := range gather(t, example()) {
		if err := encoder.Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	const file = "testdata/scrape.txt"
	if *update {
		if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got, expected := strings.Split(text.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(expected)) {
		if i >= len(got) || i >= len(expected) || got[i] != expected[i] {
			t.Fatalf("line %d differs:\ngot  %q\nwant %q", i+1, lineOf(got, i), lineOf(expected, i))
		}
	}
}

func lineOf(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "the end"
}

func TestNamesAndHelpAreClean(t *testing.T) {
	families := gather(t, example())
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if p.Metric == "wire_calendar_like_day_offset_days" {
			continue // days of the calendar have 23 to 25 hours: no number of seconds
		}
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, f := range families {
		if h := f.GetHelp(); !strings.HasSuffix(h, ".") {
			t.Errorf("%s: the help %q is no sentence", f.GetName(), h)
		}
		for unit, word := range map[string]string{"_seconds": "in seconds", "_bytes": "in bytes", "_bytes_total": "in bytes"} {
			if strings.HasSuffix(f.GetName(), unit) && !strings.Contains(f.GetHelp(), word) {
				t.Errorf("%s: the help %q does not name the unit", f.GetName(), f.GetHelp())
			}
		}
	}
}

// Every family of the contract that comes from here is there.
func TestFamiliesOfTheContract(t *testing.T) {
	have := map[string]bool{}
	for _, f := range gather(t, example()) {
		have[f.GetName()] = true
	}
	for _, name := range strings.Fields(`
		wire_request_duration_seconds wire_requests_total wire_responses_total wire_operation_duration_seconds
		wire_request_phase_duration_seconds wire_request_size_bytes wire_response_size_bytes wire_requests_in_flight
		wire_oldest_request_age_seconds wire_calls_total wire_call_duration_seconds wire_active_users wire_user_logins_total
		wire_user_logouts_total wire_tcp_handshake_duration_seconds wire_tcp_rtt_seconds wire_tcp_segments_total
		wire_tcp_retransmitted_segments_total wire_tcp_resets_total wire_tcp_zero_windows_total wire_tcp_connections
		wire_tcp_connection_attempts_total wire_service_bytes_total wire_service_missing_bytes_total
		wire_transactions_unmatched_total wire_capture_packets_total wire_capture_bytes_total
		wire_capture_dropped_packets_total wire_capture_duplicate_packets_total wire_capture_missing_bytes_total
		wire_capture_undecoded_bytes_total wire_transactions_elsewhere_total wire_transactions_ignored_total wire_decoder_errors_total wire_flow_active
		wire_flow_memory_bytes wire_flow_memory_limit_bytes wire_flow_gaps_total wire_flow_evicted_total wire_series
		wire_series_limit wire_series_folded_total wire_exporter_config_last_reload_successful
		wire_exporter_config_last_reload_success_timestamp_seconds wire_calendar_utc_offset_seconds wire_calendar_day_type
		wire_calendar_like_day_offset_days wire_calendar_maintenance wire_sql_rows_total wire_sql_logins_total
		wire_sql_transaction_duration_seconds wire_sql_sessions wire_sql_statement_duration_seconds wire_sql_statement_info`) {
		if !have[name] {
			t.Errorf("no %s", name)
		}
		delete(have, name)
	}
	for name := range have {
		t.Errorf("%s is not in the contract", name)
	}
}

// Over HTTP: text for those who ask for nothing, OpenMetrics with exemplars, and protobuf with native histograms.
func TestNegotiation(t *testing.T) {
	registry := prometheus.NewRegistry()
	if err := example().Register(registry); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	defer server.Close()
	get := func(accept string) (string, []byte) {
		request, err := http.NewRequest("GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept", accept)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		return response.Header.Get("Content-Type"), body
	}
	kind, body := get("")
	if !strings.HasPrefix(kind, "text/plain") || !bytes.Contains(body, []byte(`wire_request_duration_seconds_bucket{`)) {
		t.Errorf("plain text is %s", kind)
	}
	kind, body = get("application/openmetrics-text;version=1.0.0")
	if !strings.HasPrefix(kind, "application/openmetrics-text") || !bytes.Contains(body, []byte(`# {trace_id="4bf92f00000000000000000000000036"}`)) {
		t.Errorf("OpenMetrics is %s", kind)
	}
	kind, body = get("application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	if !strings.HasPrefix(kind, "application/vnd.google.protobuf") {
		t.Fatalf("protobuf is %s", kind)
	}
	native := 0
	for reader := bytes.NewReader(body); reader.Len() > 0; {
		var f dto.MetricFamily
		if err := protodelim.UnmarshalFrom(reader, &f); err != nil {
			t.Fatal(err)
		}
		for _, m := range f.Metric {
			if m.Histogram != nil && strings.HasPrefix(f.GetName(), "wire_") {
				if m.Histogram.Schema == nil || m.Histogram.GetZeroThreshold() == 0 {
					t.Errorf("%s is not native", f.GetName())
				}
				native++
			}
		}
	}
	if native == 0 {
		t.Error("no native histogram")
	}
}

// Several scrapers at once, while the workers count and forget, each see every metric whole. Run it with -race.
func TestConcurrentScrapes(t *testing.T) {
	m := New(words, []string{"http"}, Options{})
	var worker sync.Mutex // stands for the worker's goroutine
	s := m.Shard()
	m.Attach(func(*Input) {
		worker.Lock()
		defer worker.Unlock()
		s.Flush()
	})
	registry := prometheus.NewRegistry()
	if err := m.Register(registry); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			worker.Lock()
			x := txn(decoders.Outcome(i % decoders.NumOutcomes))
			x.Session, x.TraceID[0] = uint64(i+1), 1
			x.End += decoders.Time(i) * ms
			s.Transaction(x, set(x.Outcome))
			if i%500 == 499 {
				s.Forget([]label.ID{web})
			}
			worker.Unlock()
		}
	})
	var scrapers sync.WaitGroup
	for range 3 {
		scrapers.Go(func() {
			for range 20 {
				families, err := registry.Gather()
				if err != nil {
					t.Error(err)
				}
				for _, f := range families {
					if _, err := expfmt.MetricFamilyToText(io.Discard, f); err != nil {
						t.Error(err)
					}
				}
				m.Report()
			}
		})
	}
	scrapers.Wait()
	close(done)
	all.Wait()
}
