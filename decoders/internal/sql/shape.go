package sql

import (
	"bytes"
	"hash/maphash"

	"wire_exporter/decoders"
)

// The shape of a text is what it is without its plain literals: decimal numbers, and strings without a backslash. Applications that put their
// values into the text make it of one pattern, so all else of it is the same, byte by byte: texts of one shape are one statement, and to see
// that takes a tenth of reading them. Comments, dollar quotes and whatever else hides where a literal ends have no shape: such texts are read.

// shaped is a shape that was met, and its statement.
type shaped struct {
	hash      uint64 // keyed, so that nobody can aim at a collision
	statement *decoders.Statement
}

const maxShapes = 1024

// mark is what a byte may mean for the shape.
type mark uint8

const (
	dull       mark = iota // as it came
	digits                 // begins a number
	quoteMark              // begins a string
	nameMark               // begins a quoted identifier
	dash                   // begins a comment, with another one
	slash                  // begins a comment, with an asterisk
	dollarMark             // begins a parameter, with a digit; else perhaps a string
	bracket                // begins an identifier, with a letter
	opaque                 // begins a comment
)

// marks are by dialect, and those of MySQL with Names; sticks says of a byte that a number in front of it or behind it is not a plain one.
var marks, sticks = makeMarks()

func makeMarks() (marks [MySQL + 2][256]mark, sticks [256]bool) {
	for d := range marks {
		m := &marks[d]
		for c := '0'; c <= '9'; c++ {
			m[c] = digits
		}
		m['\''], m['-'], m['/'], m['$'], m['['], m['#'] = quoteMark, dash, slash, dollarMark, bracket, opaque
	}
	marks[PostgreSQL]['"'] = nameMark
	marks[MySQL]['"'], marks[MySQL]['`'] = quoteMark, nameMark
	marks[MySQL+1]['"'], marks[MySQL+1]['`'] = nameMark, nameMark
	for c := range sticks {
		sticks[c] = c == '.' || is(byte(c), inWord)
	}
	return marks, sticks
}

// shapeOf is where the shape of text would be, and its hash; nil: it has none.
func (b *Book) shapeOf(text []byte, cut bool, q Quoting) (*shaped, uint64) {
	if cut {
		return nil, 0
	}
	h, ok := b.shape(text, q)
	if !ok {
		return nil, 0
	}
	return &b.shapes[h>>32%maxShapes], h
}

// shape is a hash of the shape of text; false: it has none. What a backslash does makes no difference to it.
func (b *Book) shape(text []byte, q Quoting) (h uint64, ok bool) {
	set := b.dialect
	if q&Names != 0 && set == MySQL {
		set, h = MySQL+1, 1
	}
	marks := &marks[set]
	from := 0 // what is not hashed yet
	for i := nextMark(marks, text, 0); i < len(text); i = nextMark(marks, text, i) {
		m, end, literal := marks[text[i]], 0, false
		if m == digits {
			end, literal = plainNumber(text, i)
		} else if end, literal = marked(text, i, m); end < 0 {
			return 0, false
		}
		if literal {
			h = mix(h+uint64(m), maphash.Bytes(b.seed, text[from:i]))
			from = end
		}
		i = end
	}
	return mix(h, maphash.Bytes(b.seed, text[from:])), true
}

// nextMark is where the next byte that is not dull is, from i on; else the length of text.
func nextMark(marks *[256]mark, text []byte, i int) int {
	for len(text)-i >= 8 {
		t := (*[8]byte)(text[i:])
		if marks[t[0]]|marks[t[1]]|marks[t[2]]|marks[t[3]]|marks[t[4]]|marks[t[5]]|marks[t[6]]|marks[t[7]] != dull {
			break
		}
		i += 8
	}
	for i < len(text) && marks[text[i]] == dull {
		i++
	}
	return i
}

// plainNumber is where the digits at i end, with those behind a decimal point. They are no plain literal when they are part of a word or of
// another kind of number.
func plainNumber(text []byte, i int) (end int, literal bool) {
	end = digitsEnd(text, i)
	if i > 0 && sticks[text[i-1]] {
		return end, false
	}
	if end+1 < len(text) && text[end] == '.' && is(text[end+1], digit) {
		end = digitsEnd(text, end+1)
	}
	return end, end == len(text) || !sticks[text[end]]
}

func digitsEnd(text []byte, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

// marked is where what begins at i ends; below zero: that is not plain.
func marked(text []byte, i int, m mark) (end int, literal bool) {
	next := byte(0)
	if i+1 < len(text) {
		next = text[i+1]
	}
	switch m {
	case quoteMark, nameMark:
		n := bytes.IndexByte(text[i+1:], text[i])
		if n < 0 || m == quoteMark && bytes.IndexByte(text[i+1:i+1+n], '\\') >= 0 {
			return -1, false
		}
		return i + n + 2, m == quoteMark
	case dash:
		if next == '-' {
			return -1, false
		}
	case slash:
		if next == '*' {
			return -1, false
		}
	case dollarMark:
		if !is(next, digit) {
			return -1, false
		}
	case bracket:
		if is(next, letter) {
			return -1, false
		}
	default:
		return -1, false
	}
	return i + 1, false
}
