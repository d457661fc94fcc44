package sql

import (
	"bytes"
	"testing"
)

// TestShape: which texts are one statement without being read.
func TestShape(t *testing.T) {
	const none = ""
	for _, c := range []struct {
		dialect Dialect
		a, b    string // none: a has no shape
		equal   bool
		quoting Quoting
	}{
		{PostgreSQL, "SELECT a1 FROM t WHERE b = 1 AND c = 'x'", "SELECT a1 FROM t WHERE b = 4711.50 AND c = 'it''s'", false, Usual}, // '' is another string to the shape
		{PostgreSQL, "SELECT a1 FROM t WHERE b = 1 AND c = 'x'", "SELECT a1 FROM t WHERE b = 4711.50 AND c = ''", true, Usual},
		{PostgreSQL, "SELECT a1 FROM t", "SELECT a2 FROM t", false, Usual},
		{PostgreSQL, "SELECT $1", "SELECT $2", false, Usual},
		{PostgreSQL, "SELECT 1 FROM t", "SELECT  1 FROM t", false, Usual},
		{PostgreSQL, `SELECT "a 1"`, `SELECT "a 2"`, false, Usual},
		{PostgreSQL, `SELECT 'a\'`, none, false, Usual},
		{PostgreSQL, "SELECT 'a", none, false, Usual},
		{PostgreSQL, "SELECT $a$ 1 $a$", none, false, Usual},
		{PostgreSQL, "SELECT 1 -- it's", none, false, Usual},
		{PostgreSQL, "SELECT 1 /* it's */", none, false, Usual},
		{PostgreSQL, "SELECT [a 1]", none, false, Usual},
		{PostgreSQL, "SELECT ARRAY[1, 2]", "SELECT ARRAY[3, 4]", true, Usual},
		{PostgreSQL, "SELECT 1 - 2 / 3", "SELECT 4 - 5 / 6", true, Usual},
		{PostgreSQL, "SELECT 1e5", "SELECT 2e5", false, Usual},
		{PostgreSQL, "SELECT 0x1f", "SELECT 0x2f", false, Usual},
		{MySQL, "SELECT `a 1`", "SELECT `a 2`", false, Usual},
		{MySQL, `SELECT "a 1"`, `SELECT "b"`, true, Usual},
		{MySQL, `SELECT "a 1"`, `SELECT "a 2"`, false, Names},
		{MySQL, "SELECT 1 # it's", none, false, Usual},
		{MySQL, "SELECT 1; SELECT 2", "SELECT 3; SELECT 4", true, Usual},
	} {
		book := NewBook(c.dialect, nil)
		a, ok := book.shape([]byte(c.a), c.quoting)
		if ok != (c.b != none) {
			t.Errorf("%s has a shape: %v", c.a, ok)
		} else if b, _ := book.shape([]byte(c.b), c.quoting); ok && (a == b) != c.equal {
			t.Errorf("%s and %s are one: %v", c.a, c.b, a == b)
		}
	}
}

// TestShapeEnds: of two statements in a text the first ends where it ends, whatever is in it.
func TestShapeEnds(t *testing.T) {
	book := NewBook(MySQL, nil)
	for _, text := range []string{"SELECT 1; SELECT 2", "SELECT 100; SELECT 2", "SELECT 10;", "SELECT 1;", "SELECT 4; "} {
		if _, n := book.Next([]byte(text), false); n != 1+bytes.IndexByte([]byte(text), ';') {
			t.Errorf("%s: %d bytes", text, n)
		}
	}
}

// FuzzShape changes a text a little everywhere: whatever keeps its shape is read as the same statement, to its end as the text was. The seeds
// are the tokens that hide where a literal ends.
func FuzzShape(f *testing.F) {
	for _, s := range []string{
		sample, "a=1.5e-3+.5-0x1e-5*$1,@1,:b,2::int", "'a' 'b'\n'c''d'\"e1\"`f2`[g 3][4]", "n'a'e'b'x'c'u&'d'U&\"e\"", "SET a=1;b 2", "--1 /1 #1 $1$ $a$1$a$",
		"VALUES (1,'a'),(-2,+3)", "IN (1,1,2) OR a IN ('b')", "SAVEPOINT s1; 'x'y", "1.2.3 1..2 a.1 'b'.1 1a a1",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		text = text[:min(len(text), 100)]
		for how := range 3 {
			d, names := []Dialect{PostgreSQL, MySQL, MySQL}[how], []Quoting{0, 0, Names}[how]
			book := NewBook(d, nil)
			shape, ok := book.shape(text, names)
			if !ok {
				continue
			}
			same := func(other []byte) {
				if h, ok := book.shape(other, names); !ok || h != shape {
					return
				}
				for q := names; q <= names+Unsure; q++ {
					a, n := book.read(text, false, q)
					b, m := book.read(other, false, q)
					if a != b || (n == len(text)) != (m == len(other)) {
						t.Fatalf("dialect %d, quoting %d: %q (%d bytes: %v) has the shape of %q (%d bytes: %v)", d, q, text, n, a, other, m, b)
					}
				}
			}
			for i := range len(text) {
				for _, c := range "7x.' \ne" {
					same(bytes.Join([][]byte{text[:i], text[i:]}, []byte{byte(c)}))
				}
				same(bytes.Join([][]byte{text[:i], text[i+1:]}, nil))
			}
		}
	})
}
