package mysql

import (
	"bytes"

	"wire_exporter/decoders"
)

// readText makes q's statement of its text. cut: the end of the text is missing.
func (c *conn) readText(q *command, body []byte, cut bool) {
	if q.cmd == comQuery {
		body = afterAttributes(body)
	}
	if c.d.raw {
		before := q.text.Cap()
		q.text.Set(body, len(body))
		c.d.grown(c.w, q.text.Cap()-before)
	}
	rest := body
	for i := range maxStatements + 1 {
		if i == maxStatements { // whatever they do
			c.namesQuoted, q.quotesNames = false, false
			break
		}
		sql, n := c.d.book.NextQuoted(rest, cut, c.quotes())
		if sql == nil {
			break
		}
		if i == 0 {
			q.sql = sql
		}
		if q.cmd == comQuery {
			q.controls.add(i, sql)
			c.follow(q, sql, rest[:n], cut)
			if string(sql.Operation) == "USE" {
				q.database = c.d.name(useTarget(rest[:n]))
			}
		}
		if rest = rest[n:]; len(rest) == 0 || q.cmd == comPrepare {
			break
		}
	}
	if q.cmd == comPrepare {
		c.preparing(q.sql)
	}
}

// readStatement finds the prepared statement that q is about.
func (c *conn) readStatement(q *command, body []byte) {
	if id, ok := statementID(body); ok {
		q.sql = c.p.find(id)
	}
}

// useTarget is the name in a USE statement.
func useTarget(text []byte) []byte {
	text = skipBlank(text)
	const use = len("USE")
	if len(text) <= use {
		return nil
	}
	text = skipBlank(text[use:])
	if len(text) > 0 && (text[0] == '`' || text[0] == '"') {
		name, _, _ := bytes.Cut(text[1:], text[:1])
		return name
	}
	if i := bytes.IndexAny(text, "; \t\r\n"); i >= 0 {
		text = text[:i]
	}
	return text
}

// skipBlank drops white space and comments in front of text.
func skipBlank(text []byte) []byte {
	for {
		text = bytes.TrimLeft(text, " \t\r\n\f\v;")
		end := ""
		switch {
		case bytes.HasPrefix(text, []byte("/*")):
			end = "*/"
		case bytes.HasPrefix(text, []byte("--")), bytes.HasPrefix(text, []byte("#")):
			end = "\n"
		default:
			return text
		}
		_, rest, found := bytes.Cut(text, []byte(end))
		if !found {
			return nil
		}
		text = rest
	}
}

// afterAttributes is the SQL text of a COM_QUERY: query attributes (CLIENT_QUERY_ATTRIBUTES) stand in front of it, if at all. They
// show: their second byte, the number of sets, is 1, and no SQL text has such a byte there, nor a first one below a tab.
func afterAttributes(body []byte) []byte {
	if len(body) < 2 || body[1] != 1 || body[0] > 0xfa {
		return body
	}
	count := int(body[0])
	if count == 0 {
		return body[2:]
	}
	a := reader{b: body[2:]}
	nulls := a.take((count + 7) / 8)
	if bound := a.take(1); len(bound) == 0 || bound[0] != 1 {
		return body
	}
	var types [maxAttributes]byte
	if count > len(types) {
		return nil
	}
	for i := range count {
		if t := a.take(2); len(t) == 2 {
			types[i] = t[0]
		}
		a.text() // the name
	}
	for i := range count {
		if len(nulls) > i/8 && nulls[i/8]>>(i%8)&1 == 0 {
			a.value(types[i])
		}
	}
	if a.bad {
		return nil // it is cut within the attributes
	}
	return a.b
}

// maxAttributes is how many attributes a query may have to be understood; tracers send one or two.
const maxAttributes = 64

// value drops a value of the binary protocol, as it is in COM_STMT_EXECUTE.
func (a *reader) value(kind byte) {
	const (
		tiny, short, long, float, double, null, timestamp, longlong = 1, 2, 3, 4, 5, 6, 7, 8
		int24, date, clock, datetime, year                          = 9, 10, 11, 12, 13
	)
	switch kind {
	case null:
	case tiny:
		a.take(1)
	case short, year:
		a.take(2)
	case long, int24, float:
		a.take(4)
	case longlong, double:
		a.take(8)
	case date, datetime, timestamp, clock:
		if n := a.take(1); len(n) == 1 {
			a.take(int(n[0]))
		}
	default:
		a.text()
	}
}

