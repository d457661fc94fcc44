package flow

import (
	"hash/maphash"
	"math/bits"

	"wire_exporter/decoders"
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

	// copyRows times copyColumns packets are remembered, 256 KiB: at 100,000 packets a second those of 160 ms.
	copyBits    = 12
	copyRows    = 1 << copyBits
	copyColumns = 4 // a cache line
	copyBytes   = copyRows * copyColumns * 16
)

// copies remembers the packets of the last moments.
type copies struct {
	rows [][copyColumns]sighting // each with the newest first
	seed maphash.Seed
}

// sighting is when a packet was seen. The last byte of print is its time to live.
type sighting struct {
	print uint64
	at    decoders.Time
}

func newCopies() copies {
	return copies{rows: make([][copyColumns]sighting, copyRows), seed: maphash.MakeSeed()}
}

// isCopy says that s was seen already, and remembers it. h is its connection's hash.
func (t *Table) isCopy(h uint32, s *packet.Segment) bool {
	print := t.print(h, s)
	row := &t.copies.rows[print>>(64-copyBits)]
	for i := range row {
		if seen := &row[i]; (seen.print^print)>>8 == 0 && near(seen, print, s) {
			t.stats.Duplicates++
			return true
		}
	}
	row[3], row[2], row[1], row[0] = row[2], row[1], row[0], sighting{print, decoders.Time(s.Time)}
	return false
}

// near says that a packet with the print of s, its time to live aside, was seen shortly before or after.
func near(seen *sighting, print uint64, s *packet.Segment) bool {
	apart := max(decoders.Time(s.Time)-seen.at, seen.at-decoders.Time(s.Time))
	return apart <= plainCopyWithin || apart <= copyWithin && (s.IPID != 0 || s.Options != 0 || seen.print != print)
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
	return (hi^lo)&^0xff | uint64(s.TTL)
}
