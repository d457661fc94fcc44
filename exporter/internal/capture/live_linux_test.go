package capture

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// inNamespace runs f in a network namespace of its own, with the interfaces in0 and in1 that show what is sent on out0 and out1, where the
// machine allows it: for root, and only if asked for.
func inNamespace(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if os.Geteuid() != 0 || os.Getenv("WIRE_TEST_LIVE") != "1" {
		t.Skip("needs root and WIRE_TEST_LIVE=1")
	}
	done := make(chan struct{})
	go func() { // its thread is thrown away with the goroutine
		defer close(done)
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			t.Errorf("unshare: %v", err)
			return
		}
		ip(t, "link set lo up")
		for _, pair := range []string{"0", "1"} {
			addPair(t, pair)
		}
		if !t.Failed() {
			f(t)
		}
	}()
	<-done
}

func ip(t *testing.T, args string) {
	t.Helper()
	if out, err := exec.Command("ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		t.Errorf("ip %s: %v: %s", args, err, out)
	}
}

func addPair(t *testing.T, n string) {
	t.Helper()
	ip(t, "link add in"+n+" type veth peer name out"+n)
	for _, name := range []string{"in" + n, "out" + n} {
		_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/disable_ipv6", []byte("1"), 0)
		ip(t, "link set "+name+" up")
	}
}

// sender returns a function that sends frames on an interface.
func sender(t *testing.T, name string) func(frame []byte) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	index, err := indexOf(fd, name)
	if err != nil {
		t.Fatal(err)
	}
	return func(frame []byte) {
		t.Helper()
		if err := unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: index}); err != nil {
			t.Errorf("sending on %s: %v", name, err)
		}
	}
}

// tcpFrame is a frame of flow n: from the client, or from the server back.
func tcpFrame(n int, back bool, tags ...uint16) []byte {
	b := append(make([]byte, 11), 2)
	for _, tag := range tags {
		b = binary.BigEndian.AppendUint16(b, 0x8100)
		b = binary.BigEndian.AppendUint16(b, tag)
	}
	b = binary.BigEndian.AppendUint16(b, 0x0800)
	b = append(b, 0x45, 0, 0, 44, 0, 0, 0x40, 0, 64, 6, 0, 0)
	client, server := []byte{10, 0, 0, byte(n % 7)}, []byte{10, 0, 1, 1}
	ports := []uint16{uint16(30000 + n), 80}
	if back {
		client, server = server, client
		slices.Reverse(ports)
	}
	b = append(append(b, client...), server...)
	b = binary.BigEndian.AppendUint16(b, ports[0])
	b = binary.BigEndian.AppendUint16(b, ports[1])
	b = append(b, make([]byte, 16)...)
	return binary.BigEndian.AppendUint32(b, uint32(n))
}

// live runs a capture: send is called when all workers listen, and the capture ends when want frames have come, or too much time has
// gone by.
func live(t *testing.T, cfg Config, want int, send func()) ([]*collector, *Capture) {
	t.Helper()
	c, err := Open(cfg)
	if err != nil {
		t.Error(err)
		return nil, nil
	}
	send()
	return finish(t, c, want), c
}

