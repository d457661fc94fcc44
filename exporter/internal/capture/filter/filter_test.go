package filter

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
	"golang.org/x/net/bpf"
)

// expressions have the same meaning here and in tcpdump for untagged frames without IPv6 extension headers; other holds those
// that tcpdump writes in another way.
var expressions = []struct{ text, other string }{
	{"tcp", ""}, {"udp", ""}, {"sctp", ""}, {"icmp", ""}, {"icmp6", ""}, {"ip", ""}, {"ip6", ""}, {"arp", ""}, {"esp", ""}, {"igmp", ""},
	{"port 80", ""}, {"tcp port 80", ""}, {"udp port 53", ""}, {"src port 80", ""}, {"dst port 80", ""}, {"tcp src port 80", ""},
	{"src or dst port 80", ""}, {"src and dst port 80", ""}, {"dst and src port 80", ""},
	{"portrange 8000-8099", ""}, {"tcp portrange 8099-8000", "tcp portrange 8000-8099"}, {"dst portrange 0-65535", ""}, {"portrange 53-53", ""},
	{"host 10.0.0.1", "ip host 10.0.0.1"}, {"src host 10.0.0.1", "ip src host 10.0.0.1"}, {"dst 10.0.0.1", "ip dst 10.0.0.1"},
	{"ip host 10.0.0.1", ""}, {"host 2001:db8::1", ""}, {"src host 2001:db8::1", ""}, {"ip6 host 2001:db8::1", ""}, {"ip6 dst ff02::1", ""},
	{"net 10.0.0.0/24", "ip net 10.0.0.0/24"}, {"src net 10.0.0.0/15", "ip src net 10.0.0.0/15"}, {"net 2001:db8::/33", ""}, {"dst net 2001:db8:1::/48", ""},
	{"net 10.0.0.1", "ip host 10.0.0.1"}, {"src and dst net 10.0.0.0/8", "ip src and dst net 10.0.0.0/8"},
	{"proto 47", ""}, {"ip proto 6", ""}, {"ip6 proto 17", ""}, {`ip proto \tcp`, ""}, {"proto tcp", `proto \tcp`},
	{"not tcp", ""}, {"! port 80", ""}, {"not (port 80 or port 53)", ""}, {"!(udp)", ""}, {"not not udp", ""},
	{"tcp and port 80 or udp and port 53", ""}, {"tcp port 80 or udp port 53 and src 10.0.0.1", "tcp port 80 or udp port 53 and ip src 10.0.0.1"},
	{"tcp && (port 80 || port 5432)", ""}, {"port 80 or 5432 or 53", ""}, {"tcp dst port 80 or 8080", ""}, {"not port 80 and 53", ""},
	{"host 10.0.0.1 and 10.0.1.2", "ip host 10.0.0.1 and 10.0.1.2"}, {"ip and not net 192.0.2.0/24 and tcp dst portrange 1-1023", ""},
	{"(((port 80)))", ""}, {"icmp or icmp6 or arp", ""},
}

func TestExpressionsAgreeWithTcpdump(t *testing.T) {
	for _, e := range expressions {
		other := e.other
		if other == "" {
			other = e.text
		}
		var frames []frame
		for _, f := range testFrames() {
			if len(f.tags) == 0 {
				frames = append(frames, f)
			}
		}
		checkAgainstTcpdump(t, e.text, other, frames)
	}
	// Behind tags tcpdump looks only when told how many; the frames here have one.
	for _, e := range []struct{ text, other string }{{"vlan", "vlan"}, {"vlan 7", "vlan 7"}, {"vlan 7 and port 80", "vlan 7 and port 80"}, {"tcp dst port 80", "vlan and tcp dst port 80"}, {"src net 10.0.0.0/8", "vlan and ip src net 10.0.0.0/8"}} {
		var frames []frame
		for _, f := range testFrames() {
			if len(f.tags) == 1 {
				frames = append(frames, f)
			}
		}
		checkAgainstTcpdump(t, e.text, e.other, frames)
	}
}

// checkAgainstTcpdump has both decide on frames.
func checkAgainstTcpdump(t *testing.T, text, other string, frames []frame) {
	t.Helper()
	program := compile(t, text, Ethernet)
	theirs := tcpdump(t, other, frames)
	matches := 0
	for i, f := range frames {
		ours := run(t, program, f.bytes(Ethernet)) > 0
		if ours {
			matches++
		}
		if ours != theirs[i] {
			t.Errorf("%q: %v for %v, tcpdump says %v", text, ours, f, theirs[i])
		}
	}
	if matches == 0 && text != "igmp" || matches == len(frames) && text != "vlan" {
		t.Errorf("%q matches %d of %d frames: nothing is tested", text, matches, len(frames))
	}
}

