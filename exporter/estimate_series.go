package main

import (
	"math"

	dto "github.com/prometheus/client_model/go"
)

// series is one label set of a family, and what its samples have taken from one look to the next. The first look is compared with zeros, and
// counts only while there is no other: in a block it is one of thousands.
type series struct {
	looks int

	plain, sum, count xor
	native            struct {
		count, zero twice
		sum         xor
		buckets     buckets
	}
	classic []xor

	// Bits of all looks but the first; before there is a second one, of the first.
	plainBits, nativeBits, classicBits int
	hasNative, hasClassic              bool
	buckets                            int // of the native histogram at the last look
}

func (s *series) look(m *dto.Metric) {
	s.looks++
	if s.looks == 2 {
		s.plainBits, s.nativeBits, s.classicBits = 0, 0, 0
	}
	h := m.GetHistogram()
	if h == nil {
		s.plainBits += stampBits + s.plain.add(m.GetCounter().GetValue()+m.GetGauge().GetValue()+m.GetUntyped().GetValue())
		return
	}
	if h.Schema != nil {
		s.hasNative = true
		s.lookNative(h)
	}
	if h.Schema == nil || len(h.Bucket) > 0 {
		s.hasClassic = true
		s.lookClassic(h)
	}
}

func (s *series) lookNative(h *dto.Histogram) {
	n := &s.native
	index, count := absolute(h)
	s.buckets = len(index)
	s.nativeBits += stampBits + n.count.add(int64(h.GetSampleCount())) + n.zero.add(int64(h.GetZeroCount())) + n.sum.add(h.GetSampleSum()) + n.buckets.add(index, count)
}

// absolute are the buckets of a native histogram that are there, by index.
func absolute(h *dto.Histogram) (index []int, count []int64) {
	at, n := 0, int64(0)
	for _, span := range h.PositiveSpan {
		at += int(span.GetOffset())
		for range span.GetLength() {
			n += h.PositiveDelta[len(index)]
			index, count = append(index, at), append(count, n)
			at++
		}
	}
	return index, count
}

// lookClassic looks at the buckets, _sum and _count.
func (s *series) lookClassic(h *dto.Histogram) {
	if s.classic == nil {
		s.classic = make([]xor, samplesOf(h)-2)
	}
	for i := range s.classic {
		v := h.GetSampleCount() // of +Inf, which may be left out
		if i < len(h.Bucket) {
			v = h.Bucket[i].GetCumulativeCount()
		}
		s.classicBits += stampBits + s.classic[i].add(float64(v))
	}
	s.classicBits += 2*stampBits + s.sum.add(h.GetSampleSum()) + s.count.add(float64(h.GetSampleCount()))
}

// samplesOf is how many samples a classic histogram has: its buckets, with +Inf, _sum and _count.
func samplesOf(h *dto.Histogram) int {
	n := len(h.Bucket)
	if n == 0 || !math.IsInf(h.Bucket[n-1].GetUpperBound(), 1) {
		n++
	}
	return n + 2
}

// cost is what s costs a scrape on average.
func (s *series) cost() cost {
	each := func(bits int) float64 { return float64(bits) / 8 / float64(max(s.looks-1, 1)) }
	const chunk = float64(floatChunkBytes) / samplesOfChunk
	c := cost{sets: 1}
	if !s.hasNative && !s.hasClassic {
		c.native, c.nativeBytes = 1, each(s.plainBits)+chunk
	}
	classic, classicBytes := len(s.classic)+2, each(s.classicBits)+float64(len(s.classic)+2)*chunk
	switch {
	case s.hasNative:
		b := each(s.nativeBits)
		full := min(max((histogramChunkFull-histogramChunkBytes)/b, 10), float64(4*samplesOfChunk))
		c.native, c.nativeBytes = 1, b+(histogramChunkBytes+1.5*float64(s.buckets))/full
	case s.hasClassic:
		c.native, c.nativeBytes = classic, classicBytes
	}
	c.classic, c.classicBytes = c.native, c.nativeBytes
	if s.hasNative && s.hasClassic {
		c.classic += classic
		c.classicBytes += classicBytes
	}
	return c
}