// finish runs the sources of a capture one after the other, as long as they bring frames that are wanted.
func finish(t *testing.T, c *Capture, want int) []*collector {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	collectors := make([]*collector, len(c.Sources()))
	count := make(chan struct{}, 1<<16)
	ended := make(chan error)
	for i, s := range c.Sources() {
		collectors[i] = &collector{hook: func(*Frame) { count <- struct{}{} }}
		go func() { ended <- s.Run(ctx, collectors[i]) }()
	}
	for n := 0; n < want && ctx.Err() == nil; {
		select {
		case <-count:
			n++
		case <-ctx.Done():
		}
	}
	cancel()
	for range c.Sources() {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	return collectors
}

// legFrame is a frame of flow n as the leg of its direction has it: from the client, two of three are in VLANs.
func legFrame(n int, back bool, tags ...uint16) []byte {
	if back {
		tags = nil
	}
	return tcpFrame(n, back, tags[:min(n%3, len(tags))]...)
}

// Both directions of a connection come to one worker, in order, though each comes in on another interface, with other VLAN tags.
func TestLiveTapLegs(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		const flows, workers = 300, 3
		cfg := Config{Interfaces: []string{"in0", "in1"}, Workers: workers, RingBytes: 4 << 20, Promiscuous: true, FilterPorts: []uint16{80}}
		client, server := sender(t, "out0"), sender(t, "out1")
		got, c := live(t, cfg, 2*flows, func() {
			for n := range flows {
				client(legFrame(n, false, 7, 9))
				server(legFrame(n, true))
			}
		})
		total := 0
		for w, collector := range got {
			total += len(collector.frames)
			if len(collector.frames) < 2*flows/workers/2 {
				t.Errorf("worker %d has %d frames", w, len(collector.frames))
			}
			seen := map[uint32]int{}
			for i, f := range collector.frames {
				if i > 0 && f.Time < collector.frames[i-1].Time {
					t.Errorf("worker %d: time falls by %d ns", w, collector.frames[i-1].Time-f.Time)
				}
				flow := binary.BigEndian.Uint32(f.Data[len(f.Data)-4:])
				want := tcpFrame(int(flow), f.Interface == 1)
				if f.Interface == 0 && flow%3 == 2 { // the kernel has taken the first tag
					want = tcpFrame(int(flow), false, 9)
				}
				if !bytes.Equal(f.Data, want) || f.WireLen != len(want) || f.Link != linkEthernet {
					t.Errorf("worker %d: frame %x", w, f.Data)
				}
				if seen[flow]++; seen[flow] == 1 && f.Interface != 0 {
					t.Errorf("worker %d: flow %d begins with its answer", w, flow)
				}
			}
			for flow, n := range seen {
				if n != 2 {
					t.Errorf("worker %d has %d directions of flow %d", w, n, flow)
				}
			}
			for i := 1; i < len(collector.idle); i++ {
				if collector.idle[i] < collector.idle[i-1] {
					t.Errorf("worker %d: Idle's time falls", w)
				}
			}
		}
		if total != 2*flows {
			t.Errorf("%d frames, want %d", total, 2*flows)
		}
		for i, s := range c.Stats() {
			if s.Packets != flows || s.Name != cfg.Interfaces[i] || s.Bytes < uint64(flows*len(tcpFrame(0, false))) || s.Dropped != [NumDropReasons]uint64{} {
				t.Errorf("stats %+v", s)
			}
		}
	})
}

// tunnelled puts a frame into the n-th of some tunnels.
func tunnelled(n int, frame []byte) []byte {
	word := func(b []byte, words ...uint16) []byte {
		for _, w := range words {
			b = binary.BigEndian.AppendUint16(b, w)
		}
		return b
	}
	outer := func(proto byte, b []byte) []byte {
		h := word(make([]byte, 12), 0x0800, 0x4500, uint16(20+len(b)), 1, 0, 0x4000|uint16(proto), 0, 0xc000, 0x0201, 0xc000, 0x0202)
		return append(h, b...)
	}
	udp := func(port uint16, b []byte) []byte {
		return outer(17, append(word(nil, 33333, port, uint16(8+len(b)), 0), b...))
	}
	switch n % 6 {
	case 0:
		return append(word(make([]byte, 12), 0x8847, 1, 0x0140), frame[14:]...)
	case 1:
		return outer(4, frame[14:])
	case 2:
		return outer(47, append(word(nil, 0x1000, 0x88be, 0, 1, 0x1007, 1, 0, 3), frame...))
	case 3:
		return udp(4789, append(word(nil, 0x0800, 0, 1, 0x100), frame...))
	case 4:
		return udp(47101, append(word(nil, 0, 0x6558, 1, 0x100), frame...))
	}
	return append(word(make([]byte, 12), 0x8864, 0x1100, 1, uint16(2+len(frame)-14), 0x21), frame[14:]...)
}

// Both directions come to one worker though one of them is in a tunnel: to the one that Capture.Worker names. The filter from ports loses none.
func TestLiveTunnels(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		const flows, workers = 240, 3
		cfg := Config{Interfaces: []string{"in0", "in1"}, Workers: workers, RingBytes: 4 << 20, FilterPorts: []uint16{80}, GenevePorts: []uint16{47101}}
		client, server := sender(t, "out0"), sender(t, "out1")
		got, c := live(t, cfg, 2*flows, func() {
			for n := range flows {
				client(tcpFrame(n, false))
				server(tunnelled(n, tcpFrame(n, true)))
			}
		})
		total := 0
		for w, collector := range got {
			total += len(collector.frames)
			for _, f := range collector.frames {
				n := int(binary.BigEndian.Uint32(f.Data[len(f.Data)-4:]))
				plain, want := tcpFrame(n, false), tunnelled(n, tcpFrame(n, true))
				if f.Interface == 0 {
					want = plain
				}
				if !bytes.Equal(f.Data, want) {
					t.Errorf("worker %d: frame %x, want %x", w, f.Data, want)
				}
				var ends [2][18]byte
				for i := range ends {
					ends[i][10], ends[i][11] = 0xff, 0xff
					copy(ends[i][12:], plain[26+4*i:30+4*i])
					copy(ends[i][16:], plain[34+2*i:36+2*i])
				}
				if owner := c.Worker(&ends[0], &ends[1], true); owner != w {
					t.Errorf("flow %d, tunnel %d, interface %d came to worker %d and belongs to %d", n, n%6, f.Interface, w, owner)
				}
			}
		}
		if total != 2*flows {
			t.Errorf("%d frames, want %d", total, 2*flows)
		}
	})
}

