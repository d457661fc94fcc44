package http1

import (
	"bytes"
	"math"
)

const (
	maxLine      = 8 << 10 // of a start line or field line; the rest of a longer one is dropped
	maxLines     = 1000    // of a head
	maxMethod    = 32
	maxTarget    = maxLine
	maxChunkLine = 1 << 10 // the rest, of an extension, is dropped
	maxHost      = 255     // RFC 1035 section 2.3.4
	maxType      = 128
	unknownSize  = math.MaxUint64
	maxSize      = 1 << 62 // of a body: what adds up without overflow
)

// cutRequestLine takes a request line apart (RFC 9112 section 3): METHOD SP target SP HTTP/1.x. White space may be more than
// one space, and within the target, which real clients send.
func cutRequestLine(line []byte) (method, target []byte, ok bool) {
	line = trim(line)
	i, j := bytes.IndexByte(line, ' '), len(line)-len("HTTP/1.x")
	if i <= 0 || i >= j || !isToken(line[:i]) {
		return nil, nil, false
	}
	if version := line[j:]; string(version[:7]) != "HTTP/1." || !isDigit(version[7]) || line[j-1] != ' ' && line[j-1] != '\t' {
		return nil, nil, false
	}
	target = trim(line[i:j])
	return line[:i], target, len(target) > 0
}

// cutStatusLine takes a status line apart (RFC 9112 section 4): HTTP/1.x SP 3DIGIT, then nothing or SP and a reason.
func cutStatusLine(line []byte) (code []byte, ok bool) {
	if len(line) < 12 || string(line[:7]) != "HTTP/1." || !isDigit(line[7]) || line[8] != ' ' {
		return nil, false
	}
	code = line[9:12]
	if code[0] < '1' || code[0] > '9' || !isDigit(code[1]) || !isDigit(code[2]) || len(line) > 12 && isDigit(line[12]) {
		return nil, false
	}
	return code, true
}

// parseLength reads a Content-Length: digits, or a list of equal ones (RFC 9112 section 6.3).
func parseLength(value []byte) (n uint64, ok bool) {
	if n, ok := parseDigits(value); ok {
		return n, true
	}
	n = unknownSize
	for more := true; more; {
		var item []byte
		item, value, more = cutByte(value, ',')
		m, ok := parseDigits(trim(item))
		if !ok || n != unknownSize && n != m {
			return 0, false
		}
		n = m
	}
	return n, true
}

func parseDigits(b []byte) (n uint64, ok bool) {
	for _, c := range b {
		if !isDigit(c) || n > maxSize/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, len(b) > 0 && n <= maxSize
}

// endsChunked says whether the last transfer coding is chunked, which makes the length known (RFC 9112 section 6.1).
func endsChunked(value []byte) bool {
	if i := bytes.LastIndexByte(value, ','); i >= 0 {
		value = trim(value[i+1:])
	}
	return len(value) == 7 && hasPrefixFold(value, "chunked")
}

// parseChunkSize reads the size in front of a chunk (RFC 9112 section 7.1); what follows it is taken for an extension.
func parseChunkSize(line []byte) (n uint64, ok bool) {
	i := 0
	for i < len(line) && hexValues[line[i]] <= 15 {
		if n > maxSize/16 {
			return 0, false
		}
		n = n*16 + uint64(hexValues[line[i]])
		i++
	}
	return n, i > 0 && n <= maxSize
}

// hexValues are the values of hexadecimal digits; 255: it is none.
var hexValues = func() (values [256]byte) {
	for i := range values {
		values[i] = 255
	}
	for i, c := range []byte("0123456789abcdef") {
		values[c] = byte(i)
	}
	for i, c := range []byte("ABCDEF") {
		values[c] = byte(10 + i)
	}
	return values
}()

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// trim takes spaces and tabs off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}
