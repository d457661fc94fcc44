package packet

import "encoding/binary"

// fragment4 keeps a fragment of an IPv4 packet (RFC 791 section 3.2), and reads the packet when it is whole. body is the fragment's
// payload, total that one's length on the wire.
func (p *Parser) fragment4(header, body []byte, total int, s *Segment) Reason {
	place := binary.BigEndian.Uint16(header[6:])
	piece := fragment{start: int(place&0x1fff) * 8, length: total, more: place&0x2000 != 0, next: header[9], data: body[:min(len(body), total)]}
	key := fragmentKey{src: [16]byte(s.Src[:16]), dst: [16]byte(s.Dst[:16]), id: uint32(s.IPID), proto: header[9]}
	whole, d, r := p.collect(&key, &piece, s)
	if r != OK {
		return r
	}
	return p.parseTransport(d.next, whole, d.total, s)
}

// fragment6 keeps a fragment of an IPv6 packet (RFC 8200 section 4.5), and reads the packet when it is whole. body starts with the fragment
// header, total is its length on the wire; both hold that header.
func (p *Parser) fragment6(body []byte, total int, s *Segment) Reason {
	place := binary.BigEndian.Uint16(body[2:])
	piece := fragment{start: int(place &^ 7), length: total - 8, more: place&1 != 0, next: body[0], data: body[8:min(len(body), total)]}
	key := fragmentKey{src: [16]byte(s.Src[:16]), dst: [16]byte(s.Dst[:16]), id: binary.BigEndian.Uint32(body[4:])}
	whole, d, r := p.collect(&key, &piece, s)
	if r != OK {
		return r
	}
	return p.parseExtensions(d.next, whole, d.total, d.total-len(whole), s)
}

// collect keeps a fragment. OK: the packet is whole, and its payload is there until the next Parse.
func (p *Parser) collect(key *fragmentKey, piece *fragment, s *Segment) (whole []byte, d *datagram, r Reason) {
	switch {
	case piece.length <= 0 || piece.more && piece.length%8 != 0 || piece.end() > maxPacket:
		return nil, nil, Malformed
	case p.depth == maxTunnels:
		return nil, nil, TooDeep
	}
	p.depth++
	if p.fragments == nil {
		p.fragments = newFragments()
	}
	f := p.fragments
	if d = f.add(key, piece, s.Time); d == nil {
		return nil, nil, Fragment
	}
	f.reading = append(f.reading, d.data)
	p.reassembled = true
	whole, d.data = d.data[:min(d.known, d.total)], nil
	if len(whole) == d.total && !checksumFits(d.next, whole, s) {
		f.stats.Lost[FragmentChecksum] += uint64(d.lost)
		return nil, nil, Fragment
	}
	f.stats.Packets++
	return whole, d, OK
}

// doneReading takes the buffers of the packets before back.
func (p *Parser) doneReading() {
	p.reassembled = false
	f := p.fragments
	for _, b := range f.reading {
		f.pool.put(b)
	}
	f.reading = f.reading[:0]
}

// checksumFits says that the checksum of a TCP segment or UDP datagram is right, or there is none. It is looked at here only: pieces of
// two packets with the same identification fit together like those of one (RFC 4963), and whoever makes fragments has
// written it.
func checksumFits(proto uint8, b []byte, s *Segment) bool {
	switch {
	case proto == UDP && len(b) >= udpLen && b[6] == 0 && b[7] == 0:
		return true
	case proto != TCP && proto != UDP:
		return true
	}
	// An IPv4 address is an IPv6 one with words of 0 and ffff in front, which add nothing.
	sum := uint64(proto) + uint64(len(b)) + sum16(s.Src[:16]) + sum16(s.Dst[:16]) + sum16(b)
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return sum == 0xffff
}

// sum16 adds up the 16-bit words of b (RFC 1071), the last byte filled up with 0.
func sum16(b []byte) (sum uint64) {
	for ; len(b) >= 4; b = b[4:] {
		w := binary.BigEndian.Uint32(b)
		sum += uint64(w>>16) + uint64(w&0xffff)
	}
	if len(b) >= 2 {
		sum += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return sum
}

// Reassembled says that the Segment that was read last came in fragments. Its Payload is then valid until the next Parse.
func (p *Parser) Reassembled() bool { return p.reassembled }

// Fragments returns what became of fragments so far.
func (p *Parser) Fragments() FragmentStats {
	if p.fragments == nil {
		return FragmentStats{}
	}
	return p.fragments.stats
}

// Expire gives fragments up that have waited too long at capture time now. Parse does so with each fragment; this is for when none comes.
func (p *Parser) Expire(now int64) {
	if p.fragments != nil {
		p.fragments.expire(now)
	}
}

// Close gives all fragments up that wait still.
func (p *Parser) Close() {
	if f := p.fragments; f != nil {
		for f.n > 0 {
			f.dropOldest(FragmentIncomplete)
		}
	}
}
