package sql

import "bytes"

// comment skips a comment that begins at pos with c; false: there is none.
func (l *lexer) comment(c byte) bool {
	switch c {
	case '-':
		if l.peek(1) != '-' || l.dialect == MySQL && l.pos+2 < len(l.text) && !is(l.text[l.pos+2], space) {
			return false // MySQL: 1--1 is 2
		}
		l.line()
	case '#':
		if l.dialect != MySQL {
			return false
		}
		l.line()
	case '/':
		if l.peek(1) != '*' {
			return false
		}
		l.block()
	case '*':
		if l.version == 0 || l.pos != l.version-2 {
			return false
		}
		l.pos, l.version = l.version, 0
	default:
		return false
	}
	return true
}

// line skips the rest of a line.
func (l *lexer) line() {
	for ; l.pos < len(l.text); l.pos++ {
		if c := l.text[l.pos]; c == '\n' || c == '\r' && l.dialect == PostgreSQL {
			break
		}
	}
	if l.version > 0 && l.pos > l.version {
		l.pos = len(l.text) // see closed
	}
}

// block skips /* … */; in PostgreSQL they nest. Of a version comment (/*!50100 … */, MariaDB: /*M! … */) only the marks are skipped:
// the server reads what is between them.
func (l *lexer) block() {
	if l.dialect == MySQL && (l.peek(2) == '!' || l.peek(2) == 'M' && l.peek(3) == '!') {
		l.pos += bytes.IndexByte(l.text[l.pos:], '!') + 1
		for n := 0; n < 6 && is(l.peek(0), digit); n++ {
			l.pos++
		}
		l.version = l.blockEnd(l.pos)
		return
	}
	if l.dialect == MySQL {
		l.pos = l.blockEnd(l.pos + 2)
	} else {
		l.nested()
	}
	if l.version > 0 && l.pos >= l.version {
		l.version = l.blockEnd(l.pos)
	}
}

// blockEnd is the place behind the next end of a comment.
func (l *lexer) blockEnd(from int) int {
	if from < len(l.text) {
		if n := bytes.Index(l.text[from:], []byte("*/")); n >= 0 {
			return from + n + 2
		}
	}
	return len(l.text)
}

func (l *lexer) nested() {
	depth, i := 1, l.pos+2
	for ; depth > 0 && i+1 < len(l.text); i++ {
		switch {
		case l.text[i] == '*' && l.text[i+1] == '/':
			depth--
			i++
		case l.text[i] == '/' && l.text[i+1] == '*':
			depth++
			i++
		}
	}
	if depth > 0 {
		i = len(l.text)
	}
	l.pos = i
}