// reader takes pieces off the front of a message that may be shorter than it says; then it is bad, and has nothing more.
type reader struct {
	b   []byte
	bad bool
}

func (a *reader) take(n int) []byte {
	if n > len(a.b) {
		a.b, a.bad = nil, true
		return nil
	}
	t := a.b[:n]
	a.b = a.b[n:]
	return t
}

// number is a length-encoded integer; 0 when there is none.
func (a *reader) number() (n uint64) {
	first := a.take(1)
	if len(first) == 0 {
		return 0
	}
	size := 0
	switch first[0] {
	case 0xfc:
		size = 2
	case 0xfd:
		size = 3
	case 0xfe:
		size = 8
	case 0xfb, 0xff: // NULL, an error
		a.b, a.bad = nil, true
		return 0
	default:
		return uint64(first[0])
	}
	b := a.take(size)
	for i := range b {
		n |= uint64(b[i]) << (8 * i)
	}
	return n
}

// text is a length-encoded string.
func (a *reader) text() []byte {
	n := a.number()
	if n > uint64(len(a.b)) {
		a.b, a.bad = nil, true
		return nil
	}
	return a.take(int(n))
}

// upToNUL is a string that ends with a NUL.
func (a *reader) upToNUL() []byte {
	text, rest, found := bytes.Cut(a.b, []byte{0})
	if !found {
		a.bad = true
	}
	a.b = rest
	return text
}

// maxStatements is how many statements of one command are looked at.
const maxStatements = 16

// controls says for the first statements of a command what each does to the SQL transaction: four bits a statement.
type controls uint64

// control is what a statement does to the SQL transaction.
type control uint8

const (
	noControl  control = iota // nothing by itself; a statement that commits implicitly is one of these
	begins                    // BEGIN, START TRANSACTION: commits what is open
	commits                   // COMMIT, XA COMMIT, XA PREPARE
	rollsBack                 // ROLLBACK, XA ROLLBACK
	rollsOn                   // ROLLBACK AND CHAIN: another begins at once
	savepoint                 // ROLLBACK TO a savepoint: the transaction goes on
	unforeseen                // CALL, EXECUTE, a block: whatever is in there
)

func (x *controls) add(i int, sql *decoders.Statement) {
	*x |= controls(controlOf(sql)) << (4 * i)
}

// at is what the statement of the i-th result does. Behind a CALL, which may have any number of results, nobody knows.
func (x controls) at(i uint8) control {
	if i >= maxStatements {
		return unforeseen
	}
	for before := range i {
		if x.of(before) == unforeseen {
			return unforeseen
		}
	}
	return x.of(i)
}

func (x controls) of(i uint8) control { return control(x >> (4 * i) & 15) }

func controlOf(sql *decoders.Statement) control {
	switch string(sql.Operation) {
	case "BEGIN", "START":
		if hasWord(sql.Text, "ATOMIC") { // BEGIN NOT ATOMIC: a block of statements
			return unforeseen
		}
		return begins
	case "COMMIT":
		return commits
	case "ROLLBACK":
		switch {
		case hasWord(sql.Text, "CHAIN") && !hasWord(sql.Text, "NO"):
			return rollsOn
		case hasWord(sql.Text, "TO"):
			return savepoint
		}
		return rollsBack
	case "XA":
		switch {
		case hasWord(sql.Text, "ROLLBACK"):
			return rollsBack
		case hasWord(sql.Text, "COMMIT"), hasWord(sql.Text, "PREPARE"):
			return commits
		}
	case "CALL", "EXECUTE":
		return unforeseen
	}
	return noControl
}

// hasWord says whether one of text's words is word, in any case.
func hasWord(text []byte, word string) bool {
	for len(text) > 0 {
		var w []byte
		if i := bytes.IndexAny(text, " ;\t\r\n"); i >= 0 {
			w, text = text[:i], text[i+1:]
		} else {
			w, text = text, nil
		}
		if len(w) == len(word) && bytes.EqualFold(w, []byte(word)) {
			return true
		}
	}
	return false
}
