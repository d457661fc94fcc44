package label

// class is what a byte may be in a path segment (RFC 3986 section 3.3) or word.
type class uint16

const (
	digit class = 1 << iota // the lowest bit: class & digit counts
	lower
	upper
	hexLetter
	vowel
	dot
	colon
	separator // all the punctuation, dot and colon among it, but "@"
	at
	brace   // only placeholders have them
	foreign // anything else: percent signs, controls, bytes beyond ASCII
)

const (
	letter = lower | upper
	word   = letter | digit | hexLetter | vowel
)

var classes = makeClasses()

func makeClasses() (t [256]class) {
	for i := range t {
		t[i] = foreign
	}
	for c := byte('0'); c <= '9'; c++ {
		t[c] = digit
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = lower, upper
	}
	for _, c := range "abcdefABCDEF" {
		t[c] |= hexLetter
	}
	for _, c := range "aeiouyAEIOUY" {
		t[c] |= vowel
	}
	for _, c := range "-._~!$&'()*+,=:" {
		t[c] = separator
	}
	t['.'] |= dot
	t[':'] |= colon
	t['@'] = at
	t['{'], t['}'] = brace, brace
	return t
}

func isDigit(c byte) bool  { return classes[c]&digit != 0 }
func isLetter(c byte) bool { return classes[c]&letter != 0 }
func isHex(c byte) bool    { return classes[c]&(digit|hexLetter) != 0 }

// isCommonMethod knows the methods of RFC 9110 section 9 and PATCH (RFC 5789).
func isCommonMethod(b []byte) bool {
	switch string(b) {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH":
		return true
	}
	return false
}

// isMethod knows the registered methods (IANA, Hypertext Transfer Protocol Method Registry), without the reserved "*" and
// "PRI".
func isMethod(b []byte) bool {
	switch string(b) {
	case "ACL", "BASELINE-CONTROL", "BIND", "CHECKIN", "CHECKOUT", "COPY", "LABEL", "LINK", "LOCK", "MERGE", "MKACTIVITY",
		"MKCALENDAR", "MKCOL", "MKREDIRECTREF", "MKWORKSPACE", "MOVE", "ORDERPATCH", "PROPFIND", "PROPPATCH", "QUERY", "REBIND",
		"REPORT", "SEARCH", "UNBIND", "UNCHECKOUT", "UNLINK", "UNLOCK", "UPDATE", "UPDATEREDIRECTREF", "VERSION-CONTROL":
		return true
	}
	return isCommonMethod(b)
}

// isCommonVerb knows the verbs that nearly every database client uses: a service has them whether they succeed or not.
func isCommonVerb(b []byte) bool {
	switch string(b) {
	case "SELECT", "INSERT", "UPDATE", "DELETE", "BEGIN", "COMMIT", "ROLLBACK", "SET", "CALL":
		return true
	}
	return false
}

// isVerb says whether b looks like an operation of a protocol without a registry: SELECT, AAAA, GetBalance.
func isVerb(b []byte) bool {
	return isMadeOf(b, 32, func(c byte) bool { return isDigit(c) || isLetter(c) || c == '_' }) && !isDigit(b[0]) && !hasNumber(b)
}

// isCode says whether b looks like a status: 503, 23505, ER_DUP.
func isCode(b []byte) bool {
	return isMadeOf(b, 10, func(c byte) bool { return isDigit(c) || isLetter(c) || c == '_' })
}

// isIdentifier says whether b looks like the name of a table or database, and of one that has no number in it: that could
// be a customer's, and there could be many.
func isIdentifier(b []byte) bool {
	return isMadeOf(b, 64, func(c byte) bool {
		return isDigit(c) || isLetter(c) || c == '_' || c == '.' || c == '-' || c == '$' || c == '/'
	}) && !hasNumber(b)
}

// hasNumber says whether four digits follow each other.
func hasNumber(b []byte) bool {
	run := 0
	for _, c := range b {
		if run++; !isDigit(c) {
			run = 0
		}
		if run == 4 {
			return true
		}
	}
	return false
}

func isMadeOf(b []byte, most int, allowed func(byte) bool) bool {
	if len(b) == 0 || len(b) > most {
		return false
	}
	for _, c := range b {
		if !allowed(c) {
			return false
		}
	}
	return true
}
