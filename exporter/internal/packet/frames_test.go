package packet

import (
	"math/rand/v2"
	"net"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// recipe says what frame to make.
type recipe struct {
	link    uint16
	vlans   []uint16 // EtherTypes of the tags
	v6      bool
	udp     bool
	options bool // of IPv4 and TCP; of IPv6 the extension headers
	payload int
	padding int
}

// frame makes a whole frame with gopacket, which is not what reads it.
func (r recipe) frame(t testing.TB, rnd *rand.Rand) []byte {
	t.Helper()
	payload := make([]byte, r.payload)
	for i := range payload {
		payload[i] = byte(rnd.Uint32())
	}
	b := gopacket.NewSerializeBuffer()
	opts := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(b, opts, append(r.network(rnd), gopacket.Payload(payload))...); err != nil {
		t.Fatal(err)
	}
	data := append(r.header(rnd), b.Bytes()...)
	return append(data, make([]byte, r.padding)...)
}

// header makes the link header and VLAN tags.
func (r recipe) header(rnd *rand.Rand) []byte {
	etherType := uint16(etherIPv4)
	if r.v6 {
		etherType = etherIPv6
	}
	first := etherType
	if len(r.vlans) > 0 {
		first = r.vlans[0]
	}
	var h []byte
	switch r.link {
	case LinkEthernet:
		h = append(make([]byte, 12), byte(first>>8), byte(first))
	case LinkLinuxSLL:
		h = append(make([]byte, 14), byte(first>>8), byte(first))
	case LinkLinuxSLL2:
		h = append([]byte{byte(first >> 8), byte(first)}, make([]byte, 18)...)
	case LinkNull:
		h = []byte{2, 0, 0, 0}
		if r.v6 {
			h[0] = 30
		}
	case LinkLoop:
		h = []byte{0, 0, 0, 2}
		if r.v6 {
			h[3] = 24
		}
	}
	for i := range r.vlans {
		next := etherType
		if i+1 < len(r.vlans) {
			next = r.vlans[i+1]
		}
		h = append(h, byte(rnd.Uint32()), byte(rnd.Uint32()), byte(next>>8), byte(next))
	}
	return h
}

func randomIP(rnd *rand.Rand, n int) net.IP {
	ip := make(net.IP, n)
	for i := range ip {
		ip[i] = byte(rnd.Uint32())
	}
	ip[0] = 10
	return ip
}

// network makes the IP and transport headers.
func (r recipe) network(rnd *rand.Rand) []gopacket.SerializableLayer {
	proto := layers.IPProtocolTCP
	if r.udp {
		proto = layers.IPProtocolUDP
	}
	var out []gopacket.SerializableLayer
	var ip gopacket.NetworkLayer
	if r.v6 {
		h := &layers.IPv6{Version: 6, NextHeader: proto, HopLimit: uint8(rnd.Uint32()), SrcIP: randomIP(rnd, 16), DstIP: randomIP(rnd, 16)}
		ip, out = h, append(out, h)
		if r.options {
			hop := &layers.IPv6HopByHop{}
			hop.NextHeader = layers.IPProtocolIPv6Destination
			hop.Options = []*layers.IPv6HopByHopOption{{OptionType: 30, OptionLength: 4, OptionData: make([]byte, 4)}}
			dst := &layers.IPv6Destination{}
			dst.NextHeader = proto
			dst.Options = []*layers.IPv6DestinationOption{{OptionType: 30, OptionLength: 12, OptionData: make([]byte, 12)}}
			h.NextHeader = layers.IPProtocolIPv6HopByHop
			out = append(out, hop, dst)
		}
	} else {
		h := &layers.IPv4{Version: 4, Id: uint16(rnd.Uint32()), TTL: uint8(rnd.Uint32()), Protocol: proto, SrcIP: randomIP(rnd, 4), DstIP: randomIP(rnd, 4), Flags: layers.IPv4DontFragment}
		if r.options {
			h.Options = []layers.IPv4Option{{OptionType: 148, OptionLength: 4, OptionData: []byte{0, 0}}}
		}
		ip, out = h, append(out, h)
	}
	return append(out, r.transport(rnd, ip))
}

func (r recipe) transport(rnd *rand.Rand, ip gopacket.NetworkLayer) gopacket.SerializableLayer {
	if r.udp {
		h := &layers.UDP{SrcPort: layers.UDPPort(rnd.Uint32()), DstPort: layers.UDPPort(rnd.Uint32())}
		_ = h.SetNetworkLayerForChecksum(ip)
		return h
	}
	bit := func() bool { return rnd.Uint32()&1 == 1 }
	h := &layers.TCP{
		SrcPort: layers.TCPPort(rnd.Uint32()), DstPort: layers.TCPPort(rnd.Uint32()),
		Seq: rnd.Uint32(), Ack: rnd.Uint32(), Window: uint16(rnd.Uint32()),
		FIN: bit(), SYN: bit(), RST: bit(), PSH: bit(), ACK: bit(), URG: bit(), ECE: bit(), CWR: bit(), NS: bit(),
	}
	if r.options {
		h.Options = []layers.TCPOption{{OptionType: layers.TCPOptionKindTimestamps, OptionLength: 10, OptionData: make([]byte, 8)}}
	}
	_ = h.SetNetworkLayerForChecksum(ip)
	return h
}

// recipes are all combinations of what a frame can be.
func recipes() []recipe {
	var all []recipe
	links := []uint16{LinkEthernet, LinkLinuxSLL, LinkLinuxSLL2, LinkRaw, LinkRawBSD, LinkRawOpen, LinkNull, LinkLoop}
	tags := [][]uint16{nil, {etherVLAN}, {etherQinQ, etherVLAN}, {etherQinQ, etherQinQ, etherVLAN, etherVLAN}}
	for _, link := range links {
		for _, vlans := range tags {
			if vlans != nil && link != LinkEthernet && link != LinkLinuxSLL && link != LinkLinuxSLL2 {
				continue
			}
			for bits := range 16 {
				r := recipe{link: link, vlans: vlans, v6: bits&1 != 0, udp: bits&2 != 0, options: bits&4 != 0, payload: 100}
				if bits&8 != 0 {
					r.payload, r.padding = 0, 6
				}
				all = append(all, r)
			}
		}
	}
	return all
}
