package decoders

import (
	"net/netip"
	"strings"
	"testing"
)

func TestCookies(t *testing.T) {
	s := &Sessions{Cookies: []string{"best", "good"}}
	hash := func(v string) uint64 { return s.Hash(SessionCookie, []byte(v)) }
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
		{"good =1", false, 0},
		{"good;best", false, 0},
		{" \t good=1 ;", false, hash("1")},
		{";;=;good=1", false, hash("1")},
		{"good=1", true, 0},
		{"good=1; be", true, hash("1")},
	} {
		for _, s := range []*Sessions{s, s.Prepared()} {
			u := User{rank: noRank}
			u.Cookies(s, []byte(c.value), c.cut)
			equal(t, c.value, u.hash, c.want)
		}
	}
}

func TestForwarded(t *testing.T) {
	s := &Sessions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")}}
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
		u := User{rank: noRank}
		for _, f := range c.fields {
			u.Forwarded(s, []byte(f))
		}
		got := ""
		if u.addr.IsValid() {
			got = u.addr.String()
		}
		equal(t, strings.Join(c.fields, "|"), got, c.want)
	}
	u, list := User{rank: noRank}, []byte("203.0.113.7, 2001:db8:1::1, 10.0.0.1")
	if n := testing.AllocsPerRun(100, func() { u.Forwarded(s, list) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestSessionSources: the client's address counts when the head says nothing, the forwarded one only from a trusted peer.
func TestSessionSources(t *testing.T) {
	peer := netip.MustParseAddr("192.0.2.1")
	s := &Sessions{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}, Bearer: true}
	u := User{rank: noRank}
	equal(t, "the peer", u.Sum(s, peer), s.HashAddr(peer))
	u.Forwarded(s, []byte("203.0.113.7"))
	equal(t, "forwarded", u.Sum(s, peer), s.HashAddr(netip.MustParseAddr("203.0.113.7")))
	u.Header(s, []byte("alice"))
	equal(t, "a header", u.Sum(s, peer), s.Hash(SessionHeader, []byte("alice")))
	u.Bearer(s, []byte("Bearer token"))
	equal(t, "the header is better than a token", u.Sum(s, peer), s.Hash(SessionHeader, []byte("alice")))
}

// FuzzUser: nothing panics, and a session comes from a cookie or a token only.
func FuzzUser(f *testing.F) {
	f.Add("sid=1; theme=dark")
	f.Add("Bearer token")
	f.Add("203.0.113.7, [2001:db8::1]:80, unknown")
	s := &Sessions{Cookies: []string{"sid"}, Bearer: true}
	f.Fuzz(func(t *testing.T, text string) {
		b := []byte(text)
		u := User{rank: noRank}
		u.Cookies(s, b, false)
		u.Bearer(s, b)
		u.Forwarded(s, b)
		if !strings.Contains(text, "sid=") && !strings.Contains(text, "sid ") && !strings.Contains(text, " ") && u.rank != noRank {
			t.Fatalf("a session out of %q", b)
		}
	})
}
