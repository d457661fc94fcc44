package metric

import (
	"fmt"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// many is a Names with a text for every ID.
type many struct{}

func (many) Text(id label.ID) string          { return fmt.Sprintf("v%d", id) }
func (many) StatementText(id label.ID) string { return "" }

func sumOf(all map[string]*dto.Metric, prefix string) (n float64) {
	for name, m := range all {
		if strings.HasPrefix(name, prefix) {
			n += m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return n
}

// Past the limit new label sets fold; sums stay true, the number of series stays below the limit, and it is counted.
func TestSeriesLimit(t *testing.T) {
	const limit, n = 4000, 1000
	m := New(many{}, []string{"http"}, Options{SeriesLimit: limit})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	for i := range label.ID(n) {
		x := set(decoders.OK)
		x.Service, x.Operation, x.Resource, x.Client, x.Code = 10+i%20, 100+i%7, 1000+i, 2000+i%11, 3000+i%5
		s.Transaction(txn(decoders.OK), x)
	}
	all := scrape(t, m)
	for _, family := range []string{"wire_requests_total", "wire_responses_total", "wire_request_duration_seconds", "wire_operation_duration_seconds", "wire_calls_total", "wire_call_duration_seconds", "wire_request_size_bytes"} {
		if got := sumOf(all, family+"{"); got != n {
			t.Errorf("%s adds up to %g, want %d", family, got, n)
		}
	}
	if got := all[`wire_series{family="series"}`].GetGauge().GetValue(); got > limit || got < limit/2 {
		t.Errorf("%g series, want at most %d", got, limit)
	}
	if got := counterOf(t, all, `wire_series_folded_total{family="series"}`); got == 0 || got >= n {
		t.Errorf("%g folded", got)
	}
	for service := range 20 {
		if prefix := fmt.Sprintf(`wire_request_duration_seconds{outcome="ok",protocol="http",service_name="v%d"`, 10+service); sumOf(all, prefix) != n/20 {
			t.Errorf("service v%d has lost requests to another one", 10+service)
		}
	}
}

// When even the coarse series find no room the service folds, and nothing is lost.
func TestSeriesLimitFoldsServices(t *testing.T) {
	m := New(many{}, []string{"http"}, Options{SeriesLimit: 100})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	for i := range label.ID(1000) {
		x := set(decoders.OK)
		x.Service = 10 + i
		s.Transaction(txn(decoders.OK), x)
		s.Handshake(x.Service, 1)
		s.Unmatched(x.Service, "orphan_response")
		s.Login(x)
	}
	all := scrape(t, m)
	for _, family := range []string{"wire_requests_total", "wire_request_duration_seconds", "wire_tcp_handshake_duration_seconds", "wire_transactions_unmatched_total", "wire_user_logins_total"} {
		if got := sumOf(all, family+"{"); got != 1000 {
			t.Errorf("%s adds up to %g, want 1000", family, got)
		}
	}
	if got := sumOf(all, `wire_request_duration_seconds{outcome="ok",protocol="http",service_name="_other"`); got < 900 {
		t.Errorf("%g requests of the service _other", got)
	}
	if got := all[`wire_series{family="series"}`].GetGauge().GetValue(); got > 150 {
		t.Errorf("%g series, want little more than 100", got)
	}
}

// A worker starts anew when it has met very many label sets, and loses nothing by it.
func TestManySetsAreNotKept(t *testing.T) {
	m := New(many{}, []string{"http"}, Options{SeriesLimit: 1000})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	const n = maxBundles + 10
	for i := range label.ID(n) {
		x := set(decoders.OK)
		x.Resource = 10_000 + i
		s.Transaction(txn(decoders.OK), x)
	}
	if len(s.bundles) > maxBundles {
		t.Errorf("%d bundles", len(s.bundles))
	}
	if got := sumOf(scrape(t, m), "wire_requests_total{"); got != n {
		t.Errorf("%g requests, want %d", got, n)
	}
}

func TestForget(t *testing.T) {
	m := New(words, []string{"http"}, Options{})
	a, b := m.Shard(), m.Shard()
	m.Attach(func(*Input) { a.Flush(); b.Flush() })
	for _, s := range []*Shard{a, b} {
		x := set(decoders.OK)
		s.Transaction(txn(decoders.OK), x)
		x.Service = shop
		y := txn(decoders.OK)
		y.Session = 7
		s.Transaction(y, x)
		s.Login(x)
		s.Handshake(shop, 1)
	}
	before := scrape(t, m)
	if sumOf(before, `wire_requests_total{operation="GET",outcome="ok",protocol="http",service_name="shop"`) != 2 {
		t.Fatal("the shop is not there")
	}
	a.Forget([]label.ID{shop})
	b.Forget([]label.ID{shop})
	all := scrape(t, m)
	for name := range all {
		if strings.Contains(name, `"shop"`) {
			t.Errorf("%s is still there", name)
		}
	}
	if got := sumOf(all, "wire_requests_total{"); got != 2 {
		t.Errorf("the bank has %g requests, want 2", got)
	}
	if u, v := all[`wire_series{family="series"}`].GetGauge().GetValue(), before[`wire_series{family="series"}`].GetGauge().GetValue(); u >= v {
		t.Errorf("%g series, %g before", u, v)
	}
	x := set(decoders.OK)
	x.Service = shop
	b.Transaction(txn(decoders.OK), x)
	if got := sumOf(scrape(t, m), `wire_requests_total{operation="GET",outcome="ok",protocol="http",service_name="shop"`); got != 1 {
		t.Errorf("the shop came back with %g requests, want 1", got)
	}
}

// A value that was given back and learned again has another ID and the same text: its series go on, and no label set comes twice.
func TestSameTextUnderAnotherID(t *testing.T) {
	const getAgain = 99
	texts := names{getAgain: "GET"}
	for id, text := range words {
		texts[id] = text
	}
	m := New(texts, []string{"http"}, Options{})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	x := set(decoders.OK)
	s.Transaction(txn(decoders.OK), x)
	x.Operation = getAgain
	s.Transaction(txn(decoders.OK), x)
	s.Forget([]label.ID{get})
	s.Transaction(txn(decoders.OK), x)
	if got := sumOf(scrape(t, m), `wire_requests_total{operation="GET",outcome="ok"`); got != 3 {
		t.Errorf("%g requests, want 3", got)
	}
}

// Label values that a worker cannot name any more, or that are no text, do not break a scrape.
func TestStrangeTexts(t *testing.T) {
	m := New(names{bank: "\xffbank"}, nil, Options{})
	s := m.Shard()
	m.Attach(func(in *Input) {
		s.Flush()
		in.Interfaces = append(in.Interfaces, Interface{Name: "\xfe.pcap", Packets: 1}, Interface{Name: "a"}, Interface{Name: "a", Packets: 2})
		in.Waiting = append(in.Waiting, Waiting{ID: 77, Protocol: 3, Requests: 1, Oldest: 1}, Waiting{ID: 78, Protocol: 9})
	})
	s.Transaction(txn(decoders.OK), set(decoders.OK))
	all := scrape(t, m)
	if got := counterOf(t, all, `wire_capture_packets_total{interface="a"}`); got != 2 {
		t.Errorf("%g packets", got)
	}
	if sumOf(all, `wire_requests_total{operation="_other",outcome="ok",protocol="_other",service_name="`+"\uFFFD"+`bank"`) != 1 {
		t.Error("the request is not there")
	}
}
