package sql

import "bytes"

// writer writes the normalised text: words parted by one space, keywords in capitals.
type writer struct {
	out      []byte
	tight    bool // no space in front of what comes next
	operator int  // where the last operator ended in the original
}

const (
	wide   = false
	narrow = true
)

// write appends s, which is never from the original text. narrow: no space in front of it.
func (r *reader) write(s string, narrow bool) {
	r.space(narrow)
	if len(r.out) < MaxText {
		r.out = append(r.out, s...)
	}
}

func (r *reader) space(narrow bool) {
	if !narrow && !r.tight && len(r.out) > 0 && len(r.out) < MaxText {
		r.out = append(r.out, ' ')
	}
	r.tight = false
}

// writeWord appends the word that was just read: a name of something.
func (r *reader) writeWord() {
	r.space(wide)
	for _, c := range r.text[r.from:min(r.to, r.from+MaxText)] {
		if r.dialect == PostgreSQL {
			c = fold[c]
		}
		r.out = append(r.out, c)
	}
	r.limit()
}

// writeName appends the identifier that was just read, in quotes where it needs them.
func (r *reader) writeName() {
	r.space(wide)
	quote := ""
	for _, c := range r.text[r.from:r.to] {
		if !is(c, inWord) || r.dialect == PostgreSQL && fold[c] != c {
			if quote = `"`; r.dialect == MySQL {
				quote = "`"
			}
		}
	}
	r.out = append(r.out, quote...)
	for _, c := range r.text[r.from:min(r.to, r.from+MaxText)] {
		if is(c, space) {
			c = ' '
		}
		r.out = append(r.out, c)
	}
	r.out = append(r.out, quote...)
	r.limit()
}

func (r *reader) limit() { r.out = r.out[:min(len(r.out), MaxText)] }

// writePunct appends one byte of punctuation.
func (r *reader) writePunct(c byte, sign bool) {
	before, after := wide, wide
	switch c {
	case ',', ')', ']', '}', ';':
		before = narrow
	case '.', ':':
		before, after = narrow, narrow
	case '(':
		before = r.kind == isName || r.kind == isWord && (r.last == noKeyword || r.last == kwFunction || r.last == kwField)
		after = narrow
	case '[', '{':
		before, after = r.operand, narrow
	case '@':
		after = narrow
	default:
		before = !sign && r.operator == r.pos-1 // the second byte of an operator
		after = sign
		r.operator = r.pos
	}
	r.space(before)
	if len(r.out) < MaxText {
		r.out = append(r.out, c)
	}
	r.tight = after
}

// written is the length of the text so far, for truncate.
func (r *reader) written() int { return len(r.out) }

// truncate takes back what was written since.
func (r *reader) truncate(n int) { r.out, r.tight = r.out[:n], false }

// normalised is a copy of the text.
func (r *reader) normalised() []byte {
	switch {
	case r.verb == unknown:
		return nil
	case r.broken:
		return []byte(operations[r.verb])
	}
	valid := bytes.ToValidUTF8(r.out, []byte("?"))
	return bytes.Clone(valid)
}

// operation is the verb in capitals; nil when it is not known.
func (r *reader) operation() []byte {
	if r.verb == unknown {
		return nil
	}
	return operationBytes[r.verb]
}
