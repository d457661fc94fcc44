package filter

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"golang.org/x/net/bpf"
)

// node is a part of an expression. code emits what leads to yes if a frame matches it and to no otherwise; neither A nor X are
// kept. needs says which slots it reads.
type node interface {
	code(p *program, yes, no label)
	needs() needs
}

// needs says what a program has to find out about a frame first.
type needs struct{ tags, network bool }

func (n needs) and(o needs) needs { return needs{n.tags || o.tags, n.network || o.network} }

type andNode struct{ left, right node }

func (n andNode) needs() needs { return n.left.needs().and(n.right.needs()) }
func (n andNode) code(p *program, yes, no label) {
	both := p.label()
	n.left.code(p, both, no)
	p.place(both)
	n.right.code(p, yes, no)
}

type orNode struct{ left, right node }

func (n orNode) needs() needs { return n.left.needs().and(n.right.needs()) }
func (n orNode) code(p *program, yes, no label) {
	neither := p.label()
	n.left.code(p, yes, neither)
	p.place(neither)
	n.right.code(p, yes, no)
}

type notNode struct{ of node }

func (n notNode) needs() needs                   { return n.of.needs() }
func (n notNode) code(p *program, yes, no label) { n.of.code(p, no, yes) }

// direction says which end of a packet has to match.
type direction uint8

const (
	either direction = iota
	source
	destination
	both
)

// ends emits code for the ends that d names; one emits it for the source or the destination.
func (d direction) ends(p *program, yes, no label, one func(src bool, yes, no label)) {
	second := p.label()
	switch d {
	case source:
		one(true, yes, no)
	case destination:
		one(false, yes, no)
	case either:
		one(true, yes, second)
		p.place(second)
		one(false, yes, no)
	case both:
		one(true, second, no)
		p.place(second)
		one(false, yes, no)
	}
}

// etherNode matches EtherTypes.
type etherNode struct{ types []uint32 }

func (n etherNode) needs() needs { return needs{} }
func (n etherNode) code(p *program, yes, no label) {
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotType})
	p.isAny(yes, no, n.types...)
}

// protoNode matches IP protocols.
type protoNode struct{ protos []uint32 }

func (n protoNode) needs() needs { return needs{network: true} }
func (n protoNode) code(p *program, yes, no label) {
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotProto})
	p.isAny(yes, no, n.protos...)
}

// fragmentNode matches IP fragments.
type fragmentNode struct{}

func (n fragmentNode) needs() needs { return needs{network: true} }
func (n fragmentNode) code(p *program, yes, no label) {
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotFragment})
	p.branch(bpf.JumpEqual, 0, no, yes)
}

// vlanNode matches frames with a VLAN tag of the given id, or of any.
type vlanNode struct {
	id  uint32
	any bool
}

func (n vlanNode) needs() needs { return needs{tags: true} }
func (n vlanNode) code(p *program, yes, no label) {
	for i := range maxTags {
		next := no
		if i < maxTags-1 {
			next = p.label()
		}
		p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotTag + i})
		if n.any {
			p.branch(bpf.JumpEqual, noTag, next, yes)
		} else {
			p.branch(bpf.JumpEqual, n.id, yes, next)
		}
		if i < maxTags-1 {
			p.place(next)
		}
	}
}

// teredoNode matches UDP datagrams that carry an IPv6 packet from or to Teredo's network (RFC 4380). A datagram too short for that is not taken,
// whatever else an expression says of it: so it stands last.
type teredoNode struct{}

func (n teredoNode) needs() needs { return needs{network: true} }
func (n teredoNode) code(p *program, yes, no label) {
	header, udp, v6, other := p.label(), p.label(), p.label(), p.label()
	p.emit(bpf.LoadScratch{Dst: bpf.RegX, N: slotL4}, bpf.TXA{})
	p.branch(bpf.JumpEqual, 0, no, header)
	p.place(header)
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotProto})
	p.branch(bpf.JumpEqual, protoUDP, udp, no)
	p.place(udp)
	p.emit(bpf.LoadIndirect{Off: 8, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.branch(bpf.JumpEqual, 6, v6, no)
	p.place(v6)
	p.emit(bpf.LoadIndirect{Off: 16, Size: 4})
	p.branch(bpf.JumpEqual, 0x20010000, yes, other)
	p.place(other)
	p.emit(bpf.LoadIndirect{Off: 32, Size: 4})
	p.branch(bpf.JumpEqual, 0x20010000, yes, no)
}

// netNode matches addresses of a network.
type netNode struct {
	dir    direction
	prefix netip.Prefix
}

func (n netNode) needs() needs { return needs{} }
func (n netNode) code(p *program, yes, no label) {
	etherType, src, dst := uint32(etherIPv6), uint32(8), uint32(24)
	if n.prefix.Addr().Is4() {
		etherType, src, dst = etherIPv4, 12, 16
	}
	is := p.label()
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotType}, bpf.LoadScratch{Dst: bpf.RegX, N: slotIP})
	p.branch(bpf.JumpEqual, etherType, is, no)
	p.place(is)
	n.dir.ends(p, yes, no, func(isSource bool, yes, no label) {
		if isSource {
			n.compare(p, src, yes, no)
		} else {
			n.compare(p, dst, yes, no)
		}
	})
}

