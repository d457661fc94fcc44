package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/decoders/all"
)

// What must not be seen in any output. Everything secret in the traffic below has one of these in it: a word that nothing else has, or a
// number as long as that of an account, a card or a phone.
var canaries = []string{"canary", "90817263", "DE44500105", "8f14e45f", "jane.doe"}

// clientAddresses must not be seen either, but in the lines of --transactions, which have them.
var clientAddresses = []string{"203.0.113.", "198.51.100."}

const secretHead = "Host: canary-user:canary-password@shop.test\r\n" +
	"X-Before: canary-before\r\n" +
	"traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n" +
	"tracestate: canary=tracestate\r\n" +
	"baggage: user=canary-baggage\r\n" +
	"Cookie: JSESSIONID=canary-session; theme=canary-theme\r\n" +
	"Authorization: Bearer canary.bearer.token\r\n" +
	"Proxy-Authorization: Basic canarycanary==\r\n" +
	"X-Forwarded-For: 198.51.100.77, 198.51.100.78\r\n" +
	"Forwarded: for=198.51.100.79;by=canary-proxy\r\n" +
	"Referer: http://shop.test/?canary=referer\r\n" +
	"User-Agent: canary-agent\r\n" +
	"X-Folded: one\r\n canary-folded\r\n"

// secretTargets are asked for ten times each, which is often enough to become a label for what may.
var secretTargets = []string{
	"/search?q=canary-query&iban=DE44500105175407324931",
	"/accounts/9081726354",
	"/accounts/9081726354/statement/2024-02-29",
	"/customers/jane.doe@example.com/cards",
	"/iban/DE44500105175407324931",
	"/phones/+4790817263",
	"/sessions/8f14e45fceea167a5a36dedd4bea2543",
	"/tokens/eyJhbGciOiJIUzI1NiJ9.Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5.SflKxwRJSMeKKF2QT4fwpMeJfcanary36POk6yJV_adQssw5c",
	"/pay;card=9081726354908172",
	"/f/#canary-fragment",
	"/x%2F9081726354%3Fcanary",
	"http://canary-user:canary-password@shop.test/absolute?canary",
	"/matrix;canary=1/view",
}

func secretTraffic() []byte {
	r := newRecording()
	const web = "192.0.2.10:80"
	for round := range 10 {
		client := fmt.Sprintf("203.0.113.%d:%d", 1+round, 40000+round)
		var turns []turn
		for _, target := range secretTargets {
			turns = append(turns, asks("GET "+target+" HTTP/1.1\r\n"+secretHead+"\r\n"),
				answers("HTTP/1.1 200 canary-reason\r\nSet-Cookie: JSESSIONID=canary-new\r\nLocation: /?canary\r\nContent-Length: 11\r\n\r\ncanary-body"))
		}
		const form = "user=canary-user&password=canary-password&iban=DE44500105175407324931"
		turns = append(turns,
			asks(fmt.Sprintf("POST /login HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", secretHead, len(form), form)), answers("HTTP/1.1 303 See Other\r\nContent-Length: 0\r\n\r\n"),
			asks("POST /chunks HTTP/1.1\r\n"+secretHead+"Transfer-Encoding: chunked\r\n\r\nc;canary=ext\r\ncanary-chunk\r\n0\r\nX-Trailer: canary\r\n\r\n"), answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
			asks("canary-method /target HTTP/1.1\r\nHost: canary\r\n\r\n"), answers("HTTP/1.1 999 canary\r\nContent-Length: 0\r\n\r\n"),
			// The length is too short, so what comes next begins in the middle of the form.
			asks("POST /login HTTP/1.1\r\nHost: shop.test\r\nContent-Length: 4\r\n\r\n"+form), answers("HTTP/1.1 400 canary\r\nContent-Length: 0\r\n\r\n"))
		r.connection(client, web, turns...)
		r.connection(client, web, asks("PROXY TCP4 198.51.100.80 192.0.2.10 50000 80\r\nGET /behind HTTP/1.1\r\nHost: shop.test\r\n\r\n"),
			answers("HTTP/1.1 204 No Content\r\n\r\n"))
		r.connection(client, web, asks("canary of no known protocol\r\n"), answers("canary 90817263\r\n"))
		r.connection(client, "192.0.2.11:5432", secretPostgres()...)
		r.connection(client, "192.0.2.12:3306", secretMySQL()...)
		r.connection(client, "192.0.2.13:80", asks("BOOM canary-password /9081726354\r\n"))
	}
	return r.pcap
}

