package packet

import "encoding/binary"

const (
	ipv4MinLen = 20
	ipv6Len    = 40

	// maxExtensions bounds the IPv6 extension headers that are walked over; RFC 8200 section 4.1 knows seven.
	maxExtensions = 8
)

// IPv6 extension headers (RFC 8200 section 4, RFC 4302, RFC 6275, RFC 7401, RFC 5533).
const (
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extAH          = 51
	extDestination = 60
	extMobility    = 135
	extHIP         = 139
	extShim6       = 140
)

// parseIP reads an IP packet of either version.
func (p *Parser) parseIP(data []byte, cut int, s *Segment) Reason {
	if len(data) == 0 {
		return short(cut)
	}
	switch data[0] >> 4 {
	case 4:
		return p.parseIPv4(data, cut, s)
	case 6:
		return p.parseIPv6(data, cut, s)
	}
	return NotIP
}

// parseIPv4 reads an IPv4 header (RFC 791 section 3.1). The packet ends where its total length says, so that Ethernet's
// padding is no payload; a mirror port that slices frames, or a mirroring tunnel, may have cut what is missing to that. A total length of 0 is a
// segment that the network card was to split (TSO), which ends with the frame.
func (p *Parser) parseIPv4(data []byte, cut int, s *Segment) Reason {
	if len(data) < ipv4MinLen {
		return short(cut)
	}
	header := int(data[0]&0x0f) * 4
	if data[0]>>4 != 4 || header < ipv4MinLen {
		return Malformed
	}
	total := int(binary.BigEndian.Uint16(data[2:]))
	if total == 0 {
		total = len(data) + cut
	}
	if total < header {
		return Malformed
	}
	if len(data) < header {
		return short(cut)
	}
	s.Src.setIPv4(data[12:16])
	s.Dst.setIPv4(data[16:20])
	s.IPID = binary.BigEndian.Uint16(data[4:])
	s.TTL = data[8]
	if binary.BigEndian.Uint16(data[6:])&0x3fff != 0 { // more fragments, or an offset
		return p.fragment4(data, data[header:], total-header, s)
	}
	return p.parseTransport(data[9], data[header:], total-header, s)
}

// parseIPv6 reads an IPv6 header (RFC 8200 section 3). A payload length of 0 is a jumbogram (RFC 2675), which segmentation
// offload makes too: it ends with the frame.
func (p *Parser) parseIPv6(data []byte, cut int, s *Segment) Reason {
	if len(data) < ipv6Len {
		return short(cut)
	}
	if data[0]>>4 != 6 {
		return Malformed
	}
	total := int(binary.BigEndian.Uint16(data[4:]))
	if total == 0 {
		total = len(data) + cut - ipv6Len
	}
	s.Src.setIPv6(data[8:24])
	s.Dst.setIPv6(data[24:40])
	s.IPID = 0
	s.TTL = data[7]
	next, body := data[6], data[ipv6Len:]
	if next == TCP || next == UDP {
		return p.parseTransport(next, body, total, s)
	}
	return p.parseExtensions(next, body, total, cut, s)
}

// parseExtensions walks over IPv6 extension headers. total is the packet's length from body on, as on the wire.
func (p *Parser) parseExtensions(next uint8, body []byte, total, cut int, s *Segment) Reason {
	for n := 0; ; n++ {
		var length int
		switch next {
		default:
			return p.parseTransport(next, body, total, s)
		case extHopByHop, extRouting, extDestination, extMobility, extHIP, extShim6, extFragment, extAH:
			if n == maxExtensions || total < 8 {
				return Malformed
			}
			if len(body) < 8 {
				return short(cut)
			}
			length = extensionLen(next, body)
		}
		// An atomic fragment (RFC 6946), with neither offset nor more to come, is whole.
		if next == extFragment && binary.BigEndian.Uint16(body[2:])&0xfff9 != 0 {
			return p.fragment6(body, total, s)
		}
		if length > total {
			return Malformed
		}
		if length > len(body) {
			return short(cut)
		}
		next, body, total = body[0], body[length:], total-length
	}
}

// extensionLen returns the length of the extension header of type next at the start of body, which holds 8 bytes at least.
func extensionLen(next uint8, body []byte) int {
	switch next {
	case extFragment:
		return 8
	case extAH:
		return (int(body[1]) + 2) * 4
	}
	return (int(body[1]) + 1) * 8
}
