package label

import (
	"hash/maphash"
	"sync/atomic"

	"wire_exporter/decoders"
)

// slot is one label value. A worker may hold on to it: what can change is atomic.
type slot struct {
	id     ID
	key    uint64 // where it is found
	text   string
	note   string // of family Statements: the statement
	family Family
	owner  *owner
	of     *service // of family Services: the service itself

	seen   atomic.Int64 // capture time of the Age before the last use
	dead   atomic.Bool  // given back; the ID is not to be used any more
	pinned bool         // configured: never given back; under the Book's mutex
}

// touch notes a use. It writes only once between two calls of Age, so that workers do not fight for the cache line.
func (s *slot) touch(now int64) {
	if s.seen.Load() != now {
		s.seen.Store(now)
	}
}

// owner is what values belong to: a service, or the Book for what is not a service's.
type owner struct {
	salt [NumFamilies + numSalts]uint64
	used [NumFamilies]atomic.Int32
}

// Salts for keys that are no family's.
const (
	rawPaths = NumFamilies + iota
	rawHosts
	numSalts = iota
)

// service is a slot of family Services and what belongs to it.
type service struct {
	slot
	owner
	endpoint decoders.Endpoint // when it is named by address
	rules    atomic.Pointer[serviceRules]
	ranks    []rank // under the Book's mutex
}

// salted keeps the keys of one owner apart from those of every other.
func (b *Book) salted(o *owner, id ID) {
	for i := range o.salt {
		o.salt[i] = maphash.Comparable(b.seed, [2]uint64{uint64(id), uint64(i)})
	}
}
