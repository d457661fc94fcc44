package metric

import (
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// names are the texts of label values, as a label.Book would give them.
type names map[label.ID]string

func (n names) Text(id label.ID) string          { return n[id] }
func (n names) StatementText(id label.ID) string { return "text of " + n[id] }

const (
	bank label.ID = 10 + iota
	shop
	get
	post
	accounts
	cards
	code200
	code503
	web
	ledger
	statement1
)

var words = names{
	bank: "bank", shop: "shop", get: "GET", post: "POST", accounts: "/accounts/{id}", cards: "/cards", code200: "200", code503: "503", web: "web",
	ledger: "ledger", statement1: "9f86d081884c7d65",
}

const (
	ms     = decoders.Time(1e6)
	second = decoders.Time(1e9)
	start  = decoders.Time(1_700_000_000e9)
)

// setup is Metrics with one worker, which a scrape flushes.
func setup(opts Options) (*Metrics, *Shard) {
	m := New(words, []string{"http", "postgres"}, opts)
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	return m, s
}

// txn is a request of the shape 10 ms request, 20 ms wait, 5 ms response.
func txn(outcome decoders.Outcome) *decoders.Txn {
	return &decoders.Txn{
		Outcome: outcome, Start: start, RequestEnd: start + 10*ms, FirstByte: start + 30*ms, End: start + 35*ms, BytesIn: 300, BytesOut: 4000,
	}
}

func set(outcome decoders.Outcome) *label.Set {
	return &label.Set{Service: bank, Operation: get, Resource: accounts, Code: code200, Client: web, Outcome: outcome}
}

// scrape gathers everything, by name and labels: wire_x{a="b"}.
func scrape(t *testing.T, m *Metrics) map[string]*dto.Metric {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := m.Register(registry); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*dto.Metric{}
	for _, f := range families {
		for _, metric := range f.Metric {
			var labels []string
			for _, l := range metric.Label {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			all[f.GetName()+"{"+strings.Join(labels, ",")+"}"] = metric
		}
	}
	return all
}

func counterOf(t *testing.T, all map[string]*dto.Metric, name string) float64 {
	t.Helper()
	if all[name] == nil {
		t.Fatalf("no %s", name)
	}
	return all[name].GetCounter().GetValue()
}

func countOf(all map[string]*dto.Metric, name string) uint64 {
	return all[name].GetHistogram().GetSampleCount()
}

// All six outcomes exist from the first request on, so that the first failure is an increase and not a new series.
func TestOutcomesExistFromTheFirstRequest(t *testing.T) {
	m, s := setup(Options{})
	s.Transaction(txn(decoders.OK), set(decoders.OK))
	all := scrape(t, m)
	for o := range decoders.Outcome(decoders.NumOutcomes) {
		want := 0.0
		if o == decoders.OK {
			want = 1
		}
		for _, name := range []string{
			`wire_requests_total{operation="GET",outcome="%s",protocol="http",service_name="bank",source="wire"}`,
			`wire_calls_total{client_name="web",outcome="%s",protocol="http",service_name="bank"}`,
		} {
			if got := counterOf(t, all, fmt.Sprintf(name, o)); got != want {
				t.Errorf("%s is %g, want %g", fmt.Sprintf(name, o), got, want)
			}
		}
	}
}

func TestTransactionIsCountedInEveryFamily(t *testing.T) {
	m, s := setup(Options{})
	s.Transaction(txn(decoders.OK), set(decoders.OK))
	all := scrape(t, m)
	if got := counterOf(t, all, `wire_responses_total{code="200",protocol="http",service_name="bank",source="wire"}`); got != 1 {
		t.Errorf("%g responses", got)
	}
	for name, sum := range map[string]float64{
		`wire_request_duration_seconds{outcome="ok",protocol="http",service_name="bank",source="wire"}`:                                             0.035,
		`wire_operation_duration_seconds{operation="GET",outcome="ok",protocol="http",resource="/accounts/{id}",service_name="bank",source="wire"}`: 0.035,
		`wire_call_duration_seconds{client_name="web",outcome="ok",protocol="http",service_name="bank"}`:                                            0.035,
		`wire_request_phase_duration_seconds{phase="request",protocol="http",service_name="bank"}`:                                                  0.010,
		`wire_request_phase_duration_seconds{phase="wait",protocol="http",service_name="bank"}`:                                                     0.020,
		`wire_request_phase_duration_seconds{phase="response",protocol="http",service_name="bank"}`:                                                 0.005,
		`wire_request_size_bytes{protocol="http",service_name="bank"}`:                                                                              300,
		`wire_response_size_bytes{protocol="http",service_name="bank"}`:                                                                             4000,
	} {
		h := all[name].GetHistogram()
		if h.GetSampleCount() != 1 || h.GetSampleSum() != sum {
			t.Errorf("%s: %d observations, sum %g; want 1, %g", name, h.GetSampleCount(), h.GetSampleSum(), sum)
		}
		classic := strings.HasPrefix(name, "wire_request_duration") || strings.HasPrefix(name, "wire_request_phase")
		if got := len(h.GetBucket()) > 0; got != classic {
			t.Errorf("%s: classic buckets %t, want %t", name, got, classic)
		}
		if h.Schema == nil || h.GetSchema() != schema || len(h.GetPositiveSpan()) != 1 {
			t.Errorf("%s is not native: %v", name, h)
		}
	}
}

// What is not known is not observed: see decoders.Txn.
func TestNoSampleIsBetterThanAWrongOne(t *testing.T) {
	const (
		duration = `wire_request_duration_seconds{outcome="%s",protocol="http",service_name="bank",source="wire"}`
		phase    = `wire_request_phase_duration_seconds{phase="%s",protocol="http",service_name="bank"}`
		sizeIn   = `wire_request_size_bytes{protocol="http",service_name="bank"}`
		sizeOut  = `wire_response_size_bytes{protocol="http",service_name="bank"}`
	)
	for _, c := range []struct {
		name                                               string
		outcome                                            decoders.Outcome
		change                                             func(*decoders.Txn)
		duration, request, wait, response, sizeIn, sizeOut uint64
	}{
		{"complete", decoders.ServerError, func(*decoders.Txn) {}, 1, 1, 1, 1, 1, 1},
		{"unanswered", decoders.Unanswered, func(t *decoders.Txn) { t.FirstByte, t.BytesOut = 0, 0 }, 0, 0, 0, 0, 1, 0},
		{"lost response", decoders.Unknown, func(t *decoders.Txn) { t.FirstByte, t.End = 0, 0 }, 0, 0, 0, 0, 1, 0},
		{"lost end", decoders.OK, func(t *decoders.Txn) { t.End = 0 }, 0, 1, 1, 0, 1, 0},
		{"aborted in the response", decoders.Aborted, func(*decoders.Txn) {}, 1, 1, 1, 0, 1, 0},
		{"aborted in the request", decoders.Aborted, func(t *decoders.Txn) { t.RequestEnd, t.FirstByte = 0, 0 }, 1, 0, 0, 0, 0, 0},
		{"answered early", decoders.OK, func(t *decoders.Txn) { t.FirstByte = t.RequestEnd - 1 }, 1, 1, 0, 1, 1, 1},
		{"two clocks", decoders.OK, func(t *decoders.Txn) { t.End = t.Start - 1 }, 0, 1, 1, 0, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := setup(Options{})
			x := txn(c.outcome)
			c.change(x)
			s.Transaction(x, set(c.outcome))
			all := scrape(t, m)
			for name, want := range map[string]uint64{
				fmt.Sprintf(duration, c.outcome): c.duration, fmt.Sprintf(phase, "request"): c.request, fmt.Sprintf(phase, "wait"): c.wait,
				fmt.Sprintf(phase, "response"): c.response, sizeIn: c.sizeIn, sizeOut: c.sizeOut,
			} {
				if got := countOf(all, name); got != want {
					t.Errorf("%s: %d observations, want %d", name, got, want)
				}
			}
			if got := counterOf(t, all, fmt.Sprintf(`wire_requests_total{operation="GET",outcome="%s",protocol="http",service_name="bank",source="wire"}`, c.outcome)); got != 1 {
				t.Errorf("%g requests, want 1", got)
			}
		})
	}
}

// A log-in, a handshake or the like is no request.
func TestOtherKindsAreNoRequests(t *testing.T) {
	m, s := setup(Options{})
	for _, kind := range []decoders.Kind{decoders.Login, decoders.SQLTransaction, decoders.Handshake, decoders.Turn} {
		x := txn(decoders.OK)
		x.Kind = kind
		s.Transaction(x, set(decoders.OK))
	}
	for name := range scrape(t, m) {
		if strings.HasPrefix(name, "wire_request") {
			t.Errorf("%s exists", name)
		}
	}
}

// Access logs feed the families that have the label source, and no other.
func TestLogFeedsOnlyFamiliesWithSource(t *testing.T) {
	m, s := setup(Options{})
	x := set(decoders.OK)
	x.Source = label.Log
	s.Transaction(txn(decoders.OK), x)
	for name, metric := range scrape(t, m) {
		if strings.Contains(name, `service_name="bank"`) && !strings.Contains(name, `source="log"`) {
			t.Errorf("%s: %v", name, metric)
		}
	}
}

func TestExemplars(t *testing.T) {
	m, s := setup(Options{})
	trace := func(ms decoders.Time, id byte, at decoders.Time) {
		x := txn(decoders.OK)
		x.Start, x.End, x.TraceID[15] = at-ms, at, id
		s.Transaction(x, set(decoders.OK))
	}
	trace(20*ms, 1, start)
	trace(30*ms, 2, start+second/2) // too early after the first
	trace(3*second, 3, start+second/2)
	trace(25*ms, 4, start+2*second)
	scrape(t, m)
	trace(25*ms, 5, start+2*second+second/2) // a scrape does not change that
	all := scrape(t, m)

	classic := all[`wire_request_duration_seconds{outcome="ok",protocol="http",service_name="bank",source="wire"}`].GetHistogram()
	got := map[float64]string{}
	for _, b := range classic.Bucket {
		if e := b.GetExemplar(); e != nil {
			got[b.GetUpperBound()] = e.GetLabel()[0].GetName() + "=" + e.GetLabel()[0].GetValue()
			if v := e.GetValue(); v > b.GetUpperBound() {
				t.Errorf("an exemplar of %g s in the bucket up to %g s", v, b.GetUpperBound())
			}
		}
	}
	want := map[float64]string{0.025: "trace_id=00000000000000000000000000000004", 5: "trace_id=00000000000000000000000000000003"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("exemplars are %v, want %v", got, want)
	}
	native := all[`wire_operation_duration_seconds{operation="GET",outcome="ok",protocol="http",resource="/accounts/{id}",service_name="bank",source="wire"}`].GetHistogram()
	if n := len(native.GetExemplars()); n != 2 {
		t.Errorf("%d exemplars of the native histogram, want 2", n)
	}
	if at := native.GetExemplars()[0].GetTimestamp().AsTime().UnixNano(); at != int64(start+2*second) {
		t.Errorf("the exemplar's time is %d", at)
	}
}

func TestTransport(t *testing.T) {
	m, s := setup(Options{})
	s.Handshake(bank, 2e6)
	s.RTT(bank, decoders.ToServer, 1e6)
	s.RTT(bank, decoders.ToClient, 40e6)
	s.RTT(bank, decoders.ToClient, 40e6)
	s.Unmatched(bank, "orphan_response")
	s.LeftOut(label.Elsewhere)
	s.LeftOut(label.IgnoredPath)
	all := scrape(t, m)
	for name, want := range map[string]uint64{
		`wire_tcp_handshake_duration_seconds{service_name="bank"}`: 1,
		`wire_tcp_rtt_seconds{service_name="bank",side="server"}`:  1,
		`wire_tcp_rtt_seconds{service_name="bank",side="client"}`:  2,
	} {
		if got := countOf(all, name); got != want {
			t.Errorf("%s: %d observations, want %d", name, got, want)
		}
	}
	if got := counterOf(t, all, `wire_transactions_unmatched_total{reason="orphan_response",service_name="bank"}`); got != 1 {
		t.Errorf("%g unmatched", got)
	}
	if got := counterOf(t, all, `wire_transactions_elsewhere_total{}`); got != 1 {
		t.Errorf("%g elsewhere", got)
	}
	for key, want := range map[string]float64{"networks": 0, "ports": 0, "paths": 1, "content_types": 0} {
		if got := counterOf(t, all, `wire_transactions_ignored_total{reason="`+key+`"}`); got != want {
			t.Errorf("%g left out by %s", got, key)
		}
	}
}

func TestLogins(t *testing.T) {
	m, s := setup(Options{})
	s.Login(set(decoders.OK))
	if got := counterOf(t, scrape(t, m), `wire_user_logouts_total{outcome="ok",service_name="bank",source="wire"}`); got != 0 {
		t.Errorf("%g log-outs before the first", got)
	}
	s.Login(set(decoders.ClientError))
	s.Logout(set(decoders.OK))
	all := scrape(t, m)
	for name, want := range map[string]float64{
		`wire_user_logins_total{outcome="ok",service_name="bank",source="wire"}`:           1,
		`wire_user_logins_total{outcome="client_error",service_name="bank",source="wire"}`: 1,
		`wire_user_logins_total{outcome="server_error",service_name="bank",source="wire"}`: 0,
		`wire_user_logouts_total{outcome="ok",service_name="bank",source="wire"}`:          1,
	} {
		if got := counterOf(t, all, name); got != want {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
}

// Counting allocates nothing once the label sets are known, and flushing does not either.
func TestTransactionAllocatesNothing(t *testing.T) {
	_, s := setup(Options{})
	sets := []*label.Set{set(decoders.OK), set(decoders.ServerError)}
	x := []*decoders.Txn{txn(decoders.OK), txn(decoders.ServerError)}
	n := 0
	work := func() {
		for i := range x {
			x[i].Session = uint64(1 + n%100)
			x[i].TraceID[0] = 1
			x[i].End += 10 * ms
			s.Transaction(x[i], sets[i])
		}
		s.Handshake(bank, 2e6)
		s.RTT(bank, decoders.ToServer, 1e6)
		s.Unmatched(bank, "orphan_response")
		s.Login(sets[0])
		n++
	}
	for range 300 {
		work()
	}
	if a := testing.AllocsPerRun(500, work); a != 0 {
		t.Errorf("%g allocations", a)
	}
}
