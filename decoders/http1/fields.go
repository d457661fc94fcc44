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
	for ; m.lines < maxLines && !ended; m.lines++ {
		n := bytes.IndexByte(rest, '\n')
		if uint(n) > maxLine { // or -1
			break
		}
		if len(rest) > 1 && !wanted.begin(rest[0], rest[1]) {
			m.last = otherField
		} else if line := withoutCR(rest[:n:n]); len(line) > 0 {
			c.readField(dir, m, line, false)
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

// wanted tells from its first two bytes that a line need not be looked at: bit b&31 of entry a&31 says that one that begins with a and
// b is to be. Letters are the same in both cases; what else has the same bits is looked at in vain.
type wanted [32]uint32

// newWanted marks, by direction, the fields that are known and those that sessions are told by, continued lines and empty ones.
func newWanted(s *decoders.Sessions) (w [2]wanted) {
	for dir := range w {
		w[dir].add("\r\n")
		for _, first := range " \t\n" {
			w[dir][first&31] = math.MaxUint32
		}
		for _, fields := range known {
			for _, k := range fields {
				if dir == int(decoders.ToServer) || k.field <= contentType {
					w[dir].add(k.lower)
				}
			}
		}
	}
	if s != nil {
		for _, name := range s.Headers {
			w[decoders.ToServer].add(name + ":")
		}
	}
	return w
}

func (w *wanted) add(name string) { w[name[0]&31] |= 1 << (name[1] & 31) }

func (w *wanted) begin(a, b byte) bool { return w[a&31]>>(b&31)&1 != 0 }

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
