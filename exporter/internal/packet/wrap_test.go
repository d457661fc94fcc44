package packet

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// wrapper puts a packet into a tunnel. What goes in and what comes out is an IP packet, or an Ethernet frame, or what has an EtherType of its own.
type wrapper struct {
	name  string
	takes uint16 // EtherType of what goes in; etherAnyIP: an IP packet
	gives uint16 // of what comes out
	wrap  func(rnd *rand.Rand, b []byte) []byte
}

// be are big-endian 16-bit words.
func be(words ...uint16) (b []byte) {
	for _, w := range words {
		b = binary.BigEndian.AppendUint16(b, w)
	}
	return b
}

func in4(proto byte) func(*rand.Rand, []byte) []byte {
	return func(rnd *rand.Rand, b []byte) []byte {
		h := be(0x4500, uint16(20+len(b)), uint16(rnd.Uint32()), 0, 0x4000|uint16(proto), 0, 0xc633, 0x6401, 0xc633, 0x6402)
		return append(h, b...)
	}
}

func in6(proto byte) func(*rand.Rand, []byte) []byte {
	return func(_ *rand.Rand, b []byte) []byte {
		h := be(0x6000, 0, uint16(len(b)), uint16(proto)<<8|64, 0x2001, 0xdb8, 0, 0, 0, 0, 0, 1, 0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)
		return append(h, b...)
	}
}

// prefix puts bytes in front.
func prefix(words ...uint16) func(*rand.Rand, []byte) []byte {
	return func(_ *rand.Rand, b []byte) []byte { return append(be(words...), b...) }
}

// udpTo puts a UDP header for a port in an IPv4 packet in front of header and packet.
func udpTo(port uint16, header ...uint16) func(*rand.Rand, []byte) []byte {
	return func(rnd *rand.Rand, b []byte) []byte {
		b = append(be(header...), b...)
		return in4(17)(rnd, append(be(uint16(rnd.Uint32()), port, uint16(8+len(b)), 0), b...))
	}
}

// typeOf is the EtherType of an IP packet.
func typeOf(b []byte) uint16 {
	if b[0]>>4 == 6 {
		return etherIPv6
	}
	return etherIPv4
}

// anyIP builds a wrapper's function from one that is told the EtherType.
func anyIP(f func(kind uint16) func(*rand.Rand, []byte) []byte) func(*rand.Rand, []byte) []byte {
	return func(rnd *rand.Rand, b []byte) []byte { return f(typeOf(b))(rnd, b) }
}

func inIP(in func(byte) func(*rand.Rand, []byte) []byte) func(*rand.Rand, []byte) []byte {
	return func(rnd *rand.Rand, b []byte) []byte {
		if typeOf(b) == etherIPv6 {
			return in(41)(rnd, b)
		}
		return in(4)(rnd, b)
	}
}

// gre puts a GRE header with the given words into an IPv4 packet.
func gre(words ...uint16) func(*rand.Rand, []byte) []byte {
	return func(rnd *rand.Rand, b []byte) []byte { return in4(47)(rnd, append(be(words...), b...)) }
}

func pppType(kind uint16) uint16 {
	if kind == etherIPv6 {
		return pppIPv6
	}
	return pppIPv4
}

