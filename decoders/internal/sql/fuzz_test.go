package sql

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzText reads anything: no panic, an end, and what comes out is valid and bounded. The seeds are one of each kind of token, whole and cut.
func FuzzText(f *testing.F) {
	for _, s := range []string{
		sample, "SELECT 1; SELECT 2", "/*! a */ `b` \"c\" [d] $1 $x$y$x$ E'\\'' :e @f {g} 1e-5 0x1F /* /* */ */ -- h\n # i",
		"VALUES (1),(2), ROW(3)", "WITH a AS (SELECT 1) INSERT INTO b.c.d VALUES ((1,2),(3)) ON DUPLICATE KEY UPDATE e=VALUES(e),f=1",
		"CREATE FUNCTION f() BEGIN IF a THEN b; END IF; END; SELECT 1", "SET a = b, c TO 'd'", "a IN (1,(2,3),ARRAY[4,5],FIELD(6,7)",
	} {
		f.Add([]byte(s), false)
		f.Add([]byte(s[:len(s)-1]), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, cut bool) {
		for d := range MySQL + 1 {
			for q := range 2 * Names {
				book, rest := NewBook(d, nil), text
				for {
					s, n := book.NextQuoted(rest, cut, q)
					if n < 0 || n > len(rest) || s != nil && n == 0 {
						t.Fatalf("%d of %d bytes", n, len(rest))
					}
					if s == nil {
						break
					}
					if len(s.Text) > MaxText || len(s.Resource) > maxName || !utf8.Valid(s.Text) || !utf8.Valid(s.Resource) || s.ID == 0 {
						t.Fatalf("%+v", s)
					}
					if again, _ := book.NextQuoted(rest, cut, q); again != s {
						t.Fatalf("read twice: %s, %s", s.Text, again.Text)
					}
					rest = rest[n:]
				}
			}
		}
	})
}

// canary is in every literal that FuzzLiterals makes, and nowhere else.
const canary = "cAnArY"

// FuzzLiterals writes a statement of known tokens, of which it knows the literals, twice with other literals: the fingerprint is
// the same, and nothing of a literal comes out, wherever the text is cut. The seeds are short programs of the writer below.
func FuzzLiterals(f *testing.F) {
	f.Add([]byte("\x00\x10\x20\x30\x40\x50\x60\x70\x80\x90\xa0\xb0\xc0\xd0\xe0\xf0"), []byte("it's"), []byte("\\"), uint16(9))
	f.Add([]byte("select * from t where a = ? and b in (?, ?)"), []byte("*/"), []byte("\\'"), uint16(40))
	f.Add([]byte("insert into t values (?, ?), (?, ?)"), []byte("$$\""), []byte("`--\n"), uint16(30))
	f.Fuzz(func(t *testing.T, program, one, two []byte, at uint16) {
		for d := range MySQL + 1 {
			for q := Escapes; q <= Plain; q++ {
				a := statement(program, canary+string(one), d, q)
				b := statement(program, string(two)+canary, d, q)
				book := NewBook(d, nil)
				first, n := book.NextQuoted(a, false, q)
				second, _ := book.NextQuoted(b, false, q)
				if first != second {
					t.Errorf("dialect %d, quoting %d:\n%s\n%s\n%s\n%s", d, q, a, b, first.Text, second.Text)
				}
				if n != len(a) {
					t.Errorf("%d of %d bytes of %s", n, len(a), a)
				}
				clean(t, book, a, false, q)
				clean(t, book, a[:int(at)%(len(a)+1)], true, q)
				clean(t, NewBook(d, nil), a[:int(at)%(len(a)+1)], false, q)
				clean(t, NewBook(d, nil), a, false, Usual)
			}
		}
	})
}

// clean reads all of text. The quotes of a text that is cut without saying so need not fit, so that a literal may lie open.
func clean(t *testing.T, book *Book, text []byte, cut bool, q Quoting) {
	s, _ := book.NextQuoted(text, cut, q)
	if s != nil && (bytes.Contains(bytes.ToLower(s.Text), []byte("canary")) || bytes.Contains(bytes.ToLower(s.Resource), []byte("canary"))) {
		t.Errorf("%s -> %s (table %s)", text, s.Text, s.Resource)
	}
}

// statement follows the program: each byte chooses a token.
func statement(program []byte, content string, d Dialect, q Quoting) []byte {
	words := []string{"SELECT", "from", "t", "where", "IN", "(", ")", ",", "VALUES", "=", "-", "+", "AND", "a.b", "ARRAY[", "]", "/* c' */", "-- d'\n", "FIELD",
		"INTO", "SET", "NULL", "IS", "NOT", "USER", "TO", "e", "n", "x", "E", "[g h]", "*", "::", "@", ":=", ".", "{", "}", "begin", "end", "case", "with", "as", "row", "||"}
	if d == MySQL {
		words = append(words, "`i'j`", "# k'\n", "/*!50000", "*/", "_utf8")
	} else {
		words = append(words, `"i'j"`, "/* /* l' */ */", `U&"m"`, "#>")
	}
	out := []byte("SELECT ")
	open := false // a version comment: a literal in it must not look like its end
	for _, p := range program[:min(len(program), 64)] {
		if p&3 == 0 {
			text := content
			if open {
				text = strings.ReplaceAll(text, "*/", "")
			}
			out = append(literalOf(out, text, int(p>>2), d, q), ' ')
			continue
		}
		w := words[int(p>>2)%len(words)]
		if w == "/*!50000" && open || w == "*/" && !open || strings.HasPrefix(w, "/* ") && open || strings.HasSuffix(w, "\n") && open {
			continue
		}
		open = w == "/*!50000" || open && w != "*/"
		out = append(append(out, w...), ' ')
	}
	return out
}

// literalOf writes a literal of one of several kinds.
func literalOf(out []byte, content string, how int, d Dialect, q Quoting) []byte {
	double, plain := strings.NewReplacer("'", "''", `\`, `\\`), strings.NewReplacer("'", "''")
	if q == Plain {
		double = plain
	}
	if q == Escapes && !utf8.ValidString(content) { // half a character in front of a quote stops the reader, rightly
		content = strings.ToValidUTF8(content, "")
	}
	switch how % 6 {
	case 0:
		return append(append(append(out, '\''), double.Replace(content)...), '\'')
	case 1:
		return append(append(append(out, "N'"...), double.Replace(content)...), '\'')
	case 2:
		if d == MySQL {
			return append(append(append(out, '"'), strings.ReplaceAll(double.Replace(content), `"`, `""`)...), '"')
		}
		valid := strings.ToValidUTF8(content, "")
		return append(append(append(out, "E'"...), strings.NewReplacer("'", `\'`, `\`, `\\`).Replace(valid)...), '\'')
	case 3:
		if d == PostgreSQL && !strings.Contains(content, "$") {
			return append(append(append(out, "$q$"...), content...), "$q$"...)
		}
		return append(append(append(out, '\''), double.Replace(content)...), "' 'more'"...)
	case 4:
		return append(append(append(out, '\''), double.Replace(content)...), "' 'more'"...)
	}
	return append(out, "17.5e-3"...)
}
