package filter

import (
	"net/netip"
	"strconv"
	"strings"
)

// value reads what q stands in front of.
func (p *parser) value(q qualifiers, start token) (node, error) {
	switch q.kind {
	case "port":
		port, err := p.number("a port number", 1<<16-1)
		return q.ports(uint16(port), uint16(port)), err
	case "portrange":
		return p.portRange(q)
	case "proto":
		return p.proto(q)
	case "vlan":
		if !isValue(p.peek()) {
			return vlanNode{any: true}, nil
		}
		id, err := p.number("a VLAN id", 1<<12-1)
		return vlanNode{id: uint32(id)}, err
	}
	return p.address(q)
}

func (q qualifiers) ports(first, last uint16) node {
	protos := []uint32{protoTCP, protoUDP, protoSCTP}
	if q.proto != "" {
		protos = []uint32{protocols[q.proto].number}
	}
	return portNode{q.dir, protos, []portRange{{first, last}}}
}

func (p *parser) number(what string, limit uint64) (uint64, error) {
	t := p.next()
	n, err := strconv.ParseUint(t.text, 10, 32)
	if err != nil {
		return 0, t.expected(what)
	}
	if n > limit {
		return 0, errorAt(t.at, "%s is at most %d, got %s", what, limit, t.text)
	}
	return n, nil
}

func (p *parser) portRange(q qualifiers) (node, error) {
	t := p.next()
	a, b, ok := strings.Cut(t.text, "-")
	first, err1 := strconv.ParseUint(a, 10, 16)
	last, err2 := strconv.ParseUint(b, 10, 16)
	if !ok || err1 != nil || err2 != nil {
		return nil, t.expected("two port numbers like 8000-8099")
	}
	return q.ports(uint16(min(first, last)), uint16(max(first, last))), nil
}

func (p *parser) proto(q qualifiers) (node, error) {
	name := strings.TrimPrefix(p.peek().text, `\`) // tcpdump wants names escaped here
	number := uint64(protocols[name].number)
	if number != 0 {
		p.next()
	} else {
		var err error
		if number, err = p.number("a protocol's name or number", 255); err != nil {
			return nil, err
		}
	}
	return versioned(etherNames[q.proto], protoNode{[]uint32{uint32(number)}}), nil
}

// address reads an address of host, or a network.
func (p *parser) address(q qualifiers) (node, error) {
	t := p.next()
	what := "an IP address"
	if q.kind == "net" {
		what = "a network like 192.0.2.0/24 or 2001:db8::/32"
	}
	var prefix netip.Prefix
	if strings.Contains(t.text, "/") && q.kind == "net" {
		var err error
		if prefix, err = netip.ParsePrefix(t.text); err != nil {
			return nil, t.expected(what)
		}
	} else {
		addr, err := netip.ParseAddr(t.text)
		if err != nil {
			return nil, t.expected(what)
		}
		prefix = netip.PrefixFrom(addr, addr.BitLen())
	}
	if prefix != prefix.Masked() {
		return nil, errorAt(t.at, "%s has bits set behind the first %d; the network is %s", t.text, prefix.Bits(), prefix.Masked())
	}
	if v4 := prefix.Addr().Is4(); q.proto == "ip" && !v4 || q.proto == "ip6" && v4 {
		return nil, errorAt(t.at, "%s is no %s address", t.text, q.proto)
	}
	return netNode{q.dir, prefix}, nil
}
