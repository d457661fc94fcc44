package mysql

import "wire_exporter/decoders"

// skipRows drops the rows that are there, but for one that is not complete or may be something else: of a row nothing but the
// head and the first byte is looked at.
func (c *conn) skipRows(s *decoders.Stream) {
	r := &c.w.response
	b, i, seq, rows := s.Bytes(), 0, r.seq, uint64(0)
	for i+headSize < len(b) {
		next := i + headSize + int(uint24(b[i:]))
		if next > len(b) || b[i+headSize] >= eofPacket || next == i+headSize || next == i+headSize+maxPayload || b[i+3] != seq && c.z == nil {
			break
		}
		i = next
		seq++
		rows++
	}
	r.seq = seq
	r.rows += rows
	s.Skip(uint64(i))
}

// skipColumns drops the definitions of columns that are there; the last one may be left.
func (c *conn) skipColumns(s *decoders.Stream) {
	r := &c.w.response
	b, i := s.Bytes(), 0
	for i+headSize < len(b) && r.left > 1 {
		next := i + headSize + int(uint24(b[i:]))
		if next > len(b) || b[i+headSize] >= eofPacket || next == i+headSize || next == i+headSize+maxPayload || b[i+3] != r.seq && c.z == nil {
			break
		}
		i = next
		r.seq++
		r.left--
	}
	s.Skip(uint64(i))
}