// The kernel takes the first VLAN tag off a frame: the filter looks behind it and the frame tells of it.
func TestLiveVLAN(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		for _, test := range []struct {
			cfg  Config
			want []int // of the frames sent below
		}{
			{Config{FilterPorts: []uint16{80}}, []int{0, 1, 2}},
			{Config{Filter: "vlan 7"}, []int{1, 2}},
			{Config{Filter: "vlan 9"}, []int{2}},
			{Config{Filter: "not vlan and tcp port 80"}, []int{0}},
			{Config{Filter: "port 81"}, nil},
			{Config{Filter: "4,40 0 0 12,21 0 1 2048,6 0 0 262144,6 0 0 0"}, []int{0, 1}}, // tcpdump -ddd ip
		} {
			test.cfg.Interfaces = []string{"in0"}
			out := sender(t, "out0")
			got, _ := live(t, test.cfg, max(len(test.want), 1), func() {
				out(tcpFrame(0, false))
				out(tcpFrame(1, false, 7))
				out(tcpFrame(2, false, 7, 9))
				if test.want == nil { // something must come, to end the test
					f := tcpFrame(3, false)
					f[len(f)-21] = 81
					out(f)
				}
			})
			if test.want == nil {
				test.want = []int{3}
			}
			var flows []int
			for _, f := range got[0].frames {
				flow := int(f.Data[len(f.Data)-1])
				flows = append(flows, flow)
				if tagged := flow == 1 || flow == 2; (f.VLAN == 7) != tagged || f.Data[12] == 0x81 != (flow == 2) {
					t.Errorf("frame %d: tag %d, %x", flow, f.VLAN, f.Data)
				}
			}
			if !slices.Equal(flows, test.want) {
				t.Errorf("filter %q, ports %v: frames %v, want %v", test.cfg.Filter, test.cfg.FilterPorts, flows, test.want)
			}
		}
	})
}

func TestLiveSnaplen(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		out := sender(t, "out0")
		got, _ := live(t, Config{Interfaces: []string{"in0"}, Snaplen: 40}, 1, func() { out(tcpFrame(5, false)) })
		if want := tcpFrame(5, false); len(got[0].frames) != 1 || !bytes.Equal(got[0].frames[0].Data, want[:40]) || got[0].frames[0].WireLen != len(want) {
			t.Errorf("frames %+v", got[0].frames)
		}
	})
}

// On all interfaces together frames are cooked, and each tells of its interface.
func TestLiveAny(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		out := sender(t, "out0")
		got, _ := live(t, Config{Interfaces: []string{Any}, Workers: 2, FilterPorts: []uint16{80}}, 4, func() {
			out(tcpFrame(0, false))
			out(tcpFrame(1, false, 7))
		})
		var kinds []string
		for _, collector := range got {
			for _, f := range collector.frames {
				if f.Link != linkLinuxSLL2 || f.WireLen != len(f.Data) || !bytes.Equal(f.Data[len(f.Data)-44:], tcpFrame(int(f.Data[len(f.Data)-1]), false)[14:]) {
					t.Errorf("frame %x", f.Data)
				}
				kinds = append(kinds, fmt.Sprintf("%d: packet type %d, protocol %x", f.Data[len(f.Data)-1], f.Data[10], f.Data[:2]))
			}
		}
		slices.Sort(kinds)
		// As it goes out of out0, and as it comes in on in0, for another host.
		want := []string{"0: packet type 3, protocol 0800", "0: packet type 4, protocol 0800", "1: packet type 3, protocol 0800", "1: packet type 4, protocol 0800"}
		if !slices.Equal(kinds, want) {
			t.Errorf("frames %q, want %q", kinds, want)
		}
	})
}

// The loopback interface shows a frame twice; it is handed over once.
func TestLiveLoopback(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		for _, name := range []string{"lo", Any} {
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Error(err)
				return
			}
			got, _ := live(t, Config{Interfaces: []string{name}, Filter: "udp dst port 4000"}, 3, func() {
				for range 3 {
					if err := unix.Sendto(fd, []byte("hello"), 0, &unix.SockaddrInet4{Port: 4000, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
						t.Error(err)
					}
				}
			})
			unix.Close(fd)
			if len(got[0].frames) != 3 || !bytes.HasSuffix(got[0].frames[2].Data, []byte("hello")) {
				t.Errorf("%s: %d frames", name, len(got[0].frames))
			}
		}
	})
}

