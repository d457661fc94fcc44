package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"
)

// seriesOfService are the series of each service: how its value goes (count: a counter that grows by so many a second; is: a gauge about so high;
// times: a native histogram of so many a second; fixed: a gauge that stays; since: a time so many seconds ago; with a + only during the incident),
// how much, and which series.
const seriesOfService = `
fixed 1     wire:service:measured{service_name="SERVICE"}
fixed 0.9995 wire:slo:availability:30d{service_name="SERVICE"}
fixed 0.998 wire:slo:latency:30d{service_name="SERVICE"}
count 40    wire_requests_total{service_name="SERVICE",protocol="PROTOCOL",operation="FIRST",outcome="ok",source="wire"}
count 4     wire_requests_total{service_name="SERVICE",protocol="PROTOCOL",operation="SECOND",outcome="ok",source="wire"}
count 0.4   wire_requests_total{service_name="SERVICE",protocol="PROTOCOL",operation="FIRST",outcome="client_error",source="wire"}
count 0.1   wire_requests_total{service_name="SERVICE",protocol="PROTOCOL",operation="FIRST",outcome="server_error",source="wire"}
count 0.1   wire_requests_total{service_name="SERVICE",protocol="PROTOCOL",operation="FIRST",outcome="unanswered",source="wire"}
count 44    wire_responses_total{service_name="SERVICE",protocol="PROTOCOL",code="FINE",source="wire"}
count 0.4   wire_responses_total{service_name="SERVICE",protocol="PROTOCOL",code="FAULT",source="wire"}
times 40    wire_request_duration_seconds{service_name="SERVICE",protocol="PROTOCOL",outcome="ok",source="wire"}
times 40    wire_request_phase_duration_seconds{service_name="SERVICE",protocol="PROTOCOL",phase="request"}
times 40    wire_request_phase_duration_seconds{service_name="SERVICE",protocol="PROTOCOL",phase="wait"}
times 40    wire_request_phase_duration_seconds{service_name="SERVICE",protocol="PROTOCOL",phase="response"}
times 40    wire_operation_duration_seconds{service_name="SERVICE",protocol="PROTOCOL",operation="FIRST",resource="RESOURCE",outcome="ok",source="wire"}
times 0.1   wire_operation_duration_seconds{service_name="SERVICE",protocol="PROTOCOL",operation="SECOND",resource="RESOURCE",outcome="server_error",source="wire"}
count 9000  wire_service_bytes_total{service_name="SERVICE"}
count 0.1   wire_service_missing_bytes_total{service_name="SERVICE"}
count 0.01  wire_transactions_unmatched_total{service_name="SERVICE",reason="response_without_request"}
is    20    wire_tcp_connections{service_name="SERVICE"}
count 2     wire_tcp_connection_attempts_total{service_name="SERVICE",outcome="accepted"}
count 0.02  wire_tcp_connection_attempts_total{service_name="SERVICE",outcome="refused"}
count 0.01  wire_tcp_connection_attempts_total{service_name="SERVICE",outcome="unanswered"}
times 90    wire_tcp_rtt_seconds{service_name="SERVICE",side="client"}
times 90    wire_tcp_rtt_seconds{service_name="SERVICE",side="server"}
count 100   wire_tcp_segments_total{service_name="SERVICE",side="client"}
count 100   wire_tcp_segments_total{service_name="SERVICE",side="server"}
count 0.2   wire_tcp_retransmitted_segments_total{service_name="SERVICE",side="server"}
count 0.02  wire_tcp_resets_total{service_name="SERVICE",side="client"}
count 0.01  wire_tcp_zero_windows_total{service_name="SERVICE",side="server"}
fixed 1.02  wire:trend:hour_ratio{service_name="SERVICE",protocol="PROTOCOL",signal="request_rate"}
fixed 0.97  wire:trend:hour_ratio{service_name="SERVICE",protocol="PROTOCOL",signal="duration_p95"}
is    9     wire:signal:value{signal="call_rate",client_name="CALLER",service_name="SERVICE",protocol="PROTOCOL"}
is    0.02  wire:signal:value{signal="call_p95",client_name="CALLER",service_name="SERVICE",protocol="PROTOCOL"}
is    0.001 wire:signal:value{signal="call_error_ratio",client_name="CALLER",service_name="SERVICE",protocol="PROTOCOL"}
`

// signals are those of a service that have a band, with the labels beside the service's name, and their height.
var signals = []struct {
	name, labels string
	height       float64
}{
	{"request_rate", `,protocol="PROTOCOL"`, 44}, {"error_ratio", `,protocol="PROTOCOL"`, 0.004}, {"client_error_ratio", `,protocol="PROTOCOL"`, 0.01},
	{"aborted_ratio", `,protocol="PROTOCOL"`, 0.002}, {"duration_p50", `,protocol="PROTOCOL"`, 0.01}, {"duration_p95", `,protocol="PROTOCOL"`, 0.04},
	{"duration_p99", `,protocol="PROTOCOL"`, 0.09}, {"in_flight", `,protocol="PROTOCOL"`, 3}, {"oldest_request_age", `,protocol="PROTOCOL"`, 0.2},
	{"active_users", "", 120}, {"logins", "", 0.5}, {"connect_p95", "", 0.001}, {"tcp_retransmission_ratio", "", 0.002},
}

