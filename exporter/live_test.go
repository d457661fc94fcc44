package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestLiveNginx: whatever clients do, requests, methods, statuses, outcomes and bytes are those of nginx's access log, and their number
// is that of its stub_status.
func TestLiveNginx(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	lines, requests := 0, 0
	s := measured(t, func(t *testing.T) scrape {
		lines, requests = len(web.log(t, 0)), web.requests(t)
		e := wire.server.exporter(t, "--capture.workers=3")
		visitAll(t, wire.client, wire.server.address, 4, 2)
		return e.settled(t)
	})
	all, seen := web.log(t, lines), web.seen(t, lines)
	proxied := len(all) - len(seen)
	if got, want := int(s.sum("wire_requests_total")), web.requests(t)-requests-proxied-1; got != want || got != len(seen) || got < 250 {
		t.Errorf("%d requests; stub_status has %d, the log %d", got, want, len(seen))
	}
	compareWithLog(t, s, seen)
}

// TestLiveWrk: a thousand requests a second of the load generator wrk.
func TestLiveWrk(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	script := filepath.Join(t.TempDir(), "wrk.lua")
	if err := os.WriteFile(script, []byte(wrkScript), 0o644); err != nil {
		t.Fatal(err)
	}
	lines := 0
	s := measured(t, func(t *testing.T) scrape {
		lines = len(web.log(t, 0))
		e := wire.server.exporter(t)
		wire.client.run(t, "wrk", "-t4", "-c4", "-d3s", "-s", script, fmt.Sprintf("http://%s/", wire.server.address))
		return e.settled(t)
	})
	log := web.log(t, lines)
	if len(log) != 4*wrkRequests {
		t.Errorf("wrk has made %d requests", len(log))
	}
	compareWithLog(t, s, log)
}

const wrkRequests = 500 // of each connection

// wrkScript rests between requests, and ends while none is under way.
var wrkScript = fmt.Sprintf(`
local n = 0
local paths = {"/small", "/missing", "/broken", "/big"}
function request() return wrk.format("GET", paths[n %% 4 + 1]) end
function delay() return 1 end
function response() n = n + 1; if n == %d then wrk.thread:stop() end end
`, wrkRequests)

// TestLiveLegs: two interfaces of which each shows one direction, as the two legs of a TAP do, are one capture.
func TestLiveLegs(t *testing.T) {
	wire := newNetwork(t)
	secondCable(t, wire)
	web := startNginx(t, wire.server)
	lines := 0
	s := measured(t, func(t *testing.T) scrape {
		lines = len(web.log(t, 0))
		e := wire.server.exporter(t, "--capture.interface=eth0", "--capture.interface=eth1", "--capture.promiscuous", "--capture.workers=3")
		visitAll(t, wire.client, wire.server.address, 4, 1)
		return e.settled(t)
	})
	compareWithLog(t, s, web.seen(t, lines))
	if by := s.by("interface", "wire_capture_packets_total"); by["eth0"] < 1000 || by["eth1"] < 1000 {
		t.Errorf("packets: %v", by)
	}
}

// secondCable joins the hosts once more; what the server sends goes over it, what it gets over the first.
func secondCable(t *testing.T, wire *network) {
	t.Helper()
	for _, h := range []host{wire.client, wire.server} {
		h.run(t, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0")
	}
	client, server := wire.client, wire.server
	client.device, server.device = "eth1", "eth1"
	cable(t, client, server)
	server.run(t, "ip", "route", "add", client.address+"/32", "dev", server.device, "src", server.address)
}

// TestLivePrivileges: the right to open packet sockets is enough, however the program comes by it, and nothing else stays.
func TestLivePrivileges(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	const netRaw = "0000000000002000"
	plain := copyProgram(t)
	withCapability := copyProgram(t)
	command(t, "setcap", "cap_net_raw+ep", withCapability)
	nobody := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}
	for name, launch := range map[string][]string{
		"root":            {plain},
		"ambient":         append(nobody[:4:4], "--inh-caps=-all,+net_raw", "--ambient-caps=-all,+net_raw", "--bounding-set=-all,+net_raw", plain),
		"file capability": append(nobody[:4:4], withCapability),
	} {
		t.Run(name, func(t *testing.T) {
			lines := 0
			s := measured(t, func(t *testing.T) scrape {
				lines = len(web.log(t, 0))
				e := startExporter(t, wire.server.inside(launch...), nil, "--capture.interface="+wire.server.device, "--capture.promiscuous")
				for field, want := range map[string]string{"CapPrm": netRaw, "CapEff": netRaw, "CapInh": "0000000000000000", "CapAmb": "0000000000000000", "NoNewPrivs": "1"} {
					if got := statusOf(t, e.cmd.Process.Pid, field); got != want {
						t.Errorf("%s is %s, not %s", field, got, want)
					}
				}
				visitAll(t, wire.client, wire.server.address, 1, 1)
				return e.settled(t)
			})
			compareWithLog(t, s, web.seen(t, lines))
		})
	}
}

