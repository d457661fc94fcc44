package metric

import (
	"encoding/hex"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"wire_exporter/decoders"
)

// maxBuckets is the most native buckets a histogram may use. Beyond, its resolution is halved; it is never reset.
const maxBuckets = 200

// minSchema is the coarsest resolution there is; 200 buckets of it hold every number.
const minSchema = -4

// histogramTotal is what all workers have observed for one series since the start. It is changed under Metrics.mu only.
type histogramTotal struct {
	series
	schema int32
	zero   uint64
	sum    sum
	first  int // the bucket of window[0], of schema
	window []uint64
	class  []uint64
	traced exemplars

	stale   bool // written is older than the counts
	written atomic.Pointer[dto.Histogram]
}

// counterTotal is a counter over all workers.
type counterTotal struct {
	series
	n uint64
	// when it was counted last, and how that transaction ended
	at    decoders.Time
	ended decoders.Outcome

	stale   bool
	written atomic.Pointer[dto.Counter]
}

// take adds what a worker counted, and empties its counter.
func (t *counterTotal) take(c *counter) {
	t.n += c.n
	if c.at >= t.at {
		t.at, t.ended = c.at, c.outcome
	}
	t.stale = true
	c.n = 0
}

// take adds what a worker observed, and empties its histogram.
func (t *histogramTotal) take(h *histogram) {
	t.stale = true
	t.sum.plus(h.sum)
	for i, n := range h.window {
		if n > 0 {
			t.cell(h.first+i, n)
		}
	}
	for t.populated() > maxBuckets && t.schema > minSchema {
		t.halve()
	}
	if h.exemplars != nil {
		for i, e := range h.exemplars {
			if e.at > t.traced[i].at {
				t.traced[i] = e
			}
		}
	}
	h.reset()
}

// cell adds n to the buckets that a cell of the scale belongs to.
func (t *histogramTotal) cell(i int, n uint64) {
	scale := t.family.scale
	c := scale.cells[i]
	if len(scale.classic) > 0 {
		if t.class == nil {
			t.class = make([]uint64, len(scale.classic)+1)
		}
		t.class[c.class] += n
	}
	if i == 0 {
		t.zero += n
		return
	}
	t.bucket(c.bucket, n)
}

// bucket adds n to bucket i of the full resolution.
func (t *histogramTotal) bucket(i int, n uint64) {
	i = coarser(i, schema-t.schema)
	at := i - t.first
	if uint(at) >= uint(len(t.window)) {
		t.window, t.first = widen(t.window, t.first, i)
		at = i - t.first
	}
	t.window[at] += n
}

// coarser is the bucket that holds bucket i when the resolution was halved so many times.
func coarser(i int, halvings int32) int { return (i + 1<<halvings - 1) >> halvings }

func (t *histogramTotal) populated() (n int) {
	for _, c := range t.window {
		if c > 0 {
			n++
		}
	}
	return n
}

func (t *histogramTotal) halve() {
	t.window, t.first = halved(t.window, t.first)
	t.schema--
}

// halved merges the pairs of buckets in a window.
func halved(window []uint64, first int) ([]uint64, int) {
	if len(window) == 0 {
		return nil, 0
	}
	lowest := coarser(first, 1)
	merged := make([]uint64, coarser(first+len(window)-1, 1)-lowest+1)
	for i, n := range window {
		merged[coarser(first+i, 1)-lowest] += n
	}
	return merged, lowest
}

func (t *histogramTotal) count() uint64 {
	n := t.zero
	for _, c := range t.window {
		n += c
	}
	return n
}

