package main

import (
	"strings"
	"testing"
)

// TestLiveTunnels: what the sensor at the outer end of a VXLAN sees of the traffic inside is what nginx has answered, though every full segment
// comes in two fragments, and though three workers share the frames.
func TestLiveTunnels(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	for name, c := range map[string]struct{ port, flag string }{
		"usual port":   {"4789", ""},
		"another port": {"14789", "--capture.vxlan-port=14789"},
	} {
		t.Run(name, func(t *testing.T) {
			wire.client.vxlan(t, wire.server, "198.51.100.1/24", c.port)
			wire.server.vxlan(t, wire.client, "198.51.100.2/24", c.port)
			before := wire.server.fragments(t)
			lines := 0
			s := measured(t, func(t *testing.T) scrape {
				lines = len(web.log(t, 0))
				args := []string{"--capture.workers=3", configFlag(t, "protocols:\n  http1:\n    ports: [80]\nmeasure:\n  ports: configured\n")}
				if c.flag != "" {
					args = append(args, c.flag)
				}
				e := wire.server.exporter(t, args...)
				visitAll(t, wire.client, "198.51.100.2", 2, 1)
				return e.settled(t)
			})
			if wire.server.fragments(t) == before {
				t.Error("there were no fragments")
			}
			compareWithLog(t, s, web.seen(t, lines))
			for _, reason := range []string{"fragment_overlap", "fragment_incomplete", "fragment_no_room", "fragment_checksum", "malformed"} {
				if n := s.sum("wire_capture_undecoded_bytes_total", "reason", reason); n != 0 {
					t.Errorf("%v bytes are lost: %s", n, reason)
				}
			}
			if missing := s.sum("wire_capture_missing_bytes_total"); missing != 0 {
				t.Errorf("%v bytes are missing", missing)
			}
		})
	}
}

// vxlan makes a tunnel from h to another host, as wide as the cable: so a full frame inside is too long outside. It is gone at the end of the test.
func (h host) vxlan(t *testing.T, to host, address, port string) {
	t.Helper()
	h.run(t, "ip", "link", "add", "tunnel", "type", "vxlan", "id", "7", "dstport", port, "remote", to.address)
	t.Cleanup(func() { h.run(t, "ip", "link", "delete", "tunnel") })
	h.run(t, "ip", "address", "add", address, "dev", "tunnel")
	h.run(t, "ip", "link", "set", "tunnel", "mtu", "1500", "up")
}

// fragments is how many the host has made, as its kernel counts.
func (h host) fragments(t *testing.T) string {
	t.Helper()
	for line := range strings.Lines(h.run(t, "nstat", "-az", "IpFragCreates")) {
		if n, ok := strings.CutPrefix(line, "IpFragCreates"); ok {
			return strings.Fields(n)[0]
		}
	}
	t.Fatal("the kernel counts no fragments")
	return ""
}
