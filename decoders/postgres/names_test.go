package postgres

import (
	"math/rand/v2"
	"testing"
)

// TestTable compares a table with a map.
func TestTable(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var names table[int]
	want := map[uint64]int{}
	for i := range 100_000 {
		hash := 1 + random.Uint64N(64)<<uint(random.IntN(3)*20) // many fall on the same slot
		switch random.IntN(3) {
		case 0:
			*names.put(hash), want[hash] = i, i
		case 1:
			names.remove(hash)
			delete(want, hash)
		default:
			v, there := want[hash]
			if got := names.find(hash); there != (got != nil) || there && *got != v {
				t.Fatalf("after %d steps: %v, want %v %v", i, got, v, there)
			}
		}
		if names.n != len(want) {
			t.Fatalf("after %d steps: %d names, want %d", i, names.n, len(want))
		}
	}
}

// TestOldest: the name that was used least recently is given up first.
func TestOldest(t *testing.T) {
	var names table[int]
	for hash := range uint64(5) {
		names.put(hash + 1)
	}
	names.find(1)
	names.find(2)
	if got := names.oldest(); got != 3 {
		t.Errorf("%d is the oldest, want 3", got)
	}
	names.remove(3)
	if got := names.oldest(); got != 4 {
		t.Errorf("%d is the oldest, want 4", got)
	}
	names.clear()
	if got := names.oldest(); got != 0 {
		t.Errorf("%d is the oldest of none", got)
	}
}
