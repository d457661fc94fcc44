package label

import "bytes"

// wholeHolder is the placeholder for a segment, made of the classes in, that is one identifier from end to end; "": it may
// not be one.
func wholeHolder(s []byte, in class) string {
	switch {
	case in&foreign != 0:
		return idHolder
	case in&at != 0:
		if i := bytes.IndexByte(s, '@'); i > 0 && bytes.IndexByte(s[i:], '.') > 1 {
			return emailHolder
		}
		return idHolder
	case in&colon != 0 && isColonHex(s):
		if n := bytes.Count(s, []byte(":")); n == 7 || n > 1 && bytes.Contains(s, []byte("::")) {
			return ipHolder
		} else if n > 1 {
			return idHolder // a hardware address
		}
	case s[0] == '~', s[len(s)-1] == '=':
		return idHolder // a home directory, base64
	}
	return ""
}

// isColonHex says whether s is hexadecimal digits, colons and dots only.
func isColonHex(s []byte) bool {
	for _, c := range s {
		if classes[c]&(colon|dot|digit|hexLetter) == 0 {
			return false
		}
	}
	return true
}

// isVersion knows v1.2 and v52.0.1; v2 is a word.
func isVersion(s []byte) bool {
	if len(s) < 4 || s[0]|0x20 != 'v' {
		return false
	}
	numbers, digits := 1, 0
	for _, c := range s[1:] {
		switch {
		case isDigit(c) && digits < 2:
			digits++
		case c == '.' && digits > 0:
			numbers++
			digits = 0
		default:
			return false
		}
	}
	return digits > 0 && numbers <= 3
}

// leadingHolder finds what is more than a word at the front of s: a placeholder, a UUID, a date, an IPv4 address.
func leadingHolder(s []byte) (n int, holder string) {
	if s[0] == '{' {
		for _, h := range holders {
			if len(s) >= len(h) && string(s[:len(h)]) == h {
				return len(h), h
			}
		}
		return 0, ""
	}
	if n = 36; isUUID(s) && endsAt(s, n) {
		return n, uuidHolder
	}
	if classes[s[0]]&digit == 0 {
		return 0, ""
	}
	if n = dateLen(s); n > 0 && endsAt(s, n) {
		return n, dateHolder
	}
	if n = ip4Len(s); n > 0 && endsAt(s, n) {
		return n, ipHolder
	}
	return 0, ""
}

// endsAt says whether the words of s have a boundary after n bytes.
func endsAt(s []byte, n int) bool { return n == len(s) || classes[s[n]]&separator != 0 }

// isUUID knows the text form of RFC 9562 section 4 at the front of s.
func isUUID(s []byte) bool {
	if len(s) < 36 || s[8] != '-' {
		return false
	}
	for i, c := range s[:36] {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isHex(c) {
				return false
			}
		}
	}
	return true
}

// dateLen is the length of the date (2024-01-31, with - or _ or .) and time (T10:00:00Z) at the front of s, or 0.
func dateLen(s []byte) int {
	if len(s) < 10 || s[4] != s[7] || s[4] != '-' && s[4] != '_' && s[4] != '.' || !isDate(s[:4], s[5:7], s[8:10]) {
		return 0
	}
	n := 10
	if n < len(s) && s[n]|0x20 == 't' {
		for n++; n < len(s) && (isDigit(s[n]) || bytes.IndexByte([]byte(":.+-Zz"), s[n]) >= 0); n++ {
		}
	}
	return n
}

// isDate says whether the digits are a day of the years 1900 to 2199.
func isDate(year, month, day []byte) bool {
	y, m, d := number(year), number(month), number(day)
	return y >= 1900 && y < 2200 && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

// number is the value of a few digits, or -1.
func number(s []byte) (n int) {
	for _, c := range s {
		if !isDigit(c) {
			return -1
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// ip4Len is the length of the IPv4 address at the front of s, or 0.
func ip4Len(s []byte) (n int) {
	for part := range 4 {
		if part > 0 {
			if n == len(s) || s[n] != '.' {
				return 0
			}
			n++
		}
		from := n
		for n < len(s) && n < from+3 && isDigit(s[n]) {
			n++
		}
		if n == from || number(s[from:n]) > 255 {
			return 0
		}
	}
	return n
}
