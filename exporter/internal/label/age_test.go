package label

import (
	"slices"
	"sync"
	"testing"
	"time"

	"wire_exporter/decoders"
)

const (
	minute = decoders.Time(time.Minute)
	day    = decoders.Time(24 * time.Hour)
	start  = decoders.Time(1_700_000_000e9)
)

func TestAge(t *testing.T) {
	b := newBench(t, Config{Services: []Service{{Name: "bank", Ports: []uint16{80}, Paths: []string{"/configured"}}}})
	b.book.Age(start)
	used, unused := request("10.0.0.1:81", "GET", "/used", "200"), request("10.0.0.1:81", "PUT", "/unused", "200")
	b.earn(used, http)
	b.earn(unused, http)
	b.earn(request("10.0.0.2:81", "GET", "/gone", "200"), http)
	b.earn(request("10.0.0.3:80", "GET", "/gone", "200"), http)
	var before Set
	b.Label(unused, http, Wire, &before)
	var released []ID
	for now := start + minute; now < start+day+minute; now += minute {
		b.label(used, http)
		if ids := b.book.Age(now); len(ids) > 0 {
			if released != nil || now < start+day {
				t.Fatalf("released %d values after %v", len(ids), time.Duration(now-start))
			}
			released = ids
		}
	}
	var texts []string
	for _, id := range released {
		texts = append(texts, b.book.Text(id))
	}
	slices.Sort(texts)
	want := []string{"/gone", "/gone", "/unused", "10.0.0.2:81", "200", "200", "GET", "GET", "PUT"}
	if !slices.Equal(texts, want) {
		t.Errorf("released %q, want %q", texts, want)
	}
	b.book.Age(start + day + 2*minute)
	if got := b.book.Text(released[0]); got != "" {
		t.Errorf("%q is still known", got)
	}
	var after Set
	if b.Label(unused, http, Wire, &after); after.Resource != Other || after.Operation == before.Operation {
		t.Errorf("%+v, before %+v", after, before)
	}
	if id, _ := b.Server(endpoint("10.0.0.2:81"), false); id != Other {
		t.Errorf("the server is still %q", b.book.Text(id))
	}
	if got := b.earn(unused, http); got != "10.0.0.1:81 PUT /unused 200 from _other" {
		t.Error(got)
	}
	if got := b.label(request("10.0.0.3:80", "GET", "/configured", "404"), http); got != "bank GET /configured 404 from _other" {
		t.Error(got)
	}
}

func TestKeep(t *testing.T) {
	b := newBench(t, Config{})
	b.book.Age(start)
	kept, _ := b.Server(endpoint("10.0.0.1:80"), true)
	lost, _ := b.Server(endpoint("10.0.0.2:80"), true)
	for now := start + minute; now < start+2*day; now += 30 * minute {
		if !b.Keep(kept) {
			t.Fatal("given back although in use")
		}
		b.book.Age(now)
	}
	if b.Keep(lost) {
		t.Error("kept although unseen")
	}
	if id, _ := b.Server(endpoint("10.0.0.2:80"), true); id == lost || b.book.Text(id) != "10.0.0.2:80" {
		t.Errorf("an ID was used again: %d, %q", id, b.book.Text(id))
	}
}

func TestClockSetBack(t *testing.T) {
	b := newBench(t, Config{})
	b.book.Age(start + 1000*day)
	b.earn(request(server, "GET", "/a", "200"), http)
	b.book.Age(start)
	n := 0
	for now := start + minute; now < start+2*day; now += 10 * minute {
		n += len(b.book.Age(now))
	}
	if n != 4 { // the service and its three values
		t.Errorf("%d values were given back", n)
	}
}

func TestReload(t *testing.T) {
	first := Config{Services: []Service{
		{Name: "stays", Networks: prefixes("10.0.0.1/32"), Paths: []string{"/a/{x}"}},
		{Name: "goes", Networks: prefixes("10.0.0.2/32"), Paths: []string{"/a/{x}"}},
	}}
	b := newBench(t, first)
	b.book.Age(start)
	stays, goes := request("10.0.0.1:80", "GET", "/a/word", "200"), request("10.0.0.2:80", "GET", "/a/word", "200")
	var s Set
	b.Label(stays, http, Wire, &s)
	b.label(goes, http)
	second := Config{Services: []Service{
		{Name: "new", Networks: prefixes("10.0.0.2/32")},
		{Name: "stays", Networks: prefixes("10.0.0.1/32"), Paths: []string{"/{a}/{b}"}},
	}, Ignore: Ignore{Paths: []string{"/ping"}}}
	if err := b.book.Reload(Config{Services: []Service{{}}}); err == nil {
		t.Fatal("a wrong configuration was taken")
	}
	if got := b.label(goes, http); got != "goes GET /a/{x} 200 from goes" && got != "goes GET /a/{x} 200 from _other" {
		t.Error(got)
	}
	if err := b.book.Reload(second); err != nil {
		t.Fatal(err)
	}
	var again Set
	b.Label(stays, http, Wire, &again)
	if again.Service != s.Service || again.Operation != s.Operation || b.book.Text(again.Resource) != "/{a}/{b}" {
		t.Errorf("%s", b.words(again))
	}
	if got := b.label(goes, http); got != "new GET _other 200 from _other" {
		t.Error(got)
	}
	if got := b.label(request("10.0.0.1:80", "GET", "/ping", "200"), http); got != "ignored by paths" {
		t.Error(got)
	}
	if _, ok := b.book.Service("goes"); ok {
		t.Error("it is not configured any more")
	}
	gone := b.book.Age(start + 2*day)
	var texts []string
	for _, id := range gone {
		texts = append(texts, b.book.Text(id))
	}
	if !slices.Contains(texts, "goes") || slices.Contains(texts, "stays") || slices.Contains(texts, "new") || slices.Contains(texts, "/{a}/{b}") {
		t.Errorf("released %q", texts)
	}
	if err := b.book.Reload(first); err != nil {
		t.Fatal(err)
	}
	if got := b.label(goes, http); got != "goes GET /a/{x} 200 from _other" {
		t.Error(got)
	}
}

// TestWorkers runs what runs at the same time: workers, Age, Reload and readers; for the race detector.
func TestWorkers(t *testing.T) {
	cfg := Config{Protocols: []string{"http1"}, Services: []Service{{Name: "bank", Networks: prefixes("10.0.0.1/32"), Paths: []string{"/a/{x}"}}}}
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		l := b.Worker()
		wg.Go(func() {
			var s Set
			for i := range 5000 {
				x := request([]string{"10.0.0.1:80", "10.0.0.2:80", "10.0.0.3:80"}[i%3], "GET", "", "200")
				x.Resource = letters([]byte("/"), i%100)
				if l.Label(x, 0, Wire, &s) != Counted || s.Service == None {
					t.Errorf("worker %d: %+v", w, s)
				}
			}
		})
	}
	wg.Go(func() {
		for i := range 300 {
			now := start + decoders.Time(i)*minute
			if i%100 == 99 {
				now += 2 * day
			}
			for _, id := range b.Age(now) {
				b.Text(id)
			}
			if err := b.Reload(cfg); err != nil {
				t.Error(err)
			}
			b.Stats()
		}
	})
	wg.Wait()
	for _, st := range b.Stats() {
		if st.Values > st.Limit {
			t.Errorf("%+v", st)
		}
	}
}
