package http1

import (
	"bytes"
	"net/netip"
	"unsafe"

	"wire_exporter/decoders"
)

// session is the best mark of a user found in a head so far. Only its hash is kept.
type session struct {
	hash uint64
	rank uint16 // the lower the better; noRank: none yet
	addr netip.Addr
}

// Ranks after those of the cookies, which count from 0.
const (
	headerRank = 0xfff0 + iota
	bearerRank
	noRank
)

func (u *session) better(s *decoders.Sessions, rank uint16, kind byte, b []byte) {
	if rank < u.rank && len(b) > 0 {
		u.rank, u.hash = rank, s.Hash(kind, b)
	}
}

// cookies looks for the configured cookies in a Cookie field (RFC 6265 section 4.2.1). Of a cut field the last pair is not
// whole and not looked at.
func (u *session) cookies(s *decoders.Sessions, value []byte, cut bool) {
	if len(s.Cookies) == 0 {
		return
	}
	for more := true; more; {
		var pair []byte
		pair, value, more = cutByte(value, ';')
		name, v, ok := cutByte(trim(pair), '=')
		if !ok || cut && !more {
			continue
		}
		if rank := s.CookieRank(name); rank >= 0 {
			u.better(s, uint16(min(rank, headerRank-1)), decoders.SessionCookie, v)
		}
	}
}

// bearer takes the token of an Authorization field (RFC 6750 section 2.1).
func (u *session) bearer(s *decoders.Sessions, value []byte) {
	const scheme = len("Bearer ")
	if s.Bearer && len(value) > scheme && value[scheme-1] == ' ' && hasPrefixFold(value, "bearer") {
		u.better(s, bearerRank, decoders.SessionBearer, trim(value[scheme:]))
	}
}

// forwarded follows an X-Forwarded-For list from its end, past the proxies that are trusted, to the first address that is
// not one: the client as the last trusted proxy saw it. A later field of the name stands to the right of an earlier one.
func (u *session) forwarded(s *decoders.Sessions, list []byte) {
	earlier := u.addr
	u.addr = netip.Addr{}
	for {
		i := bytes.LastIndexByte(list, ',')
		a, ok := parseAddr(trim(list[i+1:]))
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

// sum is the hash of the best mark: without any, that of the address.
func (u *session) sum(s *decoders.Sessions, client netip.Addr) uint64 {
	if u.rank != noRank {
		return u.hash
	}
	if u.addr.IsValid() {
		client = u.addr
	}
	return s.HashAddr(client)
}
