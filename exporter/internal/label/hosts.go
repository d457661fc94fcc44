package label

import (
	"fmt"
	"strings"
)

// maxHost is the most bytes of a host name (RFC 1035 section 2.3.4).
const maxHost = 255

// hosts finds the services that a host name may belong to.
type hosts struct {
	exact map[string][]int // in lower case -> ranks
	below map[string][]int // ".example.com" -> ranks of "*.example.com"
}

// checkHost looks at "shop.example.com" and "*.example.com".
func checkHost(h string) error {
	name, _ := strings.CutPrefix(h, "*.")
	switch {
	case name == "":
		return fmt.Errorf("%q is no host name", h)
	case len(h) > maxHost:
		return fmt.Errorf("%d bytes, a host name has at most %d", len(h), maxHost)
	case strings.Contains(name, "*"):
		return fmt.Errorf("%q: * stands only at the front, followed by a dot", h)
	case strings.ContainsFunc(name, func(r rune) bool { return !isHostRune(r) }):
		return fmt.Errorf("%q is no host name (without a port; names beyond ASCII in their xn-- form)", h)
	}
	return nil
}

// isHostRune allows the colons and brackets of IPv6 literals, too.
func isHostRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-._:[]", r)
}

func (h *hosts) add(pattern string, rank int) {
	name := strings.TrimSuffix(strings.ToLower(pattern), ".")
	if below, ok := strings.CutPrefix(name, "*"); ok {
		if h.below == nil {
			h.below = map[string][]int{}
		}
		h.below[below] = append(h.below[below], rank)
		return
	}
	if h.exact == nil {
		h.exact = map[string][]int{}
	}
	h.exact[name] = append(h.exact[name], rank)
}

func (h *hosts) empty() bool { return len(h.exact)+len(h.below) == 0 }

// lowest is the lowest rank among those that host may belong to and accept lets pass, or -1.
func (h *hosts) lowest(host []byte, accept func(rank int) bool) int {
	var room [maxHost]byte
	if len(host) == 0 || len(host) > maxHost {
		return -1
	}
	name := room[:copy(room[:], host)]
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			name[i] = c + 'a' - 'A'
		}
	}
	if name[len(name)-1] == '.' {
		name = name[:len(name)-1]
	}
	best := lowest(-1, h.exact[string(name)], accept)
	if len(h.below) == 0 {
		return best
	}
	for i := 1; i < len(name); i++ {
		if name[i] == '.' {
			best = lowest(best, h.below[string(name[i:])], accept)
		}
	}
	return best
}

func lowest(best int, ranks []int, accept func(int) bool) int {
	for _, r := range ranks {
		if (best < 0 || r < best) && accept(r) {
			best = r
		}
	}
	return best
}
