package main

import (
	"math"
	"math/bits"
)

// How many bits a sample takes in Prometheus' chunks (prometheus/tsdb/docs/format/chunks.md). A time stamp takes one as long as scrapes are
// evenly spaced, which Prometheus sees to.
const stampBits = 1

// Bytes that a chunk takes beside its samples' differences: its frame in the file, its header, time and value of its first samples.
const (
	floatChunkBytes     = 6 + 18
	histogramChunkBytes = 6 + 2 + 1 + 9 + 8 + 8 + 8
	samplesOfChunk      = 120
	histogramChunkFull  = 1024 // bytes at which the next chunk of a histogram begins
)

// xor is the state of a series of floats: each is written as what differs from the one before.
type xor struct {
	before            uint64
	leading, trailing int // zeros around the bits that were written last
	begun             bool
}

// add returns the bits that v takes.
func (x *xor) add(v float64) int {
	differs := math.Float64bits(v) ^ x.before
	x.before = math.Float64bits(v)
	if differs == 0 {
		return 1
	}
	leading, trailing := min(bits.LeadingZeros64(differs), 31), bits.TrailingZeros64(differs)
	if x.begun && leading >= x.leading && trailing >= x.trailing {
		return 2 + 64 - x.leading - x.trailing
	}
	x.leading, x.trailing, x.begun = leading, trailing, true
	return 2 + 5 + 6 + 64 - leading - trailing
}

// varbit is how many bits a whole number takes.
func varbit(v int64) int {
	if v == 0 {
		return 1
	}
	for i, width := range [...]int{3, 6, 9, 12, 18, 25, 56} {
		if most := int64(1) << (width - 1); -most < v && v <= most {
			return i + 2 + width
		}
	}
	return 8 + 64
}

// twice is the state of a whole number that is written as the change of its change.
type twice struct{ value, change int64 }

func (d *twice) add(v int64) int {
	change := v - d.value
	n := varbit(change - d.change)
	d.value, d.change = v, change
	return n
}

// buckets is the state of a native histogram's buckets: each is written as the change of the change of its difference from the bucket below.
type buckets struct {
	index        []int
	count, older []int64 // of the last look, and of the one before
}

// add returns the bits that the buckets take, which are given by index in rising order.
func (b *buckets) add(index []int, count []int64) (n int) {
	last, older := b.at(index)
	var below, lastBelow, olderBelow int64
	for i, c := range count {
		change := (c - below) - (last[i] - lastBelow)
		before := (last[i] - lastBelow) - (older[i] - olderBelow)
		n += varbit(change - before)
		below, lastBelow, olderBelow = c, last[i], older[i]
	}
	b.index, b.count, b.older = index, count, last
	return n
}

// at are the counts of the last two looks for these indices; a bucket that was not there had none.
func (b *buckets) at(index []int) (last, older []int64) {
	last, older = make([]int64, len(index)), make([]int64, len(index))
	for i, j := 0, 0; i < len(index) && j < len(b.index); {
		switch {
		case index[i] < b.index[j]:
			i++
		case index[i] > b.index[j]:
			j++
		default:
			last[i], older[i] = b.count[j], b.older[j]
			i++
			j++
		}
	}
	return last, older
}