// render writes the counts in the exposition's form. What was rendered is never changed again, so scrapes share it.
func (t *histogramTotal) render() {
	if !t.stale && t.written.Load() != nil {
		return
	}
	t.stale = false
	scale := t.family.scale
	r := &struct {
		dto.Histogram
		count, zero    uint64
		sum, threshold float64
		schema         int32
	}{count: t.count(), zero: t.zero, sum: t.sum.in(scale.unit), threshold: scale.zero, schema: t.schema}
	d := &r.Histogram
	d.SampleCount, d.SampleSum = &r.count, &r.sum
	d.Schema, d.ZeroThreshold, d.ZeroCount = &r.schema, &r.threshold, &r.zero
	d.CreatedTimestamp = t.created
	d.PositiveSpan, d.PositiveDelta = spans(t.window, t.first)
	t.renderClassic(d)
	if len(scale.classic) == 0 && t.family.traced {
		for i := range t.traced {
			if t.traced[i].at != 0 {
				d.Exemplars = append(d.Exemplars, t.traced[i].render(scale.unit))
			}
		}
	}
	t.written.Store(d)
}

// renderClassic fills the classic buckets, with the exemplars that belong to them. A reader of native histograms takes the
// exemplars from there too.
func (t *histogramTotal) renderClassic(d *dto.Histogram) {
	scale := t.family.scale
	n := len(scale.classic)
	if n == 0 {
		return
	}
	buckets := make([]dto.Bucket, n+1)
	counts := make([]uint64, n+1)
	var running uint64
	for i := range counts {
		if t.class != nil {
			running += t.class[i]
		}
		counts[i] = running
		buckets[i].CumulativeCount = &counts[i]
		if i < n {
			buckets[i].UpperBound = &scale.bounds[i]
		} else {
			buckets[i].UpperBound = &infinity
		}
		d.Bucket = append(d.Bucket, &buckets[i])
	}
	for i := range t.traced {
		if t.traced[i].at != 0 {
			buckets[scale.class(t.traced[i].value)].Exemplar = t.traced[i].render(scale.unit)
		}
	}
}

var infinity = math.Inf(1)

// traceLabel is the name of the only label of an exemplar.
var traceLabel = "trace_id"

func (e *exemplar) render(unit uint64) *dto.Exemplar {
	trace := hex.EncodeToString(e.trace[:])
	value := sum{lo: e.value}.in(unit)
	return &dto.Exemplar{
		Label:     []*dto.LabelPair{{Name: &traceLabel, Value: &trace}},
		Value:     &value,
		Timestamp: timestamppb.New(time.Unix(0, int64(e.at))),
	}
}

// spans writes the populated buckets as spans and deltas. Gaps of up to two buckets are written as zeros, which is shorter
// than a new span.
func spans(window []uint64, first int) (spans []*dto.BucketSpan, deltas []int64) {
	var previous int64
	next := 0 // the bucket after the last one written
	write := func(n int64) {
		*spans[len(spans)-1].Length++
		deltas = append(deltas, n-previous)
		previous = n
	}
	for i, n := range window {
		if n == 0 {
			continue
		}
		gap := int32(first + i - next)
		if spans == nil || gap > 2 {
			spans = append(spans, &dto.BucketSpan{Offset: &gap, Length: new(uint32)})
		} else {
			for range gap {
				write(0)
			}
		}
		write(int64(n))
		next = first + i + 1
	}
	return spans, deltas
}

// Desc implements prometheus.Metric.
func (s *series) Desc() *prometheus.Desc { return s.family.desc }

// Write implements prometheus.Metric.
func (t *histogramTotal) Write(m *dto.Metric) error {
	m.Label, m.Histogram = t.labels, t.written.Load()
	return nil
}

func (c *counterTotal) render() {
	if !c.stale && c.written.Load() != nil {
		return
	}
	c.stale = false
	v := float64(c.n)
	c.written.Store(&dto.Counter{Value: &v, CreatedTimestamp: c.created})
}

// infoTotal is 1, and its labels tell something.
type infoTotal struct{ series }

func (*infoTotal) render() {}

var one = 1.0

// Write implements prometheus.Metric.
func (i *infoTotal) Write(m *dto.Metric) error {
	m.Label, m.Gauge = i.labels, &dto.Gauge{Value: &one}
	return nil
}

// Write implements prometheus.Metric.
func (c *counterTotal) Write(m *dto.Metric) error {
	m.Label, m.Counter = c.labels, c.written.Load()
	return nil
}
