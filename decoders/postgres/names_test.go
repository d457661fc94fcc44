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

// TestUnused: a name that is used again and again stays, whatever else is put in.
func TestUnused(t *testing.T) {
	const size = 100
	var names table[int]
	for hash := range uint64(10 * size) {
		if names.n == size {
			names.remove(names.unused())
		}
		names.put(hash + 1)
		if names.find(1) == nil {
			t.Fatalf("the one in use is gone after %d names", hash)
		}
	}
	if names.n != size {
		t.Errorf("%d names, want %d", names.n, size)
	}
	names.clear()
	if names.n != 0 || names.find(1) != nil {
		t.Error("an empty table has names")
	}
}
