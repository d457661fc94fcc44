package filter

import "golang.org/x/net/bpf"

// Link is what a program finds in front of the network layer's header.
type Link uint8

const (
	Ethernet       Link = iota // an Ethernet frame in a file
	EthernetKernel             // an Ethernet frame at a socket: the kernel may have taken its first VLAN tag off
	CookedKernel               // no link header: the kernel knows the protocol, and the VLAN tag
	Raw                        // no link header: IPv4 or IPv6
	Loopback                   // four bytes of address family
	LinuxSLL                   // Linux cooked capture v1
	LinuxSLL2                  // Linux cooked capture v2
)

// EtherTypes.
const (
	etherIPv4  = 0x0800
	etherARP   = 0x0806
	etherIPv6  = 0x86dd
	etherVLAN  = 0x8100
	etherQinQ  = 0x88a8
	etherQinQ1 = 0x9100
	etherQinQ2 = 0x9200

	etherMPLS          = 0x8847
	etherMPLSMulticast = 0x8848
	etherPPPoE         = 0x8864
	etherVNTag         = 0x8926
	etherCMD           = 0x8909 // security group tags
	etherPBB           = 0x88e7 // provider backbone bridging
	etherTEB           = 0x6558 // Ethernet in a tunnel
)

// Where programs keep in the scratch memory what they find out about a frame.
const (
	slotType     = iota // EtherType behind the VLAN tags
	slotIP              // offset of the network layer's header
	slotProto           // IP protocol behind the extension headers
	slotL4              // offset of the transport header; 0: there is none
	slotFragment        // place of an IP fragment, and whether more follow; 0: a whole packet
	slotTag             // VLAN ids, maxTags of them; noTag: none
	_
	_
)

const (
	// maxTags is how many VLAN tags are read: one that the kernel took off, two in the frame.
	maxTags = 3
	noTag   = 0xffff

	// packetOutgoing is the packet type of frames that this host sends (PACKET_OUTGOING).
	packetOutgoing = 4
)

// linkHeader says where the EtherType and the network layer's header are.
func (l Link) linkHeader() (etherType, network uint32) {
	switch l {
	case Ethernet, EthernetKernel:
		return 12, 14
	case LinuxSLL:
		return 14, 16
	case LinuxSLL2:
		return 0, 20
	case Loopback:
		return 0, 4
	}
	return 0, 0
}

// link emits code that fills the slots for the EtherType and the network layer's offset, and those for the tags when tags is set. It
// leaves the EtherType in A and the offset in X.
func (p *program) link(l Link, tags bool) {
	if tags {
		p.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: noTag})
		for i := range maxTags {
			p.emit(bpf.StoreScratch{Src: bpf.RegA, N: slotTag + i})
		}
		if l == EthernetKernel || l == CookedKernel {
			p.strippedTag()
		}
	}
	etherType, network := l.linkHeader()
	p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: network})
	switch l {
	case Raw, Loopback:
		p.version(network)
	case CookedKernel:
		found := p.label()
		p.sentTagged(found)
		p.emit(bpf.LoadExtension{Num: bpf.ExtProto})
		p.tags(network, tags)
		p.place(found)
	default:
		p.emit(bpf.LoadAbsolute{Off: etherType, Size: 2})
		p.tags(network, tags)
	}
	p.emit(bpf.StoreScratch{Src: bpf.RegA, N: slotType}, bpf.StoreScratch{Src: bpf.RegX, N: slotIP})
}

// strippedTag reads the tag that the kernel took off.
func (p *program) strippedTag() {
	present, absent := p.label(), p.label()
	p.emit(bpf.LoadExtension{Num: bpf.ExtVLANTagPresent})
	p.branch(bpf.JumpEqual, 0, absent, present)
	p.place(present)
	p.emit(bpf.LoadExtension{Num: bpf.ExtVLANTag}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}, bpf.StoreScratch{Src: bpf.RegA, N: slotTag})
	p.place(absent)
}

// sentTagged goes to found if a frame without link header is one that this host sends tagged, on an interface without VLAN offload: its
// protocol is the tag's, but the data starts behind the tag. It then leaves the EtherType in A.
func (p *program) sentTagged(found label) {
	tagged, known, unknown, out, other := p.label(), p.label(), p.label(), p.label(), p.label()
	p.emit(bpf.LoadExtension{Num: bpf.ExtProto})
	p.isAny(tagged, other, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2)
	p.place(tagged)
	p.emit(bpf.LoadAbsolute{Off: 2, Size: 2})
	p.isAny(known, unknown, etherIPv4, etherIPv6, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2)
	p.place(unknown)
	p.emit(bpf.LoadExtension{Num: bpf.ExtType})
	p.branch(bpf.JumpEqual, packetOutgoing, out, other)
	p.place(out)
	p.version(0)
	p.branch(bpf.JumpEqual, 0, other, found)
	p.place(known)
	p.place(other)
}

// tags walks over up to two VLAN tags, the first at offset network; A holds the EtherType and X the offset, before and after.
func (p *program) tags(network uint32, keep bool) {
	done := p.label()
	for i := range uint32(2) {
		tagged := p.label()
		p.isAny(tagged, done, etherVLAN, etherQinQ, etherQinQ1, etherQinQ2)
		p.place(tagged)
		at := network + 4*i
		if keep {
			p.emit(bpf.LoadAbsolute{Off: at, Size: 2}, bpf.ALUOpConstant{Op: bpf.ALUOpAnd, Val: 0xfff}, bpf.StoreScratch{Src: bpf.RegA, N: slotTag + 1 + int(i)})
		}
		p.emit(bpf.LoadConstant{Dst: bpf.RegX, Val: at + 4}, bpf.LoadAbsolute{Off: at + 2, Size: 2})
	}
	p.place(done)
}

// version puts the EtherType that goes with the IP version at offset network into A.
func (p *program) version(network uint32) {
	v4, not4, v6, other, done := p.label(), p.label(), p.label(), p.label(), p.label()
	p.emit(bpf.LoadAbsolute{Off: network, Size: 1}, bpf.ALUOpConstant{Op: bpf.ALUOpShiftRight, Val: 4})
	p.branch(bpf.JumpEqual, 4, v4, not4)
	p.place(not4)
	p.branch(bpf.JumpEqual, 6, v6, other)
	for _, c := range []struct {
		l label
		v uint32
	}{{v4, etherIPv4}, {v6, etherIPv6}, {other, 0}} {
		p.place(c.l)
		p.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: c.v})
		p.jump(done)
	}
	p.place(done)
}
