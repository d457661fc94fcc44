package accesslog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"wire_exporter/decoders"
)

// maxDepth is how deep the objects of a line may be nested, maxPath how long the keys on the way to a value may be in all.
const (
	maxDepth = 16
	maxPath  = 256
)

// JSON is a log with one object a line. fields says which value is what: the path of keys, joined by points, by the name of
// the field. Of a list the first item counts.
func JSON(fields map[string]string) (Format, error) {
	var tokens []token
	for name, path := range fields {
		f, ok := names[name]
		if !ok {
			return Format{}, fmt.Errorf("%s is no field; write one of %s", strconv.Quote(name), strings.Join(FieldNames(), ", "))
		}
		tokens = append(tokens, token{field: f, name: path})
	}
	slices.SortFunc(tokens, func(a, b token) int { return int(a.field) - int(b.field) })
	return Format{json: tokens}.check()
}

// scanner reads one line of JSON without building it.
type scanner struct {
	line   []byte
	at     int
	path   [maxPath]byte // the keys on the way to the value, joined by points
	length int           // of path; more than maxPath: too long to be wanted
	tokens []token
	r      *record
	room   []byte // where strings with escapes are read into
}

// object sets r's fields from a line.
func (s *scanner) object(line []byte, r *record) decoders.Malformed {
	s.line, s.at, s.length, s.r, s.room = line, 0, 0, r, s.room[:0]
	s.blanks()
	if !s.next('{') || !s.members(1) {
		return NoMatch
	}
	return ""
}

// members reads an object behind its opening brace.
func (s *scanner) members(depth int) bool {
	if depth > maxDepth {
		return false
	}
	length := s.length
	s.blanks()
	if s.next('}') {
		return true
	}
	for {
		s.blanks()
		key, ok := s.text()
		if !ok {
			return false
		}
		s.push(length, key)
		s.blanks()
		if !s.next(':') || !s.value(depth, true) {
			return false
		}
		s.length = length
		s.blanks()
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// push puts a key behind the path.
func (s *scanner) push(length int, key []byte) {
	if length > 0 {
		if length < maxPath {
			s.path[length] = '.'
		}
		length++
	}
	if length < maxPath {
		copy(s.path[length:], key)
	}
	s.length = length + len(key)
}

// value reads any value; wanted says that it may be a field.
func (s *scanner) value(depth int, wanted bool) bool {
	s.blanks()
	if s.at == len(s.line) {
		return false
	}
	switch s.line[s.at] {
	case '{':
		s.at++
		return s.members(depth + 1)
	case '[':
		s.at++
		return s.list(depth+1, wanted)
	case '"':
		v, ok := s.text()
		if ok && wanted {
			s.take(v)
		}
		return ok
	}
	begin := s.at
	for s.at < len(s.line) && !isEnd(s.line[s.at]) {
		s.at++
	}
	v := s.line[begin:s.at]
	if wanted && string(v) != "null" {
		s.take(v)
	}
	return len(v) > 0
}

func (s *scanner) list(depth int, wanted bool) bool {
	if depth > maxDepth {
		return false
	}
	s.blanks()
	if s.next(']') {
		return true
	}
	for first := true; ; first = false {
		if !s.value(depth, wanted && first) {
			return false
		}
		s.blanks()
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
	}
}

// take hands a value to the record if one of the tokens wants it.
func (s *scanner) take(v []byte) {
	if s.length > maxPath {
		return
	}
	for i := range s.tokens {
		if t := &s.tokens[i]; t.name == string(s.path[:s.length]) {
			s.r.set(t, v)
		}
	}
}

// text reads a string. What it returns is valid as long as the line, and as room is not reset.
func (s *scanner) text() ([]byte, bool) {
	if !s.next('"') {
		return nil, false
	}
	begin := s.at
	for s.at < len(s.line) {
		switch s.line[s.at] {
		case '"':
			s.at++
			return s.line[begin : s.at-1], true
		case '\\':
			return s.escaped(begin)
		}
		s.at++
	}
	return nil, false
}

// escaped reads a string that has escapes, from its beginning.
func (s *scanner) escaped(begin int) ([]byte, bool) {
	from := len(s.room)
	s.room = append(s.room, s.line[begin:s.at]...)
	for s.at < len(s.line) {
		c := s.line[s.at]
		s.at++
		switch c {
		case '"':
			return s.room[from:len(s.room):len(s.room)], true
		case '\\':
			if !s.escape() {
				return nil, false
			}
		default:
			s.room = append(s.room, c)
		}
	}
	return nil, false
}

// escape reads what stands behind a backslash. Halves of a surrogate pair become U+FFFD each.
func (s *scanner) escape() bool {
	if s.at == len(s.line) {
		return false
	}
	c := s.line[s.at]
	s.at++
	if i := strings.IndexByte(`nrtbf`, c); i >= 0 {
		s.room = append(s.room, "\n\r\t\b\f"[i])
		return true
	}
	if c != 'u' {
		s.room = append(s.room, c)
		return true
	}
	if len(s.line)-s.at < 4 {
		return false
	}
	n, err := strconv.ParseUint(string(s.line[s.at:s.at+4]), 16, 16)
	s.at += 4
	s.room = utf8.AppendRune(s.room, rune(n))
	return err == nil
}

func (s *scanner) next(c byte) bool {
	if s.at < len(s.line) && s.line[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) blanks() {
	for s.at < len(s.line) && (s.line[s.at] == ' ' || s.line[s.at] == '\t') {
		s.at++
	}
}

func isEnd(c byte) bool {
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == ':' || c == '"' || c == '{' || c == '['
}
