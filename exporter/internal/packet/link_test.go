package packet

import (
	"encoding/hex"
	"testing"
)

// One SYN from 10.0.0.1:4660 to 10.0.0.2:80, behind each link header that has no other test.
func TestLessCommonLinks(t *testing.T) {
	ip := "450000280001000040060000" + "0a000001" + "0a000002" + "12340050" + "00000001" + "00000000" + "50020100" + "00000000"
	for name, c := range map[string]struct {
		link   uint16
		header string
	}{
		"Cisco HDLC":           {LinkCiscoHDLC, "0f000800"},
		"NFLOG, little endian": {LinkNFLOG, "02000000" + "08000100" + "08000103" + "05000a0000000000" + "2c000900"},
		"NFLOG, big endian":    {LinkNFLOG, "02000000" + "00080001" + "08000103" + "0005000a00000000" + "002c0009"},
	} {
		frame, err := hex.DecodeString(c.header + ip)
		if err != nil {
			t.Fatal(err)
		}
		var p Parser
		var s Segment
		if r := p.Parse(c.link, frame, len(frame), 1, &s); r != OK || s.Src.String() != "10.0.0.1:4660" || s.Dst.String() != "10.0.0.2:80" || s.Flags != SYN {
			t.Errorf("%s: %v %+v", name, r, s)
		}
		for n := range frame {
			if r := p.Parse(c.link, frame[:n:n], n, 1, &s); r == OK {
				t.Errorf("%s: OK with %d of %d bytes", name, n, len(frame))
			}
		}
	}
}
