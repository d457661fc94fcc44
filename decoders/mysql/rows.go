package mysql

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

// skipRows drops the rows that are there, but for one that is not complete or may be something else: of a row nothing but the
// head and the first byte is looked at.
func (c *conn) skipRows(s *decoders.Stream) {
	r := &c.w.response
	b, i, n := s.Bytes(), 0, 0
	for {
		next := c.whole(b, i, r.seq+uint8(n))
		if next == 0 {
			break
		}
		i = next
		n++
	}
	r.seq += uint8(n)
	r.rows += uint64(n)
	s.Skip(uint64(i))
}

// whole is where the packet at i ends; zero when it is not there as a whole, ends something, or may be continued, or its number is not seq.
func (c *conn) whole(b []byte, i int, seq uint8) int {
	if len(b)-i <= headSize {
		return 0
	}
	h := (*[headSize + 1]byte)(b[i:])
	head := binary.LittleEndian.Uint32(h[:])
	n := head & maxPayload
	next := i + headSize + int(n)
	if next > len(b) || n-1 >= maxPayload-1 || h[headSize] >= eofPacket || uint8(head>>24) != seq && c.z == nil { // n: 0 or maxPayload
		return 0
	}
	return next
}

// skipColumns drops the definitions of columns that are there; the last one may be left.
func (c *conn) skipColumns(s *decoders.Stream) {
	r := &c.w.response
	b, i := s.Bytes(), 0
	for r.left > 1 {
		next := c.whole(b, i, r.seq)
		if next == 0 {
			break
		}
		i = next
		r.seq++
		r.left--
	}
	s.Skip(uint64(i))
}
