package filter

import (
	"encoding/binary"

	"golang.org/x/net/bpf"
)

// netOffset makes a load relative to the network layer's header (SKF_NET_OFF), wherever the frame's data starts: for a fanout
// program that differs between frames that come in and go out.
const netOffset = 0xfff00000

// hashMultiplier spreads differences in a sum over all bits: 2^32 divided by the golden ratio.
const hashMultiplier = 0x9e3779b1

// Where the fanout program keeps what it knows.
const (
	fanHash = iota // the sum so far
	fanX           // offset of a header
	fanKind        // what comes behind it
	fanFlags
)

const (
	// maxFanoutTunnels is how many tunnels the fanout program looks through.
	maxFanoutTunnels = 3
	// maxFanoutLabels is how many MPLS labels it skips.
	maxFanoutLabels = 6
	// maxFanoutTags is how many VLAN tags it skips at each level.
	maxFanoutTags = 3
)

// Tunnels are UDP ports of tunnels.
type Tunnels struct{ VXLAN, Geneve []uint16 }

// withDefaults adds the usual ports.
func (t Tunnels) withDefaults() Tunnels {
	return Tunnels{VXLAN: append([]uint16{4789, 8472}, t.VXLAN...), Geneve: append([]uint16{6081}, t.Geneve...)}
}

// Fanout returns the program that spreads frames over workers (PACKET_FANOUT_CBPF): the kernel takes its result modulo their number.
//
// The result is Spread's for the innermost packet. So both directions of a connection have the same one on every interface, whether they are in
// a tunnel, one of them is, or a packet comes once with and once without. Tags and labels do not count. It looks into MPLS, PPPoE, backbone bridging, IP in IP,
// GRE with ERSPAN and WCCP, VXLAN and Geneve, three deep; what is in another tunnel, or deeper, goes by the addresses of the last packet that was found: all
// of a tunnel together. Fragments go by their addresses, because only the first one has ports.
func Fanout(tunnels Tunnels) []bpf.Instruction {
	return fanout(netOffset, tunnels, func(p *program) { p.emit(bpf.LoadExtension{Num: bpf.ExtProto}) })
}

// Spread is the result of the Fanout program for a packet between two endpoints, each an IPv6 or IPv4-mapped address and a port. Ports count
// for TCP only: so UDP fragments stay with their datagrams.
func Spread(a, b *[18]byte, tcp bool) uint32 {
	sum := uint32(0)
	for _, e := range [...]*[18]byte{a, b} {
		words := e[:16]
		if [12]byte(words[:12]) == [12]byte{10: 0xff, 11: 0xff} {
			words = words[12:]
		}
		for ; len(words) > 0; words = words[4:] {
			sum += binary.BigEndian.Uint32(words)
		}
		if tcp {
			sum += uint32(binary.BigEndian.Uint16(e[16:]))
		}
	}
	return sum * hashMultiplier >> 16
}

// fan is the fanout program under construction. X is always the offset of a header, relative to the outermost network layer's.
type fan struct {
	program
	network uint32
	tunnels Tunnels
	end     label
	levels  [maxFanoutTunnels + 2]fanLevel // the last one is the end
}

// fanLevel are the places where the program reads the packet at one depth, with X at its header.
type fanLevel struct{ ethernet, v4, v6, mpls label }

// fanout is Fanout for a network layer's header at offset network, and code that loads the EtherType in front of it.
func fanout(network uint32, tunnels Tunnels, etherType func(p *program)) []bpf.Instruction {
	p := fan{network: network, tunnels: tunnels.withDefaults()}
	p.end = p.label()
	for n := range p.levels {
		p.levels[n] = fanLevel{p.end, p.end, p.end, p.end}
		if n <= maxFanoutTunnels {
			p.levels[n] = fanLevel{p.label(), p.label(), p.label(), p.label()}
		}
	}
	p.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0}, bpf.StoreScratch{Src: bpf.RegA, N: fanHash})
	p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 0})
	etherType(&p.program)
	for n := range maxFanoutTunnels + 1 {
		p.level(n)
	}
	p.place(p.end)
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: fanHash}, bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: hashMultiplier}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16}, bpf.RetA{})
	out, err := p.assemble()
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return out
}

