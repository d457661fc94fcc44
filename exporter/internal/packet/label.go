package packet

import "encoding/binary"

const (
	labelLen = 4

	// maxLabels bounds the MPLS labels of one stack; routers push three to five.
	maxLabels = 16

	controlWordLen = 4
)

// parseMPLS walks over a stack of MPLS labels (RFC 3032 section 2.1). What comes behind does not say what it is: IP by its first
// four bits, else an Ethernet pseudowire with or without its control word (RFC 4448, RFC 4928 section 2).
func (p *Parser) parseMPLS(data []byte, cut int, s *Segment) Reason {
	data, r := skipLabels(data, cut)
	switch {
	case r != OK:
		return r
	case len(data) < ipv4MinLen:
		return short(cut)
	case cut > 0 && len(data) < ipv6Len:
		return Truncated // too little to tell
	case isIPv4(data, cut), startsIPv4(data) && !isEthernet(data):
		return p.inside(etherIPv4, data, cut, s)
	case isIPv6(data, cut), data[0]>>4 == 6 && !isEthernet(data):
		return p.inside(etherIPv6, data, cut, s)
	case len(data) > controlWordLen && data[0]>>4 == 0 && !isEthernet(data):
		data = data[controlWordLen:]
	}
	return p.inside(etherTEB, data, cut, s)
}

// skipLabels returns what is behind a stack of labels.
func skipLabels(data []byte, cut int) ([]byte, Reason) {
	for range maxLabels {
		if len(data) < labelLen {
			return nil, short(cut)
		}
		bottom := data[2]&1 != 0
		if data = data[labelLen:]; bottom {
			return data, OK
		}
	}
	return nil, Malformed
}

// isIPv4 says that data starts with an IPv4 header that fits what is there.
func isIPv4(data []byte, cut int) bool {
	return startsIPv4(data) && int(binary.BigEndian.Uint16(data[2:])) <= len(data)+cut
}

// startsIPv4 says that data starts with an IPv4 header.
func startsIPv4(data []byte) bool {
	if len(data) < ipv4MinLen || data[0]>>4 != 4 {
		return false
	}
	header := int(data[0]&0x0f) * 4
	return header >= ipv4MinLen && int(binary.BigEndian.Uint16(data[2:])) >= header
}

// isIPv6 says that data starts with an IPv6 header that fits what is there.
func isIPv6(data []byte, cut int) bool {
	return len(data) >= ipv6Len && data[0]>>4 == 6 && ipv6Len+int(binary.BigEndian.Uint16(data[4:])) <= len(data)+cut
}

// isEthernet says that data is an Ethernet frame with something in it that this package reads.
func isEthernet(data []byte) bool {
	if len(data) <= ethernetLen {
		return false
	}
	switch binary.BigEndian.Uint16(data[12:]) {
	case etherIPv4:
		return data[ethernetLen]>>4 == 4
	case etherIPv6:
		return data[ethernetLen]>>4 == 6
	case etherVLAN, etherQinQ, etherMPLS, etherMPLSM, etherPPPoE, etherPBB, etherVNTag, etherCMD:
		return true
	}
	return false
}
