package label

import (
	"testing"

	"wire_exporter/decoders"
)

func TestMeasureAndIgnore(t *testing.T) {
	b := newBench(t, Config{
		Measure: Measure{Local: prefixes("10.0.0.1/32"), Networks: prefixes("10.1.0.0/16")},
		Ignore: Ignore{
			Networks: prefixes("10.1.9.0/24", "192.0.2.66/32"), Ports: []uint16{9100},
			Paths: []string{"/healthz", "/static/*", "/probe*", "/users/{name}/avatar"}, ContentTypes: []string{"image/*", "text/css"},
		},
	})
	same := func(*decoders.Txn) {}
	for _, c := range []struct {
		name, server, path string
		change             func(*decoders.Txn)
		want               Verdict
	}{
		{"local", "10.0.0.1:80", "/", same, Counted},
		{"measured network", "10.1.2.3:80", "/", same, Counted},
		{"other server", "10.2.0.1:80", "/", same, Elsewhere},
		{"server left out", "10.1.9.1:80", "/", same, IgnoredNetwork},
		{"client left out", "10.1.2.3:80", "/", func(x *decoders.Txn) { x.Flow.Client = endpoint("192.0.2.66:1") }, IgnoredNetwork},
		{"port left out", "10.1.2.3:9100", "/", same, IgnoredPort},
		{"path left out", "10.1.2.3:80", "/healthz", same, IgnoredPath},
		{"path with query", "10.1.2.3:80", "/healthz?a=b", same, IgnoredPath},
		{"path below", "10.1.2.3:80", "/healthz/x", same, Counted},
		{"any rest", "10.1.2.3:80", "/static/a/b.js", same, IgnoredPath},
		{"any rest, none", "10.1.2.3:80", "/static/", same, IgnoredPath},
		{"not the folder", "10.1.2.3:80", "/statics", same, Counted},
		{"start of a segment", "10.1.2.3:80", "/probes/1", same, IgnoredPath},
		{"template", "10.1.2.3:80", "/users/x/avatar", same, IgnoredPath},
		{"type", "10.1.2.3:80", "/", func(x *decoders.Txn) { x.ContentType = []byte("TEXT/css") }, IgnoredContentType},
		{"type group", "10.1.2.3:80", "/", func(x *decoders.Txn) { x.ContentType = []byte("image/png") }, IgnoredContentType},
		{"other type", "10.1.2.3:80", "/", func(x *decoders.Txn) { x.ContentType = []byte("text/html") }, Counted},
	} {
		x := request(c.server, "GET", c.path, "200")
		c.change(x)
		for range 2 {
			var s Set
			if got := b.Label(x, http, Wire, &s); got != c.want {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
			}
		}
		if _, measured := b.Server(x.Flow.Server, true); measured != (c.server[:5] != "10.2." && c.server[:6] != "10.1.9" && c.server[len(c.server)-4:] != "9100") {
			t.Errorf("%s: measured is %v", c.name, measured)
		}
	}
	var s Set
	if got := b.Label(request("10.2.0.1:80", "GET", "/", "200"), http, Log, &s); got != Counted {
		t.Errorf("a log is of this host, whatever the address: %v", got)
	}
	if n := len(b.book.slots); n > 20 {
		t.Errorf("traffic that is left out has slots: %d", n)
	}
}