// tcpdump returns which frames it lets through.
func tcpdump(t *testing.T, text string, frames []frame) []bool {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	in := filepath.Join(t.TempDir(), "in.pcap")
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		data := f.bytes(Ethernet)
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(int64(i), 0), CaptureLength: len(data), Length: len(data)}, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(in, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-r", in, "-w", "-", text)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("tcpdump %q: %v: %s", text, err, stderr.String())
	}
	passed := make([]bool, len(frames))
	r, err := pcapgo.NewReader(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	for {
		_, info, err := r.ReadPacketData()
		if err == io.EOF {
			return passed
		}
		if err != nil {
			t.Fatal(err)
		}
		passed[info.Timestamp.Unix()] = true
	}
}

// An expression finds the same frames whatever their link type and VLAN tags.
func TestExpressionsOnOtherLinks(t *testing.T) {
	for _, e := range expressions {
		plain := compile(t, e.text, Ethernet)
		links := map[Link]*bpf.VM{}
		for _, link := range []Link{Ethernet, LinuxSLL, LinuxSLL2, Raw, Loopback} {
			vm, err := bpf.NewVM(compile(t, e.text, link))
			if err != nil {
				t.Fatal(err)
			}
			links[link] = vm
		}
		for _, f := range testFrames() {
			untagged := f
			untagged.tags = nil
			want := run(t, plain, untagged.bytes(Ethernet)) > 0
			for link, vm := range links {
				if (link == Raw || link == Loopback) && (len(f.tags) > 0 || f.etherType != 0) {
					continue
				}
				if n, err := vm.Run(f.bytes(link)); err != nil || n > 0 != want {
					t.Fatalf("%q on link %d: %d, %v for %v", e.text, link, n, err, f)
				}
			}
		}
	}
}

func TestExtensionHeaders(t *testing.T) {
	f := frame{src: "2001:db8::1", dst: "2001:db8::2", proto: protoTCP, sport: 40000, dport: 80}
	tests := []struct {
		extensions []uint8
		fragment   uint16
		port       bool
		derived    bool
	}{
		{nil, 0, true, true},
		{[]uint8{protoHopByHop}, 0, true, true},
		{[]uint8{protoHopByHop, protoRouting, protoDestination, protoMobility}, 0, true, true},
		{[]uint8{protoFragment}, 0x0001, true, true},
		{[]uint8{protoFragment}, 0x0008, false, true},
		{[]uint8{protoDestination, protoDestination, protoDestination, protoDestination, protoDestination}, 0, false, true},
	}
	derived, err := Ports([]uint16{80}, Tunnels{}, MaxRanges).Compile(Ethernet, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		f.extensions, f.fragment = test.extensions, test.fragment
		if got := run(t, compile(t, "tcp port 80", Ethernet), f.bytes(Ethernet)) > 0; got != test.port {
			t.Errorf("port 80 behind %v: %v", test.extensions, got)
		}
		if got := run(t, derived, f.bytes(Ethernet)) > 0; got != test.derived {
			t.Errorf("the ports' filter behind %v: %v", test.extensions, got)
		}
	}
}

// manyPorts is a list whose program needs jumps longer than a conditional one reaches.
func manyPorts(n int) []uint16 {
	var ports []uint16
	for i := range n {
		ports = append(ports, uint16(1000+i*37))
	}
	return ports
}

