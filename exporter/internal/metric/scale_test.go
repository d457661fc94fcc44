package metric

import (
	"math"
	"math/rand/v2"
	"sort"
	"testing"
)

// The table finds the same bucket as the definition does, on both sides of every boundary and anywhere between.
func TestBucketAgreesWithDefinition(t *testing.T) {
	for name, s := range map[string]*scale{"nanoseconds": durations, "bytes": sizes} {
		t.Run(name, func(t *testing.T) {
			check := func(v uint64) {
				t.Helper()
				i := s.cell(v)
				if zero := v <= s.zeroMax; (i == 0) != zero || !zero && s.cells[i].bucket != s.search(v) {
					t.Fatalf("%d is in cell %d, bucket %d, want bucket %d", v, i, s.cells[i].bucket, s.search(v))
				}
				if got, want := s.class(v), sort.Search(len(s.classic), func(i int) bool { return s.classic[i] >= v }); got != want {
					t.Fatalf("%d is in class %d, want %d", v, got, want)
				}
			}
			check(0)
			for _, last := range s.upper {
				check(last - 1)
				check(last)
				check(last + 1)
			}
			for b := range 64 {
				check(1<<b - 1)
				check(1 << b)
				check(1<<b + 1)
			}
			check(math.MaxUint64)
			rng := rand.New(rand.NewPCG(1, 2))
			for range 200_000 {
				check(rng.Uint64() >> rng.IntN(64))
			}
		})
	}
}

func TestBucketBounds(t *testing.T) {
	for _, c := range []struct {
		ns   uint64
		want int
	}{
		{1e9, 0},     // (0.917, 1] s
		{1e9 + 1, 1}, // (1, 1.09] s
		{2e9, 8},     // (1.83, 2] s
		{500e6, -8},  // (0.458, 0.5] s
		{250e6 + 1, -15},
	} {
		if got := durations.bucket(c.ns); got != c.want {
			t.Errorf("bucket(%d ns) = %d, want %d", c.ns, got, c.want)
		}
	}
}

func TestClassicBucket(t *testing.T) {
	for _, c := range []struct {
		ns   uint64
		want int
	}{{0, 0}, {100e3, 0}, {100e3 + 1, 1}, {60e9, 17}, {60e9 + 1, 18}, {math.MaxUint64, 18}} {
		if got := durations.class(c.ns); got != c.want {
			t.Errorf("class(%d ns) = %d, want %d", c.ns, got, c.want)
		}
	}
}

// Each exemplar is in a classic bucket of its own.
func TestExemplarBoundsAreClassicBounds(t *testing.T) {
	for _, b := range exemplarBounds {
		if i := durations.class(b); classicDurations[i] != b {
			t.Errorf("%d ns is no classic bound", b)
		}
	}
}

func TestSum(t *testing.T) {
	var s sum
	s.add(math.MaxUint64)
	s.add(math.MaxUint64)
	s.add(2)
	if want := (sum{2, 0}); s != want {
		t.Fatalf("sum is %v, want %v", s, want)
	}
	if got, want := s.in(1e9), 0x1p65/1e9; math.Abs(got-want) > want*1e-15 {
		t.Errorf("sum is %g s, want %g s", got, want)
	}
	if got := (sum{lo: 1_500_000_000}).in(1e9); got != 1.5 {
		t.Errorf("1.5e9 ns are %g s", got)
	}
}
