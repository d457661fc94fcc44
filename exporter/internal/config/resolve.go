package config

import (
	"net/netip"
	"slices"
)

// resolution is what a host name was found to stand for.
type resolution struct {
	networks []netip.Prefix
	err      error
}

// resolveTarget is the networks that t stands for; a host name may have several addresses.
func (p *parser) resolveTarget(n node, t target) []netip.Prefix {
	if t.host == "" {
		return []netip.Prefix{t.network}
	}
	r, known := p.resolved[t.host]
	if !known {
		r = p.lookUp(t.host)
		p.resolved[t.host] = r
	}
	if r.err != nil {
		n.wrong("the host name %s cannot be resolved (%s); correct it, or write its address", quote(t.host), r.err)
	}
	return r.networks
}

func (p *parser) lookUp(host string) (r resolution) {
	addresses, err := p.resolve(p.ctx, "ip", host)
	if err != nil {
		return resolution{err: err}
	}
	for _, a := range addresses {
		a = a.Unmap().WithZone("")
		r.networks = append(r.networks, netip.PrefixFrom(a, a.BitLen()))
	}
	slices.SortFunc(r.networks, netip.Prefix.Compare)
	r.networks = slices.Compact(r.networks)
	return r
}
