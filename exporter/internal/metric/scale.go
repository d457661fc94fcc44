package metric

import (
	"math"
	"math/bits"
	"slices"
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

// Slots divide each power of two of raw units into 16 steps. A step is narrower than a bucket of either kind, so that at most one of
// each ends inside a slot: one look-up and two comparisons find where a value belongs.
const (
	slotBits = 4
	numSlots = 64 << slotBits
)

// grid cuts the raw integers (nanoseconds, bytes) into cells at the bounds of the buckets of both kinds, so that a value is looked up
// once, whatever kinds of histogram it is observed in.
type grid struct {
	unit    uint64  // raw units in one base unit (seconds, bytes)
	zeroMax uint64  // raw values up to here fall into the zero bucket
	zero    float64 // the same in base units

	slot  [numSlots]uint16 // cell of the smallest value of each slot
	upper []uint64         // the largest raw value of each cell; cell 0 is the zero bucket
	cells []cell
}

// cell is where its values belong.
type cell struct {
	bucket int // native; not for cell 0
	class  int // classic; the number of classic bounds means +Inf
}

// scale is how the histograms of a family are written.
type scale struct {
	*grid
	classic []uint64  // upper bounds of the classic buckets in raw units; none: no classic buckets
	bounds  []float64 // the same in base units
}

// zeroSize is the zero threshold for sizes: nothing but 0 itself.
const zeroSize = 0x1p-128

var (
	seconds = newGrid(1e9, 1e3, 1e-6, classicDurations)
	octets  = newGrid(1, 0, zeroSize, nil)

	durations       = newScale(seconds, classicDurations)
	nativeDurations = newScale(seconds, nil)
	sizes           = newScale(octets, nil)
)

// classicDurations are the bounds of the classic buckets in nanoseconds.
var classicDurations = []uint64{
	100e3, 250e3, 500e3, 1e6, 2_500e3, 5e6, 10e6, 25e6, 50e6, 100e6, 250e6, 500e6, 1e9, 2_500e6, 5e9, 10e9, 30e9, 60e9,
}

func newScale(g *grid, classic []uint64) *scale {
	s := &scale{grid: g, classic: classic}
	for _, c := range classic {
		s.bounds = append(s.bounds, float64(c)/float64(g.unit))
	}
	return s
}

func newGrid(unit, zeroMax uint64, zero float64, classic []uint64) *grid {
	g := &grid{unit: unit, zeroMax: zeroMax, zero: zero}
	g.add(zeroMax, cell{})
	for last := zeroMax; last < math.MaxUint64; {
		c := cell{bucket: g.search(last + 1)}
		c.class, _ = slices.BinarySearch(classic, last+1)
		last = g.last(c.bucket)
		if c.class < len(classic) {
			last = min(last, classic[c.class])
		}
		g.add(last, c)
	}
	for i := 1; i < numSlots; i++ { // slot 0 has the zeros, too
		if v, ok := slotStart(i); ok {
			at, _ := slices.BinarySearch(g.upper, v)
			g.slot[i] = uint16(at)
		}
	}
	return g
}

func (g *grid) add(upper uint64, c cell) {
	g.upper, g.cells = append(g.upper, upper), append(g.cells, c)
}

// search finds the bucket of v > 0 the slow way, which defines what is right.
func (g *grid) search(v uint64) int {
	frac, exp := math.Frexp(float64(v) / float64(g.unit))
	return sort.SearchFloat64s(octave[:], frac) + (exp-1)*len(octave)
}

// last is the largest raw value of bucket i: the bucket's bound, give or take what is rounded.
func (g *grid) last(i int) uint64 {
	bound := math.Ldexp(octave[i&(len(octave)-1)], i>>schema+1) * float64(g.unit)
	if bound >= 0x1p64 {
		return math.MaxUint64
	}
	rounding := uint64(bound)>>50 + 2
	from := uint64(bound) - min(rounding, uint64(bound))
	beyond := sort.Search(int(2*rounding), func(k int) bool {
		v := from + uint64(k)
		return v < from || v > 0 && g.search(v) > i
	})
	return from + uint64(beyond) - 1
}

// cell is the cell of v.
func (g *grid) cell(v uint64) int {
	i := int(g.slot[slotOf(v)])
	if v > g.upper[i] {
		i++
	}
	if v > g.upper[i] {
		i++
	}
	return i
}

// bucket is the native bucket of v, which is not in the zero bucket.
func (g *grid) bucket(v uint64) int { return g.cells[g.cell(v)].bucket }

// class is the classic bucket of v.
func (g *grid) class(v uint64) int { return g.cells[g.cell(v)].class }

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
