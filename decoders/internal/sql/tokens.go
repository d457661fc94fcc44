package sql

// add takes a token that is neither comma of a list nor literal into the fingerprint.
func (r *reader) add(class, v uint64) {
	if r.sign != 0 {
		r.flushSign()
	}
	r.h = mix(r.h+class, v)
}

// flushSign takes back the hope that a sign belongs to a number.
func (r *reader) flushSign() {
	if r.sign == 0 {
		return
	}
	r.h = mix(r.h+hashPunct, uint64(r.sign))
	if r.build {
		r.writePunct(r.sign, true)
	}
	r.sign = 0
}

func (r *reader) onLiteral(k kind) {
	if r.verb == nothing && !r.braces {
		r.first(unknown)
	}
	if k == str {
		r.glued = r.pos
		if r.kind == str { // 'a' 'b' is 'ab'
			return
		}
	}
	r.sign = 0
	r.h = mix(r.h, hashLiteral)
	if r.build {
		r.write("?", wide)
		r.finder.onLiteral(r)
	}
	r.done(k, noKeyword)
}

// done notes the last token.
func (r *reader) done(k kind, w keyword) {
	r.kind, r.last = k, w
	r.operand = k != punct && w == noKeyword || w == kwArray || k == punct && (r.char == ')' || r.char == ']')
}

func (r *reader) onName() {
	if r.verb == nothing {
		r.first(unknown)
	}
	if r.hidden() {
		r.onLiteral(literal)
		return
	}
	r.add(0, r.nameHash())
	if r.build {
		r.writeName()
		r.finder.onName(r)
	}
	r.done(isName, noKeyword)
}

// nameHash is that of the same word without quotes where they make no difference: always in MySQL, in lower case in PostgreSQL.
func (r *reader) nameHash() uint64 {
	name := r.text[r.from:r.to]
	var h, chunk uint64
	quotes := false
	for i, c := range name {
		f := fold[c]
		if r.dialect == PostgreSQL {
			quotes, f = quotes || f != c, c
		}
		quotes = quotes || !is(c, inWord)
		if i > 0 && i%8 == 0 {
			if i == 8 {
				h, chunk = chunk, 0
			} else {
				h, chunk = mix(h, chunk), 0
			}
		}
		chunk = chunk<<8 | uint64(f)
	}
	if h = mix(h, chunk); len(name) <= 8 {
		h = chunk
	}
	if quotes {
		h = mix(h, hashName)
	}
	return h
}

func (r *reader) onPunct() {
	c := r.char
	switch c {
	case '+', '-':
		if !r.operand {
			r.flushSign()
			r.sign = c
			r.done(punct, noKeyword)
			return
		}
	case ',':
		if r.comma() {
			return
		}
	case '(', '[', '{':
		r.open()
		return
	case ')', ']', '}':
		r.close()
		return
	}
	if c == '!' && r.peek(0) == '=' { // another way to write <>
		r.operatorByte('<')
		r.pos++
		c = '>'
	}
	r.operatorByte(c)
	r.after(c)
}

func (r *reader) operatorByte(c byte) {
	r.add(hashPunct, uint64(c))
	if r.build {
		r.writePunct(c, false)
	}
}

func (r *reader) after(c byte) {
	switch {
	case r.verb == vSet && r.depth == 0 && c == '=':
		r.hide = true
	case r.verb == vSet && r.depth == 0 && c == ',' && r.dialect == MySQL:
		r.hide = false
	}
	if r.build {
		r.finder.onPunct(r, c)
	}
	r.done(punct, noKeyword)
}

func (r *reader) open() {
	c := r.char
	r.add(hashPunct, uint64(c))
	if r.build {
		r.writePunct(c, false)
		r.finder.onPunct(r, c)
	}
	r.depth++
	switch {
	case r.last == kwIn || r.last == kwField || r.last == kwArray:
		r.openList()
	case r.last == kwValues || r.last == kwRow && r.rows == rowWord:
		r.rows, r.rowsDepth = inRow, r.depth-1
	}
	r.braces = r.braces || c == '{' && r.verb == nothing
	r.done(punct, noKeyword)
}

func (r *reader) close() {
	c := r.char
	r.depth--
	if r.nested > 0 && r.lists[r.nested-1].depth > r.depth {
		r.flushSign()
		r.closeList()
	}
	r.add(hashPunct, uint64(c))
	if r.build {
		r.writePunct(c, false)
		r.finder.onPunct(r, c)
	}
	if r.rows == inRow && r.depth == r.rowsDepth {
		r.rows = afterRow
	}
	r.char = c
	r.done(punct, noKeyword)
}
