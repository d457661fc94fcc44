package flow

import (
	"hash/maphash"
	"math/bits"

	"wire_exporter/exporter/internal/packet"
)

// A mirror port that is fed from two places, a bridge, a tunnel's both ends: they all show a packet twice, with other MAC addresses, tags,
// tunnels and times to live, but with everything else equal. A retransmission is a new packet: it has its own IPv4 identification and its own
// time stamp option, or at least it comes late.
const (
	// copyWithin is how far apart copies may be when something tells packets with equal contents apart: less than the
	// shortest retransmission timeout in use (200 ms), more than any way through a network. An identification does not come again that soon.
	copyWithin = 150e6
	// plainCopyWithin is the same where nothing does: IPv6, or identification 0, and no TCP options. Then a fast retransmission that is quicker
	// than this is taken for a copy.
	plainCopyWithin = 1e6

	// copyRows times copyColumns packets are remembered, 128 KiB: at 100,000 packets a second those of 160 ms.
	copyBits    = 11
	copyRows    = 1 << copyBits
	copyColumns = 8 // a cache line
	copyBytes   = copyRows * copyColumns * 8
)

// copies remembers the packets of the last moments.
type copies struct {
	rows []row
	seed maphash.Seed
}

// row is where the packets are remembered that share a cache line, the newest first.
type row [copyColumns]sighting

// sighting is a packet and when it was seen, in eight bytes, so that a row of the table is one cache line, and the table seldom out of reach: from
// the top 40 bits of its print, the last 4 of its time to live, and 20 of its capture time in units of 65 µs, which come again after 69 s.
type sighting uint64

const (
	sightingTime  = 20               // bits
	sightingPrint = sightingTime + 4 // where the print begins
	sightingUnit  = 1 << 16          // ns
)

// spread is 2^64 divided by the golden ratio: multiplied by it all bits of a number tell in the highest.
const spread = 0x9e3779b97f4a7c15

func newCopies() copies {
	return copies{rows: make([]row, copyRows), seed: maphash.MakeSeed()}
}

// isCopy says that s was seen already, and remembers it. h is its connection's hash.
func (t *Table) isCopy(h uint32, s *packet.Segment) bool {
	print := t.print(h, s)
	now := sighting(print>>sightingPrint<<sightingPrint | uint64(s.TTL)&15<<sightingTime | uint64(s.Time)/sightingUnit%(1<<sightingTime))
	row := &t.copies.rows[print*spread>>(64-copyBits)] // the low bits alone are like those of the numbers in it
	if row.has(now) && t.isCopyIn(row, now, s) {
		return true
	}
	// One by one: copy is a call.
	row[7], row[6], row[5], row[4], row[3], row[2], row[1], row[0] = row[6], row[5], row[4], row[3], row[2], row[1], row[0], now
	return false
}

// has says that a packet with the print of now is in the row. It is asked of every packet, and written without a loop: a third of the instructions.
func (r *row) has(now sighting) bool {
	const other = 1 << sightingPrint // prints that differ make at least this, whatever the rest
	return r[0]^now < other || r[1]^now < other || r[2]^now < other || r[3]^now < other ||
		r[4]^now < other || r[5]^now < other || r[6]^now < other || r[7]^now < other
}

// isCopyIn says that one of those is a copy of s.
func (t *Table) isCopyIn(row *row, now sighting, s *packet.Segment) bool {
	for _, seen := range row {
		if (seen^now)>>sightingPrint == 0 && near(seen, now, s) {
			t.stats.Duplicates++
			return true
		}
	}
	return false
}

// near says that a packet with the print of s, its time to live aside, was seen shortly before or after. Of two units that are apart the packets may
// be one less apart.
func near(seen, now sighting, s *packet.Segment) bool {
	const unused = 64 - sightingTime
	apart := int64(now-seen) << unused >> unused
	apart = (max(apart, -apart) - 1) * sightingUnit
	return apart < plainCopyWithin || apart < copyWithin && (s.IPID != 0 || s.Options != 0 || (seen^now)>>sightingTime != 0)
}

// print is the same for copies of a packet.
func (t *Table) print(h uint32, s *packet.Segment) uint64 {
	length := uint64(len(s.Payload) + s.Missing)
	a := uint64(h)<<32 | uint64(s.Seq)
	b := uint64(s.Ack)<<32 | uint64(s.IPID)<<16 | uint64(s.Checksum)
	c := length<<40 | uint64(s.Window)<<24 | uint64(s.Src.Port())<<8 | uint64(s.Flags)
	if s.Proto == packet.UDP { // whose checksum the network card may not have written yet
		c ^= maphash.Bytes(t.copies.seed, s.Payload)
	}
	hi, lo := bits.Mul64(a^t.index.seed[1], b^c*t.index.seed[0]^t.index.seed[2])
	return hi ^ lo
}
