package sql

// reader reads one statement: it hashes its tokens as they come, and on demand writes them down. Lists of like elements behind IN,
// FIELD and ARRAY, and rows behind VALUES, count as one.
type reader struct {
	lexer
	h     uint64 // the fingerprint so far, within the innermost list
	build bool   // write, and look for the table

	verb   verb
	depth  int     // of brackets of all kinds
	braces bool    // within an ODBC escape that began the statement
	body   int     // of BEGIN … END within CREATE
	hide   bool    // names that come and go, or are somebody's: as good as literals
	kind   kind    // of the last token
	last   keyword // of the last token
	sign   byte    // a '+' or '-' that may belong to a number; 0: none
	glued  int     // where the last string ended

	lists  [maxLists]list
	nested int // lists in use

	rows      rows
	rowsDepth int
	rowHash   uint64 // h and the length of the text behind the last row that counted
	rowMark   int

	writer
	finder
}

// seed begins every fingerprint; a change of how they are made changes it.
const seed = 1

// What is hashed for tokens other than words.
const (
	hashLiteral = 1<<32 + iota
	hashPunct
	hashName
	hashBroken
)

func (r *reader) reset(text []byte, cut bool, d Dialect, q Quoting) {
	r.lexer = lexer{text: text, cut: cut, dialect: d, quoting: q &^ Names, names: q&Names != 0}
	r.h, r.verb, r.depth, r.braces, r.body, r.hide = seed, nothing, 0, false, 0, false
	r.kind, r.last, r.sign, r.glued, r.nested, r.rows = atEnd, noKeyword, 0, -1, 0, noRows
}

// read goes through one statement.
func (r *reader) read(build bool) {
	if r.build = build; build {
		r.writer, r.finder = writer{}, finder{}
	}
	for {
		k := r.next()
		if k == atEnd || k == punct && r.char == ';' && r.ends() {
			break
		}
		if k == punct && r.char == ';' && r.kind == atEnd {
			continue // an empty statement
		}
		if r.rows != noRows && r.skipRows(k) {
			continue
		}
		r.token(k)
	}
	r.finish()
}

// ends says whether a ';' ends the statement, or belongs to the body of a function.
func (r *reader) ends() bool { return r.kind != atEnd && r.depth <= 0 && r.body <= 0 }

func (r *reader) token(k kind) {
	switch k {
	case isWord:
		r.onWord()
	case isName:
		r.onName()
	case punct:
		r.onPunct()
	default:
		r.onLiteral(k)
	}
}

// finish closes what is open. Of a list that the cut went through, what counts is what was whole.
func (r *reader) finish() {
	r.flushSign()
	if r.rows == rowComma && r.cut {
		r.h = r.rowHash
		r.truncate(r.rowMark)
	}
	for r.nested > 0 {
		if l := &r.lists[r.nested-1]; r.cut && l.elements > 0 {
			r.h = l.outer
			r.truncate(l.mark)
			r.nested--
		} else {
			r.closeList()
		}
	}
	if r.kind != atEnd && r.verb == nothing {
		r.verb = unknown
	}
	if r.build {
		r.finder.finish(r)
	}
}

// id is the fingerprint, never 0. All texts that are no SQL to begin with have one in common.
func (r *reader) id() uint64 {
	switch {
	case r.verb == unknown:
		return 1
	case r.broken:
		return max(2, mix(hashBroken, uint64(r.verb)))
	}
	return max(2, r.h)
}

// first notes the verb.
func (r *reader) first(v verb) {
	r.verb = max(v, unknown)
	r.hide = v.hidesNames()
}
