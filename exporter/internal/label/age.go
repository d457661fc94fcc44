package label

import (
	"slices"
	"time"

	"wire_exporter/decoders"
)

// unseen is how long, in capture time, a value keeps its slot without being seen.
const unseen = int64(24 * time.Hour)

// Age is to be called about once a minute of capture time, with the newest capture time. It gives the slots of values that
// were unseen for a day back and returns their IDs. Once Age has returned, no Labeler yields one of these any more, but a
// worker in the middle of a batch may still hold one: drop their series on every worker's own goroutine, between two batches,
// after Age, and let no scrape come in between (the same text may have a new ID already). Text knows the released ones until
// the next Age.
func (b *Book) Age(now decoders.Time) (released []ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := int64(now)
	clear(b.gone)
	released = b.rerankAll()
	for _, s := range b.slots {
		switch seen := s.seen.Load(); {
		case seen == 0 || seen > t: // from before the first Age, or before the clock was set back
			s.seen.CompareAndSwap(seen, t)
		case !s.pinned && t-seen >= unseen:
			released = append(released, b.release(s)...)
		}
	}
	b.now.Store(t)
	if len(released) > 0 {
		slices.Sort(released)
		b.values.rebuild(func(s *slot) bool { return !s.dead.Load() })
		b.addresses.rebuild(func(s *service) bool { return !s.dead.Load() })
	}
	return released
}

// release ends the life of s, and of everything that belongs to it.
func (b *Book) release(s *slot) (ids []ID) {
	if s.dead.Swap(true) {
		return nil
	}
	ids = append(ids, s.id)
	s.owner.used[s.family].Add(-1)
	delete(b.slots, s.id)
	b.gone[s.id] = s.text
	if s.of == nil {
		return ids
	}
	if b.names[s.text] == s.of {
		delete(b.names, s.text)
	}
	for _, child := range b.slots {
		if child.owner == &s.of.owner {
			ids = append(ids, b.release(child)...)
		}
	}
	return ids
}
