package selftest

import (
	"encoding/binary"
	"testing"
)

// TestTraffic: each connection's bytes follow one another, and no frame is like another.
func TestTraffic(t *testing.T) {
	traffic := NewTraffic(3, 4000)
	perExchange, _ := traffic.PerExchange()
	if perExchange != 5 { // a request, three segments, an ACK
		t.Fatalf("%d frames an exchange", perExchange)
	}
	type side struct {
		port   uint16
		server bool
	}
	next, idents := map[side]uint32{}, map[uint16]bool{}
	for range 30 * perExchange {
		f := traffic.Next()
		seg := f[ethernet+ipv4:]
		from, to := binary.BigEndian.Uint16(seg), binary.BigEndian.Uint16(seg[2:])
		s := side{from, false}
		if from == 80 {
			s = side{to, true}
		}
		seq := binary.BigEndian.Uint32(seg[4:])
		if want, seen := next[s]; seen && seq != want {
			t.Fatalf("%+v: sequence number %d, want %d", s, seq, want)
		}
		next[s] = seq + uint32(len(seg)-tcp)
		ident := binary.BigEndian.Uint16(f[ethernet+4:])
		if idents[ident] {
			t.Fatalf("identification %d twice", ident)
		}
		idents[ident] = true
	}
	if n := testing.AllocsPerRun(100, func() { traffic.Next() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestInterfaces(t *testing.T) {
	all, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Name == "lo" || i.MTU <= 0 {
			t.Errorf("%+v", i)
		}
	}
	if release, number := Kernel(); release == "" || number < 300 {
		t.Errorf("kernel %q is %d", release, number)
	}
	old := Interface{Name: "eth0", LRO: 1, Ring: 256, RingMax: 4096, Received: 1_000_000, Dropped: 100}
	if advice := old.Advice(); len(advice) != 3 {
		t.Errorf("%q", advice)
	}
	if advice := (Interface{LRO: -1, Ring: -1, RingMax: -1}).Advice(); len(advice) != 0 {
		t.Errorf("%q", advice)
	}
}
