package label

import (
	"net/netip"
	"slices"
)

// networks answers which of many networks hold an address, in as many map look-ups as there are prefix lengths.
type networks struct {
	bits4, bits6 []int // the lengths in use
	at           map[netip.Prefix][]member
}

// member says that a network belongs to the owner of this rank. Port 0: the owner's ports.
type member struct {
	rank int
	port uint16
}

func (n *networks) add(p netip.Prefix, m member) {
	if p.Addr().Is4In6() {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	p = p.Masked()
	if n.at == nil {
		n.at = map[netip.Prefix][]member{}
	}
	n.at[p] = append(n.at[p], m)
	bits := &n.bits6
	if p.Addr().Is4() {
		bits = &n.bits4
	}
	if !slices.Contains(*bits, p.Bits()) {
		*bits = append(*bits, p.Bits())
	}
}

func (n *networks) addAll(ps []netip.Prefix, rank int) {
	for _, p := range ps {
		n.add(p, member{rank: rank})
	}
}

func (n *networks) empty() bool { return len(n.at) == 0 }

// first is the lowest rank whose networks hold a, or -1.
func (n *networks) first(a netip.Addr) int {
	return n.lowest(a, func(member) bool { return true })
}

func (n *networks) contains(a netip.Addr) bool { return n.first(a) >= 0 }

// lowest is the lowest rank among the members that hold a and are accepted, or -1.
func (n *networks) lowest(a netip.Addr, accept func(member) bool) int {
	best := -1
	bits := n.bits6
	if a.Is4() {
		bits = n.bits4
	}
	for _, b := range bits {
		p, err := a.Prefix(b)
		if err != nil {
			continue
		}
		for _, m := range n.at[p] {
			if (best < 0 || m.rank < best) && accept(m) {
				best = m.rank
			}
		}
	}
	return best
}
