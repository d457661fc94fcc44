package packet

import "encoding/binary"

// plain reads in one go what nearly every frame is: a TCP segment that is there as a whole, in an IPv4 packet without options, in an
// Ethernet frame without tags. All else, and whatever is wrong, it leaves to parseLink, which makes the same Segment of a plain frame
// in four times the instructions.
func plain(data []byte, s *Segment) bool {
	const ip, tcp = ethernetLen, ethernetLen + ipv4MinLen
	if len(data) < tcp+tcpMinLen {
		return false
	}
	h := (*[tcp + tcpMinLen]byte)(data)
	end := ip + int(binary.BigEndian.Uint16(h[ip+2:]))
	payload := tcp + int(h[tcp+12]>>4)*4
	if h[12] != etherIPv4>>8 || h[13] != etherIPv4&0xff || h[ip] != 0x45 || h[ip+9] != TCP ||
		binary.BigEndian.Uint16(h[ip+6:])&0x3fff != 0 || payload < tcp+tcpMinLen || payload > end || end > len(data) {
		return false
	}
	s.Src.setIPv4(h[ip+12 : ip+16])
	s.Dst.setIPv4(h[ip+16 : ip+20])
	s.Src.setPort(h[tcp : tcp+2])
	s.Dst.setPort(h[tcp+2 : tcp+4])
	s.Seq = binary.BigEndian.Uint32(h[tcp+4:])
	s.Ack = binary.BigEndian.Uint32(h[tcp+8:])
	s.Window = binary.BigEndian.Uint16(h[tcp+14:])
	s.Checksum = binary.BigEndian.Uint16(h[tcp+16:])
	s.IPID = binary.BigEndian.Uint16(h[ip+4:])
	s.Proto, s.TTL = TCP, h[ip+8]
	s.Flags = h[tcp+13] & (FIN | SYN | RST | PSH | ACK)
	s.Options = uint8(payload - tcp - tcpMinLen)
	s.Payload, s.Missing = data[payload:end:end], 0
	return true
}
