package packet

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"testing"
)

// unhex reads hex digits with spaces between them.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	ethIPv4  = "020000000001 020000000002 0800 "
	ethIPv6  = "020000000001 020000000002 86dd "
	ip4Start = "45000029 12344000 40060000 c0000201 c0000202 " // 41 bytes in all, TCP
	tcp      = "d431 0050 00000001 00000002 5018 ffff 0000 0000 "
	ip6Addrs = "20010db8000000000000000000000001 20010db8000000000000000000000002 "
	udp5     = "d431 0035 000d 0000 6162636465 "
)

func TestParseReasons(t *testing.T) {
	tests := []struct {
		name    string
		link    uint16
		data    string
		cut     int
		want    Reason
		payload int
		missing int
	}{
		{"tcp", LinkEthernet, ethIPv4 + ip4Start + tcp + "61", 0, OK, 1, 0},
		{"padding is no payload", LinkEthernet, ethIPv4 + ip4Start + tcp + "61 0000000000", 0, OK, 1, 0},
		{"payload cut", LinkEthernet, ethIPv4 + ip4Start + tcp, 1, OK, 0, 1},
		{"IP longer than its frame: sliced", LinkEthernet, ethIPv4 + ip4Start + tcp, 0, OK, 0, 1},
		{"options cut", LinkEthernet, ethIPv4 + "45000030 12344000 40060000 c0000201 c0000202 " + "d4310050 00000001 00000002 6018ffff 00000000 0101", 6, OK, 0, 4},
		{"tcp header cut", LinkEthernet, ethIPv4 + ip4Start + "d431 0050", 17, Truncated, 0, 0},
		{"tcp header does not fit", LinkEthernet, ethIPv4 + "45000018 12344000 40060000 c0000201 c0000202 d4310050", 0, Malformed, 0, 0},
		{"tcp header longer than the packet", LinkEthernet, ethIPv4 + ip4Start + "d4310050 00000001 00000002 f018ffff 00000000 61", 0, Malformed, 0, 0},
		{"tcp header too short", LinkEthernet, ethIPv4 + ip4Start + "d4310050 00000001 00000002 4018ffff 00000000 61", 0, Malformed, 0, 0},
		{"total length 0: segmentation offload", LinkEthernet, ethIPv4 + "45000000 12344000 40060000 c0000201 c0000202" + tcp + "616263", 4, OK, 3, 4},
		{"total length shorter than the header", LinkEthernet, ethIPv4 + "45000013 12344000 40060000 c0000201 c0000202" + tcp, 0, Malformed, 0, 0},
		{"IPv4 header too short", LinkEthernet, ethIPv4 + "44000029 12344000 40060000 c0000201 c0000202" + tcp + "61", 0, Malformed, 0, 0},
		{"IPv4 options cut", LinkEthernet, ethIPv4 + "4f000050 12344000 40060000 c0000201 c0000202", 60, Truncated, 0, 0},
		{"IPv4 header cut", LinkEthernet, ethIPv4 + "4500", 60, Truncated, 0, 0},
		{"version 5", LinkEthernet, ethIPv4 + "55000029 12344000 40060000 c0000201 c0000202" + tcp + "61", 0, Malformed, 0, 0},
		{"first fragment", LinkEthernet, ethIPv4 + "4500002c 12342000 40060000 c0000201 c0000202" + tcp + "61626364", 0, Fragment, 0, 0},
		{"last fragment", LinkEthernet, ethIPv4 + "45000029 12340010 40060000 c0000201 c0000202" + tcp + "61", 0, Fragment, 0, 0},
		{"icmp", LinkEthernet, ethIPv4 + "4500001c 12344000 40010000 c0000201 c0000202 0800 0000 0000 0000", 0, OtherProtocol, 0, 0},
		{"arp", LinkEthernet, "ffffffffffff 020000000002 0806 0001", 0, NotIP, 0, 0},
		{"802.3 frame", LinkEthernet, "0180c2000000 020000000002 0026 424203", 0, NotIP, 0, 0},
		{"EtherType 0", LinkEthernet, "020000000001 020000000002 0000 " + ip4Start + tcp + "61", 0, NotIP, 0, 0},
		{"empty", LinkEthernet, "", 0, Malformed, 0, 0},
		{"Ethernet cut", LinkEthernet, "02000000", 60, Truncated, 0, 0},
		{"VLAN tag cut", LinkEthernet, "020000000001 020000000002 8100 00", 60, Truncated, 0, 0},
		{"old QinQ", LinkEthernet, "020000000001 020000000002 9100 0001 9200 0001 0800" + ip4Start + tcp + "61", 0, OK, 1, 0},
		{"too many VLAN tags", LinkEthernet, "020000000001 020000000002 8100" + strings.Repeat("0001 8100", 5), 0, Malformed, 0, 0},
		{"unknown link type", 9999, ethIPv4 + ip4Start + tcp + "61", 0, LinkType, 0, 0},
		{"raw, no IP", LinkRaw, "00", 0, NotIP, 0, 0},
		{"raw, empty", LinkRaw, "", 0, Malformed, 0, 0},
		{"raw IPv4", LinkIPv4, ip4Start + tcp + "61", 0, OK, 1, 0},
		{"raw IPv6", LinkIPv6, "60000000 000d 11 40 " + ip6Addrs + udp5, 0, OK, 5, 0},
		{"cooked v1 cut", LinkLinuxSLL, "0000", 10, Truncated, 0, 0},
		{"cooked v2 cut", LinkLinuxSLL2, "0000", 10, Truncated, 0, 0},
		{"loopback, big-endian host", LinkNull, "00000002" + ip4Start + tcp + "61", 0, OK, 1, 0},
		{"loopback, little-endian host", LinkNull, "02000000" + ip4Start + tcp + "61", 0, OK, 1, 0},
		{"loopback, EtherType", LinkNull, "0f000800" + ip4Start + tcp + "61", 0, OK, 1, 0},
		{"loopback, no IP", LinkNull, "07000000", 0, NotIP, 0, 0},
		{"loopback cut", LinkNull, "0700", 9, Truncated, 0, 0},
		{"udp", LinkEthernet, ethIPv6 + "60000000 000d 11 40 " + ip6Addrs + udp5, 0, OK, 5, 0},
		{"udp shorter than the packet", LinkEthernet, ethIPv6 + "60000000 000f 11 40 " + ip6Addrs + udp5 + "ffff", 0, OK, 5, 0},
		{"udp cut", LinkEthernet, ethIPv6 + "60000000 000d 11 40 " + ip6Addrs + "d4310035 000d0000 61", 4, OK, 1, 4},
		{"udp longer than the packet", LinkEthernet, ethIPv6 + "60000000 000d 11 40 " + ip6Addrs + "d4310035 000e0000 6162636465", 0, Malformed, 0, 0},
		{"udp length too small", LinkEthernet, ethIPv6 + "60000000 000d 11 40 " + ip6Addrs + "d4310035 00070000 6162636465", 0, Malformed, 0, 0},
		{"udp header cut", LinkEthernet, ethIPv6 + "60000000 000d 11 40 " + ip6Addrs + "d431", 11, Truncated, 0, 0},
		{"udp length 0: jumbogram", LinkEthernet, ethIPv6 + "60000000 0000 11 40 " + ip6Addrs + "d4310035 00000000 6162636465", 0, OK, 5, 0},
		{"no next header", LinkEthernet, ethIPv6 + "60000000 0000 3b 40 " + ip6Addrs, 0, OtherProtocol, 0, 0},
		{"routing header", LinkEthernet, ethIPv6 + "60000000 0015 2b 40 " + ip6Addrs + "1100 0400 00000000" + udp5, 0, OK, 5, 0},
		{"authentication header", LinkEthernet, ethIPv6 + "60000000 0019 33 40 " + ip6Addrs + "1101 0000 00000000 00000000" + udp5, 0, OK, 5, 0},
		{"atomic fragment", LinkEthernet, ethIPv6 + "60000000 0015 2c 40 " + ip6Addrs + "1100 0000 00000001" + udp5, 0, OK, 5, 0},
		{"IPv6 first fragment", LinkEthernet, ethIPv6 + "60000000 0018 2c 40 " + ip6Addrs + "1100 0001 00000001" + udp5 + "616263", 0, Fragment, 0, 0},
		{"IPv6 last fragment", LinkEthernet, ethIPv6 + "60000000 0015 2c 40 " + ip6Addrs + "1100 0008 00000001" + udp5, 0, Fragment, 0, 0},
		{"extension header cut", LinkEthernet, ethIPv6 + "60000000 0015 00 40 " + ip6Addrs + "1100", 19, Truncated, 0, 0},
		{"extension header cut in its options", LinkEthernet, ethIPv6 + "60000000 0060 00 40 " + ip6Addrs + "1101 0000 00000000", 88, Truncated, 0, 0},
		{"extension header longer than the packet", LinkEthernet, ethIPv6 + "60000000 0008 00 40 " + ip6Addrs + "1101 0000 00000000", 0, Malformed, 0, 0},
		{"too many extension headers", LinkEthernet, ethIPv6 + "60000000 0050 3c 40 " + ip6Addrs + strings.Repeat("3c00 0000 00000000", 10), 0, Malformed, 0, 0},
		{"esp", LinkEthernet, ethIPv6 + "60000000 0008 32 40 " + ip6Addrs + "0000000000000000", 0, OtherProtocol, 0, 0},
		{"IPv6 in an IPv4 frame", LinkEthernet, ethIPv6 + ip4Start + tcp + "61", 0, Malformed, 0, 0},
		{"IPv6 longer than its frame: sliced", LinkEthernet, ethIPv6 + "60000000 000e 11 40 " + ip6Addrs + "d4310035 000e0000 6162636465", 0, OK, 5, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var p Parser
			var s Segment
			data := unhex(t, test.data)
			if got := p.Parse(test.link, data, len(data)+test.cut, 0, &s); got != test.want {
				t.Fatalf("%v, want %v", got, test.want)
			}
			if p.Stats()[test.want] != 1 {
				t.Errorf("counted %v", p.Stats())
			}
			if test.want == OK && (len(s.Payload) != test.payload || s.Missing != test.missing) {
				t.Errorf("payload %d missing %d, want %d and %d", len(s.Payload), s.Missing, test.payload, test.missing)
			}
		})
	}
}

