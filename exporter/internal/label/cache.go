package label

import (
	"wire_exporter/decoders"
)

// The caches of a worker are direct-mapped and of fixed size: what does not fit is looked up again.
const (
	serverEntries = 4096
	clientEntries = 4096
	hostEntries   = 1024
	pathEntries   = 8192
)

// serverEntry is what is known of a server.
type serverEntry struct {
	endpoint decoders.Endpoint
	used     bool
	measured bool
	ignored  bool
	service  *service // nil: none yet
	salt     uint64
}

// clientEntry is what is known of a caller's address.
type clientEntry struct {
	addr    [16]byte
	used    bool
	ignored bool
	name    int32 // in rules.names; -1: none
}

// hostEntry is the service of a Host at a server. The 64-bit hash stands for both: two that collide (odds of 2^-64 a pair,
// with a secret key) would be taken for one another.
type hostEntry struct {
	key     uint64
	service *service // nil: the server's
}

// pathEntry is what is known of a path of a service, found by hash like hostEntry.
type pathEntry struct {
	key     uint64
	slot    *slot // nil: no slot yet
	ignored bool
	user    bool // a log-in or log-out rule names it
}

func (l *Labeler) serverOf(e *decoders.Endpoint) *serverEntry {
	h := l.book.hashEndpoint((*[16]byte)(e[:16]), e.Port())
	x := &l.servers[h%serverEntries]
	if !x.used || x.endpoint != *e {
		*x = l.newServer(e, h)
	} else if x.service != nil && x.service.dead.Load() {
		x.service = nil
	}
	return x
}

func (l *Labeler) newServer(e *decoders.Endpoint, h uint64) serverEntry {
	r, a := l.rules, e.Addr()
	x := serverEntry{endpoint: *e, used: true, salt: h}
	x.measured = r.everything || r.measured.contains(a)
	x.ignored = r.ignored.contains(a)
	for _, p := range r.ignoredPorts {
		x.ignored = x.ignored || p == e.Port()
	}
	if rank := r.byAddress(*e); rank >= 0 {
		x.service = r.services[rank].service
	}
	return x
}

func (l *Labeler) clientOf(e *decoders.Endpoint) *clientEntry {
	addr := (*[16]byte)(e[:16])
	x := &l.clients[l.book.hashEndpoint(addr, 0)%clientEntries]
	if !x.used || x.addr != *addr {
		a := e.Addr()
		*x = clientEntry{addr: *addr, used: true, ignored: l.rules.ignored.contains(a), name: int32(l.rules.callers.first(a))}
	}
	return x
}

// byHost is the service that the Host of a request names; nil: none.
func (l *Labeler) byHost(host []byte, server *serverEntry) *service {
	key := max(1, l.book.hash(host)^server.salt)
	x := &l.hosts[key%hostEntries]
	if x.key != key {
		*x = hostEntry{key: key}
		if rank := l.rules.byHost(host, server.endpoint); rank >= 0 {
			x.service = l.rules.services[rank].service
		}
	}
	return x.service
}
