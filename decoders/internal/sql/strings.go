package sql

import (
	"bytes"
	"unicode/utf8"
)

// string skips the string that begins with the quote at pos.
func (l *lexer) string(quote byte, quoting Quoting) kind {
	switch {
	case l.dialect == PostgreSQL && quote == '\'' && l.continues():
		quoting = l.before
	case quoting == Usual && l.dialect == MySQL:
		quoting = Escapes
	case quoting == Usual:
		quoting = Unsure
	}
	l.before = quoting
	start := l.pos + 1
	for i := start; ; {
		n := bytes.IndexByte(l.text[i:], quote)
		if n < 0 {
			return l.unclosed()
		}
		end := i + n
		escaped, sure := l.escaped(start, end, quoting)
		switch {
		case !sure:
			l.pos = len(l.text)
			return str
		case escaped:
			i = end + 1
		case end+1 < len(l.text) && l.text[end+1] == quote: // doubled
			i = end + 2
		default:
			l.after = end + 1
			return l.closed(end+1, str)
		}
	}
}

// continues says whether the quote at pos goes on with the string before it, which is so when nothing but white space with a line
// feed, and comments to the end of a line, is between them. It is read like that one: E'…' stays E'…'.
func (l *lexer) continues() bool {
	return l.after > 0 && bytes.ContainsAny(l.text[l.after:l.pos], "\n\r")
}

// escaped says whether the quote at end is, and whether that is certain.
func (l *lexer) escaped(start, end int, quoting Quoting) (escaped, sure bool) {
	i := end
	for i > start && l.text[i-1] == '\\' {
		i--
	}
	odd := (end-i)%2 == 1
	switch {
	case i == end || quoting == Plain:
		return false, true
	case quoting == Unsure:
		return false, !odd
	}
	// In some character sets (GBK, Shift JIS) a backslash is the second half of a character too.
	r, size := utf8.DecodeLastRune(l.text[start:i])
	return odd, r != utf8.RuneError || size != 1
}

// unclosed is a string that goes on to the end of the text. Unless the rest was cut off, the quotes do not fit.
func (l *lexer) unclosed() kind {
	l.pos = len(l.text)
	l.broken = l.broken || !l.cut
	return str
}

// closed ends a token at end. When it reaches out of a version comment, a server that is older than the version sees something
// else here: what that is nobody knows, and the rest of the text is not read.
func (l *lexer) closed(end int, k kind) kind {
	l.pos = end
	if l.version > 0 && end > l.version {
		l.pos = len(l.text)
		return str
	}
	return k
}

// quoted reads the identifier that begins with the quote at pos.
func (l *lexer) quoted(quote byte) kind {
	l.from = l.pos + 1
	for i := l.from; ; {
		n := bytes.IndexByte(l.text[i:], quote)
		if n < 0 {
			return l.unclosed()
		}
		end := i + n
		if end+1 < len(l.text) && l.text[end+1] == quote {
			i = end + 2
			continue
		}
		l.to, l.quotes = end, true
		return l.closed(end+1, isName)
	}
}

// bracketed reads [an identifier], which neither server of today knows, but many a proxy in front of one does. Only where no
// index can stand, and only words: a list never looks like that.
func (l *lexer) bracketed() kind {
	n := bytes.IndexByte(l.text[l.pos:], ']')
	if n < 2 || !is(l.text[l.pos+1], letter) {
		return atEnd
	}
	for _, c := range l.text[l.pos+1 : l.pos+n] {
		if c != ' ' && !is(c, inWord) {
			return atEnd
		}
	}
	l.from, l.to, l.quotes = l.pos+1, l.pos+n, true
	return l.closed(l.to+1, isName)
}

// dollar reads what begins with '$': a parameter, a string between two tags, or (MySQL) a word.
func (l *lexer) dollar() kind {
	if is(l.peek(1), digit) {
		l.pos++
		return l.number()
	}
	i := l.pos + 1
	for i < len(l.text) && l.text[i] != '$' && is(l.text[i], inWord) {
		i++
	}
	if i == len(l.text) && l.cut {
		l.pos = i
		return atEnd
	}
	if i < len(l.text) && l.text[i] == '$' {
		tag := l.text[l.pos : i+1]
		n := bytes.Index(l.text[i+1:], tag)
		if n < 0 {
			return l.unclosed()
		}
		return l.closed(i+1+n+len(tag), str)
	}
	if i > l.pos+1 {
		return l.word()
	}
	return atEnd
}

// number skips a number of any kind, and what sticks to it.
func (l *lexer) number() kind {
	i, hex := l.pos, l.peek(0) == '0' && fold[l.peek(1)] == 'x'
	for ; i < len(l.text); i++ {
		c := l.text[i]
		if is(c, inWord) || c == '.' {
			continue
		}
		if (c == '-' || c == '+') && !hex && i > l.pos && fold[l.text[i-1]] == 'e' && i+1 < len(l.text) && is(l.text[i+1], digit) {
			continue
		}
		break
	}
	l.pos = i
	return literal
}