// What does not fit into the ring is counted: nothing is lost silently.
func TestLiveKernelDrops(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		const sent = 3000
		out := sender(t, "out0")
		frame := append(tcpFrame(1, false), make([]byte, 1400)...)
		c, err := Open(Config{Interfaces: []string{"in0"}, RingBytes: 1 << 20})
		if err != nil {
			t.Error(err)
			return
		}
		for range sent {
			out(frame)
		}
		finish(t, c, 500)
		if s := c.Stats()[0]; s.Dropped[DropKernel] == 0 || s.Packets == 0 || s.Packets+s.Dropped[DropKernel] > sent {
			t.Errorf("%d sent, stats %+v", sent, s)
		}
	})
}

// An interface may go down and come back, and be taken away and made again.
func TestLiveInterfaceComesBack(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		c, err := Open(Config{Interfaces: []string{"in0"}, Workers: 2})
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		// The handler of the first worker is the test: it runs in this thread, and so in this namespace. The other worker follows.
		var got collector
		steps := 0
		next := handlerFunc(func() {
			switch {
			case steps == 0:
				ip(t, "link set in0 down")
				ip(t, "link set in0 up")
				steps++
			case steps == 1 && len(got.frames) > 0:
				got.frames = nil
				ip(t, "link del in0")
				addPair(t, "0")
				steps++
			case steps == 2 && len(got.frames) > 0:
				cancel()
			default:
				for n := range 8 { // some of them are the first worker's
					sender(t, "out0")(tcpFrame(n, false))
				}
			}
		})
		sources := c.Sources()
		if err := sources[0].Run(ctx, &steppingHandler{&got, next}); err != nil {
			t.Error(err)
		}
		if ctx.Err() == context.DeadlineExceeded {
			t.Errorf("no frame came after step %d", steps)
		}
		if n := c.Stats()[0].Dropped[DropInterfaceDown]; n < 2 {
			t.Errorf("interface was down %d times", n)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
}

type handlerFunc func()

type steppingHandler struct {
	*collector
	idleHook handlerFunc
}

func (h *steppingHandler) Idle(int64) { h.idleHook() }

func TestLiveErrors(t *testing.T) {
	inNamespace(t, func(t *testing.T) {
		ip(t, "link set in1 down")
		for _, test := range []struct {
			cfg  Config
			want string
		}{
			{Config{Interfaces: []string{"in9"}}, `capture: interface "in9" does not exist (have: `},
			{Config{Interfaces: []string{"in0", "in1"}}, `capture: interface "in1" is down`},
			{Config{Interfaces: []string{Any}, Filter: "1,6 0 0 0"}, `capture: a program of tcpdump -ddd is for Ethernet, interface "any" has`},
			{Config{Interfaces: []string{"in0"}, Filter: "1,1 0 0 0"}, `capture: the kernel refuses the filter's program`},
		} {
			_, err := Open(test.cfg)
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%+v: error %v, want %q", test.cfg, err, test.want)
			}
		}
	})
}

func TestSocketErrors(t *testing.T) {
	if err := socketError(unix.EPERM); !strings.HasPrefix(err.Error(), "capture: opening a packet socket needs CAP_NET_RAW: run as root, or: setcap cap_net_raw+ep /") {
		t.Error(err)
	}
	if err := socketError(unix.EAFNOSUPPORT); !strings.Contains(err.Error(), "AF_PACKET") {
		t.Error(err)
	}
	if err := socketError(unix.EMFILE); !strings.Contains(err.Error(), "too many open files") {
		t.Error(err)
	}
}

func TestLiveConfigErrors(t *testing.T) {
	for _, test := range []struct {
		cfg  Config
		want string
	}{
		{Config{Interfaces: []string{"lo", "lo"}}, `interface "lo" is given twice`},
		{Config{Interfaces: []string{""}}, "name is empty"},
		{Config{Interfaces: []string{"lo", Any}}, `"any" stands for all interfaces`},
		{Config{Interfaces: []string{Any}, Promiscuous: true}, `"any" cannot be promiscuous`},
		{Config{Interfaces: []string{"lo"}, Speed: SpeedLoop}, `speed "loop" is for files`},
		{Config{Interfaces: []string{"lo"}, Workers: -1}, "-1 workers, must be 1 to 256"},
		{Config{Interfaces: []string{"lo"}, Snaplen: -1}, "snap length -1"},
		{Config{Interfaces: []string{"lo"}, RingBytes: 1}, "ring of 1 bytes"},
		{Config{Interfaces: make([]string, 65)}, "65 interfaces, at most 64"},
		{Config{Interfaces: []string{"lo"}, Filter: "port http"}, `capture: filter: at character 6: expected a port number, got "http"`},
		{Config{Interfaces: []string{"lo"}, Filter: "2,6 0 0 0"}, "capture: filter: a program of 2 instructions"},
	} {
		if _, err := Open(test.cfg); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: error %v, want %q", test.cfg, err, test.want)
		}
	}
}
