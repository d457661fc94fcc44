// Package store keeps samples in memory for queries of the Prometheus engine. In go samples in time order, by series; out come
// series sets. What lies before a time that no query asks for any more is dropped, so a year of history needs the memory of
// what its rules look back on. It never touches a disk.
package store

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
)

// Series is one series' samples, in time order.
type Series struct {
	Labels labels.Labels
	T      []int64 // ms
	V      []float64
	H      []*histogram.FloatHistogram // nil: there are only floats; else a nil entry is a float

	taken    int  // so many samples were handed out by Take
	unsorted bool // Put came with a sample that is not newer
}

// Store is a set of series. Reading may go on concurrently; writing and dropping may not, with anything.
type Store struct {
	mu    sync.Mutex // guards the map of families, so that readers may sort them
	names map[string]*family
}

// family is the series of one metric name.
type family struct {
	byHash map[uint64][]*Series
	sorted []*Series
}

// New makes an empty Store.
func New() *Store { return &Store{names: map[string]*family{}} }

// Series finds the series of the labels, or makes it. Whoever appends often keeps it.
func (s *Store) Series(l labels.Labels) *Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := l.Get(labels.MetricName)
	f := s.names[name]
	if f == nil {
		f = &family{byHash: map[uint64][]*Series{}}
		s.names[name] = f
	}
	h := l.Hash()
	for _, known := range f.byHash[h] {
		if labels.Equal(known.Labels, l) {
			return known
		}
	}
	made := &Series{Labels: l}
	f.byHash[h] = append(f.byHash[h], made)
	f.sorted = nil
	return made
}

// Float appends a sample. One that is not newer than the last is refused, as Prometheus does.
func (s *Series) Float(t int64, v float64) error { return s.add(t, v, nil) }

// Histogram appends a native histogram.
func (s *Series) Histogram(t int64, h *histogram.FloatHistogram) error { return s.add(t, 0, h) }

func (s *Series) add(t int64, v float64, h *histogram.FloatHistogram) error {
	if n := len(s.T); n > 0 && t <= s.T[n-1] {
		return fmt.Errorf("%s: a sample at %d is not newer than the last, at %d", s.Labels, t, s.T[n-1])
	}
	if h != nil && s.H == nil {
		s.H = make([]*histogram.FloatHistogram, len(s.T), cap(s.T))
	}
	s.T, s.V = append(s.T, t), append(s.V, v)
	if s.H != nil {
		s.H = append(s.H, h)
	}
	return nil
}

// between are the indices of the samples from lo to hi, both included.
func (s *Series) between(lo, hi int64) (from, to int) {
	from, _ = slices.BinarySearch(s.T, lo)
	to, found := slices.BinarySearch(s.T[from:], hi)
	if found {
		to++
	}
	return from, from + to
}

// Drop forgets all samples before t; a series without samples is forgotten, too, once its samples were taken.
func (s *Store) Drop(before func(name string) int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name, f := range s.names {
		t := before(name)
		for h, all := range f.byHash {
			for _, one := range all {
				one.drop(t)
			}
			if all = slices.DeleteFunc(all, func(s *Series) bool { return len(s.T) == 0 }); len(all) == 0 {
				delete(f.byHash, h)
				f.sorted = nil
			} else if len(all) < len(f.byHash[h]) {
				f.byHash[h], f.sorted = all, nil
			}
		}
	}
}

// drop moves what stays to the front when that is less than half: so each sample is moved about once.
func (s *Series) drop(before int64) {
	n, _ := slices.BinarySearch(s.T, before)
	if n == 0 || n < len(s.T) && n < len(s.T)/2 {
		return
	}
	s.T = append(s.T[:0], s.T[n:]...)
	s.V = append(s.V[:0], s.V[n:]...)
	if s.H != nil {
		rest := append(s.H[:0], s.H[n:]...)
		clear(s.H[len(rest):])
		s.H = rest
	}
	s.taken = max(s.taken-n, 0)
}

// Take hands out, for every series with any, the samples that it has not handed out before.
func (s *Store) Take(each func(s *Series, from int) error) error {
	for _, name := range s.Names() {
		for _, one := range s.family(name) {
			if one.taken == len(one.T) {
				continue
			}
			if err := each(one, one.taken); err != nil {
				return err
			}
			one.taken = len(one.T)
		}
	}
	return nil
}

// Names are the metric names there are, sorted.
func (s *Store) Names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := make([]string, 0, len(s.names))
	for n := range s.names {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// family is the sorted series of a name.
func (s *Store) family(name string) []*Series {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.names[name]
	if f == nil {
		return nil
	}
	if f.sorted == nil {
		for _, all := range f.byHash {
			f.sorted = append(f.sorted, all...)
		}
		slices.SortFunc(f.sorted, func(a, b *Series) int { return labels.Compare(a.Labels, b.Labels) })
	}
	return f.sorted
}

// Each visits the samples of all series of a name from lo to hi.
func (s *Store) Each(name string, lo, hi int64, each func(s *Series, from, to int)) {
	for _, one := range s.family(name) {
		if from, to := one.between(lo, hi); from < to {
			each(one, from, to)
		}
	}
}

// Size is the number of series and samples.
func (s *Store) Size() (series, samples int) {
	for _, name := range s.Names() {
		for _, one := range s.family(name) {
			series, samples = series+1, samples+len(one.T)
		}
	}
	return series, samples
}

// Span is the time of the oldest and the newest sample; false when there is none.
func (s *Store) Span() (lo, hi int64, ok bool) {
	for _, name := range s.Names() {
		for _, one := range s.family(name) {
			if n := len(one.T); n > 0 {
				if !ok {
					lo, hi, ok = one.T[0], one.T[n-1], true
				}
				lo, hi = min(lo, one.T[0]), max(hi, one.T[n-1])
			}
		}
	}
	return lo, hi, ok
}

// Put appends a sample of any time; Store.Sort brings them into order. A nil h stands for a float.
func (s *Series) Put(t int64, v float64, h *histogram.FloatHistogram) {
	if n := len(s.T); n == 0 || t > s.T[n-1] {
		_ = s.add(t, v, h)
		return
	}
	if h != nil && s.H == nil {
		s.H = make([]*histogram.FloatHistogram, len(s.T))
	}
	s.T, s.V, s.unsorted = append(s.T, t), append(s.V, v), true
	if s.H != nil {
		s.H = append(s.H, h)
	}
}

// Sort brings what was Put into order.
func (s *Store) Sort() {
	for _, name := range s.Names() {
		for _, one := range s.family(name) {
			one.byTime()
		}
	}
}

// byTime brings samples that came in any order into order; of several at one time the last counts.
func (s *Series) byTime() {
	if !s.unsorted {
		return
	}
	index := make([]int, len(s.T))
	for i := range index {
		index[i] = i
	}
	slices.SortStableFunc(index, func(a, b int) int { return cmp.Compare(s.T[a], s.T[b]) })
	old := *s
	s.T, s.V, s.H, s.unsorted = nil, nil, nil, false
	for n, i := range index {
		if n+1 < len(index) && old.T[index[n+1]] == old.T[i] {
			continue
		}
		var h *histogram.FloatHistogram
		if old.H != nil {
			h = old.H[i]
		}
		_ = s.add(old.T[i], old.V[i], h)
	}
}
