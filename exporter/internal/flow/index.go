package flow

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"wire_exporter/decoders"
)

// index finds a connection by its two endpoints, in either order: open addressing over slots of 8 bytes, the upper half a
// piece of the hash, the lower the connection's number plus one. A slot in a cache line of eight, one look at the
// connection: two memory misses for a cold flow, where a Go map with a 36 byte key took more than twice the time.
type index struct {
	slots []uint64
	n     int
	seed  [3]uint64 // random, so that nobody outside can aim for one slot
}

const firstSlots = 1024 // 8 KiB; doubled whenever half of them are taken

func newIndex() index {
	return index{slots: make([]uint64, firstSlots), seed: [3]uint64{rand.Uint64() | 1, rand.Uint64(), rand.Uint64()}}
}

// hash is the same for both orders of a and b.
func (x *index) hash(a, b *decoders.Endpoint, transport decoders.Transport) uint32 {
	h := x.mix(a) + x.mix(b) + uint64(transport)
	hi, lo := bits.Mul64(h^x.seed[1], x.seed[0])
	return uint32((hi ^ lo) >> 16)
}

func (x *index) mix(e *decoders.Endpoint) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(e[0:])^x.seed[1], binary.LittleEndian.Uint64(e[8:])^x.seed[2])
	hi, lo = bits.Mul64(hi^lo^x.seed[2], uint64(e.Port())+x.seed[0])
	return hi ^ lo
}

// find is the connection between src and dst, and the direction from src to dst in it; nil: there is none.
func (t *Table) find(h uint32, src, dst *decoders.Endpoint, transport decoders.Transport) (*conn, decoders.Dir) {
	x := &t.index
	mask := uint32(len(x.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := x.slots[i]
		if s == 0 {
			return nil, 0
		}
		if uint32(s>>32) != h {
			continue
		}
		c := t.conn(uint32(s) - 1)
		switch f := &c.Flow; {
		case f.Transport != transport:
		case equal(&f.Client, src) && equal(&f.Server, dst):
			return c, decoders.ToServer
		case equal(&f.Client, dst) && equal(&f.Server, src):
			return c, decoders.ToClient
		}
	}
}

// equal is *a == *b, which is a call.
func equal(a, b *decoders.Endpoint) bool {
	return binary.LittleEndian.Uint64(a[8:]) == binary.LittleEndian.Uint64(b[8:]) &&
		binary.LittleEndian.Uint16(a[16:]) == binary.LittleEndian.Uint16(b[16:]) &&
		binary.LittleEndian.Uint64(a[:]) == binary.LittleEndian.Uint64(b[:])
}

func (x *index) insert(h, number uint32) {
	if 2*x.n >= len(x.slots) {
		x.grow()
	}
	x.n++
	x.put(uint64(h)<<32 | uint64(number+1))
}

func (x *index) put(s uint64) {
	mask := uint32(len(x.slots) - 1)
	i := uint32(s>>32) & mask
	for x.slots[i] != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

func (x *index) grow() {
	old := x.slots
	x.slots = make([]uint64, 2*len(old))
	for _, s := range old {
		if s != 0 {
			x.put(s)
		}
	}
}

// remove takes the connection's slot out and moves the slots behind it up (no tombstones: a long-lived table would fill
// with them).
func (x *index) remove(h, number uint32) {
	mask := uint32(len(x.slots) - 1)
	i := h & mask
	for x.slots[i] != uint64(h)<<32|uint64(number+1) {
		if x.slots[i] == 0 {
			panic("BUG: connection is not in the index")
		}
		i = (i + 1) & mask
	}
	x.n--
	for j := i; ; {
		j = (j + 1) & mask
		s := x.slots[j]
		if s == 0 {
			break
		}
		home := uint32(s>>32) & mask
		if (j-home)&mask >= (j-i)&mask { // s may stand at i: its home is not behind i
			x.slots[i] = s
			i = j
		}
	}
	x.slots[i] = 0
}

func (x *index) bytes() int64 { return int64(len(x.slots)) * 8 }
