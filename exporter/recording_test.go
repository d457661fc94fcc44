package main

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"
)

// recording is a capture that a test makes up: pcap in ns, of raw IP packets.
type recording struct {
	pcap []byte
	now  uint64 // ns
}

func newRecording() *recording {
	r := &recording{now: 1_700_000_000e9}
	r.pcap = binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	r.pcap = append(r.pcap, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
	r.pcap = binary.LittleEndian.AppendUint32(r.pcap, 101) // LINKTYPE_RAW
	return r
}

// turn is what one side of a connection says at once.
type turn struct {
	byServer bool
	text     string
}

func asks(text string) turn    { return turn{false, text} }
func answers(text string) turn { return turn{true, text} }

const (
	tcpFIN = 1 << iota
	tcpSYN
	_
	_
	tcpACK
)

// connection records a TCP connection from its handshake to its end, 1 ms a packet.
func (r *recording) connection(client, server string, turns ...turn) {
	ends := [2]netip.AddrPort{netip.MustParseAddrPort(client), netip.MustParseAddrPort(server)}
	next := [2]uint32{1000, 5000}
	send := func(from int, flags byte, payload string) {
		r.packet(ends[from], ends[1-from], next[from], next[1-from], flags, payload)
		next[from] += uint32(len(payload))
		if flags&(tcpSYN|tcpFIN) != 0 {
			next[from]++
		}
	}
	send(0, tcpSYN, "")
	send(1, tcpSYN|tcpACK, "")
	send(0, tcpACK, "")
	for _, t := range turns {
		from := 0
		if t.byServer {
			from = 1
		}
		send(from, tcpACK, t.text)
	}
	send(0, tcpFIN|tcpACK, "")
	send(1, tcpFIN|tcpACK, "")
	send(0, tcpACK, "")
}

// packet records one IPv4 packet with TCP; checksums are left 0, nobody looks at them.
func (r *recording) packet(from, to netip.AddrPort, seq, ack uint32, flags byte, payload string) {
	r.now += 1e6
	be, le := binary.BigEndian, binary.LittleEndian
	ip := []byte{0x45, 0}
	ip = be.AppendUint16(ip, uint16(40+len(payload)))
	ip = append(ip, 0, 0, 0x40, 0, 64, 6, 0, 0)
	ip = append(append(ip, from.Addr().AsSlice()...), to.Addr().AsSlice()...)
	ip = be.AppendUint16(ip, from.Port())
	ip = be.AppendUint16(ip, to.Port())
	ip = be.AppendUint32(ip, seq)
	ip = be.AppendUint32(ip, ack)
	ip = append(ip, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	ip = append(ip, payload...)
	r.pcap = le.AppendUint32(r.pcap, uint32(r.now/1e9))
	r.pcap = le.AppendUint32(r.pcap, uint32(r.now%1e9))
	r.pcap = le.AppendUint32(r.pcap, uint32(len(ip)))
	r.pcap = le.AppendUint32(r.pcap, uint32(len(ip)))
	r.pcap = append(r.pcap, ip...)
}

// cutOf is where the first record of a pcap file begins that lies beyond at.
func cutOf(pcap []byte, at int) (cut int) {
	for cut = 24; cut < at; {
		cut += 16 + int(binary.LittleEndian.Uint32(pcap[cut+8:]))
	}
	return cut
}

// pcapngOf writes the packets of a little-endian pcap file (in ns) as pcapng, in turn on so many interfaces (at least one), with a
// block that readers must skip.
func pcapngOf(t *testing.T, pcap []byte, interfaces int) (out []byte) {
	t.Helper()
	le := binary.LittleEndian
	if le.Uint32(pcap) != 0xa1b23c4d {
		t.Fatalf("%x is no pcap in ns", pcap[:4])
	}
	block := func(kind uint32, body []byte) {
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
		out = le.AppendUint32(out, kind)
		out = le.AppendUint32(out, uint32(len(body)+12))
		out = append(out, body...)
		out = le.AppendUint32(out, uint32(len(body)+12))
	}
	block(0x0a0d0d0a, append([]byte{0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0}, bytes.Repeat([]byte{0xff}, 8)...))
	for range max(interfaces, 1) {
		idb := le.AppendUint16(nil, uint16(le.Uint32(pcap[20:])))
		idb = append(idb, 0, 0, 0, 0, 4, 0)                       // snaplen 256 kB
		block(1, append(idb, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0)) // if_tsresol: ns
	}
	block(4, []byte{0, 0, 0, 0}) // name resolution
	for at, n := 24, 0; at < len(pcap); n++ {
		r := pcap[at:]
		stamp := uint64(le.Uint32(r))*1e9 + uint64(le.Uint32(r[4:]))
		length := le.Uint32(r[8:])
		epb := le.AppendUint32(nil, uint32(n%max(interfaces, 1)))
		epb = le.AppendUint32(epb, uint32(stamp>>32))
		epb = le.AppendUint32(epb, uint32(stamp))
		epb = append(epb, r[8:16]...)
		block(6, append(epb, r[16:16+length]...))
		at += 16 + int(length)
	}
	return out
}
