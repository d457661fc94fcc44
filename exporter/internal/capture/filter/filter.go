// Package filter makes the BPF programs that a capture hands to the kernel. In goes an expression in a subset of tcpdump's
// language, a list of ports, or the output of tcpdump -ddd; out come classic BPF instructions. It attaches nothing, opens
// nothing and looks at no frame.
//
// The language:
//
//	[src|dst|src or dst|src and dst] [ip|ip6] host ADDRESS        an IP address; "host" may be left out
//	[src|dst|src or dst|src and dst] [ip|ip6] net ADDRESS[/BITS]  a network
//	[tcp|udp|sctp] [src|dst|…] port NUMBER                        without a protocol: any of the three
//	[tcp|udp|sctp] [src|dst|…] portrange NUMBER-NUMBER
//	tcp, udp, sctp, icmp, icmp6, igmp, esp, ah, pim, ip, ip6, arp
//	[ip|ip6] proto NAME|NUMBER
//	vlan [ID]
//
// joined by and (&&), or (||), not (!) and parentheses. As in tcpdump, not binds closest, and and or bind equally and from left to
// right; after and, or and not, an address or number alone takes the words that stood before the last one: "port 80 or 443".
//
// Other than tcpdump's, these expressions look behind up to two VLAN tags by themselves: "port 80" finds tagged frames too, and
// "vlan 7" is true for frames with that tag, whatever the order in the expression. IPv6 extension headers are looked behind too. Names of
// hosts and services are not known, host and net do not look into ARP.
package filter

import (
	"fmt"
	"slices"

	"golang.org/x/net/bpf"
)

// Filter is an expression.
type Filter struct{ root node }

// Compile returns the program that takes accept bytes of each frame that matches f, and nothing of the others.
func (f *Filter) Compile(link Link, accept uint32) ([]bpf.Instruction, error) {
	var p program
	yes, no := p.label(), p.label()
	need := f.root.needs()
	if need.network {
		p.emit(bpf.LoadConstant{Dst: bpf.RegA, Val: 0}, bpf.StoreScratch{Src: bpf.RegA, N: slotL4}, bpf.StoreScratch{Src: bpf.RegA, N: slotFragment},
			bpf.LoadConstant{Dst: bpf.RegA, Val: noProto}, bpf.StoreScratch{Src: bpf.RegA, N: slotProto})
	}
	p.link(link, need.tags)
	if need.network {
		p.network()
	}
	f.root.code(&p, yes, no)
	p.place(yes)
	p.emit(bpf.RetConstant{Val: accept})
	p.place(no)
	p.emit(bpf.RetConstant{Val: 0})
	return p.assemble()
}

// Everything returns the program that takes accept bytes of every frame; with 0, of none.
func Everything(accept uint32) []bpf.Instruction {
	return []bpf.Instruction{bpf.RetConstant{Val: accept}}
}

// What else the filter made from ports lets through, because TCP and UDP to those ports may be inside.
var (
	tunnelTypes = []uint32{
		etherMPLS, etherMPLSMulticast, etherPPPoE, etherPBB, etherVNTag, etherCMD,
		0x894f,                                       // network service header
		etherVLAN, etherQinQ, etherQinQ1, etherQinQ2, // more VLAN tags than are looked behind
	}
	tunnelProtos = []uint32{
		protoIPv4, protoIPv6, protoGRE, protoAH, protoEtherIP, protoL2TP, protoMPLS,
		protoHopByHop, protoRouting, protoDestination, protoMobility, protoFragment, // more extension headers than are looked behind
	}
	tunnelPorts = []uint16{
		4789, 8472, // VXLAN, and its port before it had one
		4790, // VXLAN-GPE
		6081, // Geneve
		2152, // GTP-U
		4754, // GRE in UDP
		6635, // MPLS in UDP
		1701, // L2TP
		3544, // Teredo
	}
)

// MaxRanges is how many ranges of ports a filter made from ports can tell apart, so that its program is not too long for the kernel.
const MaxRanges = 600

// Ports returns the filter for TCP and UDP from and to ports: it lets those pass, every kind of tunnel, and every IP fragment, because only
// the first one has ports and a part alone is lost. A list of more than maxRanges ranges is read as fewer that hold more.
func Ports(ports []uint16, tunnels Tunnels, maxRanges int) *Filter {
	also := slices.Concat(tunnelPorts, tunnels.VXLAN, tunnels.Geneve)
	nodes := []node{
		portNode{protos: []uint32{protoTCP, protoUDP}, ranges: coarsen(mergePorts(ports), min(maxRanges, MaxRanges))},
		portNode{protos: []uint32{protoUDP}, ranges: mergePorts(also)},
		protoNode{protos: tunnelProtos},
		etherNode{types: tunnelTypes},
		fragmentNode{},
	}
	root := node(teredoNode{})
	for i := len(nodes) - 1; i >= 0; i-- {
		root = orNode{nodes[i], root}
	}
	return &Filter{root: root}
}

// Assemble turns a program into what the kernel takes.
func Assemble(program []bpf.Instruction) ([]bpf.RawInstruction, error) {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	return raw, nil
}
