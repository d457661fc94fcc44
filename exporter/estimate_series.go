package main

import dto "github.com/prometheus/client_model/go"

// What a sample takes in a block, in bytes: measured with Prometheus' own chunks (120 samples, 15 s apart, 0.3 to 1000 events between
// them). A counter that moves takes 3 to 4.8, one that does not some 0.3; a native histogram 4, one for each bucket that moves and an
// eighth for each that does not.
const (
	movedBytes  = 4
	stillBytes  = 0.3
	headBytes   = 4
	bucketMoved = 1
	bucketStill = 0.125
)

// series is one label set of a family, and how it changed from one look to the next.
type series struct {
	looks   int
	moved   int // looks at which it had changed
	value   float64
	native  map[int]int64 // of a histogram: its buckets
	classic []uint64
	// Sums over looks.
	nativeMoved, nativeStill, classicMoved, classicStill int
}

func (s *series) look(m *dto.Metric) {
	first := s.looks == 0
	s.looks++
	h := m.GetHistogram()
	value := m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() + float64(h.GetSampleCount())
	if value != s.value || first && value != 0 {
		s.moved++
	}
	s.value = value
	if h == nil {
		return
	}
	if h.Schema != nil {
		s.lookNative(h)
	}
	s.lookClassic(h)
}

func (s *series) lookNative(h *dto.Histogram) {
	if s.native == nil {
		s.native = map[int]int64{}
	}
	var index int
	var count int64
	at := 0
	for _, span := range h.PositiveSpan {
		index += int(span.GetOffset())
		for range span.GetLength() {
			count += h.PositiveDelta[at]
			at++
			if s.native[index] != count {
				s.nativeMoved++
			} else {
				s.nativeStill++
			}
			s.native[index] = count
			index++
		}
	}
}

// lookClassic looks at the buckets, +Inf, _sum and _count.
func (s *series) lookClassic(h *dto.Histogram) {
	values := make([]uint64, 0, len(h.Bucket)+2)
	for _, b := range h.Bucket {
		values = append(values, b.GetCumulativeCount())
	}
	values = append(values, h.GetSampleCount(), h.GetSampleCount())
	if len(h.Bucket) == 0 {
		values = append(values, h.GetSampleCount())
	}
	for i, v := range values {
		if i < len(s.classic) && s.classic[i] == v || s.classic == nil && v == 0 {
			s.classicStill++
		} else {
			s.classicMoved++
		}
	}
	s.classic = values
}

// cost is what s costs a scrape on average.
func (s *series) cost() cost {
	looks := float64(s.looks)
	plain := (float64(s.moved)*movedBytes + float64(s.looks-s.moved)*stillBytes) / looks
	if s.classic == nil {
		return cost{sets: 1, native: 1, classic: 1, nativeBytes: plain, classicBytes: plain}
	}
	c := cost{
		sets: 1, native: len(s.classic), classic: len(s.classic),
		classicBytes: (float64(s.classicMoved)*movedBytes + float64(s.classicStill)*stillBytes) / looks,
	}
	c.nativeBytes = c.classicBytes
	if s.native != nil {
		c.native = 1
		c.nativeBytes = (float64(s.moved)*headBytes + float64(s.looks-s.moved)*stillBytes + float64(s.nativeMoved)*bucketMoved + float64(s.nativeStill)*bucketStill) / looks
	}
	return c
}
