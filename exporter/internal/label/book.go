package label

import (
	"encoding/binary"
	"hash/maphash"
	"math"
	"math/bits"
	"sync"
	"sync/atomic"

	"wire_exporter/decoders"
)

// Book holds the label values of all workers. Values are found without a lock; its mutex is taken when one gets its slot, by
// Age and by Reload.
type Book struct {
	seed  maphash.Seed // other in every process: nobody on the wire can aim at a collision
	rules atomic.Pointer[rules]
	// secret is seed for hashEndpoint; none is zero.
	secret [3]uint64
	now    atomic.Int64 // capture time of the last Age

	values    table[slot]    // of services and of the Book itself
	addresses table[service] // services named by address
	global    owner          // services, clients
	other     *service

	mu      sync.RWMutex
	next    ID
	slots   map[ID]*slot
	gone    map[ID]string       // what the last Age released
	names   map[string]*service // configured ones, past ones included while they live
	workers []*Labeler
}

// New makes a Book. The error names the field of cfg that is wrong.
func New(cfg Config) (*Book, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	b := &Book{seed: maphash.MakeSeed(), next: Other, slots: map[ID]*slot{}, gone: map[ID]string{}, names: map[string]*service{}}
	for i := range b.secret {
		b.secret[i] = maphash.Comparable(b.seed, i) | 1
	}
	b.salted(&b.global, None)
	b.other = b.newService(OtherText)
	b.other.pinned = true
	b.global.used[Services].Store(0) // "_other" takes nobody's room
	b.apply(compile(cfg))
	return b, nil
}

// Reload puts another Config in place. IDs stay valid; what is not configured any more is given back when it is unseen for
// a day. After an error nothing has changed.
func (b *Book) Reload(cfg Config) error {
	if err := cfg.check(); err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.apply(compile(cfg))
	return nil
}

// apply gives everything configured its slot.
func (b *Book) apply(r *rules) {
	for _, s := range b.slots {
		s.pinned = s.id == Other
	}
	for _, s := range b.names {
		s.rules.Store(&noRules)
	}
	for i := range r.names {
		r.names[i].key = b.hash(r.names[i].text) ^ b.global.salt[Clients]
	}
	for rank := range r.services {
		b.configure(&r.services[rank], string(r.names[rank].text))
	}
	for _, n := range r.names[len(r.services):] {
		b.pin(&b.global, Clients, n.key, n.text)
	}
	b.rules.Store(r)
}

func (b *Book) configure(sr *serviceRules, name string) {
	svc := b.names[name]
	if svc == nil {
		svc = b.newService(name)
		b.names[name] = svc
	}
	svc.pinned = true
	sr.service = svc
	for _, p := range sr.paths {
		sr.slots = append(sr.slots, b.pin(&svc.owner, Resources, b.hash(p.text)^svc.salt[Resources], p.text))
	}
	svc.rules.Store(sr)
}

// pin gives a configured value its slot, whatever the budget says.
func (b *Book) pin(o *owner, f Family, key uint64, text []byte) *slot {
	s := b.values.find(key)
	if s == nil {
		s = b.newSlot(&slot{key: key, text: string(text), family: f, owner: o})
		b.values.add(key, s)
	}
	s.pinned = true
	return s
}

// newService makes the slot of a service.
func (b *Book) newService(name string) *service {
	svc := &service{}
	svc.text, svc.family, svc.slot.owner, svc.of = name, Services, &b.global, svc
	svc.rules.Store(&noRules)
	b.newSlot(&svc.slot)
	b.salted(&svc.owner, svc.id)
	return svc
}

// newSlot gives s its ID and registers it.
func (b *Book) newSlot(s *slot) *slot {
	if b.next == math.MaxUint32 {
		panic("BUG: four thousand million label values in one process: the budgets do not hold")
	}
	s.id = b.next
	b.next++
	s.seen.Store(b.now.Load())
	s.owner.used[s.family].Add(1)
	b.slots[s.id] = s
	return s
}

// give is the slot of a value, a new one when the budget allows. Nil: there is no room.
func (b *Book) give(o *owner, f Family, limit int32, key uint64, text []byte) *slot {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.values.find(key); s != nil {
		return s
	}
	if o.used[f].Load() >= limit {
		return nil
	}
	s := b.newSlot(&slot{key: key, text: string(text), family: f, owner: o})
	b.values.add(key, s)
	return s
}

// giveAddress is the service named by the address of a server, a new one when the budget allows. Nil: there is no room.
func (b *Book) giveAddress(e decoders.Endpoint, key uint64) *service {
	b.mu.Lock()
	defer b.mu.Unlock()
	if svc := b.addresses.find(key); svc != nil {
		return svc
	}
	if b.global.used[Services].Load() >= b.rules.Load().limits[Services] {
		return nil
	}
	svc := b.newService(e.AddrPort().String())
	svc.endpoint, svc.key = e, key
	b.addresses.add(key, svc)
	return svc
}

// Text is the label value of id; "" for None and for an ID that was given back before the last Age.
func (b *Book) Text(id ID) string {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if s := b.slots[id]; s != nil {
		return s.text
	}
	return b.gone[id]
}

// Service is the ID of a configured service; false when there is none of this name.
func (b *Book) Service(name string) (ID, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if svc := b.names[name]; svc != nil && svc.pinned {
		return svc.id, true
	}
	return None, false
}

// Worker makes the Labeler of one worker.
func (b *Book) Worker() *Labeler {
	l := newLabeler(b)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.workers = append(b.workers, l)
	return l
}

func (b *Book) hash(text []byte) uint64 { return maphash.Bytes(b.seed, text) }

// hashEndpoint hashes an address and a port: the multiplications cost half of what maphash does for 18 bytes.
func (b *Book) hashEndpoint(addr *[16]byte, port uint16) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(addr[:8])^b.secret[0], binary.LittleEndian.Uint64(addr[8:])^b.secret[1])
	hi, lo = bits.Mul64(hi^lo^uint64(port), b.secret[2])
	return hi ^ lo
}
