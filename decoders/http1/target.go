package http1

import "bytes"

// cutTarget takes a request target apart (RFC 9112 section 3.2): the path as a range of the target, and the authority when the
// target names one. CONNECT has no path.
func cutTarget(target []byte, connect bool) (path span, authority []byte) {
	if connect {
		return span{}, target
	}
	from := 0
	if target[0] != '/' {
		if i := bytes.Index(target, []byte("://")); i > 0 && isToken(target[:i]) {
			from = i + 3
			if n := bytes.IndexAny(target[from:], "/?#"); n >= 0 {
				authority, from = target[i+3:from+n], from+n
			} else {
				authority, from = target[from:], len(target)
			}
		}
	}
	rest, _, _ := cutByte(target[from:], '?')
	rest, _, _ = cutByte(rest, '#')
	return span{uint16(from), uint16(from + len(rest))}, authority
}

// span is a range of a request target, which is shorter than 64 KiB.
type span struct{ from, to uint16 }

// hostOnly takes the user and the port off an authority (RFC 3986 section 3.2); an IPv6 address keeps its brackets.
func hostOnly(authority []byte) []byte {
	if bytes.IndexByte(authority, '@') >= 0 {
		authority = authority[bytes.LastIndexByte(authority, '@')+1:]
	}
	if len(authority) > 0 && authority[0] == '[' {
		if i := bytes.IndexByte(authority, ']'); i >= 0 {
			return authority[:i+1]
		}
	}
	if i := bytes.IndexByte(authority, ':'); i >= 0 {
		return authority[:i]
	}
	return authority
}

// cutByte is bytes.Cut at a single byte; ok is false when it does not occur.
func cutByte(b []byte, sep byte) (before, after []byte, ok bool) {
	if i := bytes.IndexByte(b, sep); i >= 0 {
		return b[:i], b[i+1:], true
	}
	return b, nil, false
}