// However short the snap length: a frame is a Segment with the cut payload bytes as missing, or Truncated.
func TestParseSnaplen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for _, r := range recipes() {
		data := r.frame(t, rnd)
		var p Parser
		var whole, cut Segment
		p.Parse(r.link, data, len(data), 0, &whole)
		for n := range len(data) {
			switch reason := p.Parse(r.link, data[:n:n], len(data), 0, &cut); reason {
			case OK:
				all := len(cut.Payload) + cut.Missing
				if all != len(whole.Payload) || !bytes.HasPrefix(whole.Payload, cut.Payload) || cut.Seq != whole.Seq || cut.Dst != whole.Dst {
					t.Fatalf("%+v cut to %d: %+v", r, n, cut)
				}
			case Truncated:
			default:
				t.Fatalf("%+v cut to %d: %v", r, n, reason)
			}
		}
	}
}

func TestParseSetsEverything(t *testing.T) {
	var p Parser
	dirty := Segment{Seq: 1, Ack: 2, Window: 3, IPID: 4, Flags: 5, TTL: 6, Missing: 7, Time: 8}
	data := unhex(t, ethIPv6+"60000000 000d 11 40 "+ip6Addrs+udp5)
	if reason := p.Parse(LinkEthernet, data, 0, 0, &dirty); reason != OK {
		t.Fatal(reason)
	}
	var clean Segment
	p.Parse(LinkEthernet, data, 0, 0, &clean)
	if !same(&dirty, &clean) || dirty.Missing != 0 || dirty.Time != 0 {
		t.Errorf("something of the segment before is left: %+v", dirty)
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(7, 8))
	var p Parser
	var s Segment
	for _, r := range recipes() {
		data := r.frame(t, rnd)
		if n := testing.AllocsPerRun(10, func() { p.Parse(r.link, data, len(data), 0, &s) }); n != 0 {
			t.Fatalf("%+v: %v allocations", r, n)
		}
	}
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for r := range Reason(NumReasons) {
		if r.String() == "" || seen[r.String()] {
			t.Errorf("reason %d is called %q", r, r)
		}
		seen[r.String()] = true
	}
	if Reason(200).String() != "unknown" {
		t.Error(Reason(200))
	}
}