// secretStatements all go well, and so often that what may be shown of them is.
var secretStatements = []string{
	"CREATE USER canary_user IDENTIFIED BY 'canary-password'",
	"ALTER USER canary_user PASSWORD 'canary-password'",
	"SET PASSWORD FOR 'canary'@'90817263' = 'canary'",
	"SET ROLE canary_role",
	"SET app.user = 'canary', app.token = canary",
	"GRANT SELECT ON accounts TO canary_user",
	"SELECT * FROM accounts WHERE name = N'canary' AND owner = 'it''s canary' AND id IN (9081726354, 9081726355)",
	"INSERT INTO accounts (id, name) VALUES (9081726354, 'canary'), (9081726355, 'canary')",
	"SELECT /* canary-comment */ 'canary' AS a, X'90817263' -- canary-comment",
	"PREPARE canary_name FROM 'SELECT canary'",
	"SAVEPOINT canary_savepoint",
	"canary typed at the wrong prompt",
	"SELECT 'unended canary",
}

// secretPostgres is a session of PostgreSQL (protocol version 3): log-in, a simple query, a prepared statement, an error.
func secretPostgres() []turn {
	message := func(kind, body string) string {
		return kind + string(binary.BigEndian.AppendUint32(nil, uint32(len(body)+4))) + body
	}
	ready := message("Z", "I")
	row := message("D", "\x00\x01\x00\x00\x00\x0acanary-row") + message("C", "SELECT 1\x00")
	var queries []turn
	for _, text := range secretStatements {
		queries = append(queries, asks(message("Q", text+"\x00")), answers(message("C", "DONE\x00")+ready))
	}
	return slices.Concat([]turn{
		asks(message("", "\x00\x03\x00\x00user\x00canary_user\x00database\x00bank\x00application_name\x00canary-app\x00\x00")),
		answers(message("R", "\x00\x00\x00\x03")),
		asks(message("p", "canary-password\x00")),
		answers(message("R", "\x00\x00\x00\x00") + message("S", "server_version\x0016.1\x00") + ready),
		asks(message("Q", "SELECT name FROM accounts WHERE iban = 'DE44500105175407324931' AND id = 9081726354 -- canary-comment\x00")),
		answers(row + ready),
	}, queries, []turn{
		asks(message("P", "\x00UPDATE accounts SET owner = $$canary-dollar$$, pin = E'can\\'ary-canary' WHERE id = $1\x00\x00\x00") +
			message("B", "\x00\x00\x00\x00\x00\x01\x00\x00\x00\x0c"+"canary-param\x00\x00") + message("E", "\x00\x00\x00\x00\x00") + message("S", "")),
		answers(message("1", "") + message("2", "") + message("E", "SERROR\x00C23505\x00Mduplicate key\x00DKey (iban)=(DE44500105175407324931, canary) already exists.\x00\x00") + ready),
		asks(message("Q", "INSERT INTO \"canary 90817263\" VALUES ('unended canary\x00")),
		answers(message("E", "SERROR\x00C42601\x00Munterminated canary\x00\x00") + ready),
		asks(message("X", "")),
	})
}

// secretMySQL is a session of MySQL (protocol 4.1): log-in, a query, a prepared statement, an error.
func secretMySQL() []turn {
	packet := func(seq byte, body string) string {
		return string([]byte{byte(len(body)), byte(len(body) >> 8), 0, seq}) + body
	}
	const ok = "\x00\x01\x00\x02\x00\x00\x00"
	const column = "\x03def\x04bank\x08accounts\x08accounts\x04name\x04name\x0c\x21\x00\x00\x01\x00\x00\xfd\x00\x00\x00\x00\x00"
	const end = "\xfe\x00\x00\x02\x00"
	var queries []turn
	for _, text := range secretStatements {
		queries = append(queries, asks(packet(0, "\x03"+text)), answers(packet(1, ok)))
	}
	return slices.Concat([]turn{
		answers(packet(0, "\x0a8.0.36\x00\x08\x00\x00\x00abcdefgh\x00\xff\xf7\x21\x02\x00\xff\x81\x15\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00ijklmnopqrst\x00mysql_native_password\x00")),
		asks(packet(1, "\x8d\xa2\x0b\x00\x00\x00\x00\x01\x21"+strings.Repeat("\x00", 23)+"canary_user\x00\x14canary-canary-canary"+"bank\x00mysql_native_password\x00")),
		answers(packet(2, ok)),
		asks(packet(0, "\x03SELECT name FROM accounts WHERE iban = \"DE44500105175407324931\" AND id = 9081726354 # canary-comment")),
		answers(packet(1, "\x01") + packet(2, column) + packet(3, end) + packet(4, "\x0acanary-row") + packet(5, end)),
	}, queries, []turn{
		asks(packet(0, "\x03INSERT INTO accounts VALUES ('it''s a canary', 0x63616e617279, x'90817263')")),
		answers(packet(1, "\xff\x26\x04#23000Duplicate entry 'canary-DE44500105' for key 'PRIMARY'")),
		asks(packet(0, "\x02canary_schema_90817263")),
		answers(packet(1, "\xff\x19\x04#42000Unknown database 'canary_schema_90817263'")),
		asks(packet(0, "\x01")),
	})
}

