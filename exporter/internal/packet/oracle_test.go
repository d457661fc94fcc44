package packet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// oracle reads a frame with gopacket. ok is false when gopacket finds no TCP or UDP header behind the first IP header, or
// something wrong on the way to it.
func oracle(link uint16, data []byte) (s Segment, ok bool) {
	first, skip := gopacket.LayerType(layers.LayerTypeEthernet), 0
	switch link {
	case LinkLinuxSLL: // the protocol stands where Ethernet's EtherType would, two bytes later
		skip = 2
	case LinkLinuxSLL2: // gopacket does not know it: make it look like Ethernet
		if len(data) < sll2Len {
			return s, false
		}
		data = append(append(make([]byte, 12), data[0], data[1]), data[sll2Len:]...)
	case LinkNull, LinkLoop:
		if len(data) <= loopbackLen {
			return s, false
		}
		data = data[loopbackLen:]
		fallthrough
	case LinkRaw, LinkRawBSD, LinkRawOpen:
		if len(data) == 0 {
			return s, false
		}
		if first = layers.LayerTypeIPv4; data[0]>>4 == 6 {
			first = layers.LayerTypeIPv6
		}
	}
	if len(data) < skip {
		return s, false
	}
	padding := 0
	p := gopacket.NewPacket(data[skip:], first, gopacket.NoCopy)
	for _, l := range p.Layers() {
		switch h := l.(type) {
		case *layers.Ethernet, *layers.Dot1Q, *layers.IPv6HopByHop, *layers.IPv6Destination, *layers.IPv6Routing:
		case *layers.IPv4:
			if s.TTL != 0 || s.Src != (Endpoint{}) {
				return s, false
			}
			s.Src.setIPv4(h.SrcIP)
			s.Dst.setIPv4(h.DstIP)
			s.IPID, s.TTL = h.Id, h.TTL
		case *layers.IPv6:
			if s.Src != (Endpoint{}) || len(h.SrcIP) != 16 {
				return s, false
			}
			s.Src.setIPv6(h.SrcIP)
			s.Dst.setIPv6(h.DstIP)
			s.TTL = h.HopLimit
			if h.HopByHop != nil && h.Length != 0 { // behind such a header gopacket takes padding for payload
				padding = max(len(h.HopByHop.Payload)-(int(h.Length)-h.HopByHop.ActualLength), 0)
			}
		case *layers.TCP:
			s.Proto, s.Seq, s.Ack, s.Window = TCP, h.Seq, h.Ack, h.Window
			s.Src.setPort(binary.BigEndian.AppendUint16(nil, uint16(h.SrcPort)))
			s.Dst.setPort(binary.BigEndian.AppendUint16(nil, uint16(h.DstPort)))
			for flag, set := range map[uint8]bool{FIN: h.FIN, SYN: h.SYN, RST: h.RST, PSH: h.PSH, ACK: h.ACK} {
				if set {
					s.Flags |= flag
				}
			}
			s.Payload = h.Payload[:max(len(h.Payload)-padding, 0)]
			return s, true
		case *layers.UDP:
			s.Proto, s.Payload = UDP, h.Payload
			s.Src.setPort(binary.BigEndian.AppendUint16(nil, uint16(h.SrcPort)))
			s.Dst.setPort(binary.BigEndian.AppendUint16(nil, uint16(h.DstPort)))
			return s, true
		default:
			return s, false
		}
	}
	return s, false
}

func same(a, b *Segment) bool {
	return a.Src == b.Src && a.Dst == b.Dst && a.Seq == b.Seq && a.Ack == b.Ack && a.Window == b.Window && a.IPID == b.IPID &&
		a.Proto == b.Proto && a.Flags == b.Flags && a.TTL == b.TTL && bytes.Equal(a.Payload, b.Payload)
}

func TestParseAgreesWithGopacket(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, r := range recipes() {
		data := r.frame(t, rnd)
		var p Parser
		var got Segment
		if reason := p.Parse(r.link, data, len(data), 7, &got); reason != OK {
			t.Errorf("%+v: %v", r, reason)
			continue
		}
		want, ok := oracle(r.link, data)
		if !ok {
			t.Fatalf("%+v: gopacket does not read its own frame", r)
		}
		if !same(&got, &want) || got.Time != 7 || got.Missing != 0 {
			t.Errorf("%+v:\n got %+v\nwant %+v", r, got, want)
		}
		if cap(got.Payload) != len(got.Payload) || len(got.Payload) != r.payload {
			t.Errorf("%+v: payload of %d bytes, capacity %d", r, len(got.Payload), cap(got.Payload))
		}
	}
}

// A frame with some bytes changed is read as gopacket reads it, or refused for a reason that gopacket does not look at.
func TestParseAgreesWithGopacketOnDamagedFrames(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	counts := map[string]int{}
	for _, r := range recipes() {
		whole := r.frame(t, rnd)
		for range 100 {
			data := bytes.Clone(whole)
			for range 1 + rnd.IntN(3) {
				data[rnd.IntN(min(len(data), 80))] = byte(rnd.Uint32())
			}
			counts[compare(t, r.link, data)]++
		}
	}
	if counts["both"] < 1000 || counts["neither"] < 1000 {
		t.Errorf("too few cases: %v", counts)
	}
}

// compare fails the test unless Parse and gopacket agree on an uncut frame, or are known to differ.
func compare(t *testing.T, link uint16, data []byte) string {
	t.Helper()
	var p Parser
	var got Segment
	reason := p.Parse(link, data, len(data), 0, &got)
	want, ok := oracle(link, data)
	switch {
	case reason == OK && ok:
		if !same(&got, &want) {
			t.Fatalf("link %d frame %x:\n got %+v\nwant %+v", link, data, got, want)
		}
		return "both"
	case reason == OK:
		return "only Parse" // gopacket refuses options that are none of ours
	case ok && reason != Malformed && reason != Fragment && reason != NotIP:
		t.Fatalf("link %d frame %x: %v, but gopacket has %+v", link, data, reason, want)
	}
	return "neither"
}

func TestEndpoint(t *testing.T) {
	for _, s := range []string{"192.0.2.1:80", "[2001:db8::1]:5432", "0.0.0.0:0", "[::]:65535"} {
		ap := netip.MustParseAddrPort(s)
		e := EndpointFrom(ap)
		if e.AddrPort() != ap || e.Port() != ap.Port() || e.String() != s {
			t.Errorf("%s became %v", s, e)
		}
	}
	mapped := netip.MustParseAddrPort("[::ffff:192.0.2.1]:80")
	if EndpointFrom(mapped) != EndpointFrom(netip.MustParseAddrPort("192.0.2.1:80")) {
		t.Error("an IPv4-mapped address is another endpoint than the IPv4 address")
	}
}
