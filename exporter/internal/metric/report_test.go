package metric

import (
	"testing"

	"wire_exporter/decoders"
)

func TestReport(t *testing.T) {
	r := example().Report()
	if r.Now != start+10*second {
		t.Errorf("the time is %d", r.Now)
	}
	if len(r.Services) != 2 {
		t.Fatalf("%d services, want 2: %+v", len(r.Services), r.Services)
	}
	bank, shop := r.Services[0], r.Services[1]
	if bank.Service != "bank" || bank.Protocol != "http" || bank.Source != "wire" || shop.Service != "shop" || shop.Source != "log" {
		t.Errorf("the services are %s, %s", bank.Service, shop.Service)
	}
	if want := [decoders.NumOutcomes]uint64{decoders.OK: 1, decoders.ServerError: 1, decoders.Unanswered: 1}; bank.Requests != want {
		t.Errorf("requests %v, want %v", bank.Requests, want)
	}
	if p, ok := bank.Latency.Quantile(0.5); !ok || p < 0.032 || p > 0.036 {
		t.Errorf("the median is %g s, want that of the one that went well", p)
	}
	if bank.InFlight != 3 || bank.OldestAge != 6 || bank.Users5m != 1 || bank.Users1h != 1 {
		t.Errorf("%d in flight, oldest %g s, %d and %d users", bank.InFlight, bank.OldestAge, bank.Users5m, bank.Users1h)
	}
	if len(bank.Failures) != 2 || bank.Failures[0].Code != "503" || bank.Failures[1].Code != "unanswered" {
		t.Errorf("failures %+v, want 503, the newest, and unanswered", bank.Failures)
	}
	if ratio, ok := ErrorRatio(bank.Requests); !ok || ratio != 2.0/3 {
		t.Errorf("the error ratio is %g", ratio)
	}
	if len(r.Operations) != 3 || r.Operations[0].Resource != "/accounts/{id}" || r.Operations[0].Requests[decoders.OK] != 1 {
		t.Errorf("operations %+v", r.Operations)
	}
	if len(r.Calls) != 2 || r.Calls[1].Client != "web" || r.Calls[1].Requests[decoders.ServerError] != 1 {
		t.Errorf("calls %+v", r.Calls)
	}
	if len(r.Users) != 1 || r.Users[0].LoginsOK != 1 || r.Users[0].Logouts != 1 {
		t.Errorf("users %+v", r.Users)
	}
	if len(r.Servers) != 1 || r.Servers[0].Counts.Segments != [2]uint64{120, 180} || r.Servers[0].RTT[decoders.ToClient].Count() != 1 {
		t.Errorf("servers %+v", r.Servers)
	}
}

func TestReportOfTheSensor(t *testing.T) {
	s := example().Overview().Sensor
	if len(s.Undecoded) != 2 || s.Undecoded[0] != (Reason{"tls", 10000}) {
		t.Errorf("undecoded %v", s.Undecoded)
	}
	if len(s.Flow.Evicted) != 1 || s.Flow.Evicted[0] != (Reason{"memory", 2}) {
		t.Errorf("evicted %v", s.Flow.Evicted)
	}
	if len(s.Errors) != 1 || s.Errors[0] != (DecoderError{"http", "bad_chunk_size", 2}) {
		t.Errorf("errors %v", s.Errors)
	}
	if len(s.Interfaces) != 1 || s.Interfaces[0].Dropped[0].N != 7 || s.Elsewhere != 1 || s.Duplicates != 11 {
		t.Errorf("sensor %+v", s)
	}
	if n := len(s.Budgets); n != 3 || s.Budgets[2].Family != "series" {
		t.Errorf("budgets %v", s.Budgets)
	}
}

// What is in flight at a service where nothing has ended yet is shown.
func TestReportOfWhatOnlyWaits(t *testing.T) {
	m := New(words, []string{"http"}, Options{})
	m.Attach(func(in *Input) {
		in.Now = start
		in.Waiting = append(in.Waiting, Waiting{bank, 0, 1, start - 90*second}, Waiting{shop, 0, 0, 0})
	})
	r := m.Report()
	if len(r.Services) != 1 || r.Services[0].Service != "bank" || r.Services[0].OldestAge != 90 {
		t.Errorf("services %+v", r.Services)
	}
}

// A Report does not change when counting goes on.
func TestReportIsACopy(t *testing.T) {
	m, s := setup(Options{})
	s.Transaction(txn(decoders.OK), set(decoders.OK))
	r := m.Report()
	s.Transaction(txn(decoders.OK), set(decoders.OK))
	m.Report()
	if n := r.Services[0].Latency.Count(); n != 1 {
		t.Errorf("%d observations", n)
	}
}
