package relay

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"time"
)

const (
	ethernetLen   = 14
	ipv4Len       = 20
	tcpLen        = 20
	mssOptionLen  = 4
	recordLen     = 16 // pcap's header before each frame
	frameOverhead = recordLen + ethernetLen + ipv4Len + tcpLen + mssOptionLen

	maxSegment = 1460 // payload bytes of one frame on an ordinary Ethernet

	pcapNanoMagic    = 0xa1b23c4d
	linkTypeEthernet = 1
	snapLen          = 65535
)

// TCP flags, RFC 9293 section 3.1.
const (
	flagFIN = 1 << iota
	flagSYN
	flagRST
	flagPSH
	flagACK
)

// packet is one TCP segment over IPv4.
type packet struct {
	src, dst netip.AddrPort
	seq, ack uint32
	flags    uint8
	ipID     uint16
	payload  []byte // at most maxSegment
}

func pcapHeader() []byte {
	h := make([]byte, 0, 24)
	h = binary.LittleEndian.AppendUint32(h, pcapNanoMagic)
	h = binary.LittleEndian.AppendUint16(h, 2) // version 2.4
	h = binary.LittleEndian.AppendUint16(h, 4)
	h = binary.LittleEndian.AppendUint64(h, 0) // time zone and accuracy: unused
	h = binary.LittleEndian.AppendUint32(h, snapLen)
	return binary.LittleEndian.AppendUint32(h, linkTypeEthernet)
}

// appendRecord writes the packet as one pcap record.
func (p *packet) appendRecord(b *bytes.Buffer, at time.Time) {
	options := 0
	if p.flags&flagSYN != 0 {
		options = mssOptionLen
	}
	tcp := tcpLen + options + len(p.payload)
	frame := ethernetLen + ipv4Len + tcp

	var head [frameOverhead]byte
	h := head[:0]
	h = binary.LittleEndian.AppendUint32(h, uint32(at.Unix()))
	h = binary.LittleEndian.AppendUint32(h, uint32(at.Nanosecond()))
	h = binary.LittleEndian.AppendUint32(h, uint32(frame))
	h = binary.LittleEndian.AppendUint32(h, uint32(frame))
	h = p.appendEthernet(h)
	h = p.appendIPv4(h, ipv4Len+tcp)
	h = p.appendTCP(h, options, tcp)
	b.Write(h)
	b.Write(p.payload)
}

// appendEthernet makes up a locally administered MAC address for each IP
// address: 02:00 and its four bytes.
func (p *packet) appendEthernet(h []byte) []byte {
	for _, a := range []netip.AddrPort{p.dst, p.src} {
		ip := a.Addr().As4()
		h = append(append(h, 2, 0), ip[:]...)
	}
	return append(h, 0x08, 0x00)
}

func (p *packet) appendIPv4(h []byte, total int) []byte {
	src, dst := p.src.Addr().As4(), p.dst.Addr().As4()
	start := len(h)
	h = append(h, 0x45, 0)
	h = binary.BigEndian.AppendUint16(h, uint16(total))
	h = binary.BigEndian.AppendUint16(h, p.ipID)
	h = append(h, 0x40, 0, 64, 6, 0, 0) // don't fragment, TTL 64, TCP, checksum
	h = append(append(h, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(h[start+10:], finish(sum(0, h[start:])))
	return h
}

func (p *packet) appendTCP(h []byte, options, total int) []byte {
	start := len(h)
	h = binary.BigEndian.AppendUint16(h, p.src.Port())
	h = binary.BigEndian.AppendUint16(h, p.dst.Port())
	h = binary.BigEndian.AppendUint32(h, p.seq)
	h = binary.BigEndian.AppendUint32(h, p.ack)
	h = append(h, uint8(tcpLen+options)/4<<4, p.flags, 0xff, 0xff, 0, 0, 0, 0)
	if options > 0 {
		h = append(h, 2, mssOptionLen, maxSegment>>8, maxSegment&0xff)
	}
	s := sum(uint32(6+total), h[start-8:]) // the pseudo header: both addresses, protocol, length
	binary.BigEndian.PutUint16(h[start+16:], finish(sum(s, p.payload)))
	return h
}

// sum adds b to an Internet checksum (RFC 1071). Every call but the last
// needs an even length.
func sum(s uint32, b []byte) uint32 {
	for ; len(b) >= 2; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return s
}

func finish(s uint32) uint16 {
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}
