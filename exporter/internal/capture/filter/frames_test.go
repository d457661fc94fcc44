package filter

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
)

// frame says what Ethernet frame to make.
type frame struct {
	tags       []uint32 // EtherType<<16 | VLAN id
	etherType  uint16   // of a frame that is not IP
	src, dst   string
	proto      uint8
	sport      uint16
	dport      uint16
	fragment   uint16  // IPv4 flags and offset
	extensions []uint8 // IPv6
	options    bool    // IPv4
}

func (f frame) String() string {
	return fmt.Sprintf("%x %#x %s>%s proto %d %d>%d frag %#x ext %v", f.tags, f.etherType, f.src, f.dst, f.proto, f.sport, f.dport, f.fragment, f.extensions)
}

// network makes everything behind the link header.
func (f frame) network() (etherType uint16, b []byte) {
	if f.etherType != 0 {
		return f.etherType, make([]byte, 46)
	}
	l4 := binary.BigEndian.AppendUint16(nil, f.sport)
	l4 = binary.BigEndian.AppendUint16(l4, f.dport)
	l4 = append(l4, make([]byte, 16)...)
	src, dst := netip.MustParseAddr(f.src), netip.MustParseAddr(f.dst)
	if src.Is4() {
		b = make([]byte, 20)
		b[0] = 0x45
		if f.options {
			b = append(b, 1, 1, 1, 0)
			b[0] = 0x46
		}
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(l4)))
		binary.BigEndian.PutUint16(b[6:], f.fragment)
		b[8], b[9] = 64, f.proto
		copy(b[12:], src.AsSlice())
		copy(b[16:], dst.AsSlice())
		return etherIPv4, append(b, l4...)
	}
	b = make([]byte, 40)
	b[0], b[6], b[7] = 0x60, f.proto, 64
	copy(b[8:], src.AsSlice())
	copy(b[24:], dst.AsSlice())
	next := &b[6]
	for _, ext := range f.extensions {
		*next = ext
		h := make([]byte, 8)
		if ext == protoFragment {
			binary.BigEndian.PutUint16(h[2:], f.fragment)
		}
		h[0] = f.proto
		b = append(b, h...)
		next = &b[len(b)-8]
	}
	b = append(b, l4...)
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-40))
	return etherIPv6, b
}

func (f frame) bytes(link Link) []byte {
	etherType, body := f.network()
	var h []byte
	first := etherType
	if len(f.tags) > 0 {
		first = uint16(f.tags[0] >> 16)
	}
	switch link {
	case Ethernet:
		h = binary.BigEndian.AppendUint16(make([]byte, 12), first)
	case LinuxSLL:
		h = binary.BigEndian.AppendUint16(make([]byte, 14), first)
	case LinuxSLL2:
		h = append(binary.BigEndian.AppendUint16(nil, first), make([]byte, 18)...)
	case Loopback:
		h = []byte{0, 0, 0, 2}
	}
	for i := range f.tags {
		next := etherType
		if i+1 < len(f.tags) {
			next = uint16(f.tags[i+1] >> 16)
		}
		h = binary.BigEndian.AppendUint16(h, uint16(f.tags[i]))
		h = binary.BigEndian.AppendUint16(h, next)
	}
	return append(h, body...)
}

// testFrames are frames of all kinds; those with VLAN tags come last.
func testFrames() []frame {
	var frames []frame
	ends := [][2]string{{"10.0.0.1", "10.0.1.2"}, {"10.0.1.2", "10.0.0.1"}, {"192.0.2.7", "198.51.100.9"}, {"2001:db8::1", "2001:db8:1::2"}, {"fe80::1", "ff02::1"}}
	ports := [][2]uint16{{40000, 80}, {80, 40000}, {5432, 8080}, {8099, 53}, {4789, 1}, {0, 65535}}
	for _, e := range ends {
		for _, proto := range []uint8{protoTCP, protoUDP, protoSCTP, protoICMP, protoICMPv6, protoGRE, protoESP} {
			for _, p := range ports {
				frames = append(frames, frame{src: e[0], dst: e[1], proto: proto, sport: p[0], dport: p[1]})
			}
		}
	}
	for _, fragment := range []uint16{0x4000, 0x2000, 0x2010, 0x0010, 0x1fff} {
		frames = append(frames, frame{src: "10.0.0.1", dst: "10.0.1.2", proto: protoTCP, sport: 80, dport: 80, fragment: fragment})
		frames = append(frames, frame{src: "10.0.0.1", dst: "10.0.1.2", proto: protoUDP, sport: 80, dport: 53, fragment: fragment, options: true})
	}
	for _, etherType := range []uint16{etherARP, 0x8847, 0x8864, 0x88cc, 0x0026} {
		frames = append(frames, frame{etherType: etherType})
	}
	untagged := len(frames)
	for _, f := range frames[:untagged] {
		for _, tags := range [][]uint32{{etherVLAN<<16 | 7}, {etherVLAN<<16 | 0}, {etherQinQ<<16 | 7, etherVLAN<<16 | 8}, {etherVLAN<<16 | 9, etherVLAN<<16 | 7}} {
			f.tags = tags
			frames = append(frames, f)
		}
	}
	return frames
}

// run runs a program in the VM.
func run(t testing.TB, program []bpf.Instruction, data []byte) int {
	t.Helper()
	vm, err := bpf.NewVM(program)
	if err != nil {
		t.Fatal(err)
	}
	n, err := vm.Run(data)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func compile(t testing.TB, text string, link Link) []bpf.Instruction {
	t.Helper()
	f, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	program, err := f.Compile(link, 1<<18)
	if err != nil {
		t.Fatal(err)
	}
	return program
}
