package main

import (
	"encoding/binary"
	"math/bits"
)

// TCP flags (RFC 9293 section 3.1).
const (
	fin uint8 = 1 << iota
	syn
	_
	psh
	ack
)

// mss is the payload of a full segment: an Ethernet frame's 1500 bytes less the headers of IPv4 and TCP with time stamps.
const mss = 1448

// Lengths of headers.
const (
	ethernetLen = 14
	ipLen       = 20
	tcpLen      = 20
	stampsLen   = 12 // NOP, NOP, time stamps
	synLen      = 20 // MSS, SACK permitted, time stamps, NOP, window scale
	maxFrame    = ethernetLen + ipLen + tcpLen + synLen + mss
)

// endpoint is an IPv4 address and a port.
type endpoint struct {
	ip   [4]byte
	port uint16
}

// segment is what encode makes a frame of.
type segment struct {
	src, dst  endpoint
	seq, ack  uint32
	flags     uint8
	id        uint16 // of IP
	stamp     uint32 // TSval (RFC 7323)
	echo      uint32 // TSecr
	payload   int    // so many bytes; fill writes them
	fill      func(b []byte)
	fromRight bool // from the server, which has the other hardware address
}

// encode writes the frame of s into b, with right checksums, and returns it.
func encode(b []byte, s *segment) []byte {
	options := stampsLen
	if s.flags&syn != 0 {
		options = synLen
	}
	head := ethernetLen + ipLen + tcpLen + options
	b = b[:head+s.payload]
	clear(b[:head])
	left, right := [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
	if s.fromRight {
		left, right = right, left
	}
	copy(b[0:], right[:])
	copy(b[6:], left[:])
	b[12] = 0x08 // IPv4
	ip, tcp := b[ethernetLen:], b[ethernetLen+ipLen:]
	encodeTCP(tcp, s, options)
	if s.payload > 0 {
		s.fill(tcp[tcpLen+options:])
	}
	ip[0], ip[6], ip[8], ip[9] = 0x45, 0x40, 64, 6 // no options; do not fragment; time to live; TCP
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	binary.BigEndian.PutUint16(ip[4:], s.id)
	copy(ip[12:], s.src.ip[:])
	copy(ip[16:], s.dst.ip[:])
	binary.BigEndian.PutUint16(ip[10:], fold(sum(0, ip[:ipLen])))
	pseudo := sum(uint64(6+len(tcp)), ip[12:20])
	binary.BigEndian.PutUint16(tcp[16:], fold(sum(pseudo, tcp)))
	return b
}

func encodeTCP(b []byte, s *segment, options int) {
	binary.BigEndian.PutUint16(b[0:], s.src.port)
	binary.BigEndian.PutUint16(b[2:], s.dst.port)
	binary.BigEndian.PutUint32(b[4:], s.seq)
	binary.BigEndian.PutUint32(b[8:], s.ack)
	b[12] = uint8(tcpLen+options) / 4 << 4
	b[13] = s.flags
	binary.BigEndian.PutUint16(b[14:], 4096) // times 128: half a megabyte
	o := b[tcpLen:]
	if s.flags&syn != 0 {
		binary.BigEndian.PutUint16(b[14:], 64240)
		copy(o, []byte{2, 4, (mss + stampsLen) >> 8, (mss + stampsLen) & 0xff, 4, 2, 8, 10})
		copy(o[16:], []byte{1, 3, 3, 7})
		o = o[8:]
	} else {
		copy(o, []byte{1, 1, 8, 10})
		o = o[4:]
	}
	binary.BigEndian.PutUint32(o[0:], s.stamp)
	binary.BigEndian.PutUint32(o[4:], s.echo)
}

// sum adds up b for the checksum of RFC 1071, eight bytes at a time.
func sum(s uint64, b []byte) uint64 {
	var carry uint64
	for ; len(b) >= 8; b = b[8:] {
		s, carry = bits.Add64(s, binary.BigEndian.Uint64(b), 0)
		s += carry
	}
	var rest [8]byte
	copy(rest[:], b)
	s, carry = bits.Add64(s, binary.BigEndian.Uint64(rest[:]), 0)
	return s + carry
}

func fold(s uint64) uint16 {
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}
