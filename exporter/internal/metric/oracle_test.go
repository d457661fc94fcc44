package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"
)

// reference observes the same values with client_golang's own histogram.
func reference(t *testing.T, s *scale, values []uint64) *dto.Histogram {
	t.Helper()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "reference", Buckets: s.bounds,
		NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: s.zero, NativeHistogramMaxBucketNumber: maxBuckets,
	})
	for _, v := range values {
		h.Observe(float64(v) / float64(s.unit))
	}
	var m dto.Metric
	if err := h.Write(&m); err != nil {
		t.Fatal(err)
	}
	return m.Histogram
}

// ours observes them with workers that are flushed every now and then.
func ours(f *family, workers int, values []uint64) *dto.Histogram {
	total := &histogramTotal{series: series{family: f}, schema: schema}
	var hs []*histogram
	for range workers {
		hs = append(hs, newHistogram(total))
	}
	for i, v := range values {
		hs[i%workers].observe(v)
		if i%1000 == 999 {
			total.take(hs[0])
			total.render()
		}
	}
	for _, h := range hs {
		total.take(h)
	}
	total.render()
	return total.written.Load()
}

func compare(t *testing.T, got, want *dto.Histogram) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("got  %.2000s\nwant %.2000s", got, want)
	}
}

func observations(n int, spread float64) (values []uint64) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range n {
		values = append(values, uint64(math.Exp(rng.NormFloat64()*spread)*20e6))
	}
	return values
}

// What is exported is what client_golang's own histogram would export after the same observations, by whatever worker and
// however often the totals were taken in between.
func TestHistogramAgreesWithClientGolang(t *testing.T) {
	var boundaries []uint64
	for _, v := range durations.upper {
		if v > 100 && v < 1e14 { // 1e14 ns: more than a day
			boundaries = append(boundaries, v, v+1)
		}
	}
	for name, values := range map[string][]uint64{
		"one":            {20e6},
		"zero bucket":    {0, 1, 999, 1000, 1001},
		"typical":        observations(20_000, 1),
		"boundaries":     boundaries,
		"over the limit": observations(20_000, 4),
		"far apart":      {2000, 1e9, 3600e9},
		"classic bounds": classicDurations,
	} {
		t.Run(name, func(t *testing.T) {
			want := reference(t, durations, values)
			got := ours(families[requestDuration], 3, values)
			if g, w := got.GetSampleSum(), want.GetSampleSum(); math.Abs(g-w) > w*1e-9 {
				t.Errorf("sum is %g, want %g", g, w)
			}
			if n := len(got.Bucket); n != len(classicDurations)+1 || got.Bucket[n-1].GetCumulativeCount() != uint64(len(values)) {
				t.Fatalf("no +Inf bucket with all %d observations", len(values))
			}
			got = proto.Clone(got).(*dto.Histogram)
			got.Bucket = got.Bucket[:len(classicDurations)]
			got.SampleSum, got.CreatedTimestamp = want.SampleSum, want.CreatedTimestamp
			compare(t, got, want)
		})
	}
}

func TestSizesAgreeWithClientGolang(t *testing.T) {
	var values []uint64
	for i := uint64(0); i < 4000; i++ {
		values = append(values, i, i*i, i*i*i)
	}
	want := reference(t, sizes, values)
	got := ours(families[responseSize], 2, values)
	if got.GetSchema() != want.GetSchema() || got.GetZeroCount() != want.GetZeroCount() || got.GetSampleCount() != want.GetSampleCount() {
		t.Fatalf("got  %v\nwant %v", got, want)
	}
	if len(got.Bucket) != 0 {
		t.Errorf("%d classic buckets in a native histogram", len(got.Bucket))
	}
	a, b := &dto.Histogram{PositiveSpan: got.PositiveSpan, PositiveDelta: got.PositiveDelta}, &dto.Histogram{PositiveSpan: want.PositiveSpan, PositiveDelta: want.PositiveDelta}
	compare(t, a, b)
}

// A scrape that found nothing new gives out what it gave out before.
func TestUnchangedHistogramIsNotRenderedAgain(t *testing.T) {
	total := &histogramTotal{series: series{family: families[requestDuration]}, schema: schema}
	h := newHistogram(total)
	h.observe(5e6)
	total.take(h)
	total.render()
	first := total.written.Load()
	total.render()
	if total.written.Load() != first {
		t.Error("rendered again although nothing changed")
	}
	h.observe(5e6)
	total.take(h)
	total.render()
	if n := first.GetSampleCount(); n != 1 {
		t.Errorf("what was given out changed afterwards: %d observations", n)
	}
	if n := total.written.Load().GetSampleCount(); n != 2 {
		t.Errorf("%d observations, want 2", n)
	}
}