// others are the series of the database, of the sensor, and of what is wrong: pay is, and the shop notices.
const others = `
is    6     wire_sql_sessions{service_name="db",protocol="postgres",database="orders",state="active"}
is    12    wire_sql_sessions{service_name="db",protocol="postgres",database="orders",state="idle"}
count 400   wire_sql_rows_total{service_name="db",protocol="postgres",database="orders"}
count 0.1   wire_sql_logins_total{service_name="db",protocol="postgres",database="orders",outcome="ok"}
times 9     wire_sql_transaction_duration_seconds{service_name="db",protocol="postgres",database="orders",outcome="ok"}
times 30    wire_sql_statement_duration_seconds{service_name="db",statement_id="6e1c"}
fixed 1     wire_sql_statement_info{service_name="db",statement_id="6e1c",statement="SELECT name FROM products WHERE id = ?"}
times 3     wire_sql_statement_duration_seconds{service_name="db",statement_id="09af"}
fixed 1     wire_sql_statement_info{service_name="db",statement_id="09af",statement="INSERT INTO orders VALUES (?, ?)"}
fixed 1     up{}
count 0.2   process_cpu_seconds_total{}
is    9e7   process_resident_memory_bytes{}
fixed 1     wire_exporter_build_info{version="1.0.0",goversion="go1.26.0",revision="0",branch="",goos="linux",goarch="amd64",tags=""}
fixed 1     wire_exporter_config_last_reload_successful{}
count 9e5   wire_capture_bytes_total{interface="eth0"}
count 900   wire_capture_packets_total{interface="eth0"}
count 0.1   wire_capture_dropped_packets_total{interface="eth0",reason="kernel"}
count 0.2   wire_capture_duplicate_packets_total{}
count 30    wire_capture_undecoded_bytes_total{reason="not_ip"}
count 0.01  wire_decoder_errors_total{protocol="http1",reason="malformed"}
is    300   wire_flow_active{}
is    9e6   wire_flow_memory_bytes{}
fixed 2.7e8 wire_flow_memory_limit_bytes{}
count 0.01  wire_flow_gaps_total{}
count 0.01  wire_flow_evicted_total{reason="idle"}
is    900   wire_series{family="series"}
fixed 50000 wire_series_limit{family="series"}
count 0.001 wire_series_folded_total{family="resource"}
count 0.1   wire_transactions_elsewhere_total{}
count 0.1   wire_transactions_ignored_total{reason="paths"}
fixed+ 4    wire:band:unusual{service_name="pay",protocol="http1",signal="duration_p95",tier="now",side="above"}
fixed+ 2    wire:band:unusual{service_name="web",protocol="http1",signal="error_ratio",tier="now",side="above"}
fixed+ 1.4  wire:band:unusual{service_name="web",signal="active_users",tier="now",side="below"}
fixed+ 3    wire:band:unusual{instance="host-1:9100",signal="node_cpu_ratio",tier="now",side="above"}
is    0.5   wire:signal:value{instance="host-1:9100",signal="node_cpu_ratio"}
is    0.4   wire:band:center{instance="host-1:9100",signal="node_cpu_ratio"}
is    0.4   wire:band:normal{instance="host-1:9100",signal="node_cpu_ratio"}
is    0.6   wire:band:upper{instance="host-1:9100",signal="node_cpu_ratio"}
fixed+ 4    wire:service:suspect{service_name="pay",hops="0"}
fixed+ 4    wire:service:suspect{service_name="web",hops="1"}
fixed 1     wire:measurement:untrusted{service_name="db",reason="missing_bytes"}
fixed+ 1    wire:alerts:muted{service_name="web"}
fixed+ 1    ALERTS{alertname="WireServiceFault",alertstate="firing",severity="page",service_name="pay",suspect="pay"}
since+ 600  ALERTS_FOR_STATE{alertname="WireServiceFault",severity="page",service_name="pay",suspect="pay"}
since+ 300  ALERTS_FOR_STATE{alertname="WireServiceUnusual",severity="ticket",service_name="web",suspect="pay"}
fixed+ 1    ALERTS{alertname="WireServiceUnusual",alertstate="firing",severity="ticket",service_name="web",suspect="pay"}
fixed+ 1    ALERTS{alertname="WireServiceUnusual",alertstate="pending",severity="ticket",service_name="db",suspect="db"}
`

// incident is how long it has been going on.
const incident = 40 * time.Minute

// halfWidth is how far the edges of a band are from its middle, of which a signal is as far as wire:band:unusual says.
const halfWidth = 0.3

// course is one series: what its values do.
type course struct {
	labels  labels.Labels
	kind    string
	height  float64
	only    bool    // during the incident
	unusual float64 // during the incident, in half widths of its band
}

