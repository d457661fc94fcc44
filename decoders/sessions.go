package decoders

import (
	"net/netip"

	"wire_exporter/decoders/internal/siphash"
)

// Sessions says what tells one user from another. Whatever it is (a cookie, a token, an address), only its keyed hash leaves
// the decoder: without the key nobody can tell from a hash whose it was, and sensors with the same key agree.
type Sessions struct {
	Key     [16]byte
	Cookies []string // names, compared exactly; the first found in this order wins
	Headers []string // header field names in lower case
	Bearer  bool     // Authorization: Bearer
	// TrustedProxies are the networks whose X-Forwarded-For is believed.
	TrustedProxies []netip.Prefix

	holders *[256]uint64 // by the first byte of a name; bit n: one of n bytes, or of n+64, is among Cookies. Nil before Prepared
}

// Prepared is a copy of s in which cookies are found sooner. Nil stays nil.
func (s *Sessions) Prepared() *Sessions {
	if s == nil {
		return nil
	}
	p := *s
	p.holders = new([256]uint64)
	for _, c := range p.Cookies {
		if c != "" {
			p.holders[c[0]] |= 1 << (len(c) & 63)
		}
	}
	return &p
}

// mayHold says that name can be one of Cookies. Most are not, which the first byte and the length tell.
func (s *Sessions) mayHold(name []byte) bool {
	return len(name) > 0 && (s.holders == nil || s.holders[name[0]]>>(len(name)&63)&1 != 0)
}

// What a hash was made of, so that a cookie never equals an address.
const (
	SessionCookie byte = 1 + iota
	SessionHeader
	SessionBearer
	SessionAddress
)

// Hash is the keyed hash (SipHash-2-4) of b with its kind; never 0.
func (s *Sessions) Hash(kind byte, b []byte) uint64 {
	return max(1, siphash.Sum(s.Key, kind, b))
}

// HashAddr hashes an address of either family.
func (s *Sessions) HashAddr(a netip.Addr) uint64 {
	b := a.As16()
	return s.Hash(SessionAddress, b[:])
}

// Trusts says whether a proxy at a may speak for others.
func (s *Sessions) Trusts(a netip.Addr) bool {
	for _, p := range s.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// CookieRank is the index of the cookie name in Cookies, or -1. It does not allocate.
func (s *Sessions) CookieRank(name []byte) int {
	for i, c := range s.Cookies {
		if string(name) == c {
			return i
		}
	}
	return -1
}
