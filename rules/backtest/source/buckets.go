package source

import (
	"cmp"
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
)

// buckets are those of a native histogram with exponential buckets, by their boundaries: the upper boundary of the one with
// index i is 2^(i * 2^-schema).
type buckets struct {
	positive, negative []bucket
	zero, threshold    float64
}

type bucket struct {
	narrow, wide float64 // the boundaries, by their distance from zero
	count        float64
}

// add adds a bucket; one that reaches over zero is the zero bucket.
func (b *buckets) add(lower, upper, count float64) {
	switch {
	case lower < 0 && upper > 0 || lower == upper:
		b.zero, b.threshold = count, upper
	case upper <= 0:
		b.negative = append(b.negative, bucket{-upper, -lower, count})
	default:
		b.positive = append(b.positive, bucket{lower, upper, count})
	}
}

// fill puts the buckets into h.
func (b *buckets) fill(h *histogram.FloatHistogram) {
	h.ZeroCount, h.ZeroThreshold = b.zero, b.threshold
	for _, one := range slices.Concat(b.positive, b.negative) {
		h.Schema = int32(math.Round(-math.Log2(math.Log2(one.wide / one.narrow))))
	}
	h.PositiveSpans, h.PositiveBuckets = spans(b.positive, h.Schema)
	h.NegativeSpans, h.NegativeBuckets = spans(b.negative, h.Schema)
}

func spans(all []bucket, schema int32) (s []histogram.Span, counts []float64) {
	slices.SortFunc(all, func(a, b bucket) int { return cmp.Compare(a.wide, b.wide) })
	next := int32(0)
	for i, one := range all {
		index := int32(math.Round(math.Log2(one.wide) * math.Exp2(float64(schema))))
		if i == 0 || index != next {
			s = append(s, histogram.Span{Offset: index - next})
		}
		s[len(s)-1].Length++
		counts = append(counts, one.count)
		next = index + 1
	}
	return s, counts
}
