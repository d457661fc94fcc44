package sql

import "math/bits"

// kind is what a token is.
type kind uint8

const (
	atEnd   kind = iota
	isWord       // from, to; key, hash; entry when it is a keyword
	isName       // a quoted identifier: from, to without its quotes
	literal      // a string, a number, a parameter
	str          // a literal that is a string: two in a row are one
	punct        // char
)

// lexer cuts a text into tokens.
type lexer struct {
	text    []byte
	pos     int
	cut     bool
	dialect Dialect
	quoting Quoting
	names   bool // see Names

	version int  // where the MySQL version comment that is being read ends; 0: none
	broken  bool // the text is not SQL: what is a literal in it nobody knows
	operand bool // set by who reads: the last token was a value or a name, so a '.' or '[' belongs to it

	before Quoting // of the last string
	after  int     // where that ended, if it was the last token; 0: it was not

	char     byte
	from, to int
	quotes   bool // what from and to enclose was a quoted identifier
	key      key
	hash     uint64
}

// next reads a token.
func (l *lexer) next() kind {
	for {
		text, i := l.text, l.pos
		for i < len(text) && classes[text[i]]&space != 0 {
			i++
		}
		l.pos = i
		if i >= len(text) {
			return atEnd
		}
		c := text[i]
		if c != '\'' && c != '-' && c != '/' {
			l.after = 0
		}
		switch k := classes[c]; {
		case k&letter != 0:
			return l.word()
		case k&digit != 0:
			return l.number()
		case k&plain == 0:
			if l.comment(c) {
				continue
			}
			if k := l.special(c); k != atEnd || l.pos == len(text) {
				return k
			}
		}
		l.pos++
		l.char, l.after = c, 0
		return punct
	}
}

// special reads what a byte that is neither letter, digit nor white space begins; atEnd: nothing but itself.
func (l *lexer) special(c byte) kind {
	switch c {
	case '\'':
		return l.string(c, l.quoting)
	case '"':
		if l.dialect == MySQL && !l.names {
			return l.string(c, l.quoting)
		}
		return l.quoted(c)
	case '`':
		if l.dialect == MySQL {
			return l.quoted(c)
		}
	case '$':
		return l.dollar()
	case '?':
		l.pos++
		return literal
	case '.':
		if !l.operand && is(l.peek(1), digit) {
			return l.number()
		}
	case ':': // :name, but neither a::type nor @a:=1
		if is(l.peek(1), letter) && l.peek(-1) != ':' {
			l.pos++
			l.number()
			return literal
		}
	case '[':
		if !l.operand {
			return l.bracketed()
		}
	}
	return atEnd
}

// peek is the byte i places on; 0 beyond the ends.
func (l *lexer) peek(i int) byte {
	if i += l.pos; i >= 0 && i < len(l.text) {
		return l.text[i]
	}
	return 0
}

// word reads a word, which may turn out to be the prefix of a string. A word that the cut went through is none.
func (l *lexer) word() kind {
	text := l.text[l.pos:]
	n, chunk := eight(text)
	k, h := key{a: chunk, n: n}, chunk
	for n == 8 {
		if n, chunk = eight(text[k.n:]); n > 0 {
			k.b, h = chunk, mix(h, chunk)
			k.n += n
		}
	}
	l.from, l.to, l.key, l.hash, l.quotes = l.pos, l.pos+k.n, k, h, false
	l.pos = l.to
	switch {
	case l.pos == len(l.text):
		if l.cut {
			return atEnd
		}
	case k.n == 1:
		return l.prefixed(byte(k.a))
	}
	return isWord
}

// eight packs the first bytes of a word, up to eight of them.
func eight(text []byte) (n int, chunk uint64) {
	if len(text) > 8 {
		text = text[:8]
	}
	for i, b := range text {
		c := wordByte[b]
		if c == 0 {
			return i, chunk
		}
		chunk = chunk<<8 | uint64(c)
	}
	return len(text), chunk
}

// prefixed reads what stands behind a word of one letter when they belong together: E'…', N'…', X'…', B'…', U&'…', U&"…".
func (l *lexer) prefixed(c byte) kind {
	next := l.peek(0)
	switch {
	case next == '\'' && c == 'e' && l.dialect == PostgreSQL:
		return l.string('\'', Escapes)
	case next == '\'' && (c == 'n' || c == 'x' || c == 'b'):
		return l.string('\'', l.quoting)
	case next == '&' && c == 'u' && l.dialect == PostgreSQL && l.peek(1) == '\'':
		l.pos++
		return l.string('\'', Plain) // its backslashes come in pairs or are followed by digits
	case next == '&' && c == 'u' && l.dialect == PostgreSQL && l.peek(1) == '"':
		l.pos++
		return l.quoted('"')
	}
	return isWord
}

// mix is one step of the fingerprint.
func mix(h, v uint64) uint64 {
	hi, lo := bits.Mul64(h^0x9e3779b97f4a7c15, v^0xd6e8feb86659fd93)
	return hi ^ lo
}
