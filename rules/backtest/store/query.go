package store

import (
	"context"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier implements storage.Queryable.
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{s, mint, maxt}, nil
}

type querier struct {
	store      *Store
	mint, maxt int64
}

func (q *querier) Close() error { return nil }

// LabelValues and LabelNames are asked for by no query.
func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) Select(_ context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	lo, hi := q.mint, q.maxt
	if hints != nil {
		lo, hi = hints.Start, hints.End
	}
	set := &seriesSet{at: -1}
	for _, name := range q.store.matching(matchers) {
		for _, one := range q.store.family(name) {
			if !matches(one.Labels, matchers) {
				continue
			}
			if from, to := one.between(lo, hi); from < to {
				set.all = append(set.all, window{one, from, to})
			}
		}
	}
	if len(set.all) > 1 && set.all[0].s.Labels.Get(labels.MetricName) != set.all[len(set.all)-1].s.Labels.Get(labels.MetricName) {
		slices.SortFunc(set.all, func(a, b window) int { return labels.Compare(a.s.Labels, b.s.Labels) })
	}
	return set
}

// matching are the names that can match.
func (s *Store) matching(matchers []*labels.Matcher) []string {
	for _, m := range matchers {
		if m.Name == labels.MetricName && m.Type == labels.MatchEqual {
			return []string{m.Value}
		}
	}
	return s.Names()
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

// window is a part of a series.
type window struct {
	s        *Series
	from, to int
}

type seriesSet struct {
	all []window
	at  int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.all) }
func (s *seriesSet) At() storage.Series                { return &s.all[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

// Labels implements storage.Series.
func (w *window) Labels() labels.Labels { return w.s.Labels }

// Iterator implements storage.Series.
func (w *window) Iterator(used chunkenc.Iterator) chunkenc.Iterator {
	it, ok := used.(*iterator)
	if !ok {
		it = &iterator{}
	}
	*it = iterator{t: w.s.T[w.from:w.to], v: w.s.V[w.from:w.to], at: -1}
	if w.s.H != nil {
		it.h = w.s.H[w.from:w.to]
	}
	return it
}

type iterator struct {
	t  []int64
	v  []float64
	h  []*histogram.FloatHistogram
	at int
}

func (it *iterator) kind() chunkenc.ValueType {
	switch {
	case it.at >= len(it.t):
		return chunkenc.ValNone
	case it.h != nil && it.h[it.at] != nil:
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

func (it *iterator) Next() chunkenc.ValueType {
	it.at = min(it.at+1, len(it.t))
	return it.kind()
}

// millis is int64 by another name: vet takes every Seek(int64, …) for an io.Seeker's.
type millis = int64

func (it *iterator) Seek(t millis) chunkenc.ValueType {
	it.at = max(it.at, 0)
	if it.at < len(it.t) && it.t[it.at] < t {
		n, _ := slices.BinarySearch(it.t[it.at:], t)
		it.at += n
	}
	return it.kind()
}

func (it *iterator) At() (int64, float64) { return it.t[it.at], it.v[it.at] }

func (it *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) {
	panic("BUG: there are float histograms only")
}

// AtFloatHistogram copies: the engine changes what it gets.
func (it *iterator) AtFloatHistogram(into *histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	if into == nil {
		return it.t[it.at], it.h[it.at].Copy()
	}
	it.h[it.at].CopyTo(into)
	return it.t[it.at], into
}

func (it *iterator) AtT() int64  { return it.t[it.at] }
func (it *iterator) AtST() int64 { return 0 }
func (it *iterator) Err() error  { return nil }