func TestPortsFilter(t *testing.T) {
	tunnels := []uint8{protoIPv4, protoIPv6, protoGRE, protoAH, protoEtherIP, protoL2TP, protoMPLS}
	for _, ports := range [][]uint16{{80}, {80, 81, 82, 5432}, append(manyPorts(500), 80, 5432)} {
		program, err := Ports(ports, Tunnels{}, MaxRanges).Compile(Ethernet, 1234)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range testFrames() {
			tcpOrUDP := f.proto == protoTCP || f.proto == protoUDP
			want := f.etherType == 0x8847 || f.etherType == 0x8864 || f.fragment&0x3fff != 0 || slices.Contains(tunnels, f.proto)
			want = want || tcpOrUDP && (slices.Contains(ports, f.sport) || slices.Contains(ports, f.dport)) || f.proto == protoUDP && f.sport == 4789
			want = want && (f.etherType == 0 || f.etherType == 0x8847 || f.etherType == 0x8864)
			if got := run(t, program, f.bytes(Ethernet)); got > 0 != want || want && got != 1234 {
				t.Fatalf("%d ports: %d for %v, want %v", len(ports), got, f, want)
			}
		}
	}
	triple := frame{tags: []uint32{etherQinQ<<16 | 1, etherVLAN<<16 | 2, etherVLAN<<16 | 3}, src: "10.0.0.1", dst: "10.0.0.2", proto: protoTCP, dport: 9}
	program, _ := Ports([]uint16{80}, Tunnels{}, MaxRanges).Compile(Ethernet, 1)
	if run(t, program, triple.bytes(Ethernet)) == 0 {
		t.Error("three VLAN tags are lost")
	}
}

// However long the list: the kernel takes the program, and no port is lost.
func TestManyPorts(t *testing.T) {
	var all, pairs, single []uint16
	for i := range 1 << 16 {
		all = append(all, uint16(i))
		if i%2 == 0 {
			single = append(single, uint16(i))
		}
		if i%5 < 2 {
			pairs = append(pairs, uint16(i))
		}
	}
	for _, ports := range [][]uint16{all, single, pairs, manyPorts(1700), manyPorts(MaxRanges), append(manyPorts(700), pairs[20000:20700]...)} {
		if _, err := Ports(ports, Tunnels{}, MaxRanges).Compile(EthernetKernel, 1); err != nil {
			t.Fatalf("%d ports: %v", len(ports), err)
		}
		program, err := Ports(ports, Tunnels{}, MaxRanges).Compile(Ethernet, 1)
		if err != nil {
			t.Fatal(err)
		}
		vm, err := bpf.NewVM(program)
		if err != nil {
			t.Fatal(err)
		}
		data := frame{src: "10.0.0.1", dst: "10.0.0.2", proto: protoTCP}.bytes(Ethernet)
		for _, port := range ports {
			data[36], data[37] = byte(port>>8), byte(port)
			if n, err := vm.Run(data); err != nil || n == 0 {
				t.Fatalf("port %d of %d is lost: %v", port, len(ports), err)
			}
		}
	}
}

// Every port is found exactly when it is in the list, also at the ends of ranges.
func TestPortSearch(t *testing.T) {
	ports := append(manyPorts(300), 1, 2, 3, 4, 5, 0, 65535, 65534, 2000, 2001)
	program, err := (&Filter{root: portNode{dir: destination, protos: []uint32{protoTCP}, ranges: mergePorts(ports)}}).Compile(Ethernet, 1)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	in := map[uint16]bool{}
	for _, p := range ports {
		in[p] = true
	}
	data := frame{src: "10.0.0.1", dst: "10.0.0.2", proto: protoTCP}.bytes(Ethernet)
	for port := range 1 << 16 {
		data[36], data[37] = byte(port>>8), byte(port)
		if n, err := vm.Run(data); err != nil || n > 0 != in[uint16(port)] {
			t.Fatalf("port %d: %d, %v", port, n, err)
		}
	}
}

// The kernel's programs differ from the others in two extensions only, which the VM does not know: they must assemble.
func TestKernelProgramsAssemble(t *testing.T) {
	for _, e := range append(expressions, struct{ text, other string }{"vlan 7 and port 80", ""}) {
		for _, link := range []Link{EthernetKernel, CookedKernel} {
			if _, err := Assemble(compile(t, e.text, link)); err != nil {
				t.Errorf("%q: %v", e.text, err)
			}
		}
	}
	if _, err := Assemble(Fanout(Tunnels{})); err != nil {
		t.Error(err)
	}
	if got := run(t, Everything(7), make([]byte, 60)); got != 7 {
		t.Errorf("everything takes %d bytes", got)
	}
}

// A frame may end anywhere: a program then says no, or what it knows already.
func TestShortFrames(t *testing.T) {
	program := compile(t, "vlan 7 or port 80 or host 2001:db8::1", Ethernet)
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range testFrames() {
		data := f.bytes(Ethernet)
		for n := range data {
			if _, err := vm.Run(data[:n]); err != nil {
				t.Fatal(err)
			}
		}
	}
}
