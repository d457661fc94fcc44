package packet

import "encoding/binary"

// PPP protocol numbers.
const (
	pppIPv4  = 0x0021
	pppIPv6  = 0x0057
	pppMPLS  = 0x0281
	pppMPLSM = 0x0283
)

const pppoeLen = 6

// parsePPPoE reads the header of a PPPoE session (RFC 2516 section 4). The frame ends where its length says.
func (p *Parser) parsePPPoE(data []byte, cut int, s *Segment) Reason {
	if len(data) < pppoeLen {
		return short(cut)
	}
	if data[0] != 0x11 || data[1] != 0 { // version and type 1; code 0: session data
		return NotIP
	}
	total := int(binary.BigEndian.Uint16(data[4:]))
	data = data[pppoeLen:]
	if total > len(data)+cut {
		return Malformed
	}
	if len(data) > total {
		data = data[:total]
	}
	return p.parsePPP(data, total-len(data), s)
}

// parsePPP reads a PPP header (RFC 1661 section 2, RFC 1662 section 3.1), whose address and control bytes and whose protocol's first
// byte may be left out.
func (p *Parser) parsePPP(data []byte, cut int, s *Segment) Reason {
	if len(data) >= 2 && data[0] == 0xff && data[1] == 0x03 {
		data = data[2:]
	}
	if len(data) < 2 {
		return short(cut)
	}
	kind, header := uint16(data[0]), 1
	if kind&1 == 0 { // only the last byte is odd
		kind, header = binary.BigEndian.Uint16(data), 2
	}
	switch kind {
	case pppIPv4:
		return p.behind(header, etherIPv4, data, cut, s)
	case pppIPv6:
		return p.behind(header, etherIPv6, data, cut, s)
	case pppMPLS, pppMPLSM:
		return p.behind(header, etherMPLS, data, cut, s)
	}
	return NotIP
}