// level reads the packet at depth n. At depth 0 A holds the EtherType at first, and X the offset of what is behind it.
func (p *fan) level(n int) {
	l := p.levels[n]
	behindEthernet := p.label()
	if n == 0 {
		p.jump(behindEthernet)
	}
	p.place(l.ethernet)
	p.half(12)
	p.forward(14)
	p.place(behindEthernet)
	p.etherTypes(n)
	p.place(l.mpls)
	p.labels(n)
	transport := p.label()
	p.place(l.v4)
	p.ipv4(n, transport)
	p.place(l.v6)
	p.ipv6(n, transport)
	p.place(transport)
	p.transport(n)
}

// half and byte load what is at X+at.
func (p *fan) half(at uint32) { p.emit(bpf.LoadIndirect{Off: p.network + at, Size: 2}) }
func (p *fan) byte(at uint32) { p.emit(bpf.LoadIndirect{Off: p.network + at, Size: 1}) }

// forward moves X on, and keeps A.
func (p *fan) forward(n uint32) {
	p.emit(bpf.StoreScratch{Src: bpf.RegA, N: fanKind}, bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: n}, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: fanKind})
}

// to goes to target, moving X on.
func (p *fan) to(target label, n uint32) {
	if n > 0 {
		p.forward(n)
	}
	p.jump(target)
}

// on compares A with values: if it is one of them, then happens, which ends in a jump.
func (p *fan) on(then func(), values ...uint32) {
	yes, no := p.label(), p.label()
	p.isAny(yes, no, values...)
	p.place(yes)
	then()
	p.place(no)
}

// etherTypes goes where the EtherType in A leads to, over VLAN tags.
func (p *fan) etherTypes(n int) {
	l := p.levels[n]
	for range maxFanoutTags + 1 {
		p.on(func() { p.jump(l.v4) }, etherIPv4)
		p.on(func() { p.jump(l.v6) }, etherIPv6)
		p.on(func() { p.jump(l.mpls) }, etherMPLS, etherMPLSMulticast)
		p.on(func() { p.pppoe(n) }, etherPPPoE)
		tagged, other, next := p.label(), p.label(), p.label()
		p.isAny(tagged, other, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2)
		p.place(other)
		p.on(func() {
			p.half(4)
			p.to(next, 6)
		}, etherVNTag)
		p.on(func() {
			p.half(6)
			p.to(next, 8)
		}, etherCMD)
		p.on(func() { p.to(p.levels[n+1].ethernet, 4) }, etherPBB)
		p.unknown(n)
		p.place(tagged)
		p.half(2)
		p.forward(4)
		p.place(next)
	}
	p.jump(p.end)
}

// unknown is a frame that is not IP. Without a packet around it the program ends with 0, which is the first worker. But a tagged frame that this
// host sends, on an interface without VLAN offload, has its network layer's offset behind the tag already.
func (p *fan) unknown(n int) {
	if n > 0 {
		p.jump(p.end)
		return
	}
	p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 0}, bpf.LoadAbsolute{Off: p.network, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.on(func() { p.jump(p.levels[0].v4) }, 4)
	p.on(func() { p.jump(p.levels[0].v6) }, 6)
	p.emit(bpf.RetConstant{Val: 0})
}

// pppoe reads a PPPoE session's header, and the PPP protocol, whose first byte may be left out.
func (p *fan) pppoe(n int) {
	p.byte(6)
	p.on(func() { p.to(p.levels[n].v4, 7) }, 0x21)
	p.on(func() { p.to(p.levels[n].v6, 7) }, 0x57)
	p.half(6)
	p.on(func() { p.to(p.levels[n].v4, 8) }, 0x0021)
	p.on(func() { p.to(p.levels[n].v6, 8) }, 0x0057)
	p.jump(p.end)
}

