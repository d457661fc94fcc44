package config

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"wire_exporter/decoders"
)

// servers knows which plugin the servers are configured to speak.
type servers struct {
	plugins      []decoders.Plugin
	at           map[place]int // plugins by address
	bits4, bits6 []int         // lengths of the networks in at, longest first
	ports        map[uint16][]int
}

// place is a network and a port; port 0: any.
type place struct {
	network netip.Prefix
	port    uint16
}

// protocol is the plugin (its index) that a server is configured to speak, or -1. The longest network wins, then an exact
// port; what the configuration says of single services comes before what it says of ports.
func (s *servers) protocol(server decoders.Endpoint, transport decoders.Transport) int {
	a, port := server.Addr(), server.Port()
	lengths := s.bits6
	if a.Is4() {
		lengths = s.bits4
	}
	for _, bits := range lengths {
		network, _ := a.Prefix(bits)
		for _, where := range [...]place{{network, port}, {network, 0}} {
			if i, ok := s.at[where]; ok && speaks(&s.plugins[i], transport) {
				return i
			}
		}
	}
	for _, i := range s.ports[port] {
		if speaks(&s.plugins[i], transport) {
			return i
		}
	}
	return -1
}

// speaks says whether a plugin runs over a transport, by the ports it names.
func speaks(p *decoders.Plugin, transport decoders.Transport) bool {
	return len(p.Ports) == 0 || slices.ContainsFunc(p.Ports, func(q decoders.Port) bool { return q.Transport == transport })
}

// add says what is spoken at a place; the first to say so wins.
func (s *servers) add(where place, plugin int) {
	if _, taken := s.at[where]; taken {
		return
	}
	s.at[where] = plugin
	lengths := &s.bits6
	if where.network.Addr().Is4() {
		lengths = &s.bits4
	}
	longestFirst := func(a, b int) int { return cmp.Compare(b, a) }
	if i, found := slices.BinarySearchFunc(*lengths, where.network.Bits(), longestFirst); !found {
		*lengths = slices.Insert(*lengths, i, where.network.Bits())
	}
}

// newServers collects what services and protocols say about ports.
func (p *parser) newServers() *servers {
	s := &servers{plugins: p.plugins, at: map[place]int{}, ports: map[uint16][]int{}}
	for _, e := range p.entries {
		if e.plugin < 0 {
			continue
		}
		for _, r := range e.reaches() {
			for _, where := range r.places() {
				s.add(where, e.plugin)
			}
		}
	}
	for i, b := range p.cfg.blocks {
		for _, port := range b.ports {
			if !b.off {
				s.ports[port] = append(s.ports[port], i)
			}
		}
	}
	return s
}

// reach is a part of what belongs to a service: servers in a network at some ports (none: any).
type reach struct {
	network netip.Prefix
	ports   []uint16
}

// reaches are the servers that belong to a service. One without addresses and networks has its ports everywhere, one with
// host names only has no servers.
func (s *service) reaches() (all []reach) {
	for _, a := range s.Addresses {
		network := netip.PrefixFrom(a.Addr(), a.Addr().BitLen())
		if a.Port() != 0 {
			all = append(all, reach{network, []uint16{a.Port()}})
		} else {
			all = append(all, reach{network, s.Ports})
		}
	}
	for _, n := range s.Networks {
		all = append(all, reach{n, s.Ports})
	}
	if len(all) == 0 && len(s.Ports) > 0 {
		all = []reach{{everywhere4, s.Ports}, {everywhere6, s.Ports}}
	}
	return all
}

var (
	everywhere4 = netip.MustParsePrefix("0.0.0.0/0")
	everywhere6 = netip.MustParsePrefix("::/0")
)

func (r reach) places() (all []place) {
	if len(r.ports) == 0 {
		return []place{{r.network, 0}}
	}
	for _, port := range r.ports {
		all = append(all, place{r.network, port})
	}
	return all
}

// covers says whether all servers of other are among r's.
func (r reach) covers(other reach) bool {
	if !covers(r.network, other.network) || len(r.ports) > 0 && len(other.ports) == 0 {
		return false
	}
	return len(r.ports) == 0 || !slices.ContainsFunc(other.ports, func(p uint16) bool { return !slices.Contains(r.ports, p) })
}

// String is r as it would be written in the file.
func (r reach) String() string {
	where := r.network.String()
	switch {
	case r.network == everywhere4 || r.network == everywhere6:
		where = "every address"
	case r.network.IsSingleIP():
		where = r.network.Addr().String()
	}
	if len(r.ports) == 0 {
		return where
	}
	ports := make([]string, len(r.ports))
	for i, p := range r.ports {
		ports[i] = strconv.Itoa(int(p))
	}
	return where + " port " + strings.Join(ports, ", ")
}
