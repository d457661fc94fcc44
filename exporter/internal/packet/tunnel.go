package packet

// Tunnels by IP protocol number.
const (
	protoIPv4    = 4   // RFC 2003, RFC 2473
	protoIPv6    = 41  // RFC 4213, RFC 2473
	protoGRE     = 47  // RFC 2784
	protoEtherIP = 97  // RFC 3378
	protoMPLS    = 137 // RFC 4023
)

const (
	etherIPLen = 2

	// maxTunnels bounds how often a packet is looked for inside another one. Mirrored overlay traffic has two or three around
	// it; a loop of tunnels adds one each time round until the packet is too long.
	maxTunnels = 8
)

// tunnel reads the payload of an IP packet that is neither TCP nor UDP. total is its length on the wire.
func (p *Parser) tunnel(proto uint8, data []byte, total int, s *Segment) Reason {
	cut := total - len(data)
	switch proto {
	case protoIPv4:
		return p.inside(etherIPv4, data, cut, s)
	case protoIPv6:
		return p.inside(etherIPv6, data, cut, s)
	case protoGRE:
		return p.parseGRE(data, cut, s)
	case protoMPLS:
		return p.inside(etherMPLS, data, cut, s)
	case extAH:
		return p.parseAH(data, total, s)
	case protoEtherIP:
		if len(data) < etherIPLen {
			return short(cut)
		}
		if data[0]>>4 != 3 { // RFC 3378 section 2
			return OtherProtocol
		}
		return p.inside(etherTEB, data[etherIPLen:], cut, s)
	}
	return OtherProtocol
}

// inside reads the packet of a tunnel: one more level.
func (p *Parser) inside(etherType uint16, data []byte, cut int, s *Segment) Reason {
	if p.depth == maxTunnels {
		return TooDeep
	}
	p.depth++
	if etherType == etherTEB {
		return p.parseLink(LinkEthernet, data, cut, s)
	}
	return p.parseEtherType(etherType, data, cut, s)
}

// parseAH reads what an authentication header (RFC 4302) in an IPv4 packet stands in front of.
func (p *Parser) parseAH(data []byte, total int, s *Segment) Reason {
	if len(data) < 8 {
		return short(total - len(data))
	}
	length := extensionLen(extAH, data)
	if p.depth == maxTunnels || length > total {
		return Malformed
	}
	if length > len(data) {
		return short(total - len(data))
	}
	p.depth++
	return p.parseTransport(data[0], data[length:], total-length, s)
}
