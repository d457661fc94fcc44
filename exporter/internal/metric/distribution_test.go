package metric

import (
	"math"
	"slices"
	"testing"
)

func distributionOf(values []uint64) (d Distribution) {
	total := &histogramTotal{series: series{family: families[requestDuration]}, schema: schema}
	h := newHistogram(total)
	for _, v := range values {
		h.observe(v)
	}
	total.take(h)
	d.add(total)
	return d
}

// A quantile is off by less than the width of a bucket.
func TestQuantile(t *testing.T) {
	values := observations(10_000, 1)
	d := distributionOf(values)
	slices.Sort(values)
	for _, q := range []float64{0, 0.01, 0.5, 0.95, 0.99, 1} {
		got, ok := d.Quantile(q)
		want := float64(values[int(q*float64(len(values)-1))]) / 1e9
		if !ok || got < want/1.1 || got > want*1.1 {
			t.Errorf("the %g-quantile is %g s, want %g s", q, got, want)
		}
	}
	if mean, ok := d.Mean(); !ok || math.Abs(mean-0.033) > 0.002 {
		t.Errorf("the mean is %g s", mean)
	}
}

func TestQuantileOfLittle(t *testing.T) {
	var none Distribution
	if _, ok := none.Quantile(0.5); ok {
		t.Error("a quantile of nothing")
	}
	if _, ok := none.Mean(); ok {
		t.Error("a mean of nothing")
	}
	zero := distributionOf([]uint64{0, 10})
	if q, ok := zero.Quantile(0.5); !ok || q < 0 || q > 1e-6 {
		t.Errorf("the median of what is almost 0 is %g s", q)
	}
}

func TestDistributionSince(t *testing.T) {
	early, late := observations(1000, 1), observations(3000, 3)
	before := distributionOf(early)
	now := distributionOf(append(slices.Clone(early), late...))
	if now.schema != 2 {
		t.Fatalf("schema %d: the later state was to be coarser", now.schema)
	}
	got, want := now.Since(&before), distributionOf(late)
	if got.Count() != want.Count() {
		t.Errorf("%d observations, want %d", got.Count(), want.Count())
	}
	for _, q := range []float64{0.05, 0.5, 0.95} {
		g, _ := got.Quantile(q)
		w, _ := want.Quantile(q)
		if g < w/1.2 || g > w*1.2 {
			t.Errorf("the %g-quantile is %g s, want %g s", q, g, w)
		}
	}
	if again := before.Since(&now); again.Count() != before.Count() {
		t.Errorf("a series that began anew has %d observations, want %d", again.Count(), before.Count())
	}
}

// Any values, in any order: the bucket holds its value, and what is taken from a worker is what was observed.
func FuzzObserve(f *testing.F) {
	f.Add(uint64(0), uint64(1), uint64(math.MaxUint64))      // the ends
	f.Add(uint64(1000), uint64(1001), uint64(1_000_000_000)) // the zero bucket's bound, one second
	f.Add(uint64(100_000), uint64(100_001), uint64(60e9))    // classic bounds
	f.Fuzz(func(t *testing.T, a, b, c uint64) {
		for _, fam := range []*family{families[requestDuration], families[responseSize]} {
			total := &histogramTotal{series: series{family: fam}, schema: schema}
			h := newHistogram(total)
			for _, v := range []uint64{a, b, c, a} {
				h.observe(v)
				if v > fam.scale.zeroMax && fam.scale.bucket(v) != fam.scale.search(v) {
					t.Fatalf("bucket(%d) = %d, want %d", v, fam.scale.bucket(v), fam.scale.search(v))
				}
			}
			total.take(h)
			total.render()
			if n := total.written.Load().GetSampleCount(); n != 4 {
				t.Fatalf("%d observations, want 4", n)
			}
			want := float64(a)*2 + float64(b) + float64(c)
			if got := total.written.Load().GetSampleSum() * float64(fam.scale.unit); math.Abs(got-want) > want*1e-9 {
				t.Fatalf("the sum is %g, want %g", got, want)
			}
		}
	})
}
