package http1

import (
	"net/netip"
	"testing"

	"wire_exporter/decoders"
)

func TestCookies(t *testing.T) {
	s := &decoders.Sessions{Cookies: []string{"best", "good"}}
	hash := func(v string) uint64 { return s.Hash(decoders.SessionCookie, []byte(v)) }
	for _, c := range []struct {
		value string
		cut   bool
		want  uint64 // 0: none
	}{
		{"good=1", false, hash("1")},
		{"good=1; best=2", false, hash("2")},
		{"best=2; good=1", false, hash("2")},
		{"best=2;good=1", false, hash("2")},
		{"a=b; good=x=y==; c", false, hash("x=y==")},
		{"Good=1", false, 0},
		{"good=", false, 0},
		{"good", false, 0},
		{"", false, 0},
		{"xgood=1", false, 0},
		{"good=1", true, 0},
		{"good=1; be", true, hash("1")},
	} {
		u := session{rank: noRank}
		u.cookies(s, []byte(c.value), c.cut)
		equal(t, c.value, u.hash, c.want)
	}
}

func TestForwarded(t *testing.T) {
	s := &decoders.Sessions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}}
	for _, c := range []struct {
		fields []string
		want   string // "": the peer itself
	}{
		{[]string{"203.0.113.7"}, "203.0.113.7"},
		{[]string{"203.0.113.7, 10.0.0.1"}, "203.0.113.7"},
		{[]string{"198.51.100.1, 203.0.113.7, 10.0.0.1,10.0.0.2"}, "203.0.113.7"}, // what stands left of a stranger is hearsay
		{[]string{"198.51.100.1", "203.0.113.7, 10.0.0.1"}, "203.0.113.7"},
		{[]string{"203.0.113.7", "10.0.0.1"}, "203.0.113.7"},
		{[]string{"10.0.0.3", "10.0.0.1"}, "10.0.0.3"},
		{[]string{"203.0.113.7, 10.0.0.1:4711"}, "203.0.113.7"},
		{[]string{"2001:db8::7, [2001:db8:1::1]:80"}, "2001:db8::7"},
		{[]string{"[2001:db8::7]"}, "2001:db8::7"},
		{[]string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{[]string{"unknown, 10.0.0.1"}, "10.0.0.1"},
		{[]string{"203.0.113.7, unknown"}, ""},
		{[]string{"203.0.113.7", "unknown"}, ""},
		{[]string{""}, ""},
		{[]string{"["}, ""},
		{[]string{"fe80::1%eth0"}, ""},
	} {
		u := session{rank: noRank}
		for _, f := range c.fields {
			u.forwarded(s, []byte(f))
		}
		got := ""
		if u.addr.IsValid() {
			got = u.addr.String()
		}
		equal(t, c.fields, got, c.want)
	}
	u, list := session{rank: noRank}, []byte("203.0.113.7, 2001:db8:1::1, 10.0.0.1")
	if n := testing.AllocsPerRun(100, func() { u.forwarded(s, list) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSessionSources: the client's address counts when the head says nothing, the forwarded one only from a trusted peer.
func TestSessionSources(t *testing.T) {
	peer := netip.MustParseAddr("192.0.2.1")
	s := &decoders.Sessions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	u := session{rank: noRank}
	equal(t, "the peer", u.sum(s, peer), s.HashAddr(peer))
	u.forwarded(s, []byte("203.0.113.7"))
	equal(t, "forwarded", u.sum(s, peer), s.HashAddr(netip.MustParseAddr("203.0.113.7")))
	u.better(s, headerRank, decoders.SessionHeader, []byte("alice"))
	equal(t, "a header", u.sum(s, peer), s.Hash(decoders.SessionHeader, []byte("alice")))
	u.better(s, bearerRank, decoders.SessionBearer, []byte("token"))
	equal(t, "the header is better than a token", u.sum(s, peer), s.Hash(decoders.SessionHeader, []byte("alice")))
}
