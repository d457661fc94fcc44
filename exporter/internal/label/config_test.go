package label

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestConfigErrors(t *testing.T) {
	ok := func(name string) Service { return Service{Name: name, Ports: []uint16{80}} }
	with := func(change func(*Service)) Config {
		s := ok("shop")
		change(&s)
		return Config{Services: []Service{ok("first"), s}}
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Services: []Service{{Ports: []uint16{1}}}}, "services[0].name: empty"},
		{Config{Services: []Service{ok("a"), ok("a")}}, `services[1].name: "a" is already services[0].name`},
		{Config{Services: []Service{ok("_other")}}, "services[0].name: \"_other\" is reserved"},
		{Config{Services: []Service{ok("10.0.0.1:80")}}, "services[0].name: \"10.0.0.1:80\" is how"},
		{Config{Services: []Service{ok("a\n")}}, "services[0].name: \"a\\n\" has characters"},
		{Config{Services: []Service{ok("\xff")}}, "services[0].name: \"\\xff\" is not UTF-8"},
		{Config{Services: []Service{ok(strings.Repeat("x", MaxText+1))}}, "services[0].name: 121 bytes"},
		{Config{Services: []Service{{Name: "a"}}}, "services[0]: none of networks"},
		{with(func(s *Service) { s.Networks = []netip.Prefix{{}} }), "services[1].networks[0]: not a network"},
		{with(func(s *Service) { s.Networks = prefixes("::ffff:0.0.0.0/90") }), "services[1].networks[0]: ::ffff:0.0.0.0/90 mixes"},
		{with(func(s *Service) { s.Addresses = []netip.AddrPort{{}} }), "services[1].addresses[0]: not an address"},
		{with(func(s *Service) { s.Ports = []uint16{1, 0} }), "services[1].ports[1]: 0 is no port"},
		{with(func(s *Service) { s.Hosts = []string{"*"} }), "services[1].hosts[0]: "},
		{with(func(s *Service) { s.Hosts = []string{"a.*.test"} }), "services[1].hosts[0]: "},
		{with(func(s *Service) { s.Hosts = []string{"*."} }), "services[1].hosts[0]: "},
		{with(func(s *Service) { s.Hosts = []string{"a b"} }), "services[1].hosts[0]: "},
		{with(func(s *Service) { s.Hosts = []string{strings.Repeat("x", 256)} }), "services[1].hosts[0]: 256 bytes"},
		{with(func(s *Service) { s.Paths = []string{"/a", "b"} }), "services[1].paths[1]: \"b\" does not begin"},
		{with(func(s *Service) { s.Paths = []string{""} }), "services[1].paths[0]: empty"},
		{with(func(s *Service) { s.Paths = []string{"/a?b"} }), "services[1].paths[0]: "},
		{with(func(s *Service) { s.Paths = []string{"/a//b"} }), "services[1].paths[0]: \"/a//b\" has an empty segment"},
		{with(func(s *Service) { s.Paths = []string{"/*/b"} }), "services[1].paths[0]: "},
		{with(func(s *Service) { s.Paths = []string{"/{a"} }), "services[1].paths[0]: "},
		{with(func(s *Service) { s.Paths = []string{"/{}"} }), "services[1].paths[0]: "},
		{with(func(s *Service) { s.Paths = []string{"/{a}{b}"} }), "services[1].paths[0]: "},
		{with(func(s *Service) { s.Paths = []string{strings.Repeat("/a", 33)} }), "services[1].paths[0]: "},
		{with(func(s *Service) { s.Paths = slices.Repeat([]string{"/a"}, 51) }), "services[1].paths: 51 of them, but limits.resources is 50"},
		{with(func(s *Service) { s.Logins = []UserRule{{Path: "login"}} }), "services[1].logins[0].path: "},
		{with(func(s *Service) { s.Logouts = []UserRule{{Path: "/x", Method: "get"}} }), "services[1].logouts[0].method: \"get\""},
		{with(func(s *Service) { s.Logins = []UserRule{{Path: "/x", Status: []string{"200", "20x"}}} }), "services[1].logins[0].status[1]: "},
		{Config{Logins: []UserRule{{Path: "/x", Status: []string{"900"}}}}, "logins[0].status[0]: "},
		{Config{Logouts: []UserRule{{}}}, "logouts[0].path: empty"},
		{Config{Clients: []Client{{Name: "a"}}}, "clients[0].networks: empty"},
		{Config{Clients: []Client{{Networks: prefixes("10.0.0.0/8")}}}, "clients[0].name: empty"},
		{Config{Clients: []Client{{Name: "a", Networks: []netip.Prefix{{}}}}}, "clients[0].networks[0]: not a network"},
		{Config{Services: []Service{ok("a")}, Clients: []Client{{Name: "a", Networks: prefixes("10.0.0.0/8")}}}, "clients[0].name: \"a\" is already services[0].name"},
		{Config{Services: []Service{ok("a"), ok("b")}, Limits: Limits{Services: 1}}, "services: 2 of them, but limits.services is 1"},
		{Config{Clients: make([]Client, 51)}, "clients: 51 of them, but limits.clients is 50"},
		{Config{Limits: Limits{Codes: -1}}, "limits.codes: -1 is not"},
		{Config{Limits: Limits{Series: 1 << 30}}, "limits.series: "},
		{Config{Measure: Measure{Networks: []netip.Prefix{{}}}}, "measure.servers.networks[0]: "},
		{Config{Measure: Measure{Local: []netip.Prefix{{}}}}, "measure.servers.local[0]: "},
		{Config{Ignore: Ignore{Networks: []netip.Prefix{{}}}}, "ignore.networks[0]: "},
		{Config{Ignore: Ignore{Ports: []uint16{0}}}, "ignore.ports[0]: "},
		{Config{Ignore: Ignore{Paths: []string{"x"}}}, "ignore.paths[0]: "},
		{Config{Ignore: Ignore{ContentTypes: []string{"text"}}}, "ignore.content_types[0]: "},
		{Config{Ignore: Ignore{ContentTypes: []string{"*/*"}}}, "ignore.content_types[0]: "},
		{Config{Ignore: Ignore{ContentTypes: []string{"text/html; charset=utf-8"}}}, "ignore.content_types[0]: "},
	} {
		_, err := New(c.cfg)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("got %v, want %s…", err, c.want)
		}
	}
}

func TestLimitsHaveDefaults(t *testing.T) {
	b := newBench(t, Config{Limits: Limits{Codes: 7}})
	want := [NumFamilies]int{Services: 200, Operations: 20, Resources: 50, Codes: 7, Databases: 50, Clients: 50, Statements: 100}
	for _, st := range b.book.Stats() {
		if st.Limit != want[st.Family] || st.Values != 0 {
			t.Errorf("%s: %+v", st.Family, st)
		}
	}
}
