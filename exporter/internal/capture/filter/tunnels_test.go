package filter

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"golang.org/x/net/bpf"
)

// words are 16-bit words in network order.
func words(w ...uint16) (b []byte) {
	for _, v := range w {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// outer puts b into an IP packet between two tunnel ends, in an Ethernet frame.
func outer(proto uint8, v6 bool, b []byte) []byte {
	if v6 {
		h := append(words(1, 2, 3, 4, 5, 6, etherIPv6, 0x6000, 0, uint16(len(b)), uint16(proto)<<8|64), netip.MustParseAddr("2001:db8::a").AsSlice()...)
		return append(append(h, netip.MustParseAddr("2001:db8::b").AsSlice()...), b...)
	}
	h := words(1, 2, 3, 4, 5, 6, etherIPv4, 0x4500, uint16(20+len(b)), 7, 0x4000, 0x4000|uint16(proto), 0, 0xc000, 0x0201, 0xc000, 0x0202)
	return append(h, b...)
}

func overUDP(port uint16, header []byte, b []byte) []byte {
	b = append(header, b...)
	return outer(protoUDP, false, append(words(54321, port, uint16(8+len(b)), 0), b...))
}

// tunnels put a packet, which comes with its EtherType and as an Ethernet frame, into an Ethernet frame.
var tunnels = map[string]func(kind uint16, ip, ethernet []byte) []byte{
	"MPLS": func(_ uint16, ip, _ []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherVLAN, 9, etherMPLS, 1, 0x0040, 2, 0x0140), ip...)
	},
	"pseudowire": func(_ uint16, _, ethernet []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherMPLS, 2, 0x0140), ethernet...)
	},
	"pseudowire with control word": func(_ uint16, _, ethernet []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherMPLS, 2, 0x0140, 0, 0), ethernet...)
	},
	"PPPoE": func(kind uint16, ip, _ []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherPPPoE, 0x1100, 1, uint16(2+len(ip)), map[uint16]uint16{etherIPv4: 0x21, etherIPv6: 0x57}[kind]), ip...)
	},
	"PPPoE, short": func(kind uint16, ip, _ []byte) []byte {
		return append(append(words(1, 2, 3, 4, 5, 6, etherPPPoE, 0x1100, 1, uint16(1+len(ip))), map[uint16]byte{etherIPv4: 0x21, etherIPv6: 0x57}[kind]), ip...)
	},
	"VN-Tag": func(kind uint16, ip, _ []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherVLAN, 5, etherVNTag, 0x8000, 1, etherVLAN, 7, kind), ip...)
	},
	"security group tag": func(kind uint16, ip, _ []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherCMD, 0x0101, 1, 5, kind), ip...)
	},
	"provider backbone": func(_ uint16, _, ethernet []byte) []byte {
		return append(words(1, 2, 3, 4, 5, 6, etherQinQ, 5, etherPBB, 0, 77), ethernet...)
	},
	"IP in IPv4":  func(kind uint16, ip, _ []byte) []byte { return outer(ipIn(kind), false, ip) },
	"IP in IPv6":  func(kind uint16, ip, _ []byte) []byte { return outer(ipIn(kind), true, ip) },
	"MPLS in IP":  func(_ uint16, ip, _ []byte) []byte { return outer(protoMPLS, false, append(words(1, 0x0140), ip...)) },
	"GRE":         func(kind uint16, ip, _ []byte) []byte { return outer(protoGRE, false, append(words(0, kind), ip...)) },
	"GRE in IPv6": func(kind uint16, ip, _ []byte) []byte { return outer(protoGRE, true, append(words(0, kind), ip...)) },
	"GRE with everything": func(kind uint16, ip, _ []byte) []byte {
		return outer(protoGRE, false, append(words(0xb000, kind, 1, 2, 3, 4, 5, 6), ip...))
	},
	"GRE bridge": func(_ uint16, _, ethernet []byte) []byte {
		return outer(protoGRE, false, append(words(0x2000, etherTEB, 3, 4), ethernet...))
	},
	"ERSPAN I": func(_ uint16, _, ethernet []byte) []byte {
		return outer(protoGRE, false, append(words(0, 0x88be), ethernet...))
	},
	"ERSPAN II": func(_ uint16, _, ethernet []byte) []byte {
		return outer(protoGRE, false, append(words(0x1000, 0x88be, 0, 1, 0x1007, 1, 0, 3), ethernet...))
	},
	"ERSPAN III": func(_ uint16, _, ethernet []byte) []byte {
		return outer(protoGRE, false, append(words(0x1000, 0x22eb, 0, 1, 0x2007, 1, 0, 3, 0, 0), ethernet...))
	},
	"ERSPAN III with more": func(_ uint16, _, ethernet []byte) []byte {
		return outer(protoGRE, false, append(words(0x1000, 0x22eb, 0, 1, 0x2007, 1, 0, 3, 0, 1, 0, 0, 0, 0), ethernet...))
	},
	"VXLAN":           func(_ uint16, _, ethernet []byte) []byte { return overUDP(4789, words(0x0800, 0, 1, 0x100), ethernet) },
	"VXLAN elsewhere": func(_ uint16, _, ethernet []byte) []byte { return overUDP(14789, words(0x0800, 0, 1, 0x100), ethernet) },
	"VXLAN-GPE":       func(_ uint16, _, ethernet []byte) []byte { return overUDP(4790, words(0x0c00, 3, 1, 0x100), ethernet) },
	"Geneve": func(_ uint16, _, ethernet []byte) []byte {
		return overUDP(6081, words(0, etherTEB, 1, 0x100), ethernet)
	},
	"Geneve, options": func(_ uint16, _, ethernet []byte) []byte {
		return overUDP(6081, words(0x0100, etherTEB, 1, 0x100, 7, 8), ethernet)
	},
	"Geneve of IP":     func(kind uint16, ip, _ []byte) []byte { return overUDP(6081, words(0, kind, 1, 0x100), ip) },
	"Geneve elsewhere": func(kind uint16, ip, _ []byte) []byte { return overUDP(47101, words(0, kind, 1, 0x100), ip) },
}

