package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// What live tests stand on: hosts that are network namespaces, joined by cables that are veth pairs. A test begins with
//
//	wire := newNetwork(t)                                 // skips without WIRE_TEST_LIVE=1 and root
//	wire.server.start(t, "nginx", "-c", file)             // a server program, ended with the test
//	s := measured(t, func(t *testing.T) scrape {          // once more if the sensor has dropped packets
//		e := wire.server.exporter(t, "--config.file=…")   // captures at the server's end of the cable
//		wire.client.run(t, "wrk", "http://"+wire.server.address)
//		return e.settled(t)                               // the last scrape
//	})
//	s.sum("wire_requests_total", "outcome", "ok")         // compare with what the server itself says
//
// A Go client uses wire.client.dial as its DialContext; a Go server listens with wire.server.listen.

// network is a client and a server on one cable.
type network struct{ client, server host }

// host is a network namespace.
type host struct {
	namespace string
	address   string // of its end of the cable, without a port
	device    string // its end of the cable
}

var networks atomic.Int32 // how many there were in this process

// newNetwork makes two hosts and the cable, gone at the end of the test. Offloads are off: what is captured is what a wire carries.
func newNetwork(t *testing.T) *network {
	t.Helper()
	needLive(t)
	n := networks.Add(1)
	name := fmt.Sprintf("wire-%d-%d", os.Getpid(), n)
	wire := &network{client: newHost(t, name+"-c", "192.0.2.1"), server: newHost(t, name+"-s", "192.0.2.2")}
	cable(t, wire.client, wire.server)
	for _, h := range []host{wire.client, wire.server} {
		command(t, "ip", "-n", h.namespace, "address", "add", h.address+"/24", "dev", h.device)
	}
	return wire
}

// needLive skips tests that capture from real interfaces where they were not asked for.
func needLive(t *testing.T) {
	t.Helper()
	if os.Getenv("WIRE_TEST_LIVE") != "1" || os.Geteuid() != 0 {
		t.Skip("needs WIRE_TEST_LIVE=1 and root")
	}
}

// newHost makes a host without a cable. Its loopback interface is up.
func newHost(t *testing.T, namespace, address string) host {
	t.Helper()
	command(t, "ip", "netns", "add", namespace)
	t.Cleanup(func() { command(t, "ip", "netns", "delete", namespace) })
	h := host{namespace: namespace, address: address, device: "eth0"}
	h.run(t, "sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
	command(t, "ip", "-n", namespace, "link", "set", "lo", "up")
	return h
}

// cable joins the devices of two hosts.
func cable(t *testing.T, a, b host) {
	t.Helper()
	command(t, "ip", "link", "add", a.device, "netns", a.namespace, "type", "veth", "peer", "name", b.device, "netns", b.namespace)
	for _, h := range []host{a, b} {
		h.run(t, "ethtool", "-K", h.device, "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off")
		command(t, "ip", "-n", h.namespace, "link", "set", h.device, "up")
	}
}

// inside is a command line that runs on the host.
func (h host) inside(line ...string) []string {
	return append([]string{"ip", "netns", "exec", h.namespace}, line...)
}

// run runs a program on the host until it ends and returns what it printed. The test fails if it fails.
func (h host) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	line := append(h.inside(name), args...)
	return command(t, line[0], line[1:]...)
}

// start starts a program on the host, ended with the test at the latest.
func (h host) start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	line := append(h.inside(name), args...)
	return startProcess(t, exec.Command(line[0], line[1:]...))
}

// exporter starts the exporter on the host, at its end of the cable unless args name interfaces, and waits until it listens.
func (h host) exporter(t *testing.T, args ...string) *exporter {
	t.Helper()
	if !strings.Contains(strings.Join(args, " "), "--capture.interface=") {
		args = append(args, "--capture.interface="+h.device)
	}
	return startExporter(t, h.inside(os.Args[0]), nil, args...)
}

// record captures what passes the host's end of the cable, with tcpdump, while traffic runs.
func (h host) record(t *testing.T, file string, traffic func()) {
	t.Helper()
	p := h.start(t, "tcpdump", "-i", h.device, "-w", file, "-U", "--immediate-mode", "-Z", "root", "tcp")
	p.await(t, "tcpdump", func() bool { return strings.Contains(p.log.String(), "listening on") })
	traffic()
	size := int64(-1)
	p.await(t, "the end of the traffic", func() bool {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { size = info.Size() }()
		return size == info.Size()
	})
	p.stop(t)
}

// dial connects from the host. address must be a number, not a name.
func (h host) dial(ctx context.Context, network, address string) (c net.Conn, err error) {
	if enter := h.enter(func() { c, err = new(net.Dialer).DialContext(ctx, network, address) }); enter != nil {
		return nil, enter
	}
	return c, err
}

// listen opens a TCP port on the host, closed with the test.
func (h host) listen(t *testing.T, address string) (l net.Listener) {
	t.Helper()
	var err error
	if enter := h.enter(func() { l, err = net.Listen("tcp", address) }); enter != nil || err != nil {
		t.Fatal(enter, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// enter runs f on a thread in the host's namespace, where a socket stays for good.
func (h host) enter(f func()) (err error) {
	done := make(chan struct{})
	go func() { // its thread is thrown away with the goroutine
		defer close(done)
		runtime.LockOSThread()
		var fd int
		if fd, err = unix.Open("/run/netns/"+h.namespace, unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(fd)
		if err = unix.Setns(fd, unix.CLONE_NEWNET); err == nil {
			f()
		}
	}()
	<-done
	return err
}

// measured runs a measurement and returns the scrape at its end: a second time if packets were dropped in the first, because
// only without loss are the numbers exact.
func measured(t *testing.T, measure func(t *testing.T) scrape) (s scrape) {
	t.Helper()
	for range 2 {
		s = measure(t)
		if s.sum("wire_capture_dropped_packets_total") == 0 {
			return s
		}
		t.Logf("the sensor dropped %v packets", s.sum("wire_capture_dropped_packets_total"))
	}
	t.Fatal("packets were dropped twice: this machine is too slow or too busy for the test")
	return nil
}

// command runs a program until it ends and returns what it printed. The test fails if it fails.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// succeeds runs a program on the host that may fail.
func (h host) succeeds(line ...string) bool {
	line = h.inside(line...)
	return exec.Command(line[0], line[1:]...).Run() == nil
}
