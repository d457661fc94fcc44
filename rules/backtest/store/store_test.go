package store

import (
	"fmt"
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
)

func named(name, job string) labels.Labels { return labels.FromStrings("__name__", name, "job", job) }

// read is what a query finds between two times.
func read(t *testing.T, s *Store, lo, hi int64, matchers ...*labels.Matcher) (found string) {
	t.Helper()
	q, err := s.Querier(0, 1<<60)
	if err != nil {
		t.Fatal(err)
	}
	set := q.Select(t.Context(), true, &storage.SelectHints{Start: lo, End: hi}, matchers...)
	var it chunkenc.Iterator
	for set.Next() {
		it = set.At().Iterator(it)
		found += set.At().Labels().Get("__name__") + set.At().Labels().Get("job")
		for kind := it.Next(); kind != chunkenc.ValNone; kind = it.Next() {
			if kind == chunkenc.ValFloatHistogram {
				at, h := it.AtFloatHistogram(nil)
				h.Count = 99 // a copy: the next one sees what was put in
				found += fmt.Sprintf(" %d:h", at)
				continue
			}
			at, v := it.At()
			found += fmt.Sprintf(" %d:%g", at, v)
		}
		found += "; "
	}
	return found
}

func match(name, value string) *labels.Matcher {
	return labels.MustNewMatcher(labels.MatchRegexp, name, value)
}

func TestStore(t *testing.T) {
	s := New()
	b, a := s.Series(named("x", "b")), s.Series(named("x", "a"))
	for i := range int64(10) {
		if err := a.Float(i, float64(i)); err != nil {
			t.Fatal(err)
		}
	}
	h := &histogram.FloatHistogram{Count: 1}
	if b.Float(1, 1) != nil || b.Histogram(2, h) != nil || b.Float(3, 3) != nil || s.Series(named("y", "a")).Float(5, 5) != nil {
		t.Fatal("refused")
	}
	if a.Float(9, 1) == nil || s.Series(named("x", "a")) != a {
		t.Error("the same time twice, or the same series")
	}
	for _, tt := range []struct{ name, job, want string }{
		{"x", ".*", "xa 1:1 2:2 3:3; xb 1:1 2:h 3:3; "}, {"x", "b", "xb 1:1 2:h 3:3; "}, {"[xy]", ".*", "xa 1:1 2:2 3:3; xb 1:1 2:h 3:3; "}, {"z", ".*", ""},
	} {
		if got := read(t, s, 1, 3, match("__name__", tt.name), match("job", tt.job)); got != tt.want {
			t.Errorf("%s %s: %s", tt.name, tt.job, got)
		}
	}
	if h.Count != 1 {
		t.Error("a reader has changed a histogram")
	}
	if lo, hi, ok := s.Span(); lo != 0 || hi != 9 || !ok {
		t.Error(lo, hi, ok)
	}
}

// TestTakeAndDrop: everything is handed out once, also when much was dropped in between.
func TestTakeAndDrop(t *testing.T) {
	s, taken := New(), ""
	one := s.Series(named("x", "a"))
	take := func() {
		if err := s.Take(func(s *Series, from int) error {
			taken += fmt.Sprint(s.T[from:])
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range int64(6) {
		_ = one.Float(i, 0)
	}
	take()
	s.Drop(func(string) int64 { return 4 })
	_ = one.Float(6, 0)
	take()
	take()
	s.Drop(func(string) int64 { return 100 })
	if series, samples := s.Size(); series != 0 || samples != 0 || taken != "[0 1 2 3 4 5][6]" {
		t.Error(series, samples, taken)
	}
}

func TestSort(t *testing.T) {
	s := New()
	one := s.Series(named("x", "a"))
	for _, at := range []int64{3, 1, 2, 2, 5} {
		one.Put(at, float64(len(one.T)), nil)
	}
	s.Sort()
	if got := fmt.Sprint(one.T, one.V); got != "[1 2 3 5] [1 3 0 4]" {
		t.Error(got)
	}
}
