package packet

import (
	"encoding/binary"
	"net/netip"
)

// Endpoint is an address and a port: 16 bytes IPv6 or IPv4-mapped address, 2 bytes port in network order. It is
// comparable and holds no pointer.
type Endpoint [18]byte

// EndpointFrom returns ap as an Endpoint; an IPv6 zone is dropped.
func EndpointFrom(ap netip.AddrPort) Endpoint {
	var e Endpoint
	a := ap.Addr().As16()
	copy(e[:16], a[:])
	binary.BigEndian.PutUint16(e[16:], ap.Port())
	return e
}

// AddrPort returns the endpoint with an IPv4-mapped address unmapped.
func (e Endpoint) AddrPort() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16([16]byte(e[:16])).Unmap(), e.Port())
}

// Port returns the port.
func (e Endpoint) Port() uint16 { return binary.BigEndian.Uint16(e[16:]) }

// String is AddrPort's, for messages.
func (e Endpoint) String() string { return e.AddrPort().String() }

// setIPv4 sets the address from 4 bytes of an IPv4 header.
func (e *Endpoint) setIPv4(a []byte) {
	_ = a[3]
	binary.BigEndian.PutUint64(e[0:], 0)
	binary.BigEndian.PutUint32(e[8:], 0xffff)
	*(*[4]byte)(e[12:16]) = [4]byte(a)
}

// setIPv6 sets the address from 16 bytes of an IPv6 header.
func (e *Endpoint) setIPv6(a []byte) { *(*[16]byte)(e[:16]) = [16]byte(a) }

// setPort sets the port from 2 bytes of a TCP or UDP header.
func (e *Endpoint) setPort(p []byte) { *(*[2]byte)(e[16:18]) = [2]byte(p) }
