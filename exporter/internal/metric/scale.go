package metric

import (
	"math"
	"math/bits"
	"sort"
)

// schema is the resolution of a native histogram that starts out: 8 buckets for each doubling, a factor of 2^(1/8) = 1.09,
// which is what "factor 1.1" asks for. Bucket i holds the values in (2^((i-1)/8), 2^(i/8)] base units.
const schema = 3

// octave is the buckets of schema 3 between 0.5 and 1, as the exposition format's other writers and readers have them.
var octave = [1 << schema]float64{
	0.5, 0.5452538663326288, 0.5946035575013605, 0.6484197773255048,
	0.7071067811865475, 0.7711054127039704, 0.8408964152537144, 0.9170040432046711,
}

// Slots divide each power of two of raw units into 16 steps. A step is narrower than a bucket, so that at most one bucket
// ends inside a slot: one look-up and one comparison find the bucket of a value.
const (
	slotBits = 4
	numSlots = 64 << slotBits
)

// scale maps raw integers (nanoseconds, bytes) to the buckets of both kinds of histogram in base units (seconds, bytes).
type scale struct {
	unit    uint64    // raw units in one base unit
	zeroMax uint64    // raw values up to here fall into the zero bucket
	zero    float64   // the same in base units
	classic []uint64  // upper bounds of the classic buckets in raw units; none: no classic buckets
	bounds  []float64 // the same in base units

	slot  [numSlots]int16 // bucket of the smallest value of each slot
	low   int             // bucket of value 1
	upper []uint64        // upper[i-low] is the largest raw value of bucket i
}

// zeroSize is the zero threshold for sizes: nothing but 0 itself.
const zeroSize = 0x1p-128

var (
	durations       = newScale(1e9, 1e3, 1e-6, classicDurations)
	nativeDurations = newScale(1e9, 1e3, 1e-6, nil)
	sizes           = newScale(1, 0, zeroSize, nil)
)

// classicDurations are the bounds of the classic buckets in nanoseconds.
var classicDurations = []uint64{
	100e3, 250e3, 500e3, 1e6, 2_500e3, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9, 2_500e6, 5e9, 10e9, 30e9, 60e9,
}

func newScale(unit, zeroMax uint64, zero float64, classic []uint64) *scale {
	s := &scale{unit: unit, zeroMax: zeroMax, zero: zero, classic: classic}
	for _, c := range classic {
		s.bounds = append(s.bounds, float64(c)/float64(unit))
	}
	s.low = s.search(1)
	for i := s.low; i <= s.search(math.MaxUint64); i++ {
		s.upper = append(s.upper, s.last(i))
	}
	for i := range s.slot {
		if v, ok := slotStart(i); ok {
			s.slot[i] = int16(s.search(v))
		}
	}
	return s
}

// search finds the bucket of v the slow way, which defines what is right.
func (s *scale) search(v uint64) int {
	frac, exp := math.Frexp(float64(v) / float64(s.unit))
	return sort.SearchFloat64s(octave[:], frac) + (exp-1)*len(octave)
}

// last is the largest raw value of bucket i.
func (s *scale) last(i int) uint64 {
	beyond := sort.Search(64, func(b int) bool { return s.search(1<<b) > i })
	v := uint64(0)
	for b := beyond; b >= 0; b-- {
		if next := v | 1<<b; b < 64 && s.search(next) <= i {
			v = next
		}
	}
	return v
}

// bucket is the bucket of v > 0.
func (s *scale) bucket(v uint64) int {
	i := int(s.slot[slotOf(v)])
	if v > s.upper[i-s.low] {
		i++
	}
	return i
}

// slotOf is made of the position of v's highest bit and the bits that follow it.
func slotOf(v uint64) int {
	high := 63 - bits.LeadingZeros64(v|1)
	rest := v << (63 - high) << 1 >> (64 - slotBits)
	return high<<slotBits | int(rest)
}

// slotStart is the smallest value of slot i; false when no integer falls into it.
func slotStart(i int) (uint64, bool) {
	high, rest := i>>slotBits, uint64(i)&(1<<slotBits-1)
	if high < slotBits {
		v := 1<<high | rest>>(slotBits-high)
		return v, slotOf(v) == i
	}
	return 1<<high | rest<<(high-slotBits), true
}

// class is the classic bucket of v; len(s.classic) means +Inf.
func (s *scale) class(v uint64) int {
	lo, hi := 0, len(s.classic)
	for lo < hi {
		if mid := int(uint(lo+hi) >> 1); s.classic[mid] < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
