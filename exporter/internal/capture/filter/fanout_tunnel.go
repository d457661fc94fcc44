package filter

import "golang.org/x/net/bpf"

// udp goes into a tunnel over UDP, known by its destination port and the form of its header.
func (p *fan) udp(inside fanLevel) {
	p.half(2)
	p.on(func() { p.vxlan(inside) }, ports32(p.tunnels.VXLAN)...)
	p.on(func() { p.vxlanGPE(inside) }, 4790)
	p.on(func() { p.geneve(inside) }, ports32(p.tunnels.Geneve)...)
	p.jump(p.end)
}

func ports32(ports []uint16) (wide []uint32) {
	for _, port := range ports {
		wide = append(wide, uint32(port))
	}
	return wide
}

// vxlan reads a UDP header and a VXLAN header.
func (p *fan) vxlan(inside fanLevel) {
	valid, checked := p.label(), p.label()
	p.byte(8)
	p.branch(bpf.JumpBitsSet, 0x08, valid, p.end)
	p.place(valid)
	p.byte(15)
	p.branch(bpf.JumpEqual, 0, checked, p.end)
	p.place(checked)
	p.to(inside.ethernet, 16)
}

// vxlanGPE reads a UDP header and a VXLAN header that says what is behind it.
func (p *fan) vxlanGPE(inside fanLevel) {
	valid, plain, says := p.label(), p.label(), p.label()
	p.byte(8)
	p.branch(bpf.JumpBitsSet, 0x08, valid, p.end)
	p.place(valid)
	p.branch(bpf.JumpBitsSet, 0x04, says, plain)
	p.place(plain)
	p.to(inside.ethernet, 16)
	p.place(says)
	p.byte(11)
	p.forward(16)
	p.on(func() { p.jump(inside.v4) }, 1)
	p.on(func() { p.jump(inside.v6) }, 2)
	p.on(func() { p.jump(inside.ethernet) }, 3)
	p.on(func() { p.jump(inside.mpls) }, 5)
	p.jump(p.end)
}

// geneve reads a UDP header and a Geneve header.
func (p *fan) geneve(inside fanLevel) {
	valid, checked := p.label(), p.label()
	p.byte(15)
	p.branch(bpf.JumpEqual, 0, valid, p.end)
	p.place(valid)
	p.byte(8)
	p.branch(bpf.JumpBitsSet, 0xc0, p.end, checked)
	p.place(checked)
	p.half(10)
	p.emit(bpf.StoreScratch{Src: bpf.RegA, N: fanFlags})
	p.byte(8)
	p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0x3f}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftLeft, Val: 2}, bpf.ALUOpX{Op: bpf.ALUOpAdd},
		bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 16}, bpf.TAX{}, bpf.LoadScratch{Dst: bpf.RegA, N: fanFlags})
	p.carried(inside)
}

// carried goes to what has the EtherType in A.
func (p *fan) carried(inside fanLevel) {
	p.on(func() { p.jump(inside.ethernet) }, etherTEB)
	p.on(func() { p.jump(inside.v4) }, etherIPv4)
	p.on(func() { p.jump(inside.v6) }, etherIPv6)
	p.on(func() { p.jump(inside.mpls) }, etherMPLS, etherMPLSMulticast)
	p.jump(p.end)
}

// gre reads a GRE header.
func (p *fan) gre(n int, inside fanLevel) {
	known := p.label()
	p.half(0)
	p.emit(bpf.StoreScratch{Src: bpf.RegA, N: fanFlags})
	p.branch(bpf.JumpBitsSet, 0x4007, p.end, known) // routing; other versions are told apart by the parser
	p.place(known)
	p.half(2)
	p.forward(4)
	p.emit(bpf.StoreScratch{Src: bpf.RegA, N: fanKind})
	for _, optional := range [...]uint32{0x8000, 0x2000, 0x1000} {
		with, without := p.label(), p.label()
		p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: fanFlags})
		p.branch(bpf.JumpBitsSet, optional, with, without)
		p.place(with)
		p.emit(bpf.TXA{}, bpf.ALUOpConstant{Op: bpf.ALUOpAdd, Val: 4}, bpf.TAX{})
		p.place(without)
	}
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: fanKind})
	p.on(func() { p.erspan(inside) }, 0x88be)
	p.on(func() { p.erspan3(inside) }, 0x22eb)
	p.on(func() { p.wccp(inside) }, 0x883e)
	p.carried(inside)
}

// erspan skips the header of ERSPAN type II; type I has no GRE sequence number and no header.
func (p *fan) erspan(inside fanLevel) {
	with, without := p.label(), p.label()
	p.emit(bpf.LoadScratch{Dst: bpf.RegA, N: fanFlags})
	p.branch(bpf.JumpBitsSet, 0x1000, with, without)
	p.place(without)
	p.jump(inside.ethernet)
	p.place(with)
	p.to(inside.ethernet, 8)
}

// erspan3 skips the header of ERSPAN type III, with its optional part.
func (p *fan) erspan3(inside fanLevel) {
	ethernet, other, with, without := p.label(), p.label(), p.label(), p.label()
	p.half(10)
	p.branch(bpf.JumpBitsSet, 0x7c00, other, ethernet)
	p.place(other) // an IP packet without Ethernet is rare: by the outer addresses
	p.jump(p.end)
	p.place(ethernet)
	p.branch(bpf.JumpBitsSet, 1, with, without)
	p.place(without)
	p.to(inside.ethernet, 12)
	p.place(with)
	p.to(inside.ethernet, 20)
}

// wccp skips the header that WCCP's version 2 has in front of its IPv4 packet.
func (p *fan) wccp(inside fanLevel) {
	p.byte(0)
	p.emit(bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.on(func() { p.jump(inside.v4) }, 4)
	p.to(inside.v4, 4)
}
