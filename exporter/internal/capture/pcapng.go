package capture

import (
	"fmt"
	"math/bits"
)

// pcapng block types (draft-ietf-opsawg-pcapng section 4). Others, like name resolution and decryption secrets, are passed over.
const (
	blockSection        = 0x0a0d0d0a
	blockInterface      = 1
	blockPacket         = 2 // obsolete
	blockSimplePacket   = 3
	blockEnhancedPacket = 6
)

const (
	byteOrderMagic = 0x1a2b3c4d

	blockMinLen        = 12 // type, length, length again
	sectionLen         = 28
	interfaceLen       = 20
	simplePacketLen    = 16
	packetHeaderLen    = 28 // of both the obsolete and the enhanced packet block; the frame follows
	maxInterfaceBlocks = 4096

	optionEnd      = 0
	optionTSResol  = 9
	optionTSOffset = 14

	// maxTime bounds time stamps, ns: the year 2116. It leaves room to calculate with them.
	maxTime = 1 << 62
)

// pcapng is one file in the pcapng format, with what its current section has told so far.
type pcapng struct {
	order      byteOrder
	interfaces []pcapngInterface
	last       int64 // time of the last frame
}

// pcapngInterface is an interface description block.
type pcapngInterface struct {
	link    uint16
	snaplen uint32
	clock   clock
}

func (p *pcapng) next(data []byte, f *Frame) (recordKind, int64, error) {
	if len(data) < blockMinLen {
		return recordShort, blockMinLen, nil
	}
	kind := p.order.uint32(data)
	if kind == blockSection { // reads the same in both byte orders
		return p.section(data)
	}
	length := p.order.uint32(data[4:])
	if length < blockMinLen || length%4 != 0 {
		return 0, 0, fmt.Errorf("a block claims a length of %d bytes", length)
	}
	switch kind {
	case blockInterface, blockPacket, blockSimplePacket, blockEnhancedPacket:
	default:
		return recordOther, int64(length), nil
	}
	if length > maxRecord {
		return 0, 0, fmt.Errorf("a block claims a length of %d bytes, at most %d can be", length, maxRecord)
	}
	if len(data) < int(length) {
		return recordShort, int64(length), nil
	}
	block := data[:length]
	if again := p.order.uint32(block[length-4:]); again != length {
		return 0, 0, fmt.Errorf("a block's length is %d bytes at its start, %d at its end", length, again)
	}
	var err error
	result := recordFrame
	switch kind {
	case blockInterface:
		result, err = recordOther, p.describe(block)
	case blockSimplePacket:
		err = p.simplePacket(block, f)
	case blockPacket:
		err = p.packet(uint32(p.order.uint16(block[8:])), block, f)
	case blockEnhancedPacket:
		err = p.packet(p.order.uint32(block[8:]), block, f)
	}
	return result, int64(length), err
}

// section reads a section header block: a new byte order, and no interfaces. Its options are passed over.
func (p *pcapng) section(data []byte) (recordKind, int64, error) {
	switch mark := data[8:12]; {
	case byteOrder{big: false}.uint32(mark) == byteOrderMagic:
		p.order.big = false
	case byteOrder{big: true}.uint32(mark) == byteOrderMagic:
		p.order.big = true
	default:
		return 0, 0, fmt.Errorf("a section's byte order mark is %x", data[8:12])
	}
	length := p.order.uint32(data[4:])
	if length < sectionLen || length%4 != 0 {
		return 0, 0, fmt.Errorf("a section header claims a length of %d bytes", length)
	}
	if len(data) < sectionLen {
		return recordShort, sectionLen, nil
	}
	if major, minor := p.order.uint16(data[12:]), p.order.uint16(data[14:]); major != 1 {
		return 0, 0, fmt.Errorf("pcapng version %d.%d is not known", major, minor)
	}
	p.interfaces = p.interfaces[:0]
	return recordOther, int64(length), nil
}

// describe reads an interface description block.
func (p *pcapng) describe(block []byte) error {
	if len(block) < interfaceLen {
		return fmt.Errorf("an interface description of %d bytes is too short", len(block))
	}
	if len(p.interfaces) == maxInterfaceBlocks {
		return fmt.Errorf("more than %d interfaces in one section", maxInterfaceBlocks)
	}
	i := pcapngInterface{link: p.order.uint16(block[8:]), snaplen: p.order.uint32(block[12:]), clock: microseconds}
	err := p.options(block[16:len(block)-4], func(code uint16, value []byte) error {
		switch {
		case code == optionTSResol && len(value) == 1:
			return i.clock.resolution(value[0])
		case code == optionTSOffset && len(value) == 8:
			i.clock.offset = int64(p.order.uint64(value))
		}
		return nil
	})
	p.interfaces = append(p.interfaces, i)
	return err
}

