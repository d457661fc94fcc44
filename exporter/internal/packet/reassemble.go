package packet

import "bytes"

// add puts a fragment in its place. It returns the packet's datagram when that has become complete.
func (f *fragments) add(key *fragmentKey, piece *fragment, now int64) *datagram {
	f.expire(now)
	d := f.find(key, now)
	switch {
	case d.state == complete:
		f.stats.Duplicates++
		return nil
	case d.state == refused:
		f.stats.Lost[FragmentOverlap] += uint64(piece.length)
		return nil
	case f.isCopy(d, piece):
		f.stats.Duplicates++
		return nil
	}
	d.lost += piece.length
	if d.contradicts(piece) {
		f.refuse(d, FragmentOverlap)
		return nil
	}
	if !f.makeRoom(d, piece.end()) || !d.join(piece) {
		f.refuse(d, FragmentNoRoom)
		return nil
	}
	copy(d.data[piece.start:], piece.data)
	if len(piece.data) < piece.length {
		d.known = min(d.known, piece.start+len(piece.data))
	}
	if !piece.more {
		d.total = piece.end()
	}
	if piece.start == 0 {
		d.next = piece.next
	}
	if d.total == 0 || d.spans[0] != (span{0, uint16(d.total)}) {
		return nil
	}
	d.state, d.ended = complete, now
	return d
}

// isCopy says that d has the same bytes at the same place.
func (f *fragments) isCopy(d *datagram, piece *fragment) bool {
	for _, s := range d.spans[:d.numSpans] {
		if int(s.start) <= piece.start && piece.end() <= int(s.end) {
			return bytes.Equal(d.data[piece.start:piece.start+len(piece.data)], piece.data) && (piece.more || d.total == piece.end())
		}
	}
	return false
}

// contradicts says that piece covers what d has already, or ends behind its end.
func (d *datagram) contradicts(piece *fragment) bool {
	for _, s := range d.spans[:d.numSpans] {
		if piece.start < int(s.end) && int(s.start) < piece.end() {
			return true
		}
		if !piece.more && int(s.end) > piece.end() {
			return true
		}
	}
	return d.total != 0 && (!piece.more || piece.end() > d.total)
}

// makeRoom gives d a buffer that holds n bytes; older datagrams make room for it.
func (f *fragments) makeRoom(d *datagram, n int) bool {
	if n <= len(d.data) {
		return true
	}
	b := f.pool.get(n)
	for b == nil && f.n > 0 && &f.all[f.head] != d {
		f.dropOldest(FragmentNoRoom)
		b = f.pool.get(n)
	}
	if b == nil {
		return false
	}
	copy(b, d.data)
	f.pool.put(d.data)
	d.data = b
	return true
}

// join adds the piece to the spans, which it does not overlap. False: there are too many.
func (d *datagram) join(piece *fragment) bool {
	i := 0
	for i < d.numSpans && int(d.spans[i].start) < piece.start {
		i++
	}
	start, end := uint16(piece.start), uint16(piece.end())
	before, behind := i > 0 && d.spans[i-1].end == start, i < d.numSpans && d.spans[i].start == end
	switch {
	case before && behind:
		d.spans[i-1].end = d.spans[i].end
		d.numSpans--
		copy(d.spans[i:], d.spans[i+1:d.numSpans+1])
	case before:
		d.spans[i-1].end = end
	case behind:
		d.spans[i].start = start
	case d.numSpans == maxSpans:
		return false
	default:
		copy(d.spans[i+1:], d.spans[i:d.numSpans])
		d.spans[i] = span{start, end}
		d.numSpans++
	}
	return true
}
