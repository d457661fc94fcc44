package mysql

import "testing"

// TestANSIQuotes: "…" is an identifier only while the server is certain to take it for one; in doubt it is a literal, and not shown.
func TestANSIQuotes(t *testing.T) {
	const ansi = "SET sql_mode = 'ANSI,TRADITIONAL'"
	ok := okay(1, 0, 2)
	tracked := func(mode string) []byte { // SESSION_TRACK_SYSTEM_VARIABLES
		change := lenenc("sql_mode") + lenenc(mode)
		return packets(1, []byte("\x00\x00\x00\x02\x40\x00\x00"+lenenc("")+lenenc("\x00"+lenenc(change)))...)
	}
	on := func(l *line) { l.client(query(ansi)).server(ok) }
	for name, c := range map[string]struct {
		steps func(l *line)
		want  bool
	}{
		"at first":              {func(*line) {}, false},
		"accepted":              {on, true},
		"accepted, another":     {func(l *line) { l.client(query("set @@session.SQL_MODE='ansi_quotes' ;")).server(ok) }, true},
		"refused":               {func(l *line) { l.client(query(ansi)).server(fails(1, 1231, "42000")) }, false},
		"another mode":          {func(l *line) { on(l); l.client(query("SET sql_mode = 'TRADITIONAL'")).server(ok) }, false},
		"another mode, refused": {func(l *line) { on(l); l.client(query("SET sql_mode = 'x'")).server(fails(1, 1231, "42000")) }, false},
		"another variable":      {func(l *line) { on(l); l.client(query("SET autocommit = 1")).server(ok) }, true},
		"for others":            {func(l *line) { l.client(query("SET GLOBAL sql_mode = 'ANSI'")).server(ok) }, false},
		"an expression":         {func(l *line) { l.client(query("SET sql_mode = 'ANSI,x'||','")).server(ok) }, false},
		"several variables":     {func(l *line) { l.client(query("SET GLOBAL a = 1, sql_mode = 'ANSI'")).server(ok) }, false},
		"one statement":         {func(l *line) { l.client(query("SET STATEMENT sql_mode = 'ANSI' FOR SELECT 1")).server(ok) }, false},
		"unforeseen":            {func(l *line) { on(l); l.client(query("EXECUTE s")).server(ok) }, false},
		"unknown statement":     {func(l *line) { on(l); l.client(say(comExecute, number(7)+"\x00"+number(1))).server(ok) }, false},
		"reset":                 {func(l *line) { on(l); l.client(say(comResetConnection, "")).server(ok) }, false},
		"lost": {func(l *line) {
			on(l)
			l.feeder.Lost(&l.pool, 0, 10, 0)
			l.client(query("SELECT 1")).server(resultSet("1"))
		}, false},
		"tracked":             {func(l *line) { l.client(query("SELECT 1")).server(tracked("REAL_AS_FLOAT,ANSI_QUOTES")) }, true},
		"tracked otherwise":   {func(l *line) { on(l); l.client(query("SELECT 1")).server(tracked("")) }, false},
		"the last of several": {func(l *line) { l.client(query("SELECT 1;" + ansi)).server(append(okay(1, 0, 2|8), okay(2, 0, 2)...)) }, true},
		"one of several": {func(l *line) {
			l.client(query(ansi + "; SET sql_mode = ''")).server(append(okay(1, 0, 2|8), okay(2, 0, 2)...))
		}, false},
		"a later one fails": {func(l *line) {
			l.client(query(ansi + "; x")).server(append(okay(1, 0, 2|8), fails(2, 1064, "42000")...))
		}, false},
		"answered late": {func(l *line) {
			l.client(query(ansi)).client(query("SET sql_mode = ''")).server(ok)
		}, false},
	} {
		l := connect(t, false, nil).logIn(usual, "bank")
		c.steps(l)
		l.client(query(`SELECT a FROM "orders" WHERE b = 'canary'`))
		got := l.feeder.Conn().(*conn).back().sql
		want := "SELECT a FROM ? WHERE b = ?"
		if c.want {
			want = "SELECT a FROM orders WHERE b = ?"
		}
		equal(t, name+": text", string(got.Text), want)
		equal(t, name+": table", string(got.Resource) == "orders", c.want)
	}
}

func TestSetsANSI(t *testing.T) {
	for text, want := range map[string]bool{
		"SET sql_mode='ANSI'":                             true,
		" set  Session\nSQL_MODE = \"x,ansi_quotes\" ; ":  true,
		"SET LOCAL sql_mode='ANSI_QUOTES'":                true,
		"SET @@sql_mode='ANSI'":                           true,
		"SET @@local.sql_mode='ANSI'":                     true,
		"SET @@global.sql_mode='ANSI'":                    false,
		"SET PERSIST sql_mode='ANSI'":                     false,
		"SET sql_mode=ANSI":                               false,
		"SET sql_mode='ANSI' ' '":                         false,
		"SET sql_mode='ANSI', sql_mode=''":                false,
		"SET sql_mode=CONCAT(@@sql_mode, ',ANSI_QUOTES')": false,
		"SET sql_mode='ANSIX'":                            false,
		"SET sql_mode='":                                  false,
		"SET sql_mode=":                                   false,
		"SET":                                             false,
		"SET sql_mode_x='ANSI'":                           false,
		"SET @sql_mode='ANSI'":                            false,
		"SET x='ANSI'":                                    false,
		"SET ='ANSI'":                                     false,
	} {
		equal(t, text, setsANSI([]byte(text)), want)
	}
}