var wrappers = []wrapper{
	{"Ethernet", etherAnyIP, etherTEB, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte { return prefix(0x200, 0, 1, 0x200, 0, 2, k) })},
	{"VN-Tag", etherAnyIP, etherTEB, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte {
		return prefix(0x200, 0, 1, 0x200, 0, 2, etherVLAN, 7, etherVNTag, 0x8000, 1, etherVLAN, 9, k)
	})},
	{"security group tag", etherAnyIP, etherTEB, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte {
		return prefix(0x200, 0, 1, 0x200, 0, 2, etherVLAN, 7, etherCMD, 0x0101, 1, 5, k)
	})},
	{"MPLS", etherAnyIP, etherTEB, prefix(0x200, 0, 1, 0x200, 0, 2, etherMPLS, 1, 0x0040, 2, 0x0140)},
	{"MPLS in IP", etherAnyIP, etherAnyIP, func(rnd *rand.Rand, b []byte) []byte { return in4(137)(rnd, append(be(1, 0x0140), b...)) }},
	{"pseudowire", etherTEB, etherTEB, prefix(0x200, 0, 1, 0x200, 0, 2, etherMPLS, 2, 0x0140)},
	{"pseudowire with control word", etherTEB, etherTEB, prefix(0x200, 0, 1, 0x200, 0, 2, etherMPLSM, 2, 0x0140, 0, 0)},
	{"provider backbone", etherTEB, etherTEB, prefix(0x200, 0, 1, 0x200, 0, 2, etherQinQ, 5, etherPBB, 0, 77)},
	{"PPPoE", etherAnyIP, etherTEB, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte {
		return func(_ *rand.Rand, b []byte) []byte {
			return append(be(0x200, 0, 1, 0x200, 0, 2, etherPPPoE, 0x1100, 9, uint16(2+len(b)), pppType(k)), b...)
		}
	})},
	{"IP in IPv4", etherAnyIP, etherAnyIP, inIP(in4)},
	{"IP in IPv6", etherAnyIP, etherAnyIP, inIP(in6)},
	{"EtherIP", etherTEB, etherAnyIP, func(rnd *rand.Rand, b []byte) []byte { return in4(97)(rnd, append(be(0x3000), b...)) }},
	{"authentication header", etherAnyIP, etherAnyIP, func(rnd *rand.Rand, b []byte) []byte {
		return in4(51)(rnd, append(be(uint16(map[uint16]byte{etherIPv4: 4, etherIPv6: 41}[typeOf(b)])<<8|4, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), b...))
	}},
	{"GRE", etherAnyIP, etherAnyIP, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte { return gre(0, k) })},
	{"GRE with everything", etherAnyIP, etherAnyIP, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte { return gre(0xb000, k, 1, 2, 3, 4, 5, 6) })},
	{"GRE over IPv6", etherAnyIP, etherAnyIP, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte {
		return func(rnd *rand.Rand, b []byte) []byte { return in6(47)(rnd, append(be(0x2000, k, 1, 2), b...)) }
	})},
	{"PPTP", etherAnyIP, etherAnyIP, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte {
		return func(rnd *rand.Rand, b []byte) []byte {
			return gre(0x3081, grePPP, 9, 1, 2, 3, 4, 5, 0xff03, pppType(k))(rnd, b)
		}
	})},
	{"PPTP, short headers", etherAnyIP, etherAnyIP, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte {
		return func(rnd *rand.Rand, b []byte) []byte {
			return gre(0x2001, grePPP, 9, 1)(rnd, append([]byte{byte(pppType(k))}, b...))
		}
	})},
	{"GRE bridge", etherTEB, etherAnyIP, gre(0x2000, etherTEB, 1, 2)},
	{"WCCP", etherAnyIP, etherAnyIP, func(rnd *rand.Rand, b []byte) []byte {
		if typeOf(b) == etherIPv6 { // it has no version for it
			return in4(41)(rnd, b)
		}
		return gre(0, greWCCP, 0x0010, 0)(rnd, b)
	}},
	{"ERSPAN I", etherTEB, etherAnyIP, gre(0, greERSPAN)},
	{"ERSPAN II", etherTEB, etherAnyIP, gre(0x1000, greERSPAN, 0, 1, 0x1007, 0x0801, 0, 3)},
	{"ERSPAN III", etherTEB, etherAnyIP, gre(0x1000, greERSPAN3, 0, 1, 0x2007, 0x0801, 1, 2, 0, 0)},
	{"ERSPAN III with more", etherTEB, etherAnyIP, gre(0x1000, greERSPAN3, 0, 1, 0x2007, 0x0801, 1, 2, 0, 1, 1, 2, 3, 4)},
	{"ERSPAN III of IP", etherAnyIP, etherAnyIP, gre(0x1000, greERSPAN3, 0, 1, 0x2007, 0x0801, 1, 2, 0, 2<<10)},
	{"VXLAN", etherTEB, etherAnyIP, udpTo(4789, 0x0800, 0, 0x12, 0x3400)},
	{"VXLAN with a policy", etherTEB, etherAnyIP, udpTo(8472, 0x8800, 7, 0x12, 0x3400)},
	{"VXLAN-GPE", etherTEB, etherAnyIP, udpTo(4790, 0x0c00, 3, 0x12, 0x3400)},
	{"Geneve", etherTEB, etherAnyIP, udpTo(6081, 0, etherTEB, 0x12, 0x3400)},
	{"Geneve with options", etherTEB, etherAnyIP, udpTo(6081, 0x0200, etherTEB, 0x12, 0x3400, 1, 2, 3, 4)},
	{"Geneve of IP", etherAnyIP, etherAnyIP, anyIP(func(k uint16) func(*rand.Rand, []byte) []byte { return udpTo(6081, 0, k, 0x12, 0x3400) })},
	{"GRE in UDP", etherTEB, etherAnyIP, udpTo(4754, 0, etherTEB)},
	{"MPLS in UDP", etherAnyIP, etherAnyIP, udpTo(6635, 7, 0x0140)},
	{"GTP-U", etherAnyIP, etherAnyIP, func(rnd *rand.Rand, b []byte) []byte { return udpTo(2152, 0x30ff, uint16(len(b)), 1, 2)(rnd, b) }},
	{"GTP-U with extensions", etherAnyIP, etherAnyIP, func(rnd *rand.Rand, b []byte) []byte {
		return udpTo(2152, 0x34ff, uint16(len(b)+12), 1, 2, 9, 0x0085, 0x0101, 0x0040, 0x0102, 0x0300)(rnd, b)
	}},
}

