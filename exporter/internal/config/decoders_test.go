package config

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"wire_exporter/decoders"
)

func TestDecoders(t *testing.T) {
	c := parseTest(t, `
protocols:
  http1: {ports: [8080], max_head_bytes: 77, patience: 3s, names: [a, b], nested: {deep: true}}
  postgres: {enabled: false}
`)
	mem := new(decoders.Memory)
	made, err := c.Decoders(mem)
	if err != nil || len(made) != len(testPlugins) {
		t.Fatal(made, err)
	}
	web := made[httpPlugin].(*fakeDecoder)
	if web.keys.MaxHeadBytes != 77 || web.keys.Patience != 3*time.Second || len(web.keys.Names) != 2 || !web.keys.Nested.Deep {
		t.Errorf("%+v", web.keys)
	}
	if web.env.Memory != mem || web.env.Sessions != c.Sessions {
		t.Error("the decoder was not lent what it needs")
	}
	if made[postgresPlugin] != nil {
		t.Error("a decoder was made although it is switched off")
	}
	other, err := c.Decoders(mem)
	if err != nil || other[httpPlugin] == made[httpPlugin] {
		t.Error("two workers share a decoder")
	}
	if d, err := parseTest(t, "").Decoders(nil); err != nil || d[httpPlugin].(*fakeDecoder).keys.MaxHeadBytes != 1000 {
		t.Error("without a block a plugin keeps its defaults", err)
	}
}

func TestProtocol(t *testing.T) {
	c := parseTest(t, `
services:
  - {name: net, networks: [10.0.0.0/8], protocol: http1}
  - {name: net-port, networks: [10.1.0.0/16], ports: [5432, 5433], protocol: postgres}
  - {name: one, addresses: ["10.1.2.3:5432", "[2001:db8::1]:80"], protocol: http1}
  - {name: hosted, addresses: [two.test], ports: [1], protocol: postgres}
  - {name: port, ports: [7777], protocol: postgres}
  - {name: v6, networks: ["2001:db8::/32"], protocol: postgres}
  - {name: names, networks: [10.9.0.0/16], protocol: dns}
protocols:
  http1: {ports: [80, 7777]}
  dns: {ports: [53, 80]}
`)
	for _, test := range []struct {
		server    string
		transport decoders.Transport
		want      int
	}{
		{"10.2.2.2:9", decoders.TCP, httpPlugin},
		{"10.1.2.4:5432", decoders.TCP, postgresPlugin},
		{"10.1.2.4:5434", decoders.TCP, httpPlugin}, // not among the ports of the longer network
		{"10.1.2.3:5432", decoders.TCP, httpPlugin}, // the exact address wins
		{"10.1.2.3:5433", decoders.TCP, postgresPlugin},
		{"10.1.2.3:5433", decoders.UDP, -1}, // PostgreSQL and HTTP are spoken over TCP
		{"192.0.2.2:1", decoders.TCP, postgresPlugin},
		{"192.0.2.2:2", decoders.TCP, -1},
		{"[2001:db8::2]:1", decoders.TCP, postgresPlugin},
		{"[2001:db8::1]:80", decoders.TCP, httpPlugin},
		{"[2001:db8::1]:81", decoders.TCP, postgresPlugin},
		{"192.0.2.77:7777", decoders.TCP, postgresPlugin}, // a service comes before protocols.*.ports
		{"192.0.2.77:80", decoders.TCP, httpPlugin},
		{"192.0.2.77:80", decoders.UDP, dnsPlugin},
		{"192.0.2.77:53", decoders.UDP, dnsPlugin},
		{"192.0.2.77:53", decoders.TCP, -1},
		{"10.9.0.1:1", decoders.UDP, dnsPlugin},
		{"10.9.0.1:1", decoders.TCP, httpPlugin},
	} {
		server := decoders.EndpointFrom(netip.MustParseAddrPort(test.server))
		if got := c.Flow.Protocol(server, test.transport); got != test.want {
			t.Errorf("%s over %d: plugin %d, want %d", test.server, test.transport, got, test.want)
		}
	}
	server := decoders.EndpointFrom(netip.MustParseAddrPort("10.1.2.3:5433"))
	if n := testing.AllocsPerRun(100, func() { c.Flow.Protocol(server, decoders.TCP) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestRefresh(t *testing.T) {
	now := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	l := testLoader()
	l.local = func() ([]netip.Prefix, error) { return now, nil }
	c, err := l.parse("", []byte("measure: {servers: [local, 10.0.0.0/8]}"))
	if err != nil {
		t.Fatal(err)
	}
	m := &c.Label.Measure
	if m.All || len(m.Local) != 1 || len(m.Networks) != 1 {
		t.Fatalf("%+v", m)
	}
	if changed, err := c.Refresh(); changed || err != nil {
		t.Error(changed, err)
	}
	now = append(now, netip.MustParsePrefix("172.17.0.0/16"))
	if changed, err := c.Refresh(); !changed || err != nil || len(m.Local) != 2 {
		t.Error(changed, err, m.Local)
	}
	if changed, err := parseTest(t, "").Refresh(); changed || err != nil {
		t.Error("without local there is nothing to refresh", changed, err)
	}
}

func TestNeedsRestart(t *testing.T) {
	before := parseTest(t, "measure: {ports: [80]}\nflow: {idle: 1h}\n")
	for text, want := range map[string]string{
		"measure: {ports: [80]}\nflow: {idle: 1h}\nservices: [{name: a, ports: [80]}]\nlimits: {codes: 3}": "[]",
		"measure: {ports: [80, 81]}\nflow: {idle: 2h}\nlimits: {series: 7}\n":                              "[flow limits.series measure.ports]",
	} {
		if got := fmt.Sprint(parseTest(t, text).NeedsRestart(before)); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