// FuzzParse looks for panics, for payloads outside the frame, and for answers that depend on what lies behind the captured bytes.
// Its seeds are one frame of every kind, whole and cut, and one in every tunnel.
func FuzzParse(f *testing.F) {
	rnd := rand.New(rand.NewPCG(9, 10))
	for _, r := range recipes() {
		data := r.frame(f, rnd)
		f.Add(r.link, data, uint16(0))
		f.Add(r.link, data[:len(data)*2/3], uint16(40))
	}
	for _, w := range wrappers {
		b, _ := inner(f, rnd, 0)
		f.Add(LinkEthernet, wrapped(rnd, b, w), uint16(0))
	}
	f.Fuzz(func(t *testing.T, link uint16, data []byte, cut uint16) {
		var p Parser
		var s, again Segment
		reason := p.Parse(link, data, len(data)+int(cut), 0, &s)
		if link == LinkEthernet && plain(data, &again) {
			if r := p.parseLink(link, data, int(cut), &s); r != OK || !same(&s, &again) || s.Missing != 0 || s.Checksum != again.Checksum || s.Options != again.Options {
				t.Fatalf("%v: %+v is not plain, %+v", r, s, again)
			}
		}
		longer := append(bytes.Clone(data), 0xff, 0xff, 0xff, 0xff)
		if p.Parse(link, longer[:len(data)], len(data)+int(cut), 0, &again) != reason {
			t.Fatalf("%v at first", reason)
		}
		if reason != OK {
			return
		}
		if !same(&s, &again) || s.Missing < 0 || s.Missing > max(int(cut), maxPacket) || !bytes.Contains(data, s.Payload) || cap(s.Payload) != len(s.Payload) {
			t.Fatalf("%+v", s)
		}
		if s.Proto != TCP && s.Proto != UDP {
			t.Fatalf("protocol %d", s.Proto)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data := unhex(b, ethIPv4+ip4Start+tcp+"61")
	binary.BigEndian.PutUint16(data[16:], uint16(len(data)-14))
	var p Parser
	var s Segment
	for b.Loop() {
		if p.Parse(LinkEthernet, data, len(data), 0, &s) != OK {
			b.Fatal("not read")
		}
	}
}
