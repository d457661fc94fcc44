package label

import (
	"net/netip"
	"testing"

	"wire_exporter/decoders"
)

var shops = Config{
	Services: []Service{
		{Name: "db", Networks: prefixes("10.0.0.0/24"), Ports: []uint16{5432}},
		{Name: "shop", Networks: prefixes("10.0.0.0/16", "2001:db8::/32"), Ports: []uint16{80, 443}, Hosts: []string{"Shop.example.com"}},
		{Name: "api", Hosts: []string{"api.example.com", "*.api.example.com"}},
		{Name: "mapped", Networks: prefixes("::ffff:10.9.0.0/112")},
		{Name: "single", Addresses: []netip.AddrPort{netip.MustParseAddrPort("10.0.1.1:9000"), netip.MustParseAddrPort("10.8.0.1:0")}},
		{Name: "mail", Ports: []uint16{25}},
		{Name: "wild", Hosts: []string{"*.example.com"}},
	},
	Clients: []Client{{Name: "branches", Networks: prefixes("192.0.2.0/24")}, {Name: "everybody", Networks: prefixes("0.0.0.0/0")}},
}

func TestServiceOfAddress(t *testing.T) {
	b := newBench(t, shops)
	for _, c := range []struct{ server, want string }{
		{"10.0.0.7:5432", "db"},
		{"10.0.0.7:80", "shop"},
		{"10.0.200.7:443", "shop"},
		{"[2001:db8::7]:443", "shop"},
		{"10.0.0.7:8080", "10.0.0.7:8080"},
		{"10.9.1.2:1", "mapped"},
		{"10.0.1.1:9000", "single"},
		{"10.0.1.1:9001", "10.0.1.1:9001"},
		{"10.8.0.1:7", "single"},
		{"203.0.113.1:25", "mail"},
		{"[2001:db9::1]:81", "[2001:db9::1]:81"},
	} {
		id, measured := b.Server(endpoint(c.server), true)
		if got := b.book.Text(id); got != c.want || !measured {
			t.Errorf("%s is %q (measured %v), want %q", c.server, got, measured, c.want)
		}
	}
}

func TestServiceOfHost(t *testing.T) {
	b := newBench(t, shops)
	for _, c := range []struct{ server, host, want string }{
		{"10.0.0.7:80", "shop.example.com", "shop"},
		{"10.0.0.7:80", "SHOP.EXAMPLE.COM.", "shop"},
		{"10.0.0.7:80", "api.example.com", "api"},
		{"10.0.0.7:80", "v1.api.example.com", "api"},
		{"10.0.0.7:80", "a.b.api.example.com", "api"},
		{"10.0.0.7:80", "other.example.com", "wild"},
		{"10.0.0.7:80", "example.com", "shop"},               // "*." wants something in front
		{"203.0.113.1:80", "shop.example.com", "wild"},       // "shop" has networks, and this is none of its servers
		{"203.0.113.1:25", "unheard.test", "mail"},           // by address
		{"203.0.113.1:80", "unheard.test", "203.0.113.1:80"}, // not at all
		{"203.0.113.1:80", string(make([]byte, 300)), "203.0.113.1:80"},
	} {
		x := request(c.server, "GET", "/", "200")
		x.Authority = []byte(c.host)
		var s Set
		for range 2 { // the second time from the caches
			b.Label(x, http, Wire, &s)
			if got := b.book.Text(s.Service); got != c.want {
				t.Errorf("%s at %s is %q, want %q", c.host, c.server, got, c.want)
			}
		}
		x.Kind = decoders.Handshake
		b.Label(x, http, Wire, &s)
		if id, _ := b.Server(x.Flow.Server, true); s.Service != id {
			t.Errorf("%s at %s names something that is no request", c.host, c.server)
		}
	}
}

