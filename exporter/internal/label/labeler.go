package label

import (
	"sync/atomic"

	"wire_exporter/decoders"
)

// Labeler labels the transactions of one worker; it is not for two goroutines at a time.
type Labeler struct {
	book  *Book
	rules *rules
	now   int64

	servers    []serverEntry
	clients    []clientEntry
	hosts      []hostEntry
	paths      []pathEntry
	shorts     [shortSets][2]shortEntry
	long       shortEntry // where a value that is not short stands
	statements []statementEntry
	young      candidates
	text       [templateRoom]byte // where paths become templates

	last     *service // of the last Label
	userPath bool     // the last Label's path is in a log-in or log-out rule

	folded [NumFamilies]atomic.Uint64 // written by the worker, read by Stats
}

func newLabeler(b *Book) *Labeler {
	return &Labeler{
		book: b, rules: b.rules.Load(), last: b.other,
		servers: make([]serverEntry, serverEntries), clients: make([]clientEntry, clientEntries),
		hosts: make([]hostEntry, hostEntries), paths: make([]pathEntry, pathEntries),
		statements: make([]statementEntry, statementEntries),
	}
}

// refresh notices a Reload and the passing of time.
func (l *Labeler) refresh() {
	l.now = l.book.now.Load()
	if r := l.book.rules.Load(); r != l.rules {
		l.rules = r
		clear(l.servers)
		clear(l.clients)
		clear(l.hosts)
		clear(l.paths)
		clear(l.shorts[:])
	}
}

// Server is the service that a server's address belongs to, and whether this sensor counts it (it is to be measured and not
// left out). answered says that the server was seen to answer: before that, an address that is not configured gets no slot
// and is Other. An ID that is kept for longer than a day (in Flow.Tag) may have been given back: see Keep.
func (l *Labeler) Server(server decoders.Endpoint, answered bool) (ID, bool) {
	l.refresh()
	x := l.serverOf(&server)
	return l.service(x, answered).id, x.measured && x.ignored == Counted
}

// service is the service of a server's address, never nil.
func (l *Labeler) service(x *serverEntry, answered bool) *service {
	if x.service == nil {
		if x.service = l.byAddress(x, answered); x.service == nil {
			return l.book.other
		}
	}
	x.service.touch(l.now)
	return x.service
}

func (l *Labeler) byAddress(x *serverEntry, answered bool) *service {
	b := l.book
	svc := b.addresses.find(x.salt)
	if svc == nil && answered && b.global.used[Services].Load() < l.rules.limits[Services] {
		svc = b.giveAddress(x.endpoint, x.salt)
	}
	if svc == nil || svc.endpoint != x.endpoint || svc.dead.Load() {
		return nil
	}
	return svc
}

// Keep says that the service, an ID from Server, is still in use, so that it is not given back: to be called at least once
// an hour for a connection that lives on. False: it was given back already, ask Server again. It takes the Book's lock.
func (l *Labeler) Keep(id ID) bool {
	l.book.mu.RLock()
	defer l.book.mu.RUnlock()
	s := l.book.slots[id]
	if s != nil {
		s.touch(l.book.now.Load())
	}
	return s != nil
}

// Label fills s with the label values of t and says whether t counts; s is complete only when it does. protocol is the
// index of the decoder in Config.Protocols. For src Wire, t.Flow has both endpoints; for src Log, t.Flow.Tag may be the ID
// of the service, which then needs no address.
func (l *Labeler) Label(t *decoders.Txn, protocol uint8, src Source, s *Set) Verdict {
	l.refresh()
	l.userPath = false
	*s = Set{Protocol: protocol, Outcome: t.Outcome, Source: src}
	server, client := l.serverOf(&t.Flow.Server), l.clientOf(&t.Flow.Client)
	switch {
	case src == Wire && server.ignored != Counted:
		return server.ignored
	case src == Wire && client.ignored:
		return IgnoredNetwork
	case l.rules.ignoresType(t.ContentType):
		return IgnoredContentType
	case src == Wire && !server.measured:
		return Elsewhere
	}
	svc := l.serviceOf(t, src, server)
	var ignored bool
	if s.Resource, ignored = l.resource(svc, t); ignored {
		return IgnoredPath
	}
	if svc == l.book.other {
		l.fold(Services)
	}
	s.Service = svc.id
	s.Operation = l.operation(svc, t, protocol)
	s.Code = l.atOnce(svc, Codes, t.Code, t, goodCode)
	s.Database = l.atOnce(svc, Databases, t.Database, t, goodDatabase)
	s.Client = l.client(client)
	l.last = svc
	return Counted
}

