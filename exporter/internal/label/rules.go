package label

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"wire_exporter/decoders"
)

// rules is a Config made ready for look-ups. It is never changed; a Reload makes a new one.
type rules struct {
	limits   [NumFamilies]int32
	http     []bool // by protocol: operations are HTTP methods
	services []serviceRules

	servers  networks         // of services; a member's port restricts further
	anywhere map[uint16][]int // ports of services that give ports but no networks
	hosts    hosts
	callers  networks // of services, then clients: who calls
	names    []name   // by rank in callers

	everything bool // every server is measured
	measured   networks

	ignored      networks
	ignoredPorts []uint16
	ignoredPaths patterns
	ignoredTypes [][]byte // lower case; a trailing "*" was cut off, see prefixTypes
	prefixTypes  [][]byte
	users        []userRule // for every service
}

// serviceRules is what the configuration says of one service.
type serviceRules struct {
	service   *service
	ports     []uint16
	restricts bool // networks, addresses or ports are given
	single    networks
	paths     patterns
	slots     []*slot // of paths
	users     []userRule
}

// noRules is for services that are not configured.
var noRules serviceRules

// name is a configured label value with the hash of its text.
type name struct {
	text []byte
	key  uint64
}

// compile reads a Config that was checked.
func compile(c Config) *rules {
	c.Limits.fill()
	r := &rules{
		limits:       c.Limits.of(),
		services:     make([]serviceRules, len(c.Services)),
		anywhere:     map[uint16][]int{},
		everything:   c.Measure.All || len(c.Measure.Local)+len(c.Measure.Networks) == 0,
		ignoredPorts: slices.Clone(c.Ignore.Ports),
		ignoredPaths: parsePatterns(c.Ignore.Paths),
		users:        slices.Concat(parseUserRules(UserLogin, c.Logins), parseUserRules(UserLogout, c.Logouts)),
	}
	for _, p := range c.Protocols {
		r.http = append(r.http, strings.HasPrefix(p, "http"))
	}
	for i := range c.Services {
		r.addService(i, &c.Services[i])
	}
	for i, cl := range c.Clients {
		r.callers.addAll(cl.Networks, len(c.Services)+i)
		r.names = append(r.names, name{text: []byte(cl.Name)})
	}
	r.measured.addAll(c.Measure.Local, 0)
	r.measured.addAll(c.Measure.Networks, 0)
	r.ignored.addAll(c.Ignore.Networks, 0)
	for _, s := range c.Ignore.ContentTypes {
		t, err := parseContentType(s)
		if err != nil {
			panic("BUG: a content type was not checked: " + err.Error())
		}
		if before, ok := bytes.CutSuffix(t, []byte("*")); ok {
			r.prefixTypes = append(r.prefixTypes, before)
		} else {
			r.ignoredTypes = append(r.ignoredTypes, t)
		}
	}
	return r
}

func (r *rules) addService(rank int, s *Service) {
	sr := &r.services[rank]
	sr.ports = slices.Clone(s.Ports)
	sr.paths = parsePatterns(s.Paths)
	sr.users = slices.Concat(parseUserRules(UserLogin, s.Logins), parseUserRules(UserLogout, s.Logouts))
	sr.restricts = len(s.Networks)+len(s.Addresses)+len(s.Ports) > 0
	sr.single.addAll(s.Networks, rank)
	for _, a := range s.Addresses {
		ip := a.Addr().Unmap().WithZone("")
		sr.single.add(netip.PrefixFrom(ip, ip.BitLen()), member{rank, a.Port()})
	}
	for p, members := range sr.single.at {
		for _, m := range members {
			r.servers.add(p, m)
		}
		r.callers.add(p, member{rank: rank})
	}
	r.names = append(r.names, name{text: []byte(s.Name)})
	if sr.single.empty() {
		for _, p := range s.Ports {
			r.anywhere[p] = append(r.anywhere[p], rank)
		}
	}
	for _, h := range s.Hosts {
		r.hosts.add(h, rank)
	}
}

// accepts says whether a server's port is one of the service's.
func (sr *serviceRules) accepts(m member, port uint16) bool {
	if m.port != 0 {
		return m.port == port
	}
	return len(sr.ports) == 0 || slices.Contains(sr.ports, port)
}

// owns says whether a server at e is not one the service's networks, addresses and ports rule out.
func (sr *serviceRules) owns(e decoders.Endpoint) bool {
	if !sr.restricts {
		return true
	}
	if sr.single.empty() {
		return sr.accepts(member{}, e.Port())
	}
	port := e.Port()
	return sr.single.lowest(e.Addr(), func(m member) bool { return sr.accepts(m, port) }) >= 0
}

// byAddress is the rank of the service a server at e belongs to, or -1.
func (r *rules) byAddress(e decoders.Endpoint) int {
	port := e.Port()
	best := r.servers.lowest(e.Addr(), func(m member) bool { return r.services[m.rank].accepts(m, port) })
	for _, rank := range r.anywhere[port] {
		if best < 0 || rank < best {
			best = rank
		}
	}
	return best
}

// byHost is the rank of the service a request for host to a server at e belongs to, or -1.
func (r *rules) byHost(host []byte, e decoders.Endpoint) int {
	return r.hosts.lowest(host, func(rank int) bool { return r.services[rank].owns(e) })
}

// ignoresType says whether a response's content type is one to leave out.
func (r *rules) ignoresType(t []byte) bool {
	if len(t) == 0 {
		return false
	}
	for _, p := range r.prefixTypes {
		if len(t) >= len(p) && bytes.EqualFold(t[:len(p)], p) {
			return true
		}
	}
	for _, p := range r.ignoredTypes {
		if bytes.EqualFold(t, p) {
			return true
		}
	}
	return false
}

// parseContentType reads "text/css" or "image/*".
func parseContentType(s string) ([]byte, error) {
	main, sub, ok := strings.Cut(s, "/")
	if !ok || main == "" || sub == "" || strings.ContainsAny(s, "; ,") || strings.Contains(main, "*") ||
		strings.Contains(strings.TrimSuffix(sub, "*"), "*") {
		return nil, fmt.Errorf("%q is no content type like text/css or image/*", s)
	}
	return []byte(strings.ToLower(s)), nil
}