func TestUsers(t *testing.T) {
	b := newBench(t, Config{
		Services: []Service{{
			Name: "shop", Ports: []uint16{80},
			Logins: []UserRule{{Method: "POST", Path: "/signin", Status: []string{"302", "2xx"}}},
		}},
		Logins:  []UserRule{{Method: "POST", Path: "/login"}},
		Logouts: []UserRule{{Path: "/logout*"}},
	})
	for _, c := range []struct {
		server, method, path, code string
		event                      UserEvent
		outcome                    decoders.Outcome
	}{
		{"10.0.0.1:80", "POST", "/signin", "302", UserLogin, decoders.OK},
		{"10.0.0.1:80", "POST", "/signin", "204", UserLogin, decoders.OK},
		{"10.0.0.1:80", "POST", "/signin", "301", UserLogin, decoders.ClientError},
		{"10.0.0.1:80", "POST", "/signin", "401", UserLogin, decoders.ClientError},
		{"10.0.0.1:80", "POST", "/signin", "503", UserLogin, decoders.ServerError},
		{"10.0.0.1:80", "GET", "/signin", "200", NoUserEvent, decoders.OK},
		{"10.0.0.2:81", "POST", "/signin", "302", NoUserEvent, decoders.OK},
		{"10.0.0.1:80", "POST", "/login", "200", UserLogin, decoders.OK},
		{"10.0.0.2:81", "POST", "/login?next=/", "303", UserLogin, decoders.OK},
		{"10.0.0.2:81", "POST", "/login", "403", UserLogin, decoders.ClientError},
		{"10.0.0.2:81", "GET", "/logout/now", "200", UserLogout, decoders.OK},
		{"10.0.0.2:81", "GET", "/", "200", NoUserEvent, decoders.OK},
	} {
		x := request(c.server, c.method, c.path, c.code)
		for range 2 {
			var s Set
			b.Label(x, http, Wire, &s)
			event, outcome := b.Login(x, &s)
			if event != c.event || event != NoUserEvent && outcome != c.outcome {
				t.Errorf("%s %s %s %s: %v %v, want %v %v", c.server, c.method, c.path, c.code, event, outcome, c.event, c.outcome)
			}
		}
	}
	x := request("10.0.0.1:80", "POST", "/signin", "302")
	x.Outcome = decoders.Aborted
	var s Set
	b.Label(x, http, Wire, &s)
	if event, outcome := b.Login(x, &s); event != UserLogin || outcome != decoders.Aborted {
		t.Errorf("aborted: %v %v", event, outcome)
	}
}

func TestOperationsAndCodes(t *testing.T) {
	b := newBench(t, Config{Limits: Limits{Operations: 3, Codes: 2, Databases: 1}})
	const server = "10.0.0.1:80"
	for _, c := range []struct {
		method, code, want string
		protocol           uint8
	}{
		{"GET", "200", "GET 200", http},
		{"get", "200", "_other 200", http},
		{"HACK", "200", "_other 200", http},
		{"PROPFIND", "405", "_other 405", http}, // nobody knows yet that it is one here
		{"PROPFIND", "207", "PROPFIND _other", http},
		{"", "", " ", http},
		{"PUT", "200", "PUT 200", http},
		{"POST", "200", "_other 200", http}, // the budget
	} {
		x := request(server, c.method, "/", c.code)
		var s Set
		b.Label(x, c.protocol, Wire, &s)
		if got := b.book.Text(s.Operation) + " " + b.book.Text(s.Code); got != c.want {
			t.Errorf("%s %s: %q, want %q", c.method, c.code, got, c.want)
		}
	}
	for _, c := range []struct{ verb, code, table, database, want string }{
		{"SELECT", "23505", "accounts", "bank", "SELECT 23505 accounts bank"},
		{"SELECT 1", "0 x", "accounts; drop", "second", "_other _other _other _other"},
		{"X4111111111111111", "ABCDEFGHIJK", "a_12345", "bank", "_other _other _other bank"},
	} {
		x := request("10.0.0.1:5432", c.verb, c.table, c.code)
		x.ResourceIsPath, x.Database, x.Outcome = false, []byte(c.database), decoders.OK
		var s Set
		for range earnAfter {
			b.Label(x, sql, Wire, &s)
		}
		if got := b.book.Text(s.Operation) + " " + b.book.Text(s.Code) + " " + b.book.Text(s.Resource) + " " + b.book.Text(s.Database); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if st := b.book.Stats(); st[Operations].Folded != 4+2*earnAfter || st[Operations].Values != 3 || st[Codes].Values != 2 {
		t.Errorf("%+v", st)
	}
}
