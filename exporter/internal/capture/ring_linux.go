package capture

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Link types of live frames.
const (
	linkEthernet  = 1
	linkLinuxSLL2 = 276
)

const (
	// retireAfter is how long the kernel may keep a block that is not full, ms.
	retireAfter = 20

	maxBlockSize = 1 << 20
	minBlockSize = 1 << 17 // holds the longest frame that segmentation offload makes by default
	minBlocks    = 4

	// Offsets in a block's header, struct tpacket_block_desc.
	blockStatus  = 8
	blockPackets = 12
	blockFirst   = 16

	// ringHeaderLen is the length of struct tpacket3_hdr with the struct sockaddr_ll behind it.
	ringHeaderLen = unix.SizeofTpacket3Hdr + unix.SizeofSockaddrLinklayer

	sll2Len = 20
)

// ring is one socket's TPACKET_V3 ring: blocks of frames that the kernel fills and that are read in place. One goroutine uses it.
type ring struct {
	fd     int
	mem    []byte
	size   int  // of a block
	cooked bool // frames come without a link header

	open  []byte // the block being read; nil: none
	next  int    // number of the block after it, or of the one that is awaited
	at    int    // offset of the next frame in open
	left  int    // frames in open that were not read
	stamp int64  // time of the next frame, when left > 0
}

// newRing gives socket fd a ring of about bytes bytes.
func newRing(fd int, bytes int, cooked bool) (*ring, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return nil, fmt.Errorf("capture: the kernel has no TPACKET_V3: %w", err)
	}
	if cooked { // room for the header that is written in front of each frame
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, sll2Len); err != nil {
			return nil, fmt.Errorf("capture: setting up a ring: %w", err)
		}
	}
	size := maxBlockSize
	for size > minBlockSize && bytes/size < 2*minBlocks {
		size /= 2
	}
	blocks := max(bytes/size, minBlocks)
	const frame = 2048 // the kernel wants a size, but packs frames
	req := unix.TpacketReq3{Block_size: uint32(size), Block_nr: uint32(blocks), Frame_size: frame, Frame_nr: uint32(blocks * size / frame), Retire_blk_tov: retireAfter}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return nil, fmt.Errorf("capture: the kernel gives no ring of %d MiB: %w", blocks*size>>20, err)
	}
	mem, err := unix.Mmap(fd, 0, blocks*size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("capture: mapping a ring of %d MiB: %w", blocks*size>>20, err)
	}
	return &ring{fd: fd, mem: mem, size: size, cooked: cooked}, nil
}

func (r *ring) close() error {
	err := unix.Munmap(r.mem)
	r.mem, r.open, r.left = nil, nil, 0
	if e := unix.Close(r.fd); err == nil {
		err = e
	}
	return err
}

func status(block []byte) *uint32 { return (*uint32)(unsafe.Pointer(&block[blockStatus])) }

// visible says whether there is a frame to be read; it opens the next block when the kernel has filled one.
func (r *ring) visible() bool {
	for r.left == 0 {
		r.release()
		block := r.mem[r.next*r.size : (r.next+1)*r.size]
		if atomic.LoadUint32(status(block))&unix.TP_STATUS_USER == 0 {
			return false
		}
		r.open = block
		if r.next++; r.next*r.size == len(r.mem) {
			r.next = 0
		}
		r.left = int(binary.NativeEndian.Uint32(block[blockPackets:]))
		r.at = int(binary.NativeEndian.Uint32(block[blockFirst:]))
		r.look()
	}
	return true
}

// release gives the block that was read back to the kernel.
func (r *ring) release() {
	if r.open != nil {
		atomic.StoreUint32(status(r.open), unix.TP_STATUS_KERNEL)
		r.open = nil
	}
}

// header returns the header of the next frame.
func (r *ring) header() []byte { return r.open[r.at : r.at+ringHeaderLen] }

// look reads the next frame's time.
func (r *ring) look() {
	if r.left > 0 {
		h := r.header()
		r.stamp = int64(binary.NativeEndian.Uint32(h[4:]))*1e9 + int64(binary.NativeEndian.Uint32(h[8:]))
	}
}

// advance goes on to the frame after the next.
func (r *ring) advance() {
	r.left--
	r.at += int(binary.NativeEndian.Uint32(r.header()))
	r.look()
}

// fill puts the next frame into f. It says no to a frame that comes again: the loopback interface shows each one as it goes out, and as
// it comes in.
func (r *ring) fill(f *Frame) bool {
	h := r.header()
	snaplen, wireLen := int(binary.NativeEndian.Uint32(h[12:])), int(binary.NativeEndian.Uint32(h[16:]))
	address := h[unix.SizeofTpacket3Hdr:]
	if address[10] == unix.PACKET_OUTGOING && binary.NativeEndian.Uint16(address[8:]) == unix.ARPHRD_LOOPBACK {
		return false
	}
	start := r.at + int(binary.NativeEndian.Uint16(h[24:]))
	f.Link = linkEthernet
	if r.cooked {
		start, snaplen, wireLen = start-sll2Len, snaplen+sll2Len, wireLen+sll2Len
		cookedHeader((*[sll2Len]byte)(r.open[start:]), address)
		f.Link = linkLinuxSLL2
	}
	f.Data = r.open[start : start+snaplen : start+snaplen]
	f.WireLen = wireLen
	f.Time = r.stamp
	f.VLAN = 0
	if binary.NativeEndian.Uint32(h[20:])&unix.TP_STATUS_VLAN_VALID != 0 {
		f.VLAN = uint16(binary.NativeEndian.Uint32(h[32:]))
	}
	return true
}

// cookedHeader makes a LINKTYPE_LINUX_SLL2 header from a struct sockaddr_ll.
func cookedHeader(header *[sll2Len]byte, address []byte) {
	copy(header[0:2], address[2:4]) // protocol, in network order already
	header[2], header[3] = 0, 0
	binary.BigEndian.PutUint32(header[4:], binary.NativeEndian.Uint32(address[4:])) // interface
	binary.BigEndian.PutUint16(header[8:], binary.NativeEndian.Uint16(address[8:])) // its type
	copy(header[10:20], address[10:20])                                             // packet type, address with its length
}

// dropped returns how many frames the kernel has dropped since the last call.
func (r *ring) dropped() uint64 {
	s, err := unix.GetsockoptTpacketStatsV3(r.fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
	if err != nil {
		return 0
	}
	return uint64(s.Drops)
}
