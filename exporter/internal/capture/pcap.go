package capture

import (
	"encoding/binary"
	"fmt"
)

const (
	pcapHeaderLen = 24
	pcapRecordLen = 16

	pcapMagicMicro = 0xa1b2c3d4
	pcapMagicNano  = 0xa1b23c4d
)

// format reads the records of one capture file.
type format interface {
	// next looks at the record at the start of data, and puts its frame into f if it has one; f.Data is a part of data.
	// n is the record's length: with recordOther it may be more than len(data), with recordShort it is at most maxRecord.
	next(data []byte, f *Frame) (kind recordKind, n int64, err error)
}

type recordKind uint8

const (
	recordShort recordKind = iota // n bytes of input must be there to read the record
	recordFrame                   // f holds a frame; the record of n bytes is done
	recordOther                   // no frame: n bytes are to be passed over
)

// byteOrder reads numbers as the machine that wrote the file has stored them.
type byteOrder struct{ big bool }

func (o byteOrder) uint16(b []byte) uint16 {
	if o.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (o byteOrder) uint32(b []byte) uint32 {
	if o.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (o byteOrder) uint64(b []byte) uint64 {
	if o.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// pcap is the classic format, as the pcap-savefile manual page has it.
type pcap struct {
	order byteOrder
	unit  int64 // ns of a time stamp's second part
	link  uint16
}

// isPcap says whether a file that starts with magic is a pcap file, and how it is written.
func isPcap(magic []byte) (p pcap, ok bool) {
	for _, big := range []bool{false, true} {
		order := byteOrder{big}
		switch order.uint32(magic) {
		case pcapMagicMicro:
			return pcap{order: order, unit: 1000}, true
		case pcapMagicNano:
			return pcap{order: order, unit: 1}, true
		}
	}
	return pcap{}, false
}

// header reads the file's header, pcapHeaderLen bytes.
func (p *pcap) header(b []byte) error {
	if major, minor := p.order.uint16(b[4:]), p.order.uint16(b[6:]); major != 2 {
		return fmt.Errorf("pcap version %d.%d is not known", major, minor)
	}
	p.link = uint16(p.order.uint32(b[20:])) // above it: the length of the frame check sequence
	return nil
}

func (p *pcap) next(data []byte, f *Frame) (recordKind, int64, error) {
	if len(data) < pcapRecordLen {
		return recordShort, pcapRecordLen, nil
	}
	sec, frac, caplen, length := p.numbers((*[pcapRecordLen]byte)(data))
	if caplen > maxFrame {
		return 0, 0, fmt.Errorf("a record claims a frame of %d bytes, at most %d can be", caplen, maxFrame)
	}
	n := pcapRecordLen + int(caplen)
	if len(data) < n {
		return recordShort, int64(n), nil
	}
	f.Data = data[pcapRecordLen:n:n]
	f.WireLen = wireLen(length, caplen)
	f.Time = int64(sec)*1e9 + int64(frac)*p.unit
	f.Link = p.link
	return recordFrame, int64(n), nil
}

// numbers are the four fields of a record's header.
func (p *pcap) numbers(b *[pcapRecordLen]byte) (sec, frac, caplen, length uint32) {
	if p.order.big {
		return binary.BigEndian.Uint32(b[0:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint32(b[12:])
	}
	return binary.LittleEndian.Uint32(b[0:]), binary.LittleEndian.Uint32(b[4:]), binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
}

// wireLen returns a frame's length on the wire from what its record claims.
func wireLen(claimed, caplen uint32) int { return int(min(max(claimed, caplen), maxWireLen)) }