// shop are all series of a shop that has trouble with its payments.
func shop(t *testing.T) (all []course) {
	t.Helper()
	var text strings.Builder
	for _, words := range [][]string{
		{"SERVICE", "web", "PROTOCOL", "http1", "FIRST", "GET", "SECOND", "POST", "FINE", "200", "FAULT", "503", "RESOURCE", "/orders/{id}", "CALLER", "_other"},
		{"SERVICE", "pay", "PROTOCOL", "http1", "FIRST", "POST", "SECOND", "GET", "FINE", "201", "FAULT", "500", "RESOURCE", "/charge", "CALLER", "web"},
		{"SERVICE", "db", "PROTOCOL", "postgres", "FIRST", "SELECT", "SECOND", "INSERT", "FINE", "00000", "FAULT", "40001", "RESOURCE", "orders", "CALLER", "web"},
	} {
		fill := strings.NewReplacer(words...)
		fill.WriteString(&text, seriesOfService)
		for _, s := range signals {
			of := `{signal="` + s.name + `",service_name="SERVICE"` + s.labels + "}\n"
			fill.WriteString(&text, fmt.Sprintf("is %g wire:signal:value%s is %g wire:band:center%s is %g wire:band:normal%s is %g wire:band:upper%s",
				s.height, of, s.height, of, s.height*0.95, of, s.height*(1+halfWidth), of))
			if !slices.Contains(onlyMore, s.name) {
				fill.WriteString(&text, fmt.Sprintf("is %g wire:band:lower%s", s.height*(1-halfWidth), of))
			}
		}
	}
	text.WriteString(others)
	for line := range strings.Lines(text.String()) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 2)
		if len(fields) < 2 {
			continue
		}
		c := course{}
		c.kind, c.only = strings.CutSuffix(fields[0], "+")
		rest := strings.TrimSpace(fields[1])
		if _, err := fmt.Sscan(rest, &c.height); err != nil {
			t.Fatal(line, err)
		}
		of, err := parser.ParseMetric(rest[strings.Index(rest, " "):])
		if err != nil {
			t.Fatal(line, err)
		}
		c.labels = of
		if name := of.Get(labels.MetricName); !strings.HasPrefix(name, "wire:") && !strings.HasPrefix(name, "ALERTS") { // it is scraped
			c.labels = labels.NewBuilder(of).Set("instance", "sensor1").Set("job", "wire_exporter").Labels()
		}
		all = append(all, c)
	}
	stray(all)
	return all
}

// stray takes the signals out of their bands, as far as they are said to be.
func stray(all []course) {
	key := func(c course) string { return c.labels.Get("service_name") + c.labels.Get("signal") }
	far := map[string]float64{}
	for _, c := range all {
		if c.labels.Get(labels.MetricName) == "wire:band:unusual" {
			far[key(c)] = map[string]float64{"above": c.height, "below": -c.height}[c.labels.Get("side")]
		}
	}
	for i, c := range all {
		if c.labels.Get(labels.MetricName) == "wire:signal:value" {
			all[i].unusual = far[key(c)]
		}
	}
}

// filled is a storage with the shop's series, two samples a minute: of the last hours, and of about the same hours one and two weeks ago. The last
// ones are of the next half hour, since a browser takes some minutes for all pages.
func filled(t *testing.T, now time.Time) storage.Storage {
	t.Helper()
	s := teststorage.New(t)
	t.Cleanup(func() { s.Close() })
	all := shop(t)
	a := s.Appender(context.Background())
	const samples, every = 7 * 120, 30 * time.Second
	for _, end := range []time.Time{now.AddDate(0, 0, -14).Add(time.Hour), now.AddDate(0, 0, -7).Add(time.Hour), now.Add(30 * time.Minute)} {
		for i := range samples {
			at := end.Add(time.Duration(i+1-samples) * every)
			during := at.After(now.Add(-incident))
			for _, c := range all {
				if c.only && !during {
					continue
				}
				if err := c.append(a, at.UnixMilli(), float64(i)*every.Seconds(), during); err != nil {
					t.Fatal(c.labels, err)
				}
			}
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	return s
}

func (c course) append(a storage.Appender, at int64, second float64, during bool) error {
	value := c.height
	if during {
		value *= 1 + halfWidth*c.unusual
	}
	switch c.kind {
	case "is":
		value *= 1 + 0.1*math.Sin(second/1200)
	case "count":
		value *= second
	case "since":
		value = float64(at)/1000 - value
	case "times":
		_, err := a.AppendHistogram(0, c.labels, at, nil, durations(c.height*second))
		return err
	}
	_, err := a.Append(0, c.labels, at, value)
	return err
}

// durations is a native histogram of n durations, most of which are some milliseconds.
func durations(n float64) *histogram.FloatHistogram {
	h := &histogram.FloatHistogram{Schema: 3, ZeroThreshold: 1e-6, Count: n, Sum: n * 0.008, PositiveSpans: []histogram.Span{{Offset: -64, Length: 8}, {Offset: 8, Length: 1}}}
	for _, share := range []float64{0.05, 0.1, 0.2, 0.25, 0.2, 0.1, 0.05, 0.04, 0.01} {
		h.PositiveBuckets = append(h.PositiveBuckets, n*share)
	}
	return h
}
