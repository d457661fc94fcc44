package siphash

import "testing"

// The vectors of the paper's appendix and reference implementation: key 00..0f, input 00..n-1.
func TestSum(t *testing.T) {
	var key [16]byte
	in := make([]byte, 15)
	for i := range key {
		key[i] = byte(i)
	}
	for i := range in {
		in[i] = byte(i)
	}
	for n, want := range map[int]uint64{0: 0x726fdb47dd0e0e31, 1: 0x74f839c593dc67fd, 8: 0x93f5f5799a932462, 15: 0xa129ca6149be45e5} {
		if got := Sum(key, 0, in[:n]); got != want {
			t.Errorf("%d bytes: %x, want %x", n, got, want)
		}
	}
	if Sum(key, 1, in) == Sum(key, 2, in) {
		t.Error("two kinds give one hash")
	}
}
