package packet

import "encoding/binary"

// EtherTypes.
const (
	etherIPv4   = 0x0800
	etherIPv6   = 0x86dd
	etherVLAN   = 0x8100 // IEEE 802.1Q
	etherQinQ   = 0x88a8 // IEEE 802.1ad
	etherQinQ91 = 0x9100 // QinQ before 802.1ad, still in use
	etherQinQ92 = 0x9200
	etherMPLS   = 0x8847 // RFC 3032
	etherMPLSM  = 0x8848 // the same for multicast, now for upstream-assigned labels
	etherPPPoE  = 0x8864 // session; 0x8863 is discovery
	etherPBB    = 0x88e7 // IEEE 802.1ah
	etherVNTag  = 0x8926 // VN-Tag, as 802.1BR was called before
	etherCMD    = 0x8909 // Cisco metadata: security group tags
	etherTEB    = 0x6558 // Ethernet inside something else
	etherAnyIP  = 0xffff // reserved, so nobody's: IPv4 or IPv6, as its first bits say
)

// Lengths of link headers.
const (
	ethernetLen = 14
	loopbackLen = 4
	sllLen      = 16
	sll2Len     = 20
	vlanLen     = 4
	vnTagLen    = 6
	cmdLen      = 8
	pbbLen      = 4
	hdlcLen     = 4
	nflogLen    = 4
	nflogTLVLen = 4
)

// maxVLANTags bounds the tags that are walked over: QinQ needs two, carriers sometimes stack a third.
const maxVLANTags = 4

// parseLink takes the link header off. cut is the number of bytes that the snap length took from the frame's end.
func (p *Parser) parseLink(link uint16, data []byte, cut int, s *Segment) Reason {
	switch link {
	case LinkEthernet:
		if len(data) < ethernetLen {
			return short(cut)
		}
		return p.parseEtherType(binary.BigEndian.Uint16(data[12:]), data[ethernetLen:], cut, s)
	case LinkRaw, LinkRawBSD, LinkRawOpen, LinkIPv4, LinkIPv6:
		return p.parseIP(data, cut, s)
	case LinkLinuxSLL:
		if len(data) < sllLen {
			return short(cut)
		}
		return p.parseEtherType(binary.BigEndian.Uint16(data[14:]), data[sllLen:], cut, s)
	case LinkLinuxSLL2:
		if len(data) < sll2Len {
			return short(cut)
		}
		return p.parseEtherType(binary.BigEndian.Uint16(data), data[sll2Len:], cut, s)
	case LinkNull, LinkLoop:
		return p.parseLoopback(data, cut, s)
	case LinkCiscoHDLC:
		if len(data) < hdlcLen {
			return short(cut)
		}
		return p.parseEtherType(binary.BigEndian.Uint16(data[2:]), data[hdlcLen:], cut, s)
	case LinkNFLOG:
		return p.parseNFLOG(data, cut, s)
	}
	return LinkType
}

// parseEtherType walks over tags to the IP header, or into a tunnel.
func (p *Parser) parseEtherType(etherType uint16, data []byte, cut int, s *Segment) Reason {
	for tags := 0; ; tags++ {
		switch etherType {
		case etherIPv4:
			return p.parseIPv4(data, cut, s)
		case etherIPv6:
			return p.parseIPv6(data, cut, s)
		case etherVLAN, etherQinQ, etherQinQ91, etherQinQ92:
			if tags == maxVLANTags {
				return Malformed
			}
			if len(data) < vlanLen {
				return short(cut)
			}
			etherType = binary.BigEndian.Uint16(data[2:])
			data = data[vlanLen:]
		default:
			return p.parseRare(etherType, data, cut, s)
		}
	}
}

// parseLoopback reads the address family of BSD's loopback interfaces. In LinkNull it is in the byte order of the machine
// that captured, which need not be the file's; the families are small numbers, so that the order shows. AF_INET is 2 on every
// system, AF_INET6 is not the same on any two.
func (p *Parser) parseLoopback(data []byte, cut int, s *Segment) Reason {
	if len(data) < loopbackLen {
		return short(cut)
	}
	family := binary.BigEndian.Uint32(data)
	if family > 0xffff {
		family = binary.LittleEndian.Uint32(data)
	}
	switch family {
	case 2:
		return p.parseIPv4(data[loopbackLen:], cut, s)
	case 10, 24, 28, 30: // Linux, NetBSD and OpenBSD, FreeBSD, Darwin
		return p.parseIPv6(data[loopbackLen:], cut, s)
	}
	switch etherType := binary.BigEndian.Uint16(data[2:]); etherType { // some systems write that
	case etherIPv4, etherIPv6:
		return p.parseEtherType(etherType, data[loopbackLen:], cut, s)
	}
	return NotIP
}

// nflogPayload is the type of the attribute that holds the packet (NFULA_PAYLOAD of the Linux kernel).
const nflogPayload = 9

// parseNFLOG looks for the packet among the attributes of a netfilter log record: lengths and types are in the byte order of
// the machine that captured; types are small numbers, so that the order shows.
func (p *Parser) parseNFLOG(data []byte, cut int, s *Segment) Reason {
	if len(data) < nflogLen {
		return short(cut)
	}
	data = data[nflogLen:]
	for len(data) >= nflogTLVLen {
		n, kind := int(binary.LittleEndian.Uint16(data)), binary.LittleEndian.Uint16(data[2:])
		if kind > 0xff {
			n, kind = int(binary.BigEndian.Uint16(data)), binary.BigEndian.Uint16(data[2:])
		}
		if n < nflogTLVLen {
			return Malformed
		}
		if kind == nflogPayload {
			return p.parseIP(data[nflogTLVLen:min(n, len(data))], cut, s)
		}
		data = data[min((n+3)&^3, len(data)):]
	}
	return short(cut)
}

// short is the reason for a header that ends behind the captured bytes: the snap length's fault if it cut the frame.
func short(cut int) Reason {
	if cut > 0 {
		return Truncated
	}
	return Malformed
}
