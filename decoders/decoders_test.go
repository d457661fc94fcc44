package decoders

import (
	"net/netip"
	"testing"
)

func TestEndpoint(t *testing.T) {
	for _, s := range []string{"192.0.2.1:80", "[2001:db8::1]:65535"} {
		a := netip.MustParseAddrPort(s)
		e := EndpointFrom(a)
		equal(t, "address and port", e.AddrPort(), a)
		equal(t, "port", e.Port(), a.Port())
	}
	mapped := EndpointFrom(netip.MustParseAddrPort("[::ffff:192.0.2.1]:80"))
	equal(t, "an address is the same in both forms", mapped, EndpointFrom(netip.MustParseAddrPort("192.0.2.1:80")))
}

func TestNames(t *testing.T) {
	equal(t, "directions", ToServer.String()+", "+ToServer.Other().String(), "to server, to client")
	for o := range Outcome(NumOutcomes) {
		if o.String() == "" {
			t.Errorf("outcome %d has no name", o)
		}
	}
	equal(t, "kind", Turn.String(), "turn")
	equal(t, "become", Become("tls").Error(), "become tls")
	equal(t, "malformed", TooLong.Error(), "message_too_long")
}

func TestDurations(t *testing.T) {
	whole := Txn{Start: 10, RequestEnd: 12, FirstByte: 20, End: 25}
	for _, c := range []struct {
		name                          string
		change                        func(*Txn)
		total, request, wait, respond int64 // -1: none
	}{
		{"whole", func(*Txn) {}, 15, 2, 8, 5},
		{"aborted", func(t *Txn) { t.Outcome, t.FirstByte = Aborted, 0 }, 15, 2, -1, -1},
		{"unanswered", func(t *Txn) { t.Outcome, t.FirstByte, t.End = Unanswered, 0, 0 }, -1, 2, -1, -1},
		{"end lost", func(t *Txn) { t.Outcome, t.End = Unknown, 0 }, -1, 2, 8, -1},
		{"request end lost", func(t *Txn) { t.RequestEnd = 0 }, 15, -1, -1, 5},
		{"early response", func(t *Txn) { t.RequestEnd = 22 }, 15, 12, -1, 5},
		{"clocks that differ", func(t *Txn) { t.FirstByte, t.End = 5, 8 }, -1, 2, -1, 3},
		{"no start", func(t *Txn) { t.Start = 0 }, -1, -1, 8, 5},
	} {
		txn := whole
		c.change(&txn)
		for _, p := range []struct {
			name string
			f    func() (int64, bool)
			want int64
		}{{"duration", txn.Duration, c.total}, {"request", txn.RequestPhase, c.request}, {"wait", txn.Wait, c.wait}, {"response", txn.ResponsePhase, c.respond}} {
			got, ok := p.f()
			if !ok {
				got = -1
			}
			equal(t, c.name+", "+p.name, got, p.want)
		}
	}
}

func TestSessions(t *testing.T) {
	s := &Sessions{
		Cookies:        []string{"sid", "JSESSIONID"},
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	equal(t, "rank", s.CookieRank([]byte("JSESSIONID")), 1)
	equal(t, "cookie names are exact", s.CookieRank([]byte("SID")), -1)
	equal(t, "trusted", s.Trusts(netip.MustParseAddr("10.1.2.3")), true)
	equal(t, "not trusted", s.Trusts(netip.MustParseAddr("192.0.2.1")), false)

	a := []byte("value")
	equal(t, "stable", s.Hash(SessionCookie, a), s.Hash(SessionCookie, []byte("value")))
	equal(t, "kinds differ", s.Hash(SessionCookie, a) == s.Hash(SessionBearer, a), false)
	equal(t, "keys differ", s.Hash(SessionCookie, a) == (&Sessions{Key: [16]byte{1}}).Hash(SessionCookie, a), false)
	equal(t, "forms of an address", s.HashAddr(netip.MustParseAddr("192.0.2.1")), s.HashAddr(netip.MustParseAddr("::ffff:192.0.2.1")))
	if n := testing.AllocsPerRun(100, func() { s.CookieRank(a); s.Hash(SessionHeader, a) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
