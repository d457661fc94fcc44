package thanos

import (
	"testing"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"
	"github.com/thanos-io/thanos/pkg/dedup"
)

// scraped is one sample of a counter, or of a native histogram with so many observations.
type scraped struct {
	t      int64
	v      float64
	native bool
}

func (s scraped) T() int64                { return s.t }
func (s scraped) F() float64              { return s.v }
func (s scraped) H() *histogram.Histogram { return nil }
func (s scraped) Copy() chunks.Sample     { return s }

func (s scraped) FH() *histogram.FloatHistogram {
	return &histogram.FloatHistogram{Schema: 3, Count: s.v, Sum: s.v, PositiveSpans: []histogram.Span{{Length: 1}}, PositiveBuckets: []float64{s.v}}
}

func (s scraped) Type() chunkenc.ValueType {
	if s.native {
		return chunkenc.ValFloatHistogram
	}
	return chunkenc.ValFloat
}

// twins are what two sensors say that see ten calls between scrapes, 15 s apart, one hour long: a is away for five minutes in the middle, b has
// begun 200 calls later. calls is how many there were.
func twins(native bool) (a, b []chunks.Sample, calls float64) {
	const scrapes = 240
	for i := range int64(scrapes) {
		v := 1000 + float64(10*i)
		if i < 120 || i >= 140 {
			a = append(a, scraped{i * 15000, v, native})
		}
		b = append(b, scraped{i*15000 + 3000, v - 200, native})
	}
	return a, b, 10 * (scrapes - 1)
}

// both is a set of series.
type both struct {
	all []storage.Series
	n   int
}

func (b *both) Next() bool                        { b.n++; return b.n <= len(b.all) }
func (b *both) At() storage.Series                { return b.all[b.n-1] }
func (b *both) Err() error                        { return nil }
func (b *both) Warnings() annotations.Annotations { return nil }

// asked is by how much the series goes up that Thanos' query makes of both for rate() and increase(), as PromQL sees it: what falls has begun anew.
func asked(t *testing.T, a, b []chunks.Sample) (sum float64) {
	t.Helper()
	name := labels.FromStrings("service_name", "shop")
	set := dedup.NewSeriesSet(&both{all: []storage.Series{storage.NewListSeries(name, a), storage.NewListSeries(name, b)}}, "rate", dedup.AlgorithmPenalty)
	n := 0
	for ; set.Next(); n++ {
		last := -1.0
		for it := set.At().Iterator(nil); ; {
			kind, v := it.Next(), 0.0
			if kind == chunkenc.ValNone {
				break
			}
			if kind == chunkenc.ValFloat {
				_, v = it.At()
			} else {
				_, h := it.AtFloatHistogram(nil)
				v = h.Count
			}
			switch {
			case last < 0:
			case v < last:
				sum += v
			default:
				sum += v - last
			}
			last = v
		}
	}
	if err := set.Err(); err != nil || n != 1 {
		t.Fatal(n, err)
	}
	return sum
}

// TestTwins: of two sensors that see the same, Thanos' query makes one: each call is counted once, also over the minutes in which one of them is
// away. Native histograms are right as long as the query stays with one twin; where it goes over to one that has counted less, that looks like a restart,
// and all that this one has counted is counted again. If this fails, a newer Thanos has mended it: say so in docs/operating.md.
func TestTwins(t *testing.T) {
	a, b, calls := twins(false)
	if got := asked(t, a, b); got < 0.98*calls || got > 1.02*calls {
		t.Errorf("counters: %g calls, want %g", got, calls)
	}
	a, b, _ = twins(true)
	if got := asked(t, a[:120], b[:120]); got < 0.95*calls/2 || got > 1.05*calls/2 {
		t.Errorf("histograms while both are there: %g calls, want %g", got, calls/2)
	}
	if got := asked(t, a, b); got < 1.5*calls {
		t.Errorf("histograms over a switch: %g calls of %g; it was more than half too many", got, calls)
	}
}
