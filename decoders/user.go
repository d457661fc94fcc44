package decoders

import (
	"bytes"
	"net/netip"
	"unsafe"
)

// User is the best mark of a user found so far in the head of a request, or in a line about one: a cookie is better than a header,
// a header than a token, a token than an address. Only a hash is kept.
type User struct {
	hash uint64
	rank uint16 // the lower the better; zero before Reset
	addr netip.Addr
}

// Ranks after those of the cookies, which count from 0.
const (
	headerRank = 0xfff0 + iota
	bearerRank
	noRank
)

// Reset forgets all: a request begins.
func (u *User) Reset() { u.rank, u.addr = noRank, netip.Addr{} }

func (u *User) better(s *Sessions, rank uint16, kind byte, b []byte) {
	if rank < u.rank && len(b) > 0 {
		u.rank, u.hash = rank, s.Hash(kind, b)
	}
}

// Cookies looks for the configured cookies in a Cookie field (RFC 6265 section 4.2.1). Of a cut field the last pair is not
// whole and not looked at.
func (u *User) Cookies(s *Sessions, value []byte, cut bool) {
	for more := len(s.Cookies) > 0; more; {
		var pair []byte
		pair, value, more = cutByte(value, ';')
		pair = trimBlanks(pair)
		n := 0
		for n < len(pair) && pair[n] != '=' { // names are short
			n++
		}
		if n < len(pair) && (more || !cut) && s.mayHold(pair[:n]) {
			u.Cookie(s, pair[:n], pair[n+1:])
		}
	}
}

// Cookie looks at one cookie.
func (u *User) Cookie(s *Sessions, name, value []byte) {
	if rank := s.CookieRank(name); rank >= 0 {
		u.better(s, uint16(min(rank, headerRank-1)), SessionCookie, value)
	}
}

// Header takes the value of a field that carries the session.
func (u *User) Header(s *Sessions, value []byte) { u.better(s, headerRank, SessionHeader, value) }

// Bearer takes the token of an Authorization field (RFC 6750 section 2.1).
func (u *User) Bearer(s *Sessions, value []byte) {
	const scheme = len("Bearer ")
	if s.Bearer && len(value) > scheme && value[scheme-1] == ' ' && bytes.EqualFold(value[:scheme-1], bearer) {
		u.better(s, bearerRank, SessionBearer, trimBlanks(value[scheme:]))
	}
}

var bearer = []byte("Bearer")

// Forwarded follows an X-Forwarded-For list from its end, past the proxies that are trusted, to the first address that is
// not one: the client as the last trusted proxy saw it. A later field of the name stands to the right of an earlier one.
func (u *User) Forwarded(s *Sessions, list []byte) {
	earlier := u.addr
	u.addr = netip.Addr{}
	for {
		i := bytes.LastIndexByte(list, ',')
		a, ok := parseAddr(trimBlanks(list[i+1:]))
		if !ok {
			return
		}
		u.addr = a
		if !s.Trusts(a) {
			return
		}
		if i < 0 {
			if earlier.IsValid() {
				u.addr = earlier
			}
			return
		}
		list = list[:i]
	}
}

// parseAddr reads an address with or without a port; IPv6 may stand in brackets.
func parseAddr(b []byte) (netip.Addr, bool) {
	if len(b) > 0 && b[0] == '[' {
		i := bytes.IndexByte(b, ']')
		if i < 0 {
			return netip.Addr{}, false
		}
		b = b[1:i]
	} else if i := bytes.IndexByte(b, ':'); i >= 0 && bytes.IndexByte(b[i+1:], ':') < 0 {
		b = b[:i]
	}
	if len(b) == 0 || len(b) > 45 || bytes.IndexByte(b, '%') >= 0 {
		return netip.Addr{}, false
	}
	// ParseAddr keeps the string in its error only, which goes no further: no copy is needed.
	a, err := netip.ParseAddr(unsafe.String(&b[0], len(b)))
	return a.Unmap(), err == nil
}

// Found says that something was found that is better than the address of the peer.
func (u *User) Found() bool { return u.rank != noRank || u.addr.IsValid() }

// Sum is the hash of the best mark: without any, that of the address.
func (u *User) Sum(s *Sessions, client netip.Addr) uint64 {
	if u.rank != noRank {
		return u.hash
	}
	if u.addr.IsValid() {
		client = u.addr
	}
	return s.HashAddr(client)
}

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// cutByte is bytes.Cut for one byte, which is found faster.
func cutByte(b []byte, sep byte) (before, after []byte, ok bool) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}
