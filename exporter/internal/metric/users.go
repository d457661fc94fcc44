package metric

import (
	"sync"

	"github.com/axiomhq/hyperloglog"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Two windows in which distinct sessions are counted, each a ring of sketches. A window covers its whole length and the
// part of the slot that has begun: up to one slot more.
const (
	minute     = 60e9
	shortSlots = 5 + 1  // of one minute
	longSlots  = 12 + 1 // of five minutes
	longSlot   = 5      // minutes
	precision  = 12     // 4096 registers, standard error 1.6 %; few sessions are counted almost exactly
)

// users knows who was seen, by service and source. Its lock is taken by a worker once a minute, or when its list of who was
// seen is full, and by a scrape for one service at a time.
type users struct {
	names Names
	mu    sync.Mutex
	all   map[userKey]*sessions
	now   int64 // the newest minute of a worker
}

type userKey struct {
	service label.ID
	source  label.Source
}

// sessions are the distinct sessions of one service and source.
type sessions struct {
	key           userKey
	short         [shortSlots]slot
	long          [longSlots]slot
	changed       bool
	counted       int64 // the minute of the counts below
	short1, long1 uint64
}

// slot is who was seen in one stretch of time.
type slot struct {
	number int64 // of minutes or of five minutes since the epoch
	sketch *hyperloglog.Sketch
}

// of is the sessions of a service and source.
func (u *users) of(service label.ID, source label.Source) *sessions {
	u.mu.Lock()
	defer u.mu.Unlock()
	k := userKey{service, source}
	s := u.all[k]
	if s == nil {
		s = &sessions{key: k}
		u.all[k] = s
	}
	return s
}

func (u *users) forget(gone map[label.ID]bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for k := range u.all {
		if gone[k.service] {
			delete(u.all, k)
		}
	}
}

// add notes that hash was seen in a minute.
func (s *sessions) add(hash uint64, at int64) {
	s.changed = true
	s.short[at%shortSlots].add(hash, at)
	s.long[at/longSlot%longSlots].add(hash, at/longSlot)
}

// add notes hash. A slot of long ago, or of a future that never came because the clock was set back, starts anew.
func (s *slot) add(hash uint64, number int64) {
	if s.sketch == nil || number > s.number || number < s.number-longSlots {
		s.number = number
		s.sketch = newSketch()
	}
	if number == s.number {
		s.sketch.InsertHash(hash)
	}
}

func newSketch() *hyperloglog.Sketch {
	s, err := hyperloglog.NewSketch(precision, true)
	if err != nil {
		panic("BUG: precision of the sketches: " + err.Error())
	}
	return s
}

// count is how many sessions were seen in the windows that end in the minute now.
func (s *sessions) count(now int64) (short, long uint64) {
	if s.changed || s.counted != now {
		s.short1 = estimate(s.short[:], now)
		s.long1 = estimate(s.long[:], now/longSlot)
		s.counted, s.changed = now, false
	}
	return s.short1, s.long1
}

// estimate is the size of the union of the newest slots.
func estimate(slots []slot, now int64) uint64 {
	union := newSketch()
	for _, s := range slots {
		if s.sketch != nil && s.number <= now && s.number > now-int64(len(slots)) {
			if err := union.Merge(s.sketch); err != nil {
				panic("BUG: sketches of one precision do not merge: " + err.Error())
			}
		}
	}
	return union.Estimate()
}

// userCount is what is exported of one service.
type userCount struct {
	service, source string
	short, long     uint64
}

// count estimates all at the capture time now; when that is not known, at the newest one that a session was seen at.
func (u *users) count(now decoders.Time) (counts []userCount) {
	u.mu.Lock()
	all := make([]*sessions, 0, len(u.all))
	for _, s := range u.all {
		all = append(all, s)
	}
	at := u.now
	if now != 0 {
		at = int64(now) / minute
	}
	u.mu.Unlock()
	for _, s := range all {
		u.mu.Lock()
		short, long := s.count(at)
		u.mu.Unlock()
		counts = append(counts, userCount{textOf(u.names, s.key.service), sourceNames[s.key.source], short, long})
	}
	return counts
}

// seen is who one worker has seen in this minute: a small hash table that is handed over when it is full, when the minute
// ends, and at each scrape. Who comes again costs one look into it.
type seen struct {
	users *users
	now   decoders.Time
	next  decoders.Time // when the minute ends
	n     int
	slots [seenSlots]sighting
}

type sighting struct {
	of   *sessions
	hash uint64
}

const seenSlots = 1 << 12

// add notes that the session was seen.
func (s *seen) add(of *sessions, session uint64) {
	i := session ^ session>>32
	for {
		e := &s.slots[i%seenSlots]
		if e.of == of && e.hash == session {
			return
		}
		if e.of == nil {
			*e = sighting{of, session}
			break
		}
		i++
	}
	if s.n++; s.n > seenSlots*3/4 {
		s.drain()
	}
}

// advance moves capture time to at. It goes back only when the clock was set back by more than an hour.
func (s *seen) advance(at decoders.Time) {
	if at == 0 || at < s.next && at >= s.next-60*minute {
		return
	}
	s.drain()
	s.next = at - at%minute + minute
}

// drain hands over who was seen.
func (s *seen) drain() {
	if s.n == 0 {
		return
	}
	at := int64(s.next)/minute - 1
	s.users.mu.Lock()
	defer s.users.mu.Unlock()
	for i := range s.slots {
		if e := &s.slots[i]; e.of != nil {
			e.of.add(e.hash, at)
			*e = sighting{}
		}
	}
	s.users.now = max(s.users.now, at)
	s.n = 0
}
