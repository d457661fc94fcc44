package label

import (
	"fmt"
	"runtime"
	"testing"

	"wire_exporter/decoders"
)

const server = "10.0.0.1:80"

func TestConfiguredPaths(t *testing.T) {
	b := newBench(t, Config{Services: []Service{{
		Name: "bank", Ports: []uint16{80},
		Paths: []string{"/users/me", "/users/{user}", "/users/{user}/cards/{card}", "/files/*", "/"},
	}}})
	for _, c := range []struct{ path, want string }{
		{"/users/me", "/users/me"},
		{"/users/someone", "/users/{user}"},
		{"/users/someone/", "/users/{user}"},
		{"/users/someone;v=1?x=y", "/users/{user}"},
		{"/users/someone/cards/gold", "/users/{user}/cards/{card}"},
		{"/files/some/thing", "/files/*"},
		{"/", "/"},
		{"/users/a/b/c/d", OtherText}, // not configured, not earned
	} {
		var s Set
		b.Label(request(server, "GET", c.path, "404"), http, Wire, &s)
		if got := b.book.Text(s.Resource); got != c.want {
			t.Errorf("%s is %q, want %q", c.path, got, c.want)
		}
	}
	if st := b.book.Stats()[Resources]; st.Values != 5 || st.Limit != 50 || st.Folded != 1 {
		t.Errorf("%+v", st)
	}
}

func TestResourceEarnsItsSlot(t *testing.T) {
	b := newBench(t, Config{})
	for _, code := range []string{"400", "401", "403", "404", "405", "410", "414", "501"} {
		for range 10 {
			if got := b.label(request(server, "GET", "/never", code), http); got[:21] != "10.0.0.1:80 GET _othe" {
				t.Fatalf("a slot for %s: %s", code, got)
			}
		}
	}
	for i, want := range []string{OtherText, OtherText, "/a/{id}", "/a/{id}"} {
		var s Set
		b.Label(request(server, "GET", fmt.Sprint("/a/", i), "200"), http, Wire, &s)
		if got := b.book.Text(s.Resource); got != want {
			t.Errorf("request %d: %q, want %q", i, got, want)
		}
	}
	var s Set
	b.Label(request(server, "GET", "/a/9", "404"), http, Wire, &s)
	if got := b.book.Text(s.Resource); got != "/a/{id}" {
		t.Errorf("a route that is known answers 404: %q", got)
	}
	x := request(server, "GET", "/hung", "200")
	x.Outcome, x.Code, x.FirstByte = decoders.Unanswered, nil, 0
	for range 10 {
		if b.Label(x, http, Wire, &s); s.Resource != Other {
			t.Error("a slot without an answer")
		}
	}
}

// realRoutes are as many routes as have room, none of which is like another.
func realRoutes() (paths []string) {
	for i := range 50 {
		paths = append(paths, fmt.Sprintf("/api/%c%c/list", 'a'+i/26, 'a'+i%26))
	}
	return paths
}

// earned lets the real routes earn their slots.
func (b *bench) earned(paths []string) (ids []ID) {
	for _, p := range paths {
		x := request(server, "GET", p, "200")
		var s Set
		for range earnAfter {
			b.Label(x, http, Wire, &s)
		}
		if got := b.book.Text(s.Resource); got != p {
			b.t.Fatalf("%s is %q", p, got)
		}
		ids = append(ids, s.Resource)
	}
	return ids
}

// letters writes n in letters, so that no two of the million paths have the same template.
func letters(dst []byte, n int) []byte {
	for range 5 {
		dst = append(dst, "bcdfgaeiou"[n%10], "aeiou"[n/10%5])
		n /= 50
	}
	return dst
}

// flood sends n requests for paths that never come twice, and looks at what they leave behind.
func (b *bench) flood(n int, code string) {
	routes := realRoutes()
	ids := b.earned(routes)
	x := request(server, "GET", "", code)
	var s Set
	send := func(from, to int) {
		for i := from; i < to; i++ {
			x.Resource = letters(append(x.Resource[:0], "/shop/"...), i)
			if b.Label(x, http, Wire, &s); s.Resource != Other {
				b.t.Fatalf("%s has a slot", x.Resource)
			}
		}
	}
	send(0, n/100)
	slots, heap := b.slots(), heapNow()
	send(n/100, n)
	if got := b.slots(); got != slots {
		b.t.Errorf("%d slots became %d", slots, got)
	}
	if grown := heapNow() - heap; grown > 64<<10 {
		b.t.Errorf("the heap grew by %d bytes", grown)
	}
	for i, p := range routes {
		if b.Label(request(server, "GET", p, "200"), http, Wire, &s); s.Resource != ids[i] {
			b.t.Errorf("%s lost its slot", p)
		}
	}
	if got := b.book.Stats()[Resources]; got.Folded < uint64(n) || got.Values != 50 {
		b.t.Errorf("%+v", got)
	}
}

func heapNow() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestMillionDistinctURLs(t *testing.T) { newBench(t, Config{}).flood(1_000_000, "200") }

func TestScanner(t *testing.T) { newBench(t, Config{}).flood(1_000_000, "404") }

// A scanner that comes before the application's first request takes nothing away either.
func TestRoutesEarnTheirSlotsDuringAScan(t *testing.T) {
	b := newBench(t, Config{})
	routes := realRoutes()
	scan := request(server, "GET", "", "404")
	distinct := request(server, "GET", "", "200")
	var s Set
	for i := range 20_000 {
		scan.Resource = letters(append(scan.Resource[:0], "/scan/"...), i)
		b.Label(scan, http, Wire, &s)
		if i%10 == 0 {
			distinct.Resource = letters(append(distinct.Resource[:0], "/shop/"...), i)
			b.Label(distinct, http, Wire, &s)
		}
		b.Label(request(server, "GET", routes[i%len(routes)], "200"), http, Wire, &s)
	}
	for _, p := range routes {
		if b.Label(request(server, "GET", p, "200"), http, Wire, &s); b.book.Text(s.Resource) != p {
			t.Errorf("%s has no slot", p)
		}
	}
}

func TestServicesHaveTheirOwnBudgets(t *testing.T) {
	b := newBench(t, Config{Limits: Limits{Resources: 1}})
	one := b.earn(request("10.0.0.1:80", "GET", "/one", "200"), http)
	b.earn(request("10.0.0.1:80", "GET", "/two", "200"), http)
	two := b.earn(request("10.0.0.2:80", "GET", "/two", "200"), http)
	if one != "10.0.0.1:80 GET /one 200 from _other" || two != "10.0.0.2:80 GET /two 200 from _other" {
		t.Errorf("%q %q", one, two)
	}
	var a, c Set
	b.Label(request("10.0.0.1:80", "GET", "/", "200"), http, Wire, &a)
	b.Label(request("10.0.0.2:80", "GET", "/", "200"), http, Wire, &c)
	if a.Operation == c.Operation || a.Code == c.Code {
		t.Error("two services share an ID")
	}
}