// wrapped puts n tunnels around an IP packet and Ethernet around them all.
func wrapped(rnd *rand.Rand, b []byte, around ...wrapper) []byte {
	kind := uint16(etherAnyIP)
	for _, w := range around {
		b, kind = to(rnd, b, kind, w.takes)
		b, kind = w.wrap(rnd, b), w.gives
	}
	b, _ = to(rnd, b, kind, etherTEB)
	return b
}

// to makes what w takes of b.
func to(rnd *rand.Rand, b []byte, kind, want uint16) ([]byte, uint16) {
	switch {
	case kind == want:
		return b, kind
	case want == etherTEB:
		return wrappers[0].wrap(rnd, b), want
	}
	return gre(0, etherTEB)(rnd, b), want
}

// inner is an IP packet for a tunnel, and what is to be read of it.
func inner(t testing.TB, rnd *rand.Rand, bits int) ([]byte, Segment) {
	t.Helper()
	r := recipe{link: LinkRaw, v6: bits&1 != 0, udp: bits&2 != 0, options: bits&4 != 0, payload: 100}
	b := r.frame(t, rnd)
	s, ok := oracle(LinkRaw, b)
	if !ok {
		t.Fatal("gopacket does not read its own frame")
	}
	return b, s
}

// Behind each tunnel, and behind any two of them, the packet is read as it is read alone.
func TestTunnels(t *testing.T) {
	rnd := rand.New(rand.NewPCG(11, 12))
	check := func(bits int, around ...wrapper) {
		t.Helper()
		b, want := inner(t, rnd, bits)
		frame := append(wrapped(rnd, b, around...), make([]byte, rnd.IntN(4))...) // with padding
		var p Parser
		var s Segment
		if r := p.Parse(LinkEthernet, frame, len(frame), 1, &s); r != OK || !same(&s, &want) || s.Missing != 0 {
			t.Errorf("%s: %v\n got %+v\nwant %+v", names(around), r, s, want)
		}
	}
	for _, a := range wrappers {
		for bits := range 8 {
			check(bits, a)
		}
		for _, b := range wrappers {
			check(rnd.IntN(8), a, b)
			check(rnd.IntN(8), a, b, wrappers[rnd.IntN(len(wrappers))])
		}
	}
}

func names(around []wrapper) (n []string) {
	for _, w := range around {
		n = append(n, w.name)
	}
	return n
}

// However short the snap length, a tunnelled frame is the right Segment with its cut bytes as missing, or Truncated.
func TestTunnelsSnaplen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(13, 14))
	for _, w := range wrappers {
		for bits := range 8 {
			b, want := inner(t, rnd, bits)
			frame := wrapped(rnd, b, w)
			var p Parser
			var s Segment
			for n := range len(frame) {
				switch r := p.Parse(LinkEthernet, frame[:n:n], len(frame), 1, &s); r {
				case OK:
					if s.Proto == UDP && s.Src != want.Src {
						continue // the outer datagram, of which too little is there to know that it is a tunnel's
					}
					if s.Src != want.Src || s.Dst != want.Dst || len(s.Payload)+s.Missing != len(want.Payload) {
						t.Fatalf("%s cut to %d: %+v", w.name, n, s)
					}
				case Truncated:
				default:
					t.Fatalf("%s cut to %d: %v", w.name, n, r)
				}
			}
		}
	}
}