func ipIn(kind uint16) uint8 {
	if kind == etherIPv6 {
		return protoIPv6
	}
	return protoIPv4
}

var testTunnels = Tunnels{VXLAN: []uint16{14789}, Geneve: []uint16{47101}}

// ends are the endpoints of a frame.
func (f frame) ends() (a, b [18]byte) {
	for _, e := range []struct {
		to   *[18]byte
		addr string
		port uint16
	}{{&a, f.src, f.sport}, {&b, f.dst, f.dport}} {
		as16 := netip.MustParseAddr(e.addr).As16()
		copy(e.to[:], as16[:])
		binary.BigEndian.PutUint16(e.to[16:], e.port)
	}
	return a, b
}

var insides = []frame{
	{src: "10.0.0.1", dst: "10.0.1.2", proto: protoTCP, sport: 40000, dport: 80},
	{src: "10.0.0.1", dst: "10.0.1.2", proto: protoTCP, sport: 40001, dport: 80, options: true},
	{src: "2001:db8::1", dst: "2001:db8:1::2", proto: protoTCP, sport: 40002, dport: 80},
	{src: "10.0.0.1", dst: "10.0.1.2", proto: protoUDP, sport: 40003, dport: 53},
	{src: "2001:db8::1", dst: "2001:db8:1::2", proto: protoUDP, sport: 40004, dport: 53},
}

// A packet goes to the same worker in every tunnel, in two of them, and without, and so does its answer.
func TestFanoutInTunnels(t *testing.T) {
	vm, err := bpf.NewVM(fanout(14, testTunnels, func(p *program) { p.emit(bpf.LoadAbsolute{Off: 12, Size: 2}) }))
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, f frame, data []byte) {
		t.Helper()
		a, b := f.ends()
		want := Spread(&a, &b, f.proto == protoTCP)
		if back := Spread(&b, &a, f.proto == protoTCP); back != want {
			t.Errorf("%v and its answer part", f)
		}
		if got, err := vm.Run(data); err != nil || uint32(got) != want {
			t.Errorf("%s, %v: %d, want %d", name, f, got, want)
		}
	}
	for _, f := range insides {
		check("plain", f, f.bytes(Ethernet))
		kind, ip := f.network()
		for name, wrap := range tunnels {
			once := wrap(kind, ip, f.bytes(Ethernet))
			check(name, f, once)
			for second, again := range tunnels {
				check(name+" in GRE in "+second, f, again(etherIPv4, outer(protoGRE, false, append(words(0, etherTEB), once...))[14:], outer(protoGRE, false, append(words(0, etherTEB), once...))))
			}
		}
	}
}

// The filter from ports loses nothing in a tunnel, whatever the ports inside, and no part of a fragmented packet.
func TestPortsFilterAndTunnels(t *testing.T) {
	program, err := Ports([]uint16{5432}, testTunnels, MaxRanges).Compile(Ethernet, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range insides {
		if run(t, program, f.bytes(Ethernet)) != 0 {
			t.Errorf("%v passes without a tunnel", f)
		}
		kind, ip := f.network()
		for name, wrap := range tunnels {
			if run(t, program, wrap(kind, ip, f.bytes(Ethernet))) == 0 {
				t.Errorf("%s of %v is lost", name, f)
			}
		}
		for _, fragment := range []uint16{0x2000, 0x2010, 0x0010} {
			f.fragment, f.options = fragment, false
			if f.src[0] == '2' {
				f.fragment, f.extensions = fragment&0x1fff<<3|fragment>>13, []uint8{protoFragment}
			}
			if run(t, program, f.bytes(Ethernet)) == 0 {
				t.Errorf("%v is lost", f)
			}
		}
	}
	_, ip := frame{src: "2001:0:4137::1", dst: "2001:db8::2", proto: protoTCP, sport: 1, dport: 2}.network()
	_, other := frame{src: "2001:db8::1", dst: "2001:db8::2", proto: protoTCP, sport: 1, dport: 2}.network()
	if run(t, program, overUDP(40000, nil, ip)) == 0 || run(t, program, overUDP(40000, nil, other)) != 0 {
		t.Error("Teredo is not told by its address")
	}
}
