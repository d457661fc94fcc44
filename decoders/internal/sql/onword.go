package sql

func (r *reader) onWord() {
	e := keywords.find(&r.key)
	if r.verb == nothing {
		r.firstWord(e)
	}
	if e == nil || e.id == kwUser && !r.verb.aboutPeople() {
		r.plainWord()
		return
	}
	if e.id == kwConstant && r.last != kwIs && r.last != kwNot {
		r.onLiteral(literal)
		return
	}
	if r.last == kwValues && e.id == kwRow {
		r.rows = rowWord
	}
	r.add(0, r.hash)
	r.keyword(e)
	if r.build {
		r.write(e.name, wide)
		r.finder.onKeyword(r, e)
	}
	r.done(isWord, e.id)
}

// firstWord is the verb, if it is one.
func (r *reader) firstWord(e *entry) {
	if e == nil {
		r.first(unknown)
		return
	}
	r.first(e.verb)
}

// plainWord is a name of some kind.
func (r *reader) plainWord() {
	if r.from == r.glued { // 'it's: the quotes do not fit
		r.broken = true
	}
	if r.hidden() {
		r.onLiteral(literal)
		return
	}
	r.add(0, r.hash)
	if r.build {
		r.writeWord()
		r.finder.onName(r)
	}
	r.done(isWord, noKeyword)
}

// keyword acts upon what a keyword means.
func (r *reader) keyword(e *entry) {
	switch e.id {
	case kwBegin, kwCase, kwEnd, kwIf, kwLoop, kwAtomic:
		r.function(e.id)
	case kwAs:
		r.hide = r.hide && !r.verb.hidesNames()
	case kwFor:
		r.hide = r.hide && !r.verb.hidesNames() || r.verb == vSet
	case kwUser:
		r.hide = r.hide || r.depth == 0 && r.verb.aboutPeople()
	case kwTo, kwFrom:
		r.hide = r.hide || r.depth == 0 && (r.verb == vSet || r.verb == vRollback || r.verb == vGrant || r.verb == vRevoke)
	case kwTransaction:
		if r.verb == vStart {
			r.verb = vBegin
		}
	case kwSelect, kwWith, kwValues:
		if r.nested > 0 && r.lists[r.nested-1].depth == r.depth {
			r.lists[r.nested-1].query = true
		}
	}
	if r.verb == vWith && r.depth == 0 && e.verb.main() && e.verb != vWith {
		r.verb = e.verb
	}
}

// function follows BEGIN … END in the body of a function, where ';' ends nothing.
func (r *reader) function(w keyword) {
	switch {
	case w == kwAtomic && r.verb == vBegin: // MariaDB: BEGIN NOT ATOMIC
		r.body = 1
	case r.verb != vCreate && r.body == 0:
	case w == kwBegin, w == kwCase && r.body > 0 && r.last != kwEnd:
		r.body++
	case w == kwEnd && r.body > 0:
		r.body--
	case (w == kwIf || w == kwLoop) && r.last == kwEnd: // END IF ends no BEGIN
		r.body++
	}
}

// hidden says that a name is not to be shown here. (In SET x = (SELECT …) the subquery is.)
func (r *reader) hidden() bool {
	return r.hide && (r.depth <= 0 || r.verb != vSet) || r.dialect == MySQL && r.kind == punct && r.char == '@' && r.variable()
}

// variable says that the name behind an '@' is a user's: @total, but not @@version.
func (r *reader) variable() bool {
	i := r.from - 1
	if r.quotes {
		i--
	}
	return i > 0 && r.text[i] == '@' && r.text[i-1] != '@'
}
