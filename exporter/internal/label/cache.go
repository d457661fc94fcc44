package label

import (
	"encoding/binary"
	"slices"

	"wire_exporter/decoders"
)

// The caches of a worker are direct-mapped and of fixed size: what does not fit is looked up again.
const (
	serverEntries = 4096
	clientEntries = 4096
	hostEntries   = 1024
	pathEntries   = 8192
	shortSets     = 128 // of two entries each
)

// serverEntry is what is known of a server.
type serverEntry struct {
	endpoint decoders.Endpoint
	used     bool
	measured bool
	ignored  Verdict  // Counted: it is not
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
	switch {
	case r.ignored.contains(a):
		x.ignored = IgnoredNetwork
	case slices.Contains(r.ignoredPorts, e.Port()):
		x.ignored = IgnoredPort
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

// pathOf is the entry of a path of a service; fresh: it is empty, and the caller fills it. A path has two places, so that two that
// meet in one do not drive each other out.
func (l *Labeler) pathOf(key uint64) (x *pathEntry, fresh bool) {
	i := key % pathEntries
	x, second := &l.paths[i], &l.paths[i^1]
	switch key {
	case x.key:
		return x, false
	case second.key:
		return second, false
	}
	*second = *x
	return x, true
}

// shortEntry is what is known of a value of at most eight bytes: a method, a verb, a status.
type shortEntry struct {
	text uint64 // its bytes
	of   uint64 // its service, family and length; never 0
	slot *slot  // nil: not known
}

// shortOf is the entry of a value of a service; longer values share one that knows nothing. A value has two places, like a path.
func (l *Labeler) shortOf(svc *service, f Family, text []byte) *shortEntry {
	n := len(text)
	if n > 8 {
		l.long = shortEntry{}
		return &l.long
	}
	k := shortEntry{text: packed(text), of: uint64(svc.id)<<16 | uint64(f)<<8 | uint64(n)}
	set := &l.shorts[((k.text^k.of<<8)*0x9e3779b97f4a7c15>>32)%shortSets]
	x, second := &set[0], &set[1]
	switch {
	case x.text == k.text && x.of == k.of:
		return x
	case second.text == k.text && second.of == k.of:
		return second
	}
	*second, *x = *x, k
	return x
}

// packed is the first bytes of b, at most eight; together with len(b) it is all of a short b.
func packed(b []byte) uint64 {
	switch n := len(b); {
	case n >= 8:
		return binary.LittleEndian.Uint64(b)
	case n >= 4:
		return uint64(binary.LittleEndian.Uint32(b)) | uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32
	case n > 0:
		return uint64(b[0]) | uint64(b[n/2])<<8 | uint64(b[n-1])<<16
	}
	return 0
}
