package thanos

import (
	"math"
	"slices"
	"sort"
	"testing"
	"time"
)

// What a series costs, as `make bench-thanos` has measured it on busy services (packaging/stack/thanos/growth_test.go).
const (
	rawBytes   = 16_000.0 // a day, scraped every 15 s; recorded series every minute
	fiveBytes  = 5_800.0  // a day
	hourBytes  = 650.0    // a day
	writeTime  = .00053   // processor seconds of a series and day: once for each joining
	sampleTime = .00062   // for both resolutions
)

// The compactor's ranges, and from when on it makes a coarser resolution.
const (
	freshHours      = 2
	fiveFromHours   = 40
	hourFromHours   = 10 * 24
	deleteAfter     = 48 // hours that a block stays after it was marked
	chunkFileBytes  = 512 << 20
	raw, five, hour = 0, 1, 2
)

var joinHours = []int{8, 48, 336}

// simBlock is a block of one stream, which is one Prometheus with its external labels. Times are hours since 1970.
type simBlock struct{ from, to, resolution, goneAt int }

func (b simBlock) bytes(series float64) float64 {
	return series * float64(b.to-b.from) / 24 * []float64{rawBytes, fiveBytes, hourBytes}[b.resolution]
}

// stream is a bucket with the blocks of one Prometheus.
type stream struct {
	now    int
	blocks [3][]simBlock // those in use, by resolution and time
	marked []simBlock
	keep   [3]int // hours, by resolution; 0 is for ever
	joined [3]int // hours of data that were written by joining, by resolution: the compactor's work
}

// newStream begins at a time.
func newStream(begin int, keep [3]int) *stream { return &stream{now: begin, keep: keep} }

func (s *stream) clone() *stream {
	c := *s
	for i := range c.blocks {
		c.blocks[i] = slices.Clone(c.blocks[i])
	}
	c.marked = slices.Clone(c.marked)
	return &c
}

// advance lets two hours pass: one block comes, and the compactor does what there is to do.
func (s *stream) advance() {
	s.now += freshHours
	s.blocks[raw] = append(s.blocks[raw], simBlock{from: s.now - freshHours, to: s.now, resolution: raw})
	s.compact()
	s.forget()
}

// compact joins what can be joined, and makes the coarser resolutions.
func (s *stream) compact() {
	for resolution := range s.blocks {
		for s.join(resolution) {
		}
	}
	s.coarsen(raw, five, fiveFromHours)
	s.coarsen(five, hour, hourFromHours)
}

// join is Prometheus' rule, which is Thanos' as well: the newest block is left alone; the others of a window are joined when they fill it, or when
// there are others past it.
func (s *stream) join(resolution int) bool {
	own := s.blocks[resolution]
	if len(own) < 3 {
		return false
	}
	own = own[:len(own)-1]
	newest := own[len(own)-1]
	for _, hours := range joinHours {
		for i := 0; i < len(own); {
			window := own[i].from / hours * hours
			k := i
			for k < len(own) && own[k].to <= window+hours {
				k++
			}
			if part := own[i:k]; len(part) > 1 && (part[len(part)-1].to-part[0].from == hours || part[len(part)-1].to <= newest.from) {
				made := simBlock{from: part[0].from, to: part[len(part)-1].to, resolution: resolution}
				s.joined[resolution] += made.to - made.from
				s.replaceBy(made)
				return true
			}
			i = max(k, i+1)
		}
	}
	return false
}

// replaceBy puts one block into the place of those that it holds.
func (s *stream) replaceBy(made simBlock) {
	s.mark(made.resolution, func(b simBlock) bool { return b.from >= made.from && b.to <= made.to })
	own := s.blocks[made.resolution]
	at := sort.Search(len(own), func(i int) bool { return own[i].from >= made.from })
	s.blocks[made.resolution] = slices.Insert(own, at, made)
}

// coarsen makes a coarser block of each that is long enough, and of which there is not all of it yet.
func (s *stream) coarsen(of, to, least int) {
	for _, b := range s.blocks[of] {
		have := 0
		for _, c := range s.blocks[to] {
			if c.from >= b.from && c.to <= b.to {
				have += c.to - c.from
			}
		}
		if b.to-b.from >= least && have < b.to-b.from {
			s.replaceBy(simBlock{from: b.from, to: b.to, resolution: to})
		}
	}
}

// forget marks what is past its retention, and deletes what was marked two days ago.
func (s *stream) forget() {
	for resolution, hours := range s.keep {
		s.mark(resolution, func(b simBlock) bool { return hours > 0 && s.now > b.to+hours })
	}
	s.marked = slices.DeleteFunc(s.marked, func(b simBlock) bool { return s.now >= b.goneAt })
}

func (s *stream) mark(resolution int, which func(simBlock) bool) {
	s.blocks[resolution] = slices.DeleteFunc(s.blocks[resolution], func(b simBlock) bool {
		if !which(b) {
			return false
		}
		b.goneAt = s.now + deleteAfter
		s.marked = append(s.marked, b)
		return true
	})
}

// weigh is what the bucket holds of that many series, what is marked included: bytes by resolution, blocks, objects.
func (s *stream) weigh(series float64) (bytes [3]float64, blocks, objects int) {
	for _, b := range slices.Concat(s.blocks[raw], s.blocks[five], s.blocks[hour], s.marked) {
		n := b.bytes(series)
		bytes[b.resolution] += n
		blocks++
		objects += 2 + int(math.Ceil(n/chunkFileBytes)) // meta.json, index, files of chunks
		if b.goneAt > 0 {
			objects++ // the mark
		}
	}
	return bytes, blocks, objects
}

// simulated is the number of blocks, by resolution as `thanos tools bucket inspect` has it, that the simulated compactor leaves of data of that time.
func simulated(from, to time.Time) map[string]int {
	s := newStream(int(from.Unix()/3600), [3]int{})
	for s.now < int(to.Unix()/3600) {
		s.advance()
	}
	n := map[string]int{}
	for i, name := range []string{"0s", "5m0s", "1h0m0s"} {
		n[name] = len(s.blocks[i])
	}
	return n
}

// TestSimulation: the shapes of what a compactor leaves; against the real one it is held by TestThanosHistory.
func TestSimulation(t *testing.T) {
	s := newStream(0, [3]int{40 * 24, 400 * 24, 3650 * 24})
	for s.now < 17*24 {
		s.advance()
	}
	if got := s.blocks[hour]; len(got) != 1 || got[0].to != 336 {
		t.Errorf("after 17 days there is 1 h data of %v, 5 m of %v", got, s.blocks[five])
	}
	for s.now < 11*365*24 {
		s.advance()
	}
	if oldest := s.blocks[hour][0]; s.now-oldest.to > 3651*24 || s.now-oldest.to < 3630*24 {
		t.Errorf("the oldest 1 h block ends %d days ago", (s.now-oldest.to)/24)
	}
	if n := len(s.blocks[raw]); n < 3 || n > 20 {
		t.Errorf("%d raw blocks", n)
	}
}
