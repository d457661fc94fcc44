package http1

import (
	"bytes"
	"encoding/binary"
	"math"

	"wire_exporter/decoders"
)

// field is a header field that is looked at.
type field uint8

const (
	otherField field = iota
	contentLength
	transferEncoding
	contentType // the last that means something in a response
	host
	upgrade
	cookie
	authorization
	forwardedFor
	traceparent
)

// known are the fields that are looked at, by the low five bits of their first letter, which are the same in both cases.
var known = [32][]struct {
	lower string
	field field
}{
	'a' & 31: {{"authorization", authorization}},
	'c' & 31: {{"cookie", cookie}, {"content-type", contentType}, {"content-length", contentLength}},
	'h' & 31: {{"host", host}},
	't' & 31: {{"traceparent", traceparent}, {"transfer-encoding", transferEncoding}},
	'u' & 31: {{"upgrade", upgrade}},
	'x' & 31: {{"x-forwarded-for", forwardedFor}},
}

// readFields reads the lines of a head that are there as a whole, and says whether the last of them ended it. It leaves to readHead
// what is not whole, too long, or breaks a limit.
func (c *conn) readFields(dir decoders.Dir, m *message, s *decoders.Stream) (ended bool) {
	rest, wanted := s.Bytes(), &c.d.wanted[dir]
	if room := m.from + c.d.maxHead - s.Offset(); room < uint64(len(rest)) {
		rest = rest[:room]
	}
	all := len(rest)
	for !ended {
		var passed int
		if rest, passed = wanted.pass(rest, maxLines-m.lines); passed > 0 {
			m.lines, m.last = m.lines+passed, otherField
		}
		n := bytes.IndexByte(rest, '\n')
		if uint(n) > maxLine || m.lines == maxLines { // not there: -1
			break
		}
		if line := withoutCR(rest[:n:n]); len(line) > 0 {
			c.readField(dir, m, line, false)
			m.lines++
		} else {
			ended = true
		}
		rest = rest[n+1:]
	}
	s.Skip(uint64(all - len(rest)))
	return ended
}

func withoutCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// wanted tells from its first four bytes that a line need not be looked at: their hash is not among those of the names that are known.
type wanted [4]uint64

// newWanted makes, by direction, a set of the fields that are known and those that sessions are told by.
func newWanted(s *decoders.Sessions) (w [2]wanted) {
	for _, fields := range known {
		for _, k := range fields {
			w[decoders.ToServer].add(k.lower)
			if k.field <= contentType {
				w[decoders.ToClient].add(k.lower)
			}
		}
	}
	if s != nil {
		for _, name := range s.Headers {
			w[decoders.ToServer].add(name)
		}
	}
	return w
}

// add adds a name in lower case. Of a short one the first four bytes are not known, so that every line is to be looked at.
func (w *wanted) add(name string) {
	if len(name) < 4 {
		*w = wanted{math.MaxUint64, math.MaxUint64, math.MaxUint64, math.MaxUint64}
		return
	}
	h := hashStart(binary.LittleEndian.Uint32([]byte(name)))
	w[h>>6] |= 1 << (h & 63)
}

// pass takes off the front of b the lines that need not be looked at, at most so many, and says how many there were. Continued lines
// and the end of the head it leaves.
func (w *wanted) pass(b []byte, most int) (rest []byte, n int) {
	for n < most && len(b) >= 4 {
		start := binary.LittleEndian.Uint32(b)
		if h := hashStart(start); w[h>>6]>>(h&63)&1 != 0 || uint8(start) <= ' ' {
			break
		}
		end := bytes.IndexByte(b, '\n')
		if uint(end) > maxLine { // not there: -1
			break
		}
		b = b[end+1:]
		n++
	}
	return b, n
}

// hashStart is the same for both cases.
func hashStart(four uint32) uint8 { return uint8((four | 0x20202020) * 0x9e3779b1 >> 24) }

// cutField tells which field a line is, and its value without the white space around it. Most lines are none of the known ones,
// which the place of the colon tells without a search.
func cutField(line []byte) (field, []byte) {
	fields := known[line[0]&31]
	for i := range fields {
		k := &fields[i]
		n := len(k.lower)
		if len(line) <= n || line[n] != ':' && line[n] != ' ' && line[n] != '\t' || !hasPrefixFold(line, k.lower) {
			continue
		}
		if line[n] == ':' {
			return k.field, trim(line[n+1:])
		}
		if rest := trim(line[n:]); len(rest) > 0 && rest[0] == ':' {
			return k.field, trim(rest[1:])
		}
	}
	return otherField, nil
}

// hasPrefixFold says whether b begins with lower, in any case. lower has no capitals.
func hasPrefixFold(b []byte, lower string) bool {
	n := len(lower)
	if len(b) < n {
		return false
	}
	if n >= 8 {
		i := 0
		for ; i+8 < n; i += 8 {
			if lowerCase(binary.LittleEndian.Uint64(b[i:])) != word(lower[i:]) {
				return false
			}
		}
		return lowerCase(binary.LittleEndian.Uint64(b[n-8:])) == word(lower[n-8:])
	}
	for i := range n {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// word is the first eight bytes of s, one load.
func word(s string) uint64 {
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// lowerCase makes lower case of the capitals among eight bytes.
func lowerCase(w uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	low := w &^ high
	from, to := low+(0x80-'A')*ones, low+(0x7f-'Z')*ones // the high bit of a byte: it is A or above; it is above Z
	return w | (from&^to&^w&high)>>2
}
