package packet

import "encoding/binary"

const (
	tcpMinLen = 20
	udpLen    = 8
)

// parseTransport reads the TCP or UDP header, or the tunnel, at the start of data. total is the length from there to the packet's end as on
// the wire: data may be longer (padding) or shorter (snap length).
func (p *Parser) parseTransport(proto uint8, data []byte, total int, s *Segment) Reason {
	if len(data) > total {
		data = data[:total]
	}
	switch proto {
	case TCP:
		return p.parseTCP(data, total, s)
	case UDP:
		return p.parseUDP(data, total, s)
	}
	return p.tunnel(proto, data, total, s)
}

// parseTCP reads a TCP header (RFC 9293 section 3.1). Options are walked over; if the snap length cut them, the segment still
// tells its place in the stream.
func (p *Parser) parseTCP(data []byte, total int, s *Segment) Reason {
	if len(data) < tcpMinLen {
		return short(total - len(data))
	}
	header := int(data[12]>>4) * 4
	if header < tcpMinLen || header > total {
		return Malformed
	}
	s.Proto = TCP
	s.Src.setPort(data[0:2])
	s.Dst.setPort(data[2:4])
	s.Seq = binary.BigEndian.Uint32(data[4:])
	s.Ack = binary.BigEndian.Uint32(data[8:])
	s.Flags = data[13] & (FIN | SYN | RST | PSH | ACK)
	s.Window = binary.BigEndian.Uint16(data[14:])
	s.Checksum = binary.BigEndian.Uint16(data[16:])
	s.Options = uint8(header - tcpMinLen)
	s.setPayload(data, header, total)
	return OK
}

// parseUDP reads a UDP header (RFC 768). The datagram ends where its length says; 0 is a jumbogram's (RFC 2675 section 4)
// and ends with the packet.
func (p *Parser) parseUDP(data []byte, total int, s *Segment) Reason {
	if len(data) < udpLen {
		return short(total - len(data))
	}
	if length := int(binary.BigEndian.Uint16(data[4:])); length != 0 {
		if length < udpLen || length > total {
			return Malformed
		}
		total = length
		if len(data) > total {
			data = data[:total]
		}
	}
	if r, ok := p.udpTunnel(data[:4], data[udpLen:], total-len(data), s); ok {
		return r
	}
	s.Proto = UDP
	s.Src.setPort(data[0:2])
	s.Dst.setPort(data[2:4])
	s.Seq, s.Ack, s.Flags, s.Window, s.Options = 0, 0, 0, 0, 0
	s.Checksum = binary.BigEndian.Uint16(data[6:])
	s.setPayload(data, udpLen, total)
	return OK
}

// setPayload takes the payload from data, behind a header of the given length; the packet ends at total.
func (s *Segment) setPayload(data []byte, header, total int) {
	if header > len(data) {
		header, total = len(data), total-(header-len(data))
	}
	s.Payload = data[header:len(data):len(data)]
	s.Missing = total - len(data)
}