// compare compares the address at offset at from X, word by word.
func (n netNode) compare(p *program, at uint32, yes, no label) {
	address := n.prefix.Masked().Addr().AsSlice()
	for left := n.prefix.Bits(); left > 0; left -= 32 {
		p.emit(bpf.LoadIndirect{Off: at, Size: 4})
		if left < 32 {
			p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: ^uint32(0) << (32 - left)})
		}
		same := yes
		if left > 32 {
			same = p.label()
		}
		p.branch(bpf.JumpEqual, binary.BigEndian.Uint32(address), same, no)
		if left > 32 {
			p.place(same)
		}
		address, at = address[4:], at+4
	}
	if n.prefix.Bits() == 0 {
		p.jump(yes)
	}
}

// portRange is a range of port numbers, both ends included.
type portRange struct{ first, last uint16 }

// portNode matches ports of some protocols. ranges are sorted and do not touch.
type portNode struct {
	dir    direction
	protos []uint32
	ranges []portRange
}

func (n portNode) needs() needs { return needs{network: true} }
func (n portNode) code(p *program, yes, no label) {
	header, ports := p.label(), p.label()
	p.emit(bpf.LoadScratch{Dst: bpf.RegX, N: slotL4}, bpf.TXA{})
	p.branch(bpf.JumpEqual, 0, no, header)
	p.place(header)
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotProto})
	p.isAny(ports, no, n.protos...)
	p.place(ports)
	n.dir.ends(p, yes, no, func(isSource bool, yes, no label) {
		at := uint32(2)
		if isSource {
			at = 0
		}
		p.emit(bpf.LoadIndirect{Off: at, Size: 2})
		p.search(n.ranges, yes, no)
	})
}

// leafRanges is how many ranges are compared one after the other.
const leafRanges = 8

// search looks the port in A up in ranges, which it halves until few are left. Those jump by way of two jumps at their end, because
// in a long list yes and no are out of a comparison's reach.
func (p *program) search(ranges []portRange, yes, no label) {
	if len(ranges) > leafRanges {
		middle := len(ranges) / 2
		high, low := p.label(), p.label()
		p.branch(bpf.JumpGreaterOrEqual, uint32(ranges[middle].first), high, low)
		p.place(low)
		p.search(ranges[:middle], yes, no)
		p.place(high)
		p.search(ranges[middle:], yes, no)
		return
	}
	hit, miss := p.label(), p.label()
	for _, r := range ranges {
		next, above := p.label(), p.label()
		if r.first == r.last {
			p.branch(bpf.JumpEqual, uint32(r.first), hit, next)
		} else {
			p.branch(bpf.JumpGreaterOrEqual, uint32(r.first), above, miss) // later ranges lie higher
			p.place(above)
			p.branch(bpf.JumpGreaterThan, uint32(r.last), next, hit)
		}
		p.place(next)
	}
	p.place(miss)
	p.jump(no)
	p.place(hit)
	p.jump(yes)
}

// mergePorts returns ports as the fewest ranges.
func mergePorts(ports []uint16) []portRange {
	sorted := slices.Clone(ports)
	slices.Sort(sorted)
	var ranges []portRange
	for _, port := range sorted {
		if n := len(ranges); n > 0 && int(port) <= int(ranges[n-1].last)+1 {
			ranges[n-1].last = port
			continue
		}
		ranges = append(ranges, portRange{port, port})
	}
	return ranges
}

// coarsen joins ranges over the smallest gaps between them, until there are at most n.
func coarsen(ranges []portRange, n int) []portRange {
	if len(ranges) <= n {
		return ranges
	}
	gaps := make([]int, len(ranges)-1)
	for i := range gaps {
		gaps[i] = int(ranges[i+1].first) - int(ranges[i].last)
	}
	slices.Sort(gaps)
	limit := gaps[len(ranges)-n-1]
	coarse := ranges[:1:1]
	for _, r := range ranges[1:] {
		if last := &coarse[len(coarse)-1]; int(r.first)-int(last.last) <= limit {
			last.last = r.last
		} else {
			coarse = append(coarse, r)
		}
	}
	return coarse
}