// TestPrivacy: none of what is secret in the traffic gets into any output, however chatty.
func TestPrivacy(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret.pcap")
	if err := os.WriteFile(file, secretTraffic(), 0o644); err != nil {
		t.Fatal(err)
	}
	config := configFlag(t, `
services:
  - {name: shop, addresses: ["192.0.2.10:80"], hosts: ["*.test"]}
users:
  trusted_proxies: [203.0.113.0/24]
  logins: [{method: POST, path: /login, status: [303]}]
`)
	for name, args := range map[string][]string{
		"tables": {}, "metrics": {"--metrics"}, "steps": {"--metrics", "--every=1s"}, "summary": {"--summary-json"},
		"transactions": {"--transactions", "--all-kinds"},
	} {
		stdout, stderr, exit := runProgram(t, nil, append([]string{"replay", config, file}, args...)...)
		if exit != 0 || !strings.Contains(stdout, "shop") {
			t.Fatalf("%s: exit %d, %q", name, exit, stderr)
		}
		seesNone(t, name, stdout+stderr, canaries)
		if name != "transactions" {
			seesNone(t, name, stdout+stderr, clientAddresses)
		}
	}
	e := startExporter(t, nil, nil, "--capture.file="+file, config, "--log.level=debug")
	e.read(t)
	for _, accept := range []string{asText, asOpenMetrics, asProtobuf} {
		_, _, body := e.get(t, "/metrics", "Accept", accept)
		seesNone(t, accept, string(body), append(canaries, clientAddresses...))
	}
	_, _, body := e.get(t, "/")
	seesNone(t, "the landing page", string(body), append(canaries, clientAddresses...))
	e.stop(t)
	seesNone(t, "the log", e.log.String(), append(canaries, clientAddresses...))
	if s := parseScrape(t, []byte(replay(t, "--metrics", config, file))); s.sum("wire_requests_total", "service_name", "shop") < 100 || s.sum("wire_user_logins_total") == 0 || s.sum("wire_active_users") == 0 ||
		s.sum("wire_sql_statement_info") < 10 {
		t.Errorf("the traffic was not understood: %v", s.by("outcome", "wire_requests_total"))
	}
}

func seesNone(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	for _, secret := range secrets {
		if at := strings.Index(strings.ToLower(text), strings.ToLower(secret)); at >= 0 {
			t.Errorf("%s shows %q: …%s…", where, secret, text[max(0, at-100):min(len(text), at+100)])
		}
	}
}

// withPanic makes the program have a decoder that panics, with what it has read.
const withPanic = "WIRE_TEST_PANIC"

func init() {
	if os.Getenv(withPanic) != "" {
		all.Plugins = append([]decoders.Plugin{panicPlugin}, all.Plugins...)
	}
}

var panicPlugin = decoders.Plugin{
	Name: "boom",
	Detect: func(_ decoders.Dir, first []byte) decoders.Verdict {
		if strings.HasPrefix(string(first), "BOOM") {
			return decoders.Yes
		}
		return decoders.No
	},
	New: func(decoders.Env, func(any) error) (decoders.Decoder, error) { return panicker{}, nil },
}

type panicker struct{}

func (p panicker) Open(*decoders.Flow, decoders.Sink) decoders.Conn { return p }
func (panicker) Feed(_ decoders.Dir, s *decoders.Stream) error      { panic(string(s.Bytes())) }
func (panicker) Gap(decoders.Dir, uint64) error                     { return nil }
func (panicker) End(decoders.Dir, decoders.Time)                    {}
func (panicker) Wake(decoders.Time)                                 {}
func (panicker) Waiting() (int, decoders.Time)                      { return 0, 0 }
func (panicker) Close(decoders.Time, decoders.Why)                  {}

// TestPanic: a decoder that panics is counted, the others go on, and what it had read is told to nobody.
func TestPanic(t *testing.T) {
	t.Setenv(withPanic, "1")
	file := filepath.Join(t.TempDir(), "secret.pcap")
	if err := os.WriteFile(file, secretTraffic(), 0o644); err != nil {
		t.Fatal(err)
	}
	e := startExporter(t, nil, nil, "--capture.file="+file, "--log.level=debug")
	e.read(t)
	s := e.scrape(t)
	if n := s.sum("wire_decoder_errors_total", "protocol", "boom", "reason", "panic"); n != 10 {
		t.Errorf("%v panics were counted, not 10", n)
	}
	if s.sum("wire_requests_total") < 100 {
		t.Errorf("%v requests", s.sum("wire_requests_total"))
	}
	if err := e.stop(t); err != nil {
		t.Error(err)
	}
	seesNone(t, "the log", e.log.String(), canaries)
}