// copyProgram copies the program to where every user may run it.
func copyProgram(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(openFolder(t), "wire_exporter")
	if err := os.WriteFile(file, b, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// statusOf is a field of /proc/PID/status.
func statusOf(t *testing.T, pid int, field string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if value, ok := strings.CutPrefix(line, field+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// TestLiveFilters: what any shows of all interfaces, and what passes a filter, is what nginx has answered.
func TestLiveFilters(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	for name, args := range map[string][]string{
		"any":              {"--capture.interface=any", "--capture.filter=net 192.0.2.0/24"},
		"configured ports": {configFlag(t, "protocols:\n  http1:\n    ports: [80]\n")},
		"filter":           {"--capture.filter=tcp port 80 and (host " + wire.server.address + " or vlan)"},
	} {
		t.Run(name, func(t *testing.T) {
			lines := 0
			s := measured(t, func(t *testing.T) scrape {
				lines = len(web.log(t, 0))
				e := wire.server.exporter(t, args...)
				visitAll(t, wire.client, wire.server.address, 2, 1)
				return e.settled(t)
			})
			compareWithLog(t, s, web.seen(t, lines))
		})
	}
}

// TestLiveRecording: a file that tcpdump has written gives the same as listening. With -update it becomes the recording that
// TestRecordedNginx reads.
func TestLiveRecording(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	file := filepath.Join(openFolder(t), "nginx.pcap")
	wire.server.record(t, file, func() { visitAll(t, wire.client, wire.server.address, 1, 1) })
	compareWithLog(t, parseScrape(t, []byte(replay(t, "--metrics", file))), web.seen(t, 0))
	if !*update || t.Failed() {
		return
	}
	for _, name := range []string{file, filepath.Join(web.dir, "access.log")} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		into := nginxLog
		if name == file {
			into, b = nginxCapture, zipped(t, b)
		}
		if err := os.WriteFile(into, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLiveDrops: what the kernel had no room for is counted, and what is then missing is not guessed: no request is counted twice, none
// has an answer that was not its own.
func TestLiveDrops(t *testing.T) {
	wire := newNetwork(t)
	web := startNginx(t, wire.server)
	e := wire.server.exporter(t, "--capture.ring-bytes=1048576")
	visitAll(t, wire.client, wire.server.address, 2, 1)
	if err := e.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	visitAll(t, wire.client, wire.server.address, 4, 3)
	if err := e.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	visitAll(t, wire.client, wire.server.address, 2, 1)
	s := e.settled(t)
	if s.sum("wire_capture_dropped_packets_total", "reason", "kernel") == 0 {
		t.Fatal("nothing was dropped")
	}
	seen := map[string]float64{}
	for _, a := range web.seen(t, 0) {
		seen[a.code]++
	}
	for code, n := range s.by("code", "wire_responses_total") {
		if n > seen[code] {
			t.Errorf("%v responses with %s, nginx has %v", n, code, seen[code])
		}
	}
	if n := s.sum("wire_requests_total"); n >= float64(len(web.seen(t, 0))) || n < 100 {
		t.Errorf("%v requests of %d", n, len(web.seen(t, 0)))
	}
	t.Logf("dropped %v of %v packets: %v", s.by("reason", "wire_capture_dropped_packets_total"), s.sum("wire_capture_packets_total"), s.by("outcome", "wire_requests_total"))
}
