package http1

import (
	"bytes"

	"wire_exporter/decoders"
)

// methods are those of RFC 9110 section 9, RFC 5789, WebDAV (RFC 4918, 3253, 3648, 3744, 5323) and the safe QUERY.
var methods = [...]string{
	"GET", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "CONNECT", "TRACE", "QUERY",
	"PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK", "UNLOCK", "REPORT", "SEARCH", "ACL", "ORDERPATCH", "MKCALENDAR",
	"VERSION-CONTROL", "CHECKOUT", "CHECKIN", "UNCHECKOUT", "MKWORKSPACE", "UPDATE", "LABEL", "MERGE", "BASELINE-CONTROL",
	"MKACTIVITY",
}

// detect is Plugin.Detect. It knows a message by its first line; the preface of HTTP/2 is none of ours.
func detect(dir decoders.Dir, first []byte) decoders.Verdict {
	first = bytes.TrimLeft(first, "\r\n") // RFC 9112 section 2.2: empty lines in front are ignored
	if dir == decoders.ToClient {
		return detectResponse(first)
	}
	return detectRequest(first)
}

func detectResponse(first []byte) decoders.Verdict {
	const pattern = "HTTP/1.0 200" // 0: any digit
	for i, c := range first[:min(len(first), len(pattern))] {
		p := pattern[i]
		if digit := p >= '0' && p <= '9' && i != 5; digit && (c < '0' || c > '9') || !digit && c != p {
			return decoders.No
		}
	}
	if len(first) < len(pattern) {
		return decoders.More
	}
	return decoders.Yes
}

func detectRequest(first []byte) decoders.Verdict {
	const longest = 32 // of a method
	n := bytes.IndexByte(first[:min(len(first), longest)], ' ')
	if n < 0 {
		return moreIf(len(first) < longest && isToken(first))
	}
	method, rest := first[:n], first[n+1:]
	if n == 0 || !isToken(method) {
		return decoders.No
	}
	if len(rest) > 0 && isMethod(method) && (rest[0] == '/' || hasPrefixFold(rest, "http") || string(method) == "CONNECT") {
		return decoders.Yes
	}
	line, _, whole := bytes.Cut(rest, []byte("\n"))
	if whole {
		if _, _, ok := cutRequestLine(bytes.TrimSuffix(first[:n+1+len(line)], []byte("\r"))); ok {
			return decoders.Yes
		}
		return decoders.No
	}
	return moreIf(len(first) < maxLine && isText(line))
}

func moreIf(ok bool) decoders.Verdict {
	if ok {
		return decoders.More
	}
	return decoders.No
}

func isMethod(b []byte) bool {
	for _, m := range methods {
		if string(b) == m {
			return true
		}
	}
	return false
}

// isToken says whether b has nothing but the characters of a token (RFC 9110 section 5.6.2).
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenChars[c] {
			return false
		}
	}
	return true
}

var tokenChars = func() (set [256]bool) {
	for c := '0'; c <= '9'; c++ {
		set[c] = true
	}
	for c := 'A'; c <= 'Z'; c++ {
		set[c], set[c|0x20] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		set[c] = true
	}
	return set
}()

// isText says whether b has no control characters but tabs and CR.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && c != '\t' && c != '\r' || c == 0x7f {
			return false
		}
	}
	return true
}
