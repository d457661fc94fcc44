package accesslog

import (
	"bytes"
	"strings"

	"wire_exporter/decoders"
)

// text is a format of lines with fields between fixed texts.
type text struct {
	tokens []token
	after  string // what must stand behind the last field; anything may follow it
}

// layout makes a text of tokens: whether a field is quoted follows from what stands around it.
func layout(tokens []token, after string) *text {
	for i := range tokens {
		next := after
		if i+1 < len(tokens) {
			next = tokens[i+1].before
		}
		tokens[i].quoted = strings.HasSuffix(tokens[i].before, `"`) && strings.HasPrefix(next, `"`)
	}
	return &text{tokens, after}
}

// has says whether one of the fields is in the format.
func (f *text) has(fields ...field) bool {
	for _, t := range f.tokens {
		for _, x := range fields {
			if t.field == x {
				return true
			}
		}
	}
	return false
}

// split sets r's fields from a line.
func (f *text) split(line []byte, r *record) decoders.Malformed {
	for i := range f.tokens {
		t := &f.tokens[i]
		if len(line) < len(t.before) || string(line[:len(t.before)]) != t.before {
			return NoMatch
		}
		line = line[len(t.before):]
		next := f.after
		if i+1 < len(f.tokens) {
			next = f.tokens[i+1].before
		}
		n := end(line, next, t.quoted)
		if n < 0 {
			return NoMatch
		}
		if t.field != ignored {
			r.set(t, line[:n])
		}
		line = line[n:]
	}
	if len(line) < len(f.after) || string(line[:len(f.after)]) != f.after {
		return NoMatch
	}
	return ""
}

// end is where the field at the beginning of line ends: where the text behind it begins, or with the line. -1: nowhere.
func end(line []byte, next string, quoted bool) int {
	switch {
	case next == "":
		return len(line)
	case quoted:
		return quote(line)
	}
	for i := 0; ; i++ {
		n := bytes.IndexByte(line[i:], next[0])
		if n < 0 {
			return -1
		}
		if i += n; len(line)-i >= len(next) && string(line[i:i+len(next)]) == next {
			return i
		}
	}
}

// quote is the place of the first quote without a backslash in front; -1: there is none.
func quote(line []byte) int {
	for i := 0; ; i++ {
		n := bytes.IndexByte(line[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
		escapes := 0
		for escapes < i && line[i-1-escapes] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
}
