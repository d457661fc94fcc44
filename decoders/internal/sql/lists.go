package sql

// list is a bracket whose elements are compared: equal neighbours count as one.
type list struct {
	depth    int
	outer    uint64 // the fingerprint in front of this element
	previous uint64 // that of the element before
	mark     int    // length of the text in front of this element's comma
	elements int
	query    bool // a subquery: its commas separate no elements
}

const maxLists = 16 // one within the other; deeper ones keep their length

func (r *reader) openList() {
	if r.nested == maxLists {
		return
	}
	r.lists[r.nested] = list{depth: r.depth, outer: r.h, mark: r.written()}
	r.nested++
	r.h = seed
}

// element ends one.
func (r *reader) element() *list {
	l := &r.lists[r.nested-1]
	if l.elements > 0 && r.h == l.previous {
		r.truncate(l.mark)
	} else {
		l.outer = mix(l.outer, r.h)
	}
	l.previous = r.h
	l.elements++
	return l
}

func (r *reader) closeList() {
	r.h = r.element().outer
	r.nested--
}

// comma ends an element of a list; false: it is a comma like others.
func (r *reader) comma() bool {
	if r.nested == 0 || r.lists[r.nested-1].depth != r.depth || r.lists[r.nested-1].query {
		return false
	}
	r.flushSign()
	l := r.element()
	l.mark = r.written()
	r.h = seed
	if r.build {
		r.writePunct(',', false)
		r.finder.onPunct(r, ',')
	}
	r.done(punct, noKeyword)
	return true
}

// rows is where the reader stands in VALUES (…), (…): of the rows the first is read, the others are passed over.
type rows uint8

const (
	noRows   rows = iota
	rowWord       // VALUES ROW
	inRow         // the first
	afterRow      // behind ')'
	rowComma      // behind the comma after it
	passing       // in another row
)

// skipRows says that the token belongs to a row that is passed over.
func (r *reader) skipRows(k kind) bool {
	switch r.rows {
	case afterRow:
		if k == punct && r.char == ',' {
			r.rows, r.rowHash, r.rowMark = rowComma, r.h, r.written()
			return false
		}
		r.rows = noRows
	case rowComma:
		switch {
		case k == punct && r.char == '(':
			r.h, r.rows = r.rowHash, passing
			r.truncate(r.rowMark)
			r.depth++
			return true
		case k == isWord && r.isRow():
			return true
		}
		r.rows = noRows
	case passing:
		r.pass(k)
		return true
	}
	return false
}

func (r *reader) pass(k kind) {
	if k != punct {
		return
	}
	switch r.char {
	case '(', '[', '{':
		r.depth++
	case ')', ']', '}':
		if r.depth--; r.depth == r.rowsDepth {
			r.rows = afterRow
			r.done(punct, noKeyword)
		}
	}
}

func (r *reader) isRow() bool {
	e := keywords.find(&r.key)
	return e != nil && e.id == kwRow
}
