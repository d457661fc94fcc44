package packet

import "encoding/binary"

// Carrier is a tunnel over UDP.
type Carrier uint8

// The carriers.
const (
	VXLAN    Carrier = 1 + iota // RFC 7348
	VXLANGPE                    // draft-ietf-nvo3-vxlan-gpe
	GENEVE                      // RFC 8926
	GREinUDP                    // RFC 8086
	MPLSUDP                     // RFC 7510
	GTPU                        // 3GPP TS 29.281
)

// carriers are the usual destination ports.
var carriers = [...]Tunnel{
	{4789, VXLAN}, {8472, VXLAN}, // the second is what Linux used before there was a first
	{4790, VXLANGPE},
	{6081, GENEVE},
	{4754, GREinUDP},
	{6635, MPLSUDP},
	{2152, GTPU},
}

// Tunnel says which tunnel has its packets sent to a UDP port.
type Tunnel struct {
	Port uint16
	Kind Carrier
}

const (
	vxlanLen  = 8
	geneveLen = 8
	gtpuLen   = 8
)

// carrier is the tunnel that port is the destination of; 0: none.
func (p *Parser) carrier(port uint16) Carrier {
	for i := range p.Tunnels {
		if p.Tunnels[i].Port == port {
			return p.Tunnels[i].Kind
		}
	}
	for i := range carriers {
		if carriers[i].Port == port {
			return carriers[i].Kind
		}
	}
	return 0
}

// udpTunnel reads the payload of a UDP datagram whose ports are in ports, as far as that is a tunnel's: by its destination port and a
// header that has the right form, or for Teredo, whose ports are anybody's, by its content. ok is false when it is none: a client's own port
// may be the same.
func (p *Parser) udpTunnel(ports, data []byte, cut int, s *Segment) (r Reason, ok bool) {
	if packet := teredo(ports, data, cut); packet != nil {
		return p.inside(etherIPv6, packet, cut, s), true
	}
	switch p.carrier(binary.BigEndian.Uint16(ports[2:])) {
	case VXLAN:
		if len(data) < vxlanLen || data[0]&0x08 == 0 || data[7] != 0 {
			return 0, false
		}
		return p.inside(etherTEB, data[vxlanLen:], cut, s), true
	case VXLANGPE:
		return p.vxlanGPE(data, cut, s)
	case GENEVE:
		return p.geneve(data, cut, s)
	case GREinUDP:
		if len(data) < greLen || data[0]&0x4f != 0 || data[1] != 0 { // no routing, version 0, nothing reserved
			return 0, false
		}
		return p.parseGRE(data, cut, s), true
	case MPLSUDP:
		if rest, _ := skipLabels(data, cut); !isIPv4(rest, cut) && !isIPv6(rest, cut) {
			return 0, false
		}
		return p.parseMPLS(data, cut, s), true
	case GTPU:
		return p.gtpu(data, cut, s)
	}
	return 0, false
}

// vxlanGPE reads a VXLAN header that says what it carries.
func (p *Parser) vxlanGPE(data []byte, cut int, s *Segment) (Reason, bool) {
	if len(data) < vxlanLen || data[0]&0xc8 != 0x08 || data[7] != 0 { // version 0, with an instance
		return 0, false
	}
	kind := uint16(etherTEB)
	if data[0]&0x04 != 0 {
		switch data[3] {
		case 1:
			kind = etherIPv4
		case 2:
			kind = etherIPv6
		case 3:
		case 5:
			kind = etherMPLS
		default:
			return OtherProtocol, true
		}
	}
	return p.inside(kind, data[vxlanLen:], cut, s), true
}

// geneve reads a Geneve header (RFC 8926 section 3.4).
func (p *Parser) geneve(data []byte, cut int, s *Segment) (Reason, bool) {
	if len(data) < geneveLen || data[0]>>6 != 0 || data[7] != 0 {
		return 0, false
	}
	header := geneveLen + int(data[0]&0x3f)*4
	return p.behind(header, binary.BigEndian.Uint16(data[2:]), data, cut, s), true
}

// gtpu reads a GTP-U header (TS 29.281 section 5) with its extension headers.
func (p *Parser) gtpu(data []byte, cut int, s *Segment) (Reason, bool) {
	if len(data) < gtpuLen || data[0]>>4 != 3 || data[1] != 255 || gtpuLen+int(binary.BigEndian.Uint16(data[2:])) != len(data)+cut {
		return 0, false
	}
	header := gtpuLen
	if data[0]&7 != 0 { // sequence number, N-PDU number, type of the next extension header
		header += 4
		for n := 0; ; n++ {
			if len(data) < header {
				return short(cut), true
			}
			if data[0]&4 == 0 || data[header-1] == 0 {
				break
			}
			if len(data) == header {
				return short(cut), true
			}
			if n == maxExtensions || data[header] == 0 {
				return Malformed, true
			}
			header += int(data[header]) * 4
		}
	}
	return p.behind(header, etherAnyIP, data, cut, s), true
}

// teredoPort is where Teredo's servers listen.
const teredoPort = 3544

// teredo returns the IPv6 packet in a Teredo datagram (RFC 4380), nil when it is none. Clients and relays use any port, but one side of the
// packet has an address in Teredo's own network, and the packet's length is the datagram's. Headers in front of it only come from and to a
// server.
func teredo(ports, data []byte, cut int) []byte {
	if len(data) >= 2 && data[0] == 0 && (binary.BigEndian.Uint16(ports) == teredoPort || binary.BigEndian.Uint16(ports[2:]) == teredoPort) {
		data = teredoHeaders(data)
	}
	if len(data) < ipv6Len || data[0]>>4 != 6 || ipv6Len+int(binary.BigEndian.Uint16(data[4:])) != len(data)+cut {
		return nil
	}
	const network = 0x20010000
	if binary.BigEndian.Uint32(data[8:]) != network && binary.BigEndian.Uint32(data[24:]) != network {
		return nil
	}
	return data
}

// teredoHeaders takes an authentication header (RFC 4380 section 5.1.1) and an origin indication off.
func teredoHeaders(data []byte) []byte {
	if len(data) >= 4 && data[0] == 0 && data[1] == 1 {
		data = data[min(4+int(data[2])+int(data[3])+9, len(data)):]
	}
	if len(data) >= 8 && data[0] == 0 && data[1] == 0 {
		data = data[8:]
	}
	return data
}
