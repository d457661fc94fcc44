package config

import (
	"net/netip"
	"slices"
	"strings"
)

// maxComparisons bounds the search for entries that an earlier one hides: enough for every file that a person has written,
// over in a blink for any other.
const maxComparisons = 5_000_000

// warnShadowed warns of entries that never match because an earlier one takes everything.
func (p *parser) warnShadowed() {
	budget := maxComparisons
	for i := range p.entries {
		p.warnShadowedService(i, &budget)
		p.warnShadowedPaths(&p.entries[i], &budget)
	}
	for i := range p.callers {
		p.warnShadowedClient(i, &budget)
	}
}

// warnShadowedService looks for earlier services that take servers of service i.
func (p *parser) warnShadowedService(i int, budget *int) {
	s := &p.entries[i]
	parts := s.reaches()
	if len(parts) == 0 {
		parts = []reach{{network: everywhere4}, {network: everywhere6}}
	}
	taken := map[int][]string{} // by the earlier service
	for _, part := range parts {
		for j := range p.entries[:i] {
			if *budget <= 0 {
				return
			}
			if hides(&p.entries[j], s, part, budget) {
				taken[j] = append(taken[j], part.String())
				break
			}
		}
	}
	for j := range p.entries[:i] {
		first, t := &p.entries[j], taken[j]
		switch {
		case len(t) == 0:
		case len(t) == len(parts):
			s.at.warn("this service never matches: everything in it belongs to %s (%s) in line %d, which comes first", first.at.path, first.Name, first.at.y.Line)
		default:
			s.at.warn("%s belongs to %s (%s) in line %d already, which comes first", strings.Join(t[:min(len(t), 3)], ", "), first.at.path, first.Name, first.at.y.Line)
		}
	}
}

// hides says whether all of part, which belongs to s, belongs to the earlier service as well. A service with host names takes
// requests to them before any that has only the server's address.
func hides(first, s *service, part reach, budget *int) bool {
	parts := first.reaches()
	if *budget -= 1 + len(parts) + len(first.Hosts)*len(s.Hosts); *budget <= 0 {
		return false
	}
	for _, h := range s.Hosts {
		if !slices.ContainsFunc(first.Hosts, func(f string) bool { return hostCovers(f, h) }) {
			return false
		}
	}
	if len(parts) == 0 {
		return len(s.Hosts) > 0 // the earlier one has its host names on every server
	}
	return slices.ContainsFunc(parts, func(r reach) bool { return r.covers(part) })
}

// hostCovers says whether every name that the pattern inner takes is taken by outer.
func hostCovers(outer, inner string) bool {
	outer, inner = strings.ToLower(outer), strings.ToLower(inner)
	below, wild := strings.CutPrefix(outer, "*")
	return outer == inner || wild && strings.HasSuffix(inner, below) && inner != below
}

func (p *parser) warnShadowedPaths(s *service, budget *int) {
	for i, path := range s.Paths {
		for _, first := range s.Paths[:i] {
			if *budget--; *budget <= 0 {
				return
			}
			if pathCovers(first, path) {
				s.paths.warn("%s never matches: %s comes first and takes it", quote(path), quote(first))
				break
			}
		}
	}
}

func (p *parser) warnShadowedClient(i int, budget *int) {
	clients := p.cfg.Label.Clients
	for _, n := range clients[i].Networks {
		for j, first := range clients[:i] {
			if *budget -= 1 + len(first.Networks); *budget <= 0 {
				return
			}
			if slices.ContainsFunc(first.Networks, func(f netip.Prefix) bool { return covers(f, n) }) {
				p.callers[i].warn("%s belongs to %s (%s) in line %d already, which comes first", n, p.callers[j].path, first.Name, p.callers[j].y.Line)
				break
			}
		}
	}
}

// pathCovers says whether every path that the pattern inner takes is taken by outer.
func pathCovers(outer, inner string) bool {
	a, aStar := strings.CutSuffix(outer, "*")
	b, bStar := strings.CutSuffix(inner, "*")
	as, bs := strings.Split(a, "/"), strings.Split(b, "/")
	if len(as) > len(bs) || !aStar && (bStar || len(as) != len(bs)) {
		return false
	}
	for i, want := range as {
		switch {
		case aStar && i == len(as)-1:
			return strings.HasPrefix(bs[i], want) && (want == "" || !strings.HasPrefix(bs[i], "{"))
		case !strings.HasPrefix(want, "{") && want != bs[i]:
			return false
		}
	}
	return true
}
