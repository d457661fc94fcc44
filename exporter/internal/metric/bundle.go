package metric

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// bundle finds, or makes, where set is counted.
func (s *Shard) bundle(set *label.Set) *bundle {
	// The IDs are numbers in a row: multiplied by odd numbers and added up they seldom meet.
	mixed := uint32(set.Resource)*0x9e3779b1 + uint32(set.Operation)*0x85ebca77 + uint32(set.Code)*0xc2b2ae3d +
		uint32(set.Client)*0x27d4eb2f + uint32(set.Service)*0x165667b1
	two := &s.recent[mixed>>24%recentBundles]
	last, second := &two[0], &two[1] // so that two sets which meet do not drive each other out
	switch {
	case last.bundle != nil && last.set == *set:
		return last.bundle
	case second.bundle != nil && second.set == *set:
		return second.bundle
	}
	b := s.bundles[*set]
	if b == nil {
		if len(s.bundles) >= maxBundles {
			clear(s.bundles)
		}
		b = s.newBundle(*set)
		s.bundles[*set] = b
	}
	*second, *last = *last, recent{*set, b}
	return b
}

// newBundle resolves the series of set, with less detail when there are too many.
func (s *Shard) newBundle(set label.Set) *bundle {
	wants, d := s.wantsOf(set), full
	for !s.m.registry.resolve(wants, d, s.found[:len(wants)]) {
		d++
		wants = s.wantsOf(d.fold(set))
	}
	b := &bundle{folded: d > full}
	for i := range wants {
		s.attach(b, &wants[i], s.found[i])
	}
	return b
}

// wantsOf are the series that a transaction of set is counted in; valid until the next call.
func (s *Shard) wantsOf(set label.Set) []want {
	wants := append(s.wants[:0], want{family: requests, set: set, six: true})
	if set.Code != label.None {
		wants = append(wants, want{family: responses, set: set})
	}
	timed := set.Outcome < decoders.Unanswered // see Txn.Duration
	if timed {
		wants = append(wants, want{family: requestDuration, set: set}, want{family: operationDuration, set: set})
	}
	if set.Source != label.Wire {
		return wants
	}
	wants = append(wants, want{family: calls, set: set, six: true}, want{family: requestSize, set: set})
	if timed {
		wants = append(wants, want{family: responseSize, set: set}, want{family: callDuration, set: set})
		for _, phase := range phaseNames {
			wants = append(wants, want{family: phaseDuration, set: set, extra: phase})
		}
	}
	return wants
}

// maxWants is the most series that a transaction is counted in.
const maxWants = 8 + len(phaseNames)

// attach puts the worker's part of series t where Transaction finds it.
func (s *Shard) attach(b *bundle, w *want, t total) {
	switch w.family {
	case requests:
		b.requests = s.counter(t)
	case calls:
		b.calls = s.counter(t)
	case responses:
		b.responses = s.counter(t)
	case requestDuration:
		b.duration = s.histogram(t)
	case operationDuration:
		b.operation = s.histogram(t)
	case callDuration:
		b.callDuration = s.histogram(t)
	case requestSize:
		b.sizeIn = s.histogram(t)
	case responseSize:
		b.sizeOut = s.histogram(t)
	case phaseDuration:
		for i, phase := range phaseNames {
			if w.extra == phase {
				b.phases[i] = s.histogram(t)
			}
		}
	}
}

// resolve finds the series of w, or those of the service "_other" when there is no room.
func (s *Shard) resolve(w want) total {
	found := s.found[:1]
	if !s.m.registry.resolve([]want{w}, coarse, found) {
		s.folded++
		w.set = least.fold(w.set)
		s.m.registry.resolve([]want{w}, least, found)
	}
	return found[0]
}

func (s *Shard) counter(t total) *counter {
	of := t.(*counterTotal)
	c := s.counters[of]
	if c == nil {
		c = &counter{total: of}
		s.counters[of] = c
	}
	return c
}

func (s *Shard) histogram(t total) *histogram {
	of := t.(*histogramTotal)
	h := s.histograms[of]
	if h == nil {
		h = newHistogram(of)
		s.histograms[of] = h
	}
	return h
}

// Flush adds what was counted since the last Flush to the totals. It is called in the function given to Metrics.Attach, on
// the worker's goroutine, and nowhere else.
func (s *Shard) Flush() {
	for _, h := range s.observed {
		h.total.take(h)
	}
	for _, c := range s.counted {
		c.total.take(c)
	}
	s.observed, s.counted = s.observed[:0], s.counted[:0]
	s.m.folded += s.folded
	for v, n := range s.leftOut {
		s.m.leftOut[v] += n
	}
	s.folded, s.leftOut = 0, leftOut{}
	s.seen.drain()
}

// Forget drops the series that mention one of ids, which label.Book.Age has released. It is called for every Shard, on its
// worker's goroutine. What such a series counted in the last moments is dropped with it.
func (s *Shard) Forget(ids []label.ID) {
	if len(ids) == 0 {
		return
	}
	gone := make(map[label.ID]bool, len(ids))
	for _, id := range ids {
		gone[id] = true
	}
	s.forgetSeries(gone)
	clear(s.bundles)
	clear(s.recent[:])
	clear(s.hosts)
	clear(s.recentHosts[:])
	clear(s.logins)
	s.sql.forget()
	clear(s.strays)
	s.seen.drain()
	s.m.users.forget(gone)
}

func (s *Shard) forgetSeries(gone map[label.ID]bool) {
	r := &s.m.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget(gone)
	for t := range s.histograms {
		if t.family.mentions(t.ids, gone) {
			delete(s.histograms, t)
		}
	}
	for t := range s.counters {
		if t.family.mentions(t.ids, gone) {
			delete(s.counters, t)
		}
	}
}
