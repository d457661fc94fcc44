package filter

import "golang.org/x/net/bpf"

// IP protocol numbers, and the next header values of IPv6 extension headers.
const (
	protoHopByHop    = 0
	protoICMP        = 1
	protoIGMP        = 2
	protoIPv4        = 4
	protoTCP         = 6
	protoUDP         = 17
	protoIPv6        = 41
	protoRouting     = 43
	protoFragment    = 44
	protoGRE         = 47
	protoESP         = 50
	protoAH          = 51
	protoICMPv6      = 58
	protoDestination = 60
	protoEtherIP     = 97
	protoPIM         = 103
	protoL2TP        = 115
	protoSCTP        = 132
	protoMobility    = 135
	protoMPLS        = 137

	// noProto stands in slotProto for a frame that is not IP.
	noProto = 0x100
)

// maxExtensions is how many IPv6 extension headers a program walks over.
const maxExtensions = 4

// network emits code that fills the slots for protocol, transport header and fragment. It expects the EtherType in A and the
// network layer's offset in X, and changes both.
func (p *program) network() {
	v4, not4, v6, end := p.label(), p.label(), p.label(), p.label()
	p.branch(bpf.JumpEqual, etherIPv4, v4, not4)
	p.place(not4)
	p.branch(bpf.JumpEqual, etherIPv6, v6, end)
	p.place(v4)
	p.ipv4(end)
	p.place(v6)
	p.ipv6(end)
	p.place(end)
}

func (p *program) ipv4(end label) {
	first := p.label()
	p.emit(bpf.LoadIndirect{Off: 9, Size: 1}, bpf.StoreScratch{Src: bpf.RegA, N: slotProto})
	p.emit(bpf.LoadIndirect{Off: 6, Size: 2}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x3fff}, bpf.StoreScratch{Src: bpf.RegA, N: slotFragment})
	p.branch(bpf.JumpBitsSet, 0x1fff, end, first)
	p.place(first)
	p.emit(bpf.LoadIndirect{Off: 0, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x0f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.StoreScratch{Src: bpf.RegA, N: slotL4})
	p.jump(end)
}

func (p *program) ipv6(end label) {
	found := p.label()
	p.emit(bpf.LoadIndirect{Off: 6, Size: 1}, bpf.StoreScratch{Src: bpf.RegA, N: slotProto}, bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 40}, bpf.TAX{})
	for range maxExtensions {
		p.extension(found, end)
	}
	// A header that is still an extension is no transport header.
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotProto})
	p.isAny(end, found, protoHopByHop, protoRouting, protoDestination, protoMobility, protoFragment)
	p.place(found)
	p.emit(bpf.StoreScratch{Src: bpf.RegX, N: slotL4})
	p.jump(end)
}

// extension walks over one extension header at X, or goes to found when there is none.
func (p *program) extension(found, end label) {
	options, notOptions, fragment, first, next := p.label(), p.label(), p.label(), p.label(), p.label()
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: slotProto})
	p.isAny(options, notOptions, protoHopByHop, protoRouting, protoDestination, protoMobility)
	p.place(notOptions)
	p.branch(bpf.JumpEqual, protoFragment, fragment, found)

	p.place(fragment)
	p.emit(bpf.LoadIndirect{Off: 0, Size: 1}, bpf.StoreScratch{Src: bpf.RegA, N: slotProto}, bpf.LoadIndirect{Off: 2, Size: 2})
	p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff9}, bpf.StoreScratch{Src: bpf.RegA, N: slotFragment})
	p.branch(bpf.JumpBitsSet, 0xfff8, end, first)
	p.place(first)
	p.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 8}, bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
	p.jump(next)

	p.place(options)
	p.emit(bpf.LoadIndirect{Off: 0, Size: 1}, bpf.StoreScratch{Src: bpf.RegA, N: slotProto})
	p.emit(bpf.LoadIndirect{Off: 1, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 3},
		bpf.ALUOpX{Op: bpf.ALUOpAdd}, bpf.TAX{})
	p.place(next)
}
