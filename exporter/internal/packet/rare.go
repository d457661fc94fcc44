package packet

import "encoding/binary"

// parseRare reads what else an Ethernet frame or a tunnel may carry.
func (p *Parser) parseRare(etherType uint16, data []byte, cut int, s *Segment) Reason {
	switch etherType {
	case etherAnyIP:
		return p.parseIP(data, cut, s)
	case etherTEB:
		return p.inside(etherTEB, data, cut, s)
	case etherMPLS, etherMPLSM:
		return p.parseMPLS(data, cut, s)
	case etherPPPoE:
		return p.parsePPPoE(data, cut, s)
	case etherVNTag:
		return p.behindTag(vnTagLen, data, cut, s)
	case etherCMD:
		return p.behindTag(cmdLen, data, cut, s)
	case etherPBB:
		return p.behind(pbbLen, etherTEB, data, cut, s)
	}
	return NotIP
}

// behindTag reads what is behind a tag of the given length, whose last two bytes say what that is.
func (p *Parser) behindTag(length int, data []byte, cut int, s *Segment) Reason {
	if len(data) < length {
		return short(cut)
	}
	return p.behind(length, binary.BigEndian.Uint16(data[length-2:]), data, cut, s)
}
