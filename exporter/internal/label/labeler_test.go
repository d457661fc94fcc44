package label

import (
	"net/netip"
	"testing"

	"wire_exporter/decoders"
)

// typical is a Book with everything configured that costs time on the way of a request.
func typical(t testing.TB) (*bench, *decoders.Txn) {
	b := newBench(t, Config{
		Services: []Service{
			{Name: "shop", Networks: prefixes("10.0.0.0/24"), Ports: []uint16{80}, Paths: []string{"/cart"}},
			{Name: "api", Hosts: []string{"api.example.com"}, Logins: []UserRule{{Method: "POST", Path: "/login"}}},
		},
		Clients: []Client{{Name: "branches", Networks: prefixes("192.0.2.0/24")}},
		Measure: Measure{Networks: prefixes("10.0.0.0/8")},
		Ignore:  Ignore{Networks: prefixes("10.9.0.0/16"), Paths: []string{"/healthz"}, ContentTypes: []string{"image/*"}},
	})
	x := request("10.0.0.1:80", "GET", "/accounts/12345/cards/42", "200")
	x.Authority, x.ContentType = []byte("api.example.com"), []byte("application/json")
	if got := b.earn(x, http); got != "api GET /accounts/{id}/cards/{id} 200 from branches" {
		t.Fatal(got)
	}
	return b, x
}

func TestLabelAllocatesNothing(t *testing.T) {
	b, x := typical(t)
	var s Set
	for name, change := range map[string]func(i int){
		"the same again":  func(int) {},
		"other paths":     func(i int) { x.Resource = letters(x.Resource[:0], i) },
		"other hosts":     func(i int) { x.Authority = append(letters(x.Authority[:0], i), ".example.com"...) },
		"other clients":   func(i int) { x.Flow.Client[14], x.Flow.Client[15] = byte(i>>8), byte(i) },
		"other services":  func(i int) { x.Flow.Server[15] = byte(i) },
		"junk operations": func(i int) { x.Operation = letters(x.Operation[:0], i) },
		"junk codes":      func(i int) { x.Code = append(letters(x.Code[:0], i), "junkjunk"...) },
	} {
		i := 0
		if n := testing.AllocsPerRun(2000, func() {
			change(i)
			b.Label(x, http, Wire, &s)
			b.Login(x, &s)
			i++
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	e := endpoint("203.0.113.1:80")
	if n := testing.AllocsPerRun(2000, func() {
		e[14]++
		b.Server(e, false)
		b.Keep(2)
	}); n != 0 {
		t.Errorf("servers: %v allocations", n)
	}
}

func BenchmarkLabel(b *testing.B) {
	w, x := typical(b)
	var s Set
	b.Run("typical", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.Label(x, http, Wire, &s)
		}
	})
	b.Run("new path", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			x.Resource = letters(append(x.Resource[:0], "/accounts/12345/"...), i)
			w.Label(x, http, Wire, &s)
		}
	})
	plain := newBench(b, Config{})
	y := request("10.0.0.1:80", "GET", "/accounts/12345/cards/42", "200")
	plain.earn(y, http)
	b.Run("not configured", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			plain.Label(y, http, Wire, &s)
		}
	})
}

func BenchmarkAge(b *testing.B) {
	w := newBench(b, Config{Limits: Limits{Services: 200}})
	for i := range 200 {
		e := decoders.EndpointFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 80))
		for j := range 50 {
			x := request("10.0.0.1:80", "GET", "", "200")
			x.Flow.Server = e
			x.Resource = letters([]byte("/"), j)
			w.earn(x, http)
		}
	}
	now := start
	for b.Loop() {
		now++
		w.book.Age(now)
	}
}
