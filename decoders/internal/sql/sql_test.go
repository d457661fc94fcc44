package sql

import (
	"testing"

	"wire_exporter/decoders"
)

func TestStatements(t *testing.T) {
	const both = 2
	for _, c := range []struct {
		dialect                         Dialect
		in, operation, resource, normal string
	}{
		{both, "select * from accounts where id = 7", "SELECT", "accounts", "SELECT * FROM accounts WHERE id = ?"},
		{both, "SELECT a.b, count(*), -1, 3 - 1 FROM bank.accounts a WHERE x=-1.5e-3 AND y IN (1,2,3) ;", "SELECT", "bank.accounts",
			"SELECT a.b, COUNT(*), ?, ? - ? FROM bank.accounts a WHERE x = ? AND y IN (?)"},
		{both, "insert into t (a,b) values (1,'x'),(2,'y') , (3, null)", "INSERT", "t", "INSERT INTO t(a, b) VALUES (?, ?)"},
		{both, "WITH x AS (SELECT * FROM a) SELECT * FROM x", "SELECT", "a", "WITH x AS (SELECT * FROM a) SELECT * FROM x"},
		{both, "WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x", "INSERT", "b", "WITH x AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM x"},
		{both, "update t set a=a+1 where b='it''s' -- comment", "UPDATE", "t", "UPDATE t SET a = a + ? WHERE b = ?"},
		{both, "(select 1) union (select 2)", "SELECT", "", "(SELECT ?) UNION (SELECT ?)"},
		{both, "{? = call transfer(1, ?)}", "CALL", "transfer", "{? = CALL transfer(?, ?)}"},
		{both, "start transaction", "BEGIN", "", "START TRANSACTION"},
		{both, "SAVEPOINT sp_17", "SAVEPOINT", "", "SAVEPOINT ?"},
		{both, "hunter2", "", "", ""},
		{both, "create table if not exists t (a int not null)", "CREATE", "t", "CREATE TABLE IF NOT EXISTS t(a INT NOT NULL)"},
		{PostgreSQL, `SELECT "Name", "plain" FROM "Bank"."t x" WHERE a->>'k' = $1::text AND b @> ARRAY[1,2,3]`, "SELECT", "Bank.t x",
			`SELECT "Name", plain FROM "Bank"."t x" WHERE a ->> ? = ?::text AND b @> ARRAY[?]`},
		{PostgreSQL, `SELECT E'a\'b', U&'\0041', $$it's$$, $q$ 'x' $q$, 'a' 'b' /* a /* b */ c */ FROM t`, "SELECT", "t", "SELECT ?, ?, ?, ?, ? FROM t"},
		{MySQL, "SELECT \"a\\\"b\", 'a\\'b', x'41', 0x41, N'x', _utf8mb4'x' FROM `my table` # end", "SELECT", "my table",
			"SELECT ?, ?, ?, ?, ?, _utf8mb4 ? FROM `my table`"},
		{MySQL, "SELECT /*!40001 SQL_NO_CACHE */ * FROM t", "SELECT", "t", "SELECT SQL_NO_CACHE * FROM t"},
		{MySQL, "CREATE USER 'bob'@'%' IDENTIFIED BY 'secret'", "CREATE", "", "CREATE USER ? @? IDENTIFIED BY ?"},
		{MySQL, "SET PASSWORD FOR bob@localhost = 'secret'", "SET", "", "SET PASSWORD FOR ? @? = ?"},
		{MySQL, "SELECT @total, @@version, @`a b`", "SELECT", "", "SELECT @?, @@version, @?"},
	} {
		for d := range both {
			if c.dialect != both && c.dialect != Dialect(d) {
				continue
			}
			s, n := NewBook(Dialect(d), nil).Next([]byte(c.in), false)
			if s == nil || n != len(c.in) {
				t.Errorf("%s: %v, %d of %d bytes", c.in, s, n, len(c.in))
				continue
			}
			if string(s.Operation) != c.operation || string(s.Resource) != c.resource || string(s.Text) != c.normal {
				t.Errorf("%s (dialect %d):\n got %q %q %s\nwant %q %q %s", c.in, d, s.Operation, s.Resource, s.Text, c.operation, c.resource, c.normal)
			}
		}
	}
}

func TestSeveral(t *testing.T) {
	b := NewBook(PostgreSQL, &decoders.Memory{})
	text := []byte(" ; select 1;;select 2 ; -- end\n ;")
	var got []uint64
	for {
		s, n := b.Next(text, false)
		text = text[n:]
		if s == nil {
			break
		}
		got = append(got, s.ID)
	}
	if len(got) != 2 || got[0] != got[1] || len(text) != 0 {
		t.Errorf("%x, rest %q", got, text)
	}
}
