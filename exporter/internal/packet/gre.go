package packet

import "encoding/binary"

// Flags of a GRE header (RFC 2784, RFC 2890; version 1: RFC 2637 section 4.1).
const (
	greChecksum uint16 = 0x8000
	greRouting  uint16 = 0x4000 // RFC 1701; nobody sends it
	greKey      uint16 = 0x2000
	greSequence uint16 = 0x1000
	greAck      uint16 = 0x0080 // version 1
	greVersion  uint16 = 0x0007
)

// What GRE carries besides EtherTypes.
const (
	greTEB     = 0x6558 // transparent Ethernet bridging
	greERSPAN  = 0x88be // ERSPAN I and II
	greERSPAN3 = 0x22eb
	grePPP     = 0x880b
	greWCCP    = 0x883e
)

const (
	greLen      = 4
	greFieldLen = 4 // of each optional field
	erspan2Len  = 8
	erspan3Len  = 12
	wccpLen     = 4
)

// parseGRE reads a GRE header and what is behind it.
func (p *Parser) parseGRE(data []byte, cut int, s *Segment) Reason {
	if len(data) < greLen {
		return short(cut)
	}
	flags, kind := binary.BigEndian.Uint16(data), binary.BigEndian.Uint16(data[2:])
	if flags&greRouting != 0 || flags&greVersion > 1 {
		return OtherProtocol
	}
	header := greHeaderLen(flags)
	if len(data) < header {
		return short(cut)
	}
	data = data[header:]
	switch {
	case kind == greERSPAN && flags&greSequence == 0: // type I has no header
		return p.inside(etherTEB, data, cut, s)
	case kind == greERSPAN:
		return p.behind(erspan2Len, etherTEB, data, cut, s)
	case kind == greERSPAN3:
		return p.parseERSPAN3(data, cut, s)
	case kind == grePPP:
		return p.parsePPP(data, cut, s)
	case kind == greWCCP && len(data) > 0 && data[0]>>4 != 4: // its version 2 has a header
		return p.behind(wccpLen, etherIPv4, data, cut, s)
	case kind == greWCCP:
		return p.inside(etherIPv4, data, cut, s)
	}
	return p.inside(kind, data, cut, s)
}

// greHeaderLen returns how long a GRE header with these flags is.
func greHeaderLen(flags uint16) int {
	n := greLen
	for _, f := range [...]uint16{greChecksum, greKey, greSequence} {
		if flags&f != 0 {
			n += greFieldLen
		}
	}
	if flags&greVersion == 1 && flags&greAck != 0 {
		n += greFieldLen
	}
	return n
}

// parseERSPAN3 reads an ERSPAN type III header: its last bit says whether 8 more bytes follow, five bits before say whether it
// carries an Ethernet frame (0) or an IP packet (2).
func (p *Parser) parseERSPAN3(data []byte, cut int, s *Segment) Reason {
	if len(data) < erspan3Len {
		return short(cut)
	}
	header, bits := erspan3Len, binary.BigEndian.Uint16(data[10:])
	if bits&1 != 0 {
		header += 8
	}
	switch bits >> 10 & 0x1f {
	case 0:
		return p.behind(header, etherTEB, data, cut, s)
	case 2:
		return p.behind(header, etherAnyIP, data, cut, s)
	}
	return OtherProtocol
}

// behind reads the packet behind a header of the given length.
func (p *Parser) behind(header int, etherType uint16, data []byte, cut int, s *Segment) Reason {
	if len(data) < header {
		return short(cut)
	}
	return p.inside(etherType, data[header:], cut, s)
}