func TestTunnelsAreBounded(t *testing.T) {
	rnd := rand.New(rand.NewPCG(15, 16))
	b, _ := inner(t, rnd, 0)
	var around []wrapper
	for n := 0; n < maxTunnels+3; n++ {
		var p Parser
		var s Segment
		frame := wrapped(rnd, b, around...)
		want := OK
		if n > maxTunnels {
			want = TooDeep
		}
		if r := p.Parse(LinkEthernet, frame, len(frame), 1, &s); r != want {
			t.Errorf("%d tunnels: %v", n, r)
		}
		around = append(around, wrappers[slices.IndexFunc(wrappers, func(w wrapper) bool { return w.name == "IP in IPv4" })])
	}
}

func TestTunnelsDoNotAllocate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(17, 18))
	var p Parser
	var s Segment
	for _, w := range wrappers {
		b, _ := inner(t, rnd, 0)
		frame := wrapped(rnd, b, w)
		if n := testing.AllocsPerRun(10, func() { p.Parse(LinkEthernet, frame, len(frame), 0, &s) }); n != 0 {
			t.Errorf("%s: %v allocations", w.name, n)
		}
	}
}

// A datagram that only happens to go to a tunnel's port is a datagram.
func TestNotATunnel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(19, 20))
	for port, payload := range map[uint16]string{4789: "dns answer to a client's port", 6081: "\xc0\x00x", 2152: "\x30\xff\x00", 4754: "\xff\xffabc", 6635: "no labels, or what is behind them is not IP", 3544: "\x00\x01\x00\x00x", 9999: "\x60 not IPv6, though it starts like it: more than a header's length"} {
		frame := wrappers[0].wrap(rnd, in4(17)(rnd, append(be(53, port, uint16(8+len(payload)), 0), payload...)))
		var p Parser
		var s Segment
		if r := p.Parse(LinkEthernet, frame, len(frame), 1, &s); r != OK || s.Dst.Port() != port || string(s.Payload) != payload {
			t.Errorf("port %d: %v %+v", port, r, s)
		}
	}
}

// Teredo is known by its content on any port, behind its own headers only from and to a server.
func TestTeredo(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 22))
	b, want := inner(t, rnd, 1)
	want.Src = Endpoint(append(be(0x2001, 0, 0x4136), want.Src[6:]...))
	copy(b[8:], be(0x2001, 0, 0x4136))
	auth, origin := string(be(1, 0x0203, 0x6162, 0x6364, 0x6501, 1, 2, 3, 4))[:18], string(be(0, 0xffff, 1, 2))
	for _, c := range []struct {
		from, to uint16
		header   string
		ok       bool
	}{{40000, 50000, "", true}, {3544, 50000, origin, true}, {40000, 3544, auth, true}, {40000, 3544, auth + origin, true}, {40000, 50000, origin, false}} {
		payload := append([]byte(c.header), b...)
		frame := wrappers[0].wrap(rnd, in4(17)(rnd, append(be(c.from, c.to, uint16(8+len(payload)), 0), payload...)))
		var p Parser
		var s Segment
		if r := p.Parse(LinkEthernet, frame, len(frame), 1, &s); r != OK || same(&s, &want) != c.ok {
			t.Errorf("%d to %d, header %x: %v %+v", c.from, c.to, c.header, r, s)
		}
	}
}

func TestConfiguredTunnelPort(t *testing.T) {
	rnd := rand.New(rand.NewPCG(23, 24))
	b, want := inner(t, rnd, 0)
	frame := wrappers[0].wrap(rnd, udpTo(47101, 0, etherIPv4, 0x12, 0x3400)(rnd, b))
	p := Parser{Tunnels: []Tunnel{{47101, GENEVE}}}
	var s Segment
	if r := p.Parse(LinkEthernet, frame, len(frame), 1, &s); r != OK || !same(&s, &want) {
		t.Errorf("%v %+v", r, s)
	}
	if r := new(Parser).Parse(LinkEthernet, frame, len(frame), 1, &s); r != OK || s.Proto != UDP || s.Dst.Port() != 47101 {
		t.Errorf("without the port: %v %+v", r, s)
	}
}
