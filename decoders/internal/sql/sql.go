// Package sql reads the text of SQL statements as far as monitoring needs it: in goes a text as it came over the wire, out
// comes a decoders.Statement a statement: the verb, the first table, a fingerprint that is equal for texts which differ in
// literals, white space, comments and lengths of lists only, and the text without its literals. It is a tokenizer, not a
// parser: it accepts everything and understands little. No byte of a literal ever gets into a Statement.
package sql

import "wire_exporter/decoders"

// Dialect is what strings, quotes and comments look like.
type Dialect uint8

// The dialects.
const (
	PostgreSQL Dialect = iota
	MySQL
)

// Quoting says what a backslash in an ordinary string does. Where a string ends hangs on it, and so what is a literal.
type Quoting uint8

// The ways of quoting.
const (
	// Usual is a backslash that escapes for MySQL, and Unsure for PostgreSQL.
	Usual Quoting = iota
	// Escapes is a backslash that escapes: MySQL; PostgreSQL with standard_conforming_strings off.
	Escapes
	// Plain is a backslash like any other byte: PostgreSQL with standard_conforming_strings on; MySQL in the mode
	// NO_BACKSLASH_ESCAPES (a status flag of its responses).
	Plain
	// Unsure is not knowing: a text in which it matters (a backslash in front of a quote) is not read any further.
	Unsure

	// Names may be added for MySQL: "…" is an identifier and no string, as in the mode ANSI_QUOTES. To be said only where that is certain, or
	// literals would be shown.
	Names Quoting = 4
)

// MaxText is the most bytes a Statement's Text may have.
const MaxText = 2048

// Next reads the first statement of text, n bytes with the ';' that ends it. s is nil when nothing but white space, comments
// and ';' is left. cut says that the end of text is missing. For a fingerprint that is known it does not allocate.
func (b *Book) Next(text []byte, cut bool) (s *decoders.Statement, n int) {
	return b.NextQuoted(text, cut, Usual)
}

// NextQuoted is Next for a connection whose quoting is known.
func (b *Book) NextQuoted(text []byte, cut bool, quoting Quoting) (s *decoders.Statement, n int) {
	m, key := b.place(text, cut, quoting)
	if m != nil && m.hash == key && m.statement != nil {
		return m.statement, m.n
	}
	x, shape := b.shapeOf(text, cut, quoting)
	if x != nil && x.hash == shape && x.statement != nil {
		return x.statement, len(text)
	}
	s, n = b.read(text, cut, quoting)
	if m != nil {
		*m = memo{key, s, n}
	}
	if x != nil && n == len(text) { // else it hangs on the literals where the statement ends
		*x = shaped{shape, s}
	}
	return s, n
}

func (b *Book) read(text []byte, cut bool, quoting Quoting) (s *decoders.Statement, n int) {
	r := &b.reader
	r.reset(text, cut, b.dialect, quoting)
	r.read(false)
	n = r.pos
	if r.verb != nothing {
		id := r.id()
		if s = b.find(id); s == nil {
			r.reset(text, cut, b.dialect, quoting)
			r.read(true)
			s = b.add(id, r)
		}
	}
	r.text = nil
	return s, n
}
