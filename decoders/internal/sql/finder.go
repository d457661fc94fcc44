package sql

import "bytes"

// finder looks for the table of a statement: the first of the main query. A subquery in front of it does not count, nor the name of a
// common table expression; when the main query names nothing else, the first table of its subqueries and expressions does.
// What is called like a function is no table.
type finder struct {
	expect   bool // the next name is a table
	loose    bool // … a word that is a keyword too
	function bool // … but not with a '(' behind it

	naming, dotted bool
	name           []byte

	queries  uint64 // the depths at which a SELECT or DELETE was met
	anchored bool   // the main query has come to its tables
	table    []byte // the one
	other    []byte // the first that was met elsewhere
	ctes     [][]byte
}

const (
	maxName = 128 // bytes of a table's name, schema included
	maxCTEs = 16
)

// want makes the next name a table.
func (f *finder) want(r *reader, from bool) {
	if f.table != nil {
		return
	}
	f.expect, f.loose, f.function = true, from, from
	f.anchored = f.anchored || r.depth == 0 && r.verb != vWith
}

// onName takes a word that is no keyword, or a quoted identifier.
func (f *finder) onName(r *reader) {
	switch {
	case f.naming && f.dotted:
		f.part(r)
		return
	case f.naming:
		f.end(r, false)
	case f.expect:
		f.naming, f.expect, f.name = true, false, nil
		f.part(r)
		return
	}
	if r.verb == vWith && r.depth == 0 && len(f.ctes) < maxCTEs && (r.last == kwWith || r.last == kwRecursive || r.kind == punct && r.char == ',') {
		f.ctes = append(f.ctes, bytes.Clone(r.text[r.from:r.to]))
	}
}

// part adds a part of the name.
func (f *finder) part(r *reader) {
	if f.dotted {
		f.name = append(f.name, '.')
	}
	f.dotted = false
	for _, c := range r.text[r.from:min(r.to, r.from+maxName)] {
		switch {
		case !r.quotes && r.dialect == PostgreSQL:
			c = fold[c]
		case is(c, space):
			c = ' '
		}
		f.name = append(f.name, c)
	}
	f.name = f.name[:min(len(f.name), maxName)]
}

// end ends the name.
func (f *finder) end(r *reader, bracket bool) {
	f.naming, f.dotted = false, false
	switch {
	case bracket && f.function || f.table != nil:
	case f.anchored && !f.isCTE():
		f.table = f.name
	case f.other == nil && !f.isCTE():
		f.other = f.name
	}
}

func (f *finder) isCTE() bool {
	for _, c := range f.ctes {
		if bytes.EqualFold(c, f.name) {
			return true
		}
	}
	return false
}

func (f *finder) onPunct(r *reader, c byte) {
	if f.naming {
		if c == '.' {
			f.dotted = true
			return
		}
		f.end(r, c == '(')
	}
	switch c {
	case '(':
		f.queries &^= bit(r.depth + 1)
	case ')', ',', '{':
	default:
		f.expect = false
	}
}

func bit(depth int) uint64 {
	if depth < 0 || depth > 63 {
		return 0
	}
	return 1 << depth
}

func (f *finder) onLiteral(r *reader) {
	if f.naming {
		f.end(r, false)
	}
	f.expect = false
}

func (f *finder) onKeyword(r *reader, e *entry) {
	if f.naming && f.dotted {
		f.part(r)
		return
	}
	if f.naming {
		f.end(r, false)
	}
	if f.expect && f.loose && (e.id == kwOther && e.verb == nothing || e.id == kwUser) {
		f.onName(r)
		return
	}
	f.expect = f.expect && (e.id == kwModifier || e.id == kwIf || e.id == kwNot || e.verb == vAnalyze)
	f.clause(r, e)
}

// clause sees whether a table follows.
func (f *finder) clause(r *reader, e *entry) {
	query := f.queries&bit(r.depth) != 0
	switch {
	case e.verb == vSelect || e.verb == vDelete:
		f.queries |= bit(r.depth)
	case e.id == kwFrom:
		if query && r.last != kwDistinct {
			f.want(r, true)
		}
	case e.id == kwJoin:
		f.want(r, true)
	case query:
	case e.id == kwInto:
		f.want(r, false)
		f.loose = true
	case e.id == kwTable:
		if r.verb != vShow || r.last == kwCreate {
			f.want(r, false)
		}
	case e.id == kwOn:
		if r.verb == vCreate || r.verb == vDrop || r.verb == vGrant || r.verb == vRevoke {
			f.want(r, false)
		}
	case e.verb.takesTable():
		f.want(r, false)
		f.loose = e.verb == vUpdate
	}
}

// finish ends a name that the text ends with.
func (f *finder) finish(r *reader) {
	if f.naming {
		f.end(r, false)
	}
}

// resource is the table's name; nil when there is none.
func (r *reader) resource() []byte {
	switch {
	case r.verb == unknown || r.broken:
		return nil
	case r.table != nil:
		return valid(r.table)
	}
	return valid(r.finder.other)
}

func valid(name []byte) []byte { return bytes.Clone(bytes.ToValidUTF8(name, []byte("?"))) }
