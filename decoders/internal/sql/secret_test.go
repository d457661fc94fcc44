package sql

import (
	"bytes"
	"testing"
)

// What is no literal by the book, or lies behind something doubtful, does not come out either.
func TestNothingSecretComesOut(t *testing.T) {
	const both = 2
	for _, c := range []struct {
		dialect Dialect
		text    string
	}{
		{both, "hunter2canary;"}, // a password at the wrong prompt
		{both, "canary 'x'"},
		{both, "SELECT 'it's canary'"},       // the quotes do not fit
		{both, "SELECT 'a, canary FROM t"},   // nor here
		{both, "SELECT `a, 'canary' FROM t"}, // nor here
		{both, "SET PASSWORD FOR canary = 'x'"},
		{both, "SET ROLE canary"},
		{both, "SET SESSION AUTHORIZATION canary"},
		{both, "SET app.secret = canary"},
		{both, "CREATE USER canary IDENTIFIED BY 'canary'"},
		{both, "ALTER USER canary PASSWORD 'canary'"},
		{both, "GRANT ALL ON t TO canary"},
		{both, "REVOKE ALL ON t FROM canary"},
		{both, "DROP ROLE a, canary"},
		{both, "SAVEPOINT canary"},
		{both, "ROLLBACK TO canary"},
		{both, "EXECUTE canary('canary')"},
		{both, "SELECT 1 -- canary\n /* canary */ "},
		{both, "INSERT INTO t VALUES (1, 'x'), (2, 'canary'), (canary, 3)"},
		{both, "SELECT :canary, $1canary, 1canary, 0xcanary"},
		{both, "SELECT X'ca\\' AND canary"},
		{PostgreSQL, `SELECT 'C:\', 'canary'`}, // it depends on standard_conforming_strings, and the reader was not told
		{PostgreSQL, `SELECT 'x\' canary`},
		{PostgreSQL, "SELECT E'x' -- it goes on\n 'y\\' canary', canary'"},
		{PostgreSQL, "SELECT E'x' -\n'y\\' canary"},
		{PostgreSQL, "SET app.secret TO canary, canary"},
		{PostgreSQL, `SELECT U&'x' UESCAPE 'canary'`},
		{PostgreSQL, "SELECT `'canary'`"},
		{PostgreSQL, "SELECT $canary$ canary $x$ canary"},
		{MySQL, `SELECT "canary"`},
		{MySQL, "SELECT @canary, @`canary`, @'canary'"},
		{MySQL, "SELECT '\xbf\\' , 'canary'"},                                // in GBK the backslash belongs to a character
		{MySQL, "SELECT 1 /*!99999 don't */ , 'canary' /*!99999 don't */"},   // a server that is older does not see the quotes
		{MySQL, "SELECT 1 /*!99999 -- */ , canary\n, 'canary' "},             // nor a comment
		{MySQL, "SELECT 1 /*!99999 `a */ , ' canary ` canary ' FROM `t`, 1"}, // nor an identifier
	} {
		for d := range Dialect(both) {
			if c.dialect != both && c.dialect != d {
				continue
			}
			if s, _ := NewBook(d, nil).Next([]byte(c.text), false); bytes.Contains(s.Text, []byte("canary")) || bytes.Contains(s.Resource, []byte("canary")) {
				t.Errorf("dialect %d: %s -> %s (table %s)", d, c.text, s.Text, s.Resource)
			}
		}
	}
}

// Whatever a function's body contains, it is one statement.
func TestBodies(t *testing.T) {
	for _, text := range []string{
		"CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 END; END",
		"CREATE PROCEDURE p() BEGIN IF a THEN SELECT 1; END IF; WHILE b DO SELECT 2; END WHILE; CASE c WHEN 1 THEN SELECT 3; END CASE; END",
		"CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)",
		"BEGIN NOT ATOMIC SELECT 1; SELECT 2; END",
	} {
		for d := range MySQL + 1 {
			if _, n := NewBook(d, nil).Next([]byte(text+";SELECT 1"), false); n != len(text)+1 {
				t.Errorf("%d of %d bytes: %s", n, len(text)+1, text)
			}
		}
	}
}

// A list or row that the text was cut in counts as far as it was whole: the fingerprint is that of all such lists.
func TestCutLists(t *testing.T) {
	for _, c := range []struct{ whole, cut string }{
		{"INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t (a, b) VALUES (1, 'x'), (2, 'y'), (3, 'zz"},
		{"INSERT INTO t (a, b) VALUES (1, 'x')", "INSERT INTO t (a, b) VALUES (1, 'x'),"},
	} {
		book := NewBook(MySQL, nil)
		whole, _ := book.Next([]byte(c.whole), false)
		if cut, _ := book.Next([]byte(c.cut), true); cut != whole {
			t.Errorf("%s\n%s", whole.Text, cut.Text)
		}
	}
	book := NewBook(PostgreSQL, nil)
	one, _ := book.Next([]byte("SELECT a FROM t WHERE b IN (1, 2, 3, 4"), true)
	if two, _ := book.Next([]byte("SELECT a FROM t WHERE b IN (1, 2, 3, 4, 5, 6, 7"), true); one != two {
		t.Errorf("%s\n%s", one.Text, two.Text)
	}
}