// serviceOf is the service a transaction belongs to.
func (l *Labeler) serviceOf(t *decoders.Txn, src Source, server *serverEntry) *service {
	if t.Kind == decoders.Request && len(t.Authority) > 0 && !l.rules.hosts.empty() {
		if svc := l.byHost(t.Authority, server); svc != nil && !svc.dead.Load() {
			svc.touch(l.now)
			return svc
		}
	}
	if src == Log {
		if svc := l.byTag(ID(t.Flow.Tag)); svc != nil {
			return svc
		}
	}
	if server.endpoint == (decoders.Endpoint{}) {
		return l.book.other
	}
	return l.service(server, ID(t.Flow.Tag) > Other || t.FirstByte != 0)
}

// byTag is the service with this ID, which the caller of Label chose; nil: none.
func (l *Labeler) byTag(id ID) *service {
	if id <= Other {
		return nil
	}
	if l.last.id == id && !l.last.dead.Load() {
		l.last.touch(l.now)
		return l.last
	}
	l.book.mu.RLock()
	s := l.book.slots[id]
	l.book.mu.RUnlock()
	if s == nil || s.of == nil {
		return nil
	}
	s.touch(l.now)
	return s.of
}

// Database is the ID of a database of the service with this ID; Other when it has none.
func (l *Labeler) Database(service ID, name []byte) ID {
	if len(name) == 0 {
		return None
	}
	svc := l.byTag(service)
	if svc == nil {
		return Other
	}
	s := l.book.values.find(l.book.hash(name) ^ svc.salt[Databases])
	if s == nil || s.text != string(name) {
		return Other
	}
	s.touch(l.now)
	return s.id
}

func (l *Labeler) operation(svc *service, t *decoders.Txn, protocol uint8) ID {
	if t.ResourceIsPath || int(protocol) < len(l.rules.http) && l.rules.http[protocol] {
		return l.atOnce(svc, Operations, t.Operation, t, goodMethod)
	}
	if len(t.Operation) == 0 && t.SQL != nil { // a statement whose verb is none that is known
		l.fold(Operations)
		return Other
	}
	return l.atOnce(svc, Operations, t.Operation, t, goodVerb)
}

// These say whether a transaction's value may have a slot.
func goodMethod(t *decoders.Txn) bool {
	return isCommonMethod(t.Operation) || isMethod(t.Operation) && answered(t)
}

// A statement's verb is one of a list, so that nobody can make them up.
func goodVerb(t *decoders.Txn) bool {
	return isCommonVerb(t.Operation) || isVerb(t.Operation) && (t.SQL != nil || t.Outcome != decoders.ClientError)
}

func goodCode(t *decoders.Txn) bool { return isCode(t.Code) }

func goodDatabase(t *decoders.Txn) bool {
	return isIdentifier(t.Database) && t.Outcome != decoders.ClientError
}

func always(*decoders.Txn) bool { return true }

// client is the name of who calls.
func (l *Labeler) client(x *clientEntry) ID {
	if x.name < 0 {
		return Other
	}
	n := &l.rules.names[x.name]
	s := l.value(&l.book.global, Clients, n.key, n.text, nil, always)
	if s == nil {
		l.fold(Clients)
		return Other
	}
	s.touch(l.now)
	return s.id
}

// atOnce is the ID of a value of t that gets its slot the first time it is seen, while there is room; good says that it may
// have one.
func (l *Labeler) atOnce(svc *service, f Family, text []byte, t *decoders.Txn, good func(*decoders.Txn) bool) ID {
	if len(text) == 0 {
		return None
	}
	x := l.shortOf(svc, f, text)
	if x.slot == nil || x.slot.dead.Load() {
		if x.slot = l.value(&svc.owner, f, l.book.hash(text)^svc.salt[f], text, t, good); x.slot == nil {
			l.fold(f)
			return Other
		}
	}
	x.slot.touch(l.now)
	return x.slot.id
}

// value finds a value, or gives it a slot; nil: it has none.
func (l *Labeler) value(o *owner, f Family, key uint64, text []byte, t *decoders.Txn, good func(*decoders.Txn) bool) *slot {
	s := l.book.values.find(key)
	if s == nil && o.used[f].Load() < l.rules.limits[f] && good(t) {
		s = l.book.give(o, f, l.rules.limits[f], key, text)
	}
	if s == nil || s.text != string(text) {
		return nil
	}
	return s
}

// fold counts a value without a slot. Only the worker writes.
func (l *Labeler) fold(f Family) { l.folded[f].Store(l.folded[f].Load() + 1) }
