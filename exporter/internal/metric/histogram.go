package metric

import (
	"math/bits"

	"wire_exporter/decoders"
)

// histogram is what one worker has observed for one series since the totals were last taken. Observing costs a few
// nanoseconds and no atomic operation; the worker that owns it is the only one that touches it.
type histogram struct {
	total  *histogramTotal
	scale  *scale
	dirty  bool // it is in the Shard's list of what changed
	sum    sum
	first  int      // the cell of window[0]
	window []uint64 // counts of the scale's cells, from the lowest to the highest seen so far

	exemplars *exemplars // nil before the first one
}

// slack is how many buckets a window grows beyond what is needed, so that it grows seldom.
const slack = 4

func newHistogram(total *histogramTotal) *histogram {
	return &histogram{total: total, scale: total.family.scale}
}

// observe counts v, in raw units.
func (h *histogram) observe(v uint64) { h.put(v, h.scale.cell(v)) }

// again is put where there is nothing to prepare: h was observed since the last Flush, and has room for the cell.
func (h *histogram) again(v uint64, cell int) bool {
	at := uint(cell - h.first)
	if at >= uint(len(h.window)) || !h.dirty {
		return false
	}
	h.window[at]++
	h.sum.add(v)
	return true
}

// put counts v, whose cell is known.
func (h *histogram) put(v uint64, cell int) {
	h.sum.add(v)
	at := cell - h.first
	if uint(at) >= uint(len(h.window)) {
		h.window, h.first = widen(h.window, h.first, cell)
		at = cell - h.first
	}
	h.window[at]++
}

// widen makes room for number i in a window that begins with number first.
func widen(window []uint64, first, i int) ([]uint64, int) {
	if len(window) == 0 {
		return make([]uint64, 2*slack), i - slack
	}
	lo, hi := first, first+len(window) // [lo, hi)
	if i < lo {
		lo = i - slack
	} else {
		hi = i + 1 + slack
	}
	wider := make([]uint64, hi-lo)
	copy(wider[first-lo:], window)
	return wider, lo
}

// exemplify keeps an exemplar for v unless one of this size was kept less than a second ago.
func (h *histogram) exemplify(v uint64, trace [16]byte, at decoders.Time) {
	if h.exemplars == nil {
		h.exemplars = new(exemplars)
	}
	e := &h.exemplars[h.scale.exemplarSlot(v)]
	if at == 0 || e.at != 0 && at < e.at+exemplarEvery && at > e.at-exemplarEvery {
		return
	}
	*e = exemplar{trace: trace, value: v, at: at}
}

// reset empties h after its counts were added to the total. Exemplars stay: their stamps limit how often they change.
func (h *histogram) reset() {
	h.dirty, h.sum = false, sum{}
	clear(h.window)
}

// exemplars are the newest traced transactions of a series: one for each decade of durations, so that a slow one is not
// driven out by the many fast ones. Each of them is in a classic bucket of its own.
type exemplars [6]exemplar

type exemplar struct {
	trace [16]byte
	value uint64 // raw units
	at    decoders.Time
}

// exemplarEvery is how often an exemplar of a series and a decade changes at most, in nanoseconds.
const exemplarEvery = 1e9

// exemplarBounds divide the decades, in nanoseconds; all of them are bounds of classic buckets too.
var exemplarBounds = [...]uint64{1e6, 10e6, 100e6, 1e9, 10e9}

func (s *scale) exemplarSlot(v uint64) int {
	for i, b := range exemplarBounds {
		if v <= b {
			return i
		}
	}
	return len(exemplarBounds)
}

// sum is a 128-bit sum of raw units: 64 bits of nanoseconds would overflow after three weeks of ten thousand concurrent requests.
type sum struct{ hi, lo uint64 }

func (s *sum) add(v uint64) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, v, 0)
	s.hi += carry
}

func (s *sum) plus(o sum) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, o.lo, 0)
	s.hi += o.hi + carry
}

// minus subtracts o, which is not greater.
func (s *sum) minus(o sum) {
	var borrow uint64
	s.lo, borrow = bits.Sub64(s.lo, o.lo, 0)
	s.hi -= o.hi + borrow
}

// in is the sum in base units of so many raw units each.
func (s sum) in(unit uint64) float64 {
	whole, rest := bits.Div64(s.hi%unit, s.lo, unit)
	return float64(s.hi/unit)*0x1p64 + float64(whole) + float64(rest)/float64(unit)
}
