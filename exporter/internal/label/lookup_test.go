package label

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"unicode/utf8"

	"wire_exporter/decoders"
)

// TestNetworks compares the look-up with asking every network in turn.
func TestNetworks(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	small := func(n int) byte { return byte(r.IntN(n)) }
	address := func() netip.Addr {
		if r.IntN(2) == 0 {
			return netip.AddrFrom4([4]byte{10, 0, small(3), small(4)})
		}
		return netip.AddrFrom16([16]byte{0: 0x20, 14: small(3), 15: small(4)})
	}
	var all []netip.Prefix
	var n networks
	for rank := range 40 {
		a := address()
		p := netip.PrefixFrom(a, a.BitLen()-r.IntN(12))
		all = append(all, p)
		n.add(p, member{rank: rank})
	}
	for range 2000 {
		a, odd := address(), func(m member) bool { return m.rank%2 == 1 }
		first, firstOdd := -1, -1
		for rank, p := range all {
			if p.Contains(a) && first < 0 {
				first = rank
			}
			if p.Contains(a) && firstOdd < 0 && rank%2 == 1 {
				firstOdd = rank
			}
		}
		if got := n.first(a); got != first {
			t.Errorf("%s: %d, want %d", a, got, first)
		}
		if got := n.lowest(a, odd); got != firstOdd {
			t.Errorf("%s: %d, want %d", a, got, firstOdd)
		}
	}
}

// TestTable compares the table with a map, over growth and removal; keys that want the same place included.
func TestTable(t *testing.T) {
	var table table[uint64]
	want := map[uint64]uint64{}
	r := rand.New(rand.NewPCG(3, 4))
	if table.find(7) != nil {
		t.Error("found something in nothing")
	}
	for round := range 10 {
		for range 300 {
			key := r.Uint64()
			if r.IntN(4) == 0 {
				key &= 0xFFF<<52 | 0xF // few places
			}
			if _, there := want[max(key, 1)]; there {
				continue
			}
			value := key
			want[max(key, 1)] = value
			table.add(key, &value)
		}
		if round%3 == 2 {
			table.rebuild(func(v *uint64) bool { return *v%3 != 0 })
			for k, v := range want {
				if v%3 == 0 {
					delete(want, k)
					if table.find(k) != nil {
						t.Fatalf("%x is still there", k)
					}
				}
			}
		}
		if table.n != len(want) {
			t.Fatalf("%d values, want %d", table.n, len(want))
		}
		for k, v := range want {
			if got := table.find(k); got == nil || *got != v {
				t.Fatalf("%x: %v", k, got)
			}
		}
	}
}

// FuzzLabel labels a transaction of any bytes, often enough to earn every slot, and looks at the texts. The seeds are one of
// each protocol and one of junk.
func FuzzLabel(f *testing.F) {
	f.Add([]byte("GET"), []byte("/accounts/12345"), []byte("200"), []byte(""), []byte("shop.example.com"), true)
	f.Add([]byte("SELECT"), []byte("accounts"), []byte("23505"), []byte("bank"), []byte(""), false)
	f.Add([]byte("\x00"), []byte("\xff/?"), []byte("a b"), []byte("'"), []byte("*.."), true)
	f.Fuzz(func(t *testing.T, operation, resource, code, database, host []byte, path bool) {
		b := newBench(t, shops)
		x := request("203.0.113.1:80", "", "", "")
		x.Operation, x.Resource, x.Code, x.Database, x.Authority, x.ResourceIsPath = operation, resource, code, database, host, path
		var s Set
		for range earnAfter {
			if b.Label(x, sql, Wire, &s) != Counted {
				t.Fatal("not counted")
			}
		}
		for _, id := range []ID{s.Service, s.Operation, s.Resource, s.Code, s.Client, s.Database} {
			text := b.book.Text(id)
			if !utf8.ValidString(text) || len(text) > MaxText || (text == "") != (id == None) {
				t.Errorf("%d is %q", id, text)
			}
		}
		if s.Service == None || s.Client == None || s.Outcome != decoders.OK {
			t.Errorf("%+v", s)
		}
	})
}
