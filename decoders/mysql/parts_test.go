package mysql

import (
	"fmt"
	"strings"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

func TestUseTarget(t *testing.T) {
	for text, want := range map[string]string{
		"USE bank": "bank", "use `my bank`": "my bank", "/* a */ -- b\n# c\n USE\t\"x\" ;": "x", "USE bank;": "bank", "USE ": "", "USE": "",
		"/* not closed": "", " ; USE a": "a", "USE /* here */ b": "b",
	} {
		equal(t, text, string(useTarget([]byte(text))), want)
	}
}

// TestAttributes: query attributes stand in front of the text, or not.
func TestAttributes(t *testing.T) {
	for text, want := range map[string]string{
		"SELECT 1":                                   "SELECT 1",
		"\x00\x01SELECT 1":                           "SELECT 1",
		"\x01\x01\x00\x01\xfe\x00\x01aXYZ":           "", // cut
		"\x01\x01\x00\x01\xfe\x00\x01a\x01bSELECT 1": "SELECT 1",
		"\x01\x01\x01\x01\xfe\x00\x01aSELECT 1":      "SELECT 1", // NULL
		"\x02\x01\x00\x01\x08\x00\x01a\x02\x00\x01b" + "12345678" + "12" + "SELECT 1":                                          "SELECT 1",
		"\x03\x01\x00\x01\x0b\x00\x01a\x0c\x00\x01b\x06\x00\x01c" + "\x08" + "12345678" + "\x04" + "1234" + "SELECT 1":         "SELECT 1",
		"\x04\x01\x00\x01\x01\x00\x01a\x04\x00\x01b\x05\x00\x01c\x0d\x00\x01d" + "1" + "1234" + "12345678" + "12" + "SELECT 1": "SELECT 1",
		"\x09\x01\x00\x00\x01" + strings.Repeat("\x06\x00\x01a", 9) + "SELECT 1":                                               "SELECT 1",
		"\x41\x01" + strings.Repeat("\x00", 9) + "\x01" + "SELECT 1":                                                           "",
		"\x01\x01\x00\x02SELECT": "\x01\x01\x00\x02SELECT",
		"":                       "",
	} {
		equal(t, fmt.Sprintf("%q", text), string(afterAttributes([]byte(text))), want)
	}
}

func TestControls(t *testing.T) {
	book := sql.NewBook(sql.MySQL, nil)
	for text, want := range map[string]control{
		"BEGIN": begins, "start transaction read only": begins, "BEGIN NOT ATOMIC SELECT 1; END": unforeseen, "COMMIT": commits, "commit and no chain": commits,
		"ROLLBACK": rollsBack, "ROLLBACK AND CHAIN": rollsOn, "ROLLBACK WORK AND NO CHAIN": rollsBack, "ROLLBACK TO SAVEPOINT a": savepoint, "rollback to a": savepoint,
		"XA START 'a'": noControl, "XA END 'a'": noControl, "XA PREPARE 'a'": commits, "XA COMMIT 'a' ONE PHASE": commits, "XA ROLLBACK 'a'": rollsBack,
		"CALL p()": unforeseen, "EXECUTE s": unforeseen, "SELECT 'COMMIT'": noControl, "CREATE TABLE t (a INT)": noControl,
	} {
		statement, _ := book.Next([]byte(text), false)
		var x controls
		x.add(0, statement)
		x.add(3, statement)
		if got := x.at(0); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
		after := want
		if got := x.at(3); got != after {
			t.Errorf("%s behind others: %d, want %d", text, got, after)
		}
		equal(t, "far behind", x.at(200), unforeseen)
	}
}

func TestOutcomes(t *testing.T) {
	for _, c := range []struct {
		code  uint16
		state string
		want  decoders.Outcome
	}{
		{1064, "42000", decoders.ClientError}, {1146, "42S02", decoders.ClientError}, {1062, "23000", decoders.ClientError}, {1045, "28000", decoders.ClientError},
		{1046, "3D000", decoders.ClientError}, {1406, "22001", decoders.ClientError}, {1136, "21S01", decoders.ClientError}, {1644, "45000", decoders.ClientError},
		{1235, "42000", decoders.ClientError}, {1792, "25006", decoders.ClientError}, {1364, "HY000", decoders.ClientError}, {1366, "HY000", decoders.ClientError},
		{1045, "", decoders.ClientError}, {1130, "", decoders.ClientError},
		{1213, "40001", decoders.ServerError}, {1205, "HY000", decoders.ServerError}, {1040, "08004", decoders.ServerError}, {1317, "70100", decoders.ServerError},
		{1969, "70100", decoders.ServerError}, {3024, "HY000", decoders.ServerError}, {1290, "HY000", decoders.ServerError}, {1114, "HY000", decoders.ServerError},
		{1153, "08S01", decoders.ServerError}, {1129, "", decoders.ServerError}, {65535, "HY000", decoders.ServerError}, {1, "", decoders.ServerError},
	} {
		f := failure{code: c.code, is: true}
		copy(f.state[:], c.state)
		equal(t, fmt.Sprint(c.code, " ", c.state), f.outcome(), c.want)
	}
	equal(t, "none", failure{}.outcome(), decoders.OK)
}

func TestDetect(t *testing.T) {
	greeting, response := string(greet()), string(respond(usual, "bank"))
	for _, c := range []struct {
		name string
		dir  decoders.Dir
		text string
		want decoders.Verdict
	}{
		{"greeting", decoders.ToClient, greeting, decoders.Yes},
		{"refusal", decoders.ToClient, string(fails(0, 1040, "Too many connections")), decoders.Yes},
		{"handshake response", decoders.ToServer, response, decoders.Yes},
		{"query", decoders.ToServer, string(query("SELECT 1 FROM a")), decoders.Yes},
		{"query with attributes", decoders.ToServer, string(query("\x00\x01SELECT 1 FROM a")), decoders.Yes},
		{"preparation", decoders.ToServer, string(say(comPrepare, "SELECT 1 FROM a")), decoders.Yes},
		{"execution", decoders.ToServer, string(say(comExecute, number(7)+"\x00"+number(1)+"\x00")), decoders.Yes},
		{"compressed query", decoders.ToServer, string(frameOf(0, query("SELECT "+strings.Repeat("a", 300)))), decoders.Yes},
		{"query in a frame", decoders.ToServer, "\x0d\x00\x00\x00\x00\x00\x00" + string(query("SELECT 1")), decoders.Yes},
		{"ping: too little for sure", decoders.ToServer, string(say(0x0e, "")), decoders.No},
		{"HTTP", decoders.ToServer, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", decoders.No},
		{"TLS", decoders.ToServer, "\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03\x5a\x17\x00", decoders.No},
		{"PostgreSQL start-up", decoders.ToServer, "\x00\x00\x00\x29\x00\x03\x00\x00user\x00a\x00", decoders.No},
		{"PostgreSQL query", decoders.ToServer, "Q\x00\x00\x00\x0dSELECT 1\x00", decoders.No},
		{"Redis", decoders.ToServer, "*1\r\n$4\r\nPING\r\n", decoders.No},
		{"zeros", decoders.ToServer, strings.Repeat("\x00", 64), decoders.No},
		{"SSH", decoders.ToClient, "SSH-2.0-OpenSSH_9.2\r\n", decoders.No},
		{"SMTP", decoders.ToClient, "220 mail.example.com ESMTP\r\n", decoders.No},
		{"HTTP response", decoders.ToClient, "HTTP/1.1 200 OK\r\n", decoders.No},
	} {
		for n := range len(c.text) {
			if got := detect(c.dir, []byte(c.text[:n])); got != c.want && got != decoders.More {
				t.Errorf("%s: %d bytes: %v", c.name, n, got)
			}
		}
		equal(t, c.name, detect(c.dir, []byte(c.text)), c.want)
	}
}