// labels skips MPLS labels. What is behind them is told by its first bits, or is an Ethernet frame, with a control word in front or not.
func (p *fan) labels(n int) {
	bottom := p.label()
	for range maxFanoutLabels {
		more := p.label()
		p.byte(2)
		p.forward(4)
		p.branch(bpf.JumpBitsSet, 1, bottom, more)
		p.place(more)
	}
	p.jump(p.end)
	p.place(bottom)
	inside := p.levels[n+1].ethernet
	p.byte(0)
	p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.on(func() { p.jump(p.levels[n].v4) }, 4)
	p.on(func() { p.jump(p.levels[n].v6) }, 6)
	p.on(func() {
		p.half(12)
		p.on(func() { p.jump(inside) }, etherIPv4, etherIPv6, etherVLAN, etherQinQ, etherMPLS, etherPPPoE)
		p.to(inside, 4)
	}, 0)
	p.jump(inside)
}

// version ends the program unless a tunnel's packet at X has that version.
func (p *fan) version(n int, version uint32) {
	if n == 0 {
		return
	}
	is := p.label()
	p.byte(0)
	p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.branch(bpf.JumpEqual, version, is, p.end)
	p.place(is)
}

// ipv4 adds up what an IPv4 packet at X goes by, and goes to transport with its protocol in A, unless it is a fragment.
func (p *fan) ipv4(n int, transport label) {
	p.version(n, 4)
	p.words(12, 2)
	whole := p.label()
	p.half(6)
	p.branch(bpf.JumpBitsSet, 0x3fff, p.end, whole)
	p.place(whole)
	p.byte(9)
	p.emit(bpf.StoreScratch{Src: bpf.RegA, N: fanKind})
	p.byte(0)
	p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2}, bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{},
		bpf.LoadScratch{Dst: bpf.RegA, N: fanKind})
	p.jump(transport)
}

// ipv6 does the same for an IPv6 packet, as far as it has no extension headers.
func (p *fan) ipv6(n int, transport label) {
	p.version(n, 6)
	p.words(8, 8)
	p.byte(6)
	p.to(transport, 40)
}

// words makes the hash of the n 32-bit words at X+at, and keeps X.
func (p *fan) words(at uint32, n int) {
	p.emit(bpf.StoreScratch{Src: bpf.RegX, N: fanX}, bpf.LoadIndirect{Off: p.network + at, Size: 4}, bpf.StoreScratch{Src: bpf.RegA, N: fanHash})
	for range n - 1 {
		at += 4
		p.emit(bpf.LoadIndirect{Off: p.network + at, Size: 4})
		p.addToHash()
		p.emit(bpf.LoadScratch{Dst: bpf.RegX, N: fanX})
	}
}

// addToHash adds A to the hash; it changes X.
func (p *fan) addToHash() {
	p.emit(bpf.LoadScratch{Dst: bpf.RegX, N: fanHash}, bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.StoreScratch{Src: bpf.RegA, N: fanHash})
}

// transport adds a TCP segment's ports to the hash, or goes into a tunnel. A holds the IP protocol.
func (p *fan) transport(n int) {
	inside := p.levels[n+1]
	p.on(func() {
		p.half(2)
		p.emit(bpf.StoreScratch{Src: bpf.RegA, N: fanKind})
		p.half(0)
		p.addToHash()
		p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: fanKind})
		p.addToHash()
		p.jump(p.end)
	}, protoTCP)
	p.on(func() { p.udp(inside) }, protoUDP)
	p.on(func() { p.gre(n, inside) }, protoGRE)
	p.on(func() { p.jump(inside.v4) }, protoIPv4)
	p.on(func() { p.jump(inside.v6) }, protoIPv6)
	p.on(func() { p.jump(inside.mpls) }, protoMPLS)
	p.jump(p.end)
}