func TestServerWithoutAnswerHasNoName(t *testing.T) {
	b := newBench(t, shops)
	e := endpoint("203.0.113.1:80")
	if id, _ := b.Server(e, false); id != Other {
		t.Errorf("got %q", b.book.Text(id))
	}
	if id, _ := b.Server(endpoint("10.0.0.7:80"), false); b.book.Text(id) != "shop" {
		t.Errorf("a configured one is %q", b.book.Text(id))
	}
	x := request("203.0.113.1:80", "GET", "/", "200")
	x.Outcome, x.FirstByte, x.Code = decoders.Unanswered, 0, nil
	if got := b.label(x, http); got != "_other GET _other  from branches" {
		t.Errorf("got %q", got)
	}
	id, _ := b.Server(e, true)
	if got, _ := b.Server(e, false); b.book.Text(id) != "203.0.113.1:80" || got != id {
		t.Errorf("got %q, then %q", b.book.Text(id), b.book.Text(got))
	}
	if got := b.label(x, http); got != "203.0.113.1:80 GET _other  from branches" {
		t.Errorf("got %q", got)
	}
}

func TestServiceBudget(t *testing.T) {
	b := newBench(t, Config{Services: []Service{{Name: "a", Ports: []uint16{1}}}, Limits: Limits{Services: 3}})
	for i, want := range []string{"10.0.0.1:80", "10.0.0.2:80", OtherText, OtherText} {
		e := decoders.EndpointFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 1)}), 80))
		if id, _ := b.Server(e, true); b.book.Text(id) != want {
			t.Errorf("server %d is %q, want %q", i, b.book.Text(id), want)
		}
	}
	b.label(request("10.0.0.4:80", "GET", "/", "200"), http)
	if st := b.book.Stats()[Services]; st.Values != 3 || st.Limit != 3 || st.Folded != 1 {
		t.Errorf("%+v", st)
	}
}

func TestClients(t *testing.T) {
	b := newBench(t, shops)
	for _, c := range []struct{ client, want string }{
		{"10.0.0.7:40000", "db"}, // the first service with the address, whatever the port
		{"10.0.7.7:40000", "shop"},
		{"10.8.0.1:40000", "single"},
		{"192.0.2.1:40000", "branches"},
		{"203.0.113.9:40000", "everybody"},
		{"[2001:db9::1]:40000", OtherText},
	} {
		x := request("10.0.0.7:80", "GET", "/", "200")
		x.Flow.Client = endpoint(c.client)
		for range 2 {
			var s Set
			b.Label(x, http, Wire, &s)
			if got := b.book.Text(s.Client); got != c.want {
				t.Errorf("%s is %q, want %q", c.client, got, c.want)
			}
		}
	}
}

func TestClientBudget(t *testing.T) {
	b := newBench(t, Config{
		Services: []Service{{Name: "a", Networks: prefixes("10.0.1.0/24")}, {Name: "b", Networks: prefixes("10.0.2.0/24")}},
		Clients:  []Client{{Name: "c", Networks: prefixes("10.0.3.0/24")}},
		Limits:   Limits{Clients: 2},
	})
	for _, c := range []struct{ client, want string }{{"10.0.1.1:1", "a"}, {"10.0.2.1:1", OtherText}, {"10.0.3.1:1", "c"}} {
		x := request("10.0.9.9:80", "GET", "/", "200")
		x.Flow.Client = endpoint(c.client)
		var s Set
		b.Label(x, http, Wire, &s)
		if got := b.book.Text(s.Client); got != c.want {
			t.Errorf("%s is %q, want %q", c.client, got, c.want)
		}
	}
	if st := b.book.Stats()[Clients]; st.Folded != 1 || st.Values != 2 {
		t.Errorf("%+v", st)
	}
}

func TestLogNamesItsService(t *testing.T) {
	b := newBench(t, shops)
	id, ok := b.book.Service("api")
	if !ok {
		t.Fatal("not there")
	}
	x := request("0.0.0.0:0", "GET", "/", "200")
	x.Flow = &decoders.Flow{Tag: uint32(id)}
	var s Set
	for range 2 {
		if v := b.Label(x, http, Log, &s); v != Counted || s.Service != id || s.Source != Log {
			t.Errorf("%v %q", v, b.book.Text(s.Service))
		}
	}
	x.Flow.Tag = 0
	if b.Label(x, http, Log, &s); s.Service != Other {
		t.Errorf("no address, no tag: %q", b.book.Text(s.Service))
	}
	if _, ok := b.book.Service("nobody"); ok {
		t.Error("nobody is there")
	}
}
