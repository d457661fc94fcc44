package filter

import "golang.org/x/net/bpf"

// netOffset makes a load relative to the network layer's header (SKF_NET_OFF), wherever the frame's data starts: for a fanout
// program that differs between frames that come in and go out.
const netOffset = 0xfff00000

// hashMultiplier spreads differences in a sum over all bits: 2^32 divided by the golden ratio.
const hashMultiplier = 0x9e3779b1

// slotHash is where the fanout program adds up; it uses slotIP and slotL4 besides.
const slotHash = slotTag

// Fanout returns the program that spreads frames over workers (PACKET_FANOUT_CBPF): the kernel takes its result modulo their number.
//
// The result is the same for both directions of a connection, on every interface, because it adds up both addresses, and for TCP
// both ports. UDP and everything else goes by the addresses alone: so fragments stay with their datagrams, and the two
// directions of a tunnel, whose outer source port is made from the inner flow, stay together. TCP fragments go by
// the addresses too, away from the rest of their connection; hosts avoid them by path MTU discovery. VLAN tags do not count.
func Fanout() []bpf.Instruction {
	return fanout(netOffset, func(p *program) { p.emit(bpf.LoadExtension{Num: bpf.ExtProto}) })
}

// fanout is Fanout for a network layer's header at offset network, and code that loads the EtherType in front of it.
func fanout(network uint32, etherType func(p *program)) []bpf.Instruction {
	var p program
	v4, v6, end := p.label(), p.label(), p.label()
	p.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0}, bpf.StoreScratch{Src: bpf.RegA, N: slotHash})
	p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 0})
	etherType(&p)
	p.fanoutTags(network, v4, v6)
	p.place(v4)
	p.fanoutIPv4(network, end)
	p.place(v6)
	p.fanoutIPv6(network, end)
	p.place(end)
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotHash}, bpf.ALUOpConstant{Op: bpf.ALUOpMul, Val: hashMultiplier}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 16}, bpf.RetA{})
	out, err := p.assemble()
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return out
}

// fanoutTags goes to v4 or v6 with the offset of the IP header, behind up to two VLAN tags, in X. A holds the EtherType. A frame
// that is not IP ends the program with 0, which is the first worker.
func (p *program) fanoutTags(network uint32, v4, v6 label) {
	unknown := p.label()
	for depth := range uint32(3) {
		not4, not6, tagged := p.label(), p.label(), p.label()
		p.branch(bpf.JumpEqual, etherIPv4, v4, not4)
		p.place(not4)
		p.branch(bpf.JumpEqual, etherIPv6, v6, not6)
		p.place(not6)
		if depth == 2 {
			break
		}
		p.isAny(tagged, unknown, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2)
		p.place(tagged)
		p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 4 * (depth + 1)}, bpf.LoadAbsolute{Off: network + 4*depth + 2, Size: 2})
	}
	// A tagged frame that this host sends on an interface without VLAN offload: the network layer's offset is already behind the tag.
	p.place(unknown)
	not4, other := p.label(), p.label()
	p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: 0}, bpf.LoadAbsolute{Off: network, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.branch(bpf.JumpEqual, 4, v4, not4)
	p.place(not4)
	p.branch(bpf.JumpEqual, 6, v6, other)
	p.place(other)
	p.emit(bpf.RetConstant{Val: 0})
}

// fanoutIPv4 adds up what an IPv4 packet at X goes by.
func (p *program) fanoutIPv4(network uint32, end label) {
	tcp, whole := p.label(), p.label()
	p.addWords(network+12, 2)
	p.emit(bpf.LoadIndirect{Off: network + 9, Size: 1})
	p.branch(bpf.JumpEqual, protoTCP, tcp, end)
	p.place(tcp)
	p.emit(bpf.LoadIndirect{Off: network + 6, Size: 2})
	p.branch(bpf.JumpBitsSet, 0x3fff, end, whole)
	p.place(whole)
	p.emit(bpf.LoadIndirect{Off: network, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
	p.addPorts(network)
	p.jump(end)
}

// fanoutIPv6 adds up what an IPv6 packet at X goes by.
func (p *program) fanoutIPv6(network uint32, end label) {
	tcp := p.label()
	p.addWords(network+8, 8)
	p.emit(bpf.LoadIndirect{Off: network + 6, Size: 1})
	p.branch(bpf.JumpEqual, protoTCP, tcp, end)
	p.place(tcp)
	p.addPorts(network + 40)
}

// addWords adds the n 32-bit words at X+at to the hash, and keeps X.
func (p *program) addWords(at uint32, n int) {
	p.emit(bpf.StoreScratch{Src: bpf.RegX, N: slotIP})
	for range n {
		p.emit(bpf.LoadIndirect{Off: at, Size: 4})
		p.addToHash()
		p.emit(bpf.LoadScratch{Dst: bpf.RegX, N: slotIP})
		at += 4
	}
}

// addPorts adds the two ports at X+at to the hash.
func (p *program) addPorts(at uint32) {
	p.emit(bpf.LoadIndirect{Off: at, Size: 2}, bpf.StoreScratch{Src: bpf.RegA, N: slotL4}, bpf.LoadIndirect{Off: at + 2, Size: 2})
	p.addToHash()
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotL4})
	p.addToHash()
}

// addToHash adds A to the hash; it changes X.
func (p *program) addToHash() {
	p.emit(bpf.LoadScratch{Dst: bpf.RegX, N: slotHash}, bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.StoreScratch{Src: bpf.RegA, N: slotHash})
}