// options hands every option to f (section 3.5 of the draft).
func (p *pcapng) options(b []byte, f func(code uint16, value []byte) error) error {
	for len(b) >= 4 {
		code, length := p.order.uint16(b), int(p.order.uint16(b[2:]))
		if code == optionEnd {
			return nil
		}
		padded := 4 + (length+3)&^3
		if padded > len(b) {
			return fmt.Errorf("an option of %d bytes does not fit into its block", length)
		}
		if err := f(code, b[4:4+length]); err != nil {
			return err
		}
		b = b[padded:]
	}
	return nil
}

// packet reads an enhanced or an obsolete packet block: they differ in where the interface stands.
func (p *pcapng) packet(iface uint32, block []byte, f *Frame) error {
	if len(block) < packetHeaderLen+4 {
		return fmt.Errorf("a packet block of %d bytes is too short", len(block))
	}
	if int64(iface) >= int64(len(p.interfaces)) {
		return fmt.Errorf("a packet names interface %d, only %d are described", iface, len(p.interfaces))
	}
	caplen := p.order.uint32(block[20:])
	if int64(caplen) > int64(len(block)-packetHeaderLen-4) || caplen > maxFrame {
		return fmt.Errorf("a packet block of %d bytes claims a frame of %d bytes", len(block), caplen)
	}
	end := packetHeaderLen + int(caplen)
	i := &p.interfaces[iface]
	f.Data = block[packetHeaderLen:end:end]
	f.WireLen = wireLen(p.order.uint32(block[24:]), caplen)
	f.Time = i.clock.time(uint64(p.order.uint32(block[12:]))<<32 | uint64(p.order.uint32(block[16:])))
	f.Link = i.link
	p.last = f.Time
	return nil
}

// simplePacket reads a simple packet block: of the first interface, without a time stamp, for which the last one stands in.
func (p *pcapng) simplePacket(block []byte, f *Frame) error {
	if len(block) < simplePacketLen {
		return fmt.Errorf("a simple packet block of %d bytes is too short", len(block))
	}
	if len(p.interfaces) == 0 {
		return fmt.Errorf("a simple packet comes before any interface is described")
	}
	i := &p.interfaces[0]
	length := p.order.uint32(block[8:])
	caplen := min(length, uint32(len(block)-simplePacketLen), maxFrame)
	if i.snaplen != 0 {
		caplen = min(caplen, i.snaplen)
	}
	end := 12 + int(caplen)
	f.Data = block[12:end:end]
	f.WireLen = wireLen(length, caplen)
	f.Time = p.last
	f.Link = i.link
	return nil
}

// clock turns an interface's time stamps into ns since the epoch.
type clock struct {
	shift    uint8  // if > 0: a unit is 2^-shift s
	multiply uint64 // else: ns a unit, or
	divide   uint64 // units a ns
	offset   int64  // s
}

var microseconds = clock{multiply: 1000, divide: 1}

// resolution reads the value of option if_tsresol: a power of ten, or with the highest bit set of two.
func (c *clock) resolution(v byte) error {
	exponent := v & 0x7f
	if v&0x80 != 0 {
		if exponent > 63 {
			return fmt.Errorf("a time stamp resolution of 2^-%d s is too fine", exponent)
		}
		if c.shift = exponent; exponent == 0 {
			c.multiply, c.divide = 1e9, 1
		}
		return nil
	}
	if exponent > 19 {
		return fmt.Errorf("a time stamp resolution of 10^-%d s is too fine", exponent)
	}
	c.shift, c.multiply, c.divide = 0, 1, 1
	for ; exponent < 9; exponent++ {
		c.multiply *= 10
	}
	for ; exponent > 9; exponent-- {
		c.divide *= 10
	}
	return nil
}

// time returns a time stamp as ns since the epoch, within 0 and maxTime.
func (c *clock) time(stamp uint64) int64 {
	var ns uint64
	if c.shift > 0 {
		hi, lo := bits.Mul64(stamp, 1e9)
		if hi>>c.shift != 0 {
			return maxTime
		}
		ns = hi<<(64-c.shift) | lo>>c.shift
	} else {
		hi, lo := bits.Mul64(stamp, c.multiply)
		if hi != 0 {
			return maxTime
		}
		ns = lo
		if c.divide > 1 {
			ns /= c.divide
		}
	}
	if c.offset == 0 && ns <= maxTime {
		return int64(ns)
	}
	return shiftTime(ns, c.offset)
}

// shiftTime adds seconds to ns, within 0 and maxTime.
func shiftTime(ns uint64, seconds int64) int64 {
	const limit = int64(maxTime) / 1e9
	if ns > maxTime || seconds > limit {
		return maxTime
	}
	if seconds < -limit {
		return 0
	}
	return min(max(int64(ns)+seconds*1e9, 0), maxTime)
}
