package accesslog

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
)

func must(t testing.TB) func(Format, error) Format {
	return func(f Format, err error) Format {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
}

// show is a transaction as the tests write it.
func show(x *decoders.Txn, m decoders.Malformed) string {
	if x == nil {
		return string(m)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", x.Operation, x.Resource)
	for _, part := range []struct {
		name  string
		value []byte
	}{{"host", x.Authority}, {"code", x.Code}} {
		if len(part.value) > 0 {
			fmt.Fprintf(&b, " %s=%s", part.name, part.value)
		}
	}
	fmt.Fprintf(&b, " %s end=%s", x.Outcome, time.Unix(0, int64(x.End)).UTC().Format(time.RFC3339Nano))
	if d, ok := x.Duration(); ok {
		fmt.Fprintf(&b, " took=%s", time.Duration(d))
	}
	if x.Flow.Client != (decoders.Endpoint{}) {
		fmt.Fprintf(&b, " client=%s", x.Flow.Client.Addr())
	}
	fmt.Fprintf(&b, " in=%d out=%d", x.BytesIn, x.BytesOut)
	return b.String()
}

func TestFormats(t *testing.T) {
	preset := func(name string) Format { return must(t)(Preset(name)) }
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		format Format
		lines  string
		want   string
	}{
		{"common", preset("common"),
			`192.0.2.1 - frank [10/Oct/2026:13:55:36 -0700] "GET /apache_pb.gif HTTP/1.0" 200 2326`,
			`GET /apache_pb.gif code=200 ok end=2026-10-10T20:55:36Z client=192.0.2.1 in=0 out=2326`},
		{"combined", preset("combined"),
			`2001:db8::1 - - [29/Feb/2028:00:00:00 +0100] "GET /a?b=c HTTP/2.0" 404 153 "-" "Mozilla \"5\"" and more`,
			`GET /a code=404 client_error end=2028-02-28T23:00:00Z client=2001:db8::1 in=0 out=153`},
		{"nginx with times", must(t)(Nginx(`$remote_addr [$time_local] "$request" $status $body_bytes_sent $request_length $request_time $host`)),
			"192.0.2.1 [10/Oct/2026:13:55:36 +0000] \"POST /login HTTP/1.1\" 302 0 512 0.250 shop.example.com\n" +
				"192.0.2.1 [10/Oct/2026:13:55:36 +0000] \"GET /slow HTTP/1.1\" 499 0 512 12.500 shop.example.com:8443\n" +
				"192.0.2.1 [10/Oct/2026:13:55:36 +0000] \"\" 400 0 0 1.000 _\n" +
				"192.0.2.1 [10/Oct/2026:13:55:36 +0000] \"\\x16\\x03\\x01\" 400 150 0 0.000 _",
			`POST /login host=shop.example.com code=302 ok end=2026-10-10T13:55:36Z took=250ms client=192.0.2.1 in=512 out=0
GET /slow host=shop.example.com code=499 aborted end=2026-10-10T13:55:36Z took=12.5s client=192.0.2.1 in=512 out=0
no_request
 \x16\x03\x01 host=_ code=400 client_error end=2026-10-10T13:55:36Z took=0s client=192.0.2.1 in=0 out=150`},
		{"nginx as JSON", must(t)(Nginx(`{"time":"$time_iso8601","uri":"$request_uri","method":"$request_method","status":$status,"time_taken":$request_time}`)),
			`{"time":"2026-10-10T13:55:36+02:00","uri":"/a\"b","method":"GET","status":503,"time_taken":0.001}`,
			`GET /a\"b code=503 server_error end=2026-10-10T11:55:36Z took=1ms in=0 out=0`},
		{"apache with times", must(t)(Apache(`%v:%p %h %t \"%r\" %>s %I %O %D %{Host}i`)),
			`www.example.com:443 192.0.2.1 [10/Oct/2026:13:55:36 +0000] \"GET / HTTP/1.1\" 200 100 200 1500000 x`,
			`GET / host=www.example.com code=200 ok end=2026-10-10T13:55:37.5Z took=1.5s client=192.0.2.1 in=100 out=200`},
		{"apache, the end in milliseconds", must(t)(Apache(`%{end:msec}t %m %U %<s %{ms}T %X`)),
			"1791640536123 GET /a 200 123 +\n1791640536123 GET /a 200 123 X",
			`GET /a code=200 ok end=2026-10-10T13:55:36.123Z took=123ms in=0 out=0
GET /a code=200 aborted end=2026-10-10T13:55:36.123Z took=123ms in=0 out=0`},
		{"haproxy", preset("haproxy"),
			"Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2026:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} \"GET /index.html HTTP/1.1\"\n" +
				"haproxy[1]: 2001:db8::9:33317 [06/Feb/2026:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 \"GET / HTTP/1.1\"\n" +
				"haproxy[1]: 10.0.1.2:1 [06/Feb/2026:12:14:14.655] http-in static/<NOSRV> -1/-1/-1/-1/5000 400 187 - - CR-- 1/1/1/1/0 0/0 \"<BADREQ>\"\n" +
				"haproxy[1]: 10.0.1.2:1 [06/Feb/2026:12:14:14.655] http-in static/srv1 1/2/3/-1/5000 -1 0 - - CH-- 1/1/1/1/0 0/0 \"GET /slow HTTP/1.1\"",
			`GET /index.html code=200 ok end=2026-02-06T11:14:14.764Z took=109ms client=10.0.1.2 in=0 out=2750
GET / code=200 ok end=2026-02-06T11:14:14.764Z took=109ms client=2001:db8::9 in=0 out=2750
 <BADREQ> code=400 aborted end=2026-02-06T11:14:19.655Z took=5s client=10.0.1.2 in=0 out=187
GET /slow aborted end=2026-02-06T11:14:19.655Z took=5s client=10.0.1.2 in=0 out=0`},
		{"envoy", preset("envoy"),
			`[2026-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "locations:8080" "tcp://10.0.2.1:80"` + "\n" +
				`[2026-04-15T20:17:00.310Z] "GET /a HTTP/2" 0 DC 0 0 1000 - "-" "-" "-" "locations" "-"`,
			`POST /api/v1/locations host=locations code=204 ok end=2026-04-15T20:17:00.536Z took=226ms in=154 out=0
GET /a host=locations aborted end=2026-04-15T20:17:01.31Z took=1s in=0 out=0`},
		{"w3c", preset("w3c"),
			"2026-10-10 13:55:36 GET /before\n#Software: Microsoft Internet Information Services 10.0\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus time-taken\n" +
				"2026-10-10 13:55:36 10.0.0.1 GET /iisstart.htm a=b 443 - 192.0.2.1 Mozilla/5.0+(Windows) 200 0 93\r\n" +
				"2026-10-10 23:59:60 10.0.0.1 GET /a - 443 - 192.0.2.1 - 500 0 1",
			`no_fields

GET /iisstart.htm code=200 ok end=2026-10-10T13:55:36Z took=93ms client=192.0.2.1 in=0 out=0
GET /a code=500 server_error end=2026-10-11T00:00:00Z took=1ms client=192.0.2.1 in=0 out=0`},
		{"caddy", preset("caddy"),
			`{"level":"info","ts":1791640536.5,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.1","remote_port":"41342","proto":"HTTP/2.0","method":"GET","host":"shop.example.com:443","uri":"/a?b","headers":{"User-Agent":["curl \"x\" \u00e9"],"Accept":["*/*"]},"tls":{"resumed":false}},"bytes_read":7,"user_id":"","duration":0.25,"size":10900,"status":200,"resp_headers":{"Server":["Caddy"]}}` + "\n" +
				`{"level":"info","ts":1791640536.5,"msg":"autosaved config"}`,
			`GET /a host=shop.example.com code=200 ok end=2026-10-10T13:55:36.5Z took=250ms client=192.0.2.1 in=7 out=10900
no_request`},
		{"traefik", preset("traefik"),
			`{"ClientHost":"192.0.2.1","DownstreamContentSize":19,"DownstreamStatus":404,"Duration":52000,"RequestHost":"localhost","RequestMethod":"GET","RequestPath":"/x","StartUTC":"2026-10-10T13:55:36.5Z","time":"2026-10-10T15:55:36+02:00"}`,
			`GET /x host=localhost code=404 client_error end=2026-10-10T13:55:36.500052Z took=52µs client=192.0.2.1 in=0 out=19`},
		{"own JSON", must(t)(JSON(map[string]string{"time_ms": "t", "target": "http.url", "method": "http.verb", "status": "http.status", "duration_us": "us"})),
			`{"t": 1791640536000, "http": {"url": "https://shop.example.com/a\/b", "verb": "GET", "status": 200}, "us": 7, "list": [[1, {"a": "]"}], null]}`,
			`GET /a/b host=shop.example.com code=200 ok end=2026-10-10T13:55:36Z took=7µs in=0 out=0`},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := NewParser(Config{Format: c.format, Zone: oslo}, nil)
			var got []string
			for line := range strings.Lines(c.lines) {
				x, m := p.Parse([]byte(strings.TrimSuffix(line, "\n")))
				if s := show(x, m); s != "" || len(got) == 0 || got[len(got)-1] != "" {
					got = append(got, s)
				}
			}
			if s := strings.Join(got, "\n"); s != c.want {
				t.Errorf("got\n%s\nwant\n%s", s, c.want)
			}
		})
	}
}

func TestMalformed(t *testing.T) {
	common := must(t)(Preset("common"))
	caddy := must(t)(Preset("caddy"))
	for _, c := range []struct {
		format Format
		line   string
		want   decoders.Malformed
	}{
		{common, `x`, NoMatch},
		{common, `192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1`, NoMatch},
		{common, `192.0.2.1 - - [10/Okt/2026:13:55:36 +0000] "GET / HTTP/1.1" 200 1`, BadTime},
		{common, `192.0.2.1 - - [10/Oct/2026:25:55:36 +0000] "GET / HTTP/1.1" 200 1`, BadTime},
		{common, `192.0.2.1 - - [-] "GET / HTTP/1.1" 200 1`, BadTime},
		{common, `192.0.2.1 - - [10/Oct/2026:13:55:36 +9900] "GET / HTTP/1.1" 200 1`, BadTime},
		{common, `192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 2x0 1`, BadStatus},
		{common, `192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET / HTTP/1.1" 20 1`, BadStatus},
		{common, `192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "-" 408 -`, NoRequest},
		{caddy, `{"ts":1`, NoMatch},
		{caddy, `{"ts":"yesterday","request":{"method":"GET"},"status":200}`, BadTime},
		{caddy, `[]`, NoMatch},
		{caddy, strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 100), NoMatch},
	} {
		if x, m := NewParser(Config{Format: c.format}, nil).Parse([]byte(c.line)); x != nil || m != c.want {
			t.Errorf("%s: %q, want %q", c.line, m, c.want)
		}
	}
}

func TestBadFormats(t *testing.T) {
	for want, f := range map[string]func() (Format, error){
		"the status is not in it":                                     func() (Format, error) { return Nginx(`$msec "$request"`) },
		"neither the request nor its path is in it":                   func() (Format, error) { return Apache(`%t %s`) },
		"no time is in it":                                            func() (Format, error) { return Envoy(`%REQ(:PATH)% %RESPONSE_CODE%`) },
		"a $ has no name behind it":                                   func() (Format, error) { return Nginx(`$msec $ x`) },
		"${ has no }":                                                 func() (Format, error) { return Nginx(`${msec`) },
		"%DURATION has no % at its end":                               func() (Format, error) { return Envoy(`%DURATION`) },
		"a % has no directive behind it":                              func() (Format, error) { return Apache(`%h %`) },
		"unknown format; write one of " + strings.Join(Presets, ", "): func() (Format, error) { return Preset("iis") },
		"nothing stands between field 1 and the one behind it, so nobody can tell where it ends": func() (Format, error) {
			return Nginx(`$msec$status $request`)
		},
		"%{%d/%b/%Y}t is a time of a form that is not read; write %t, %{sec}t, %{msec}t or %{usec}t": func() (Format, error) {
			return Apache(`%{%d/%b/%Y}t %r %s`)
		},
	} {
		if _, err := f(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestUsers: the same mark gives the same hash as on the wire.
func TestUsers(t *testing.T) {
	s := &decoders.Sessions{
		Key: [16]byte{1}, Cookies: []string{"sid"}, Bearer: true, TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
	}
	f := must(t)(Nginx(`$remote_addr "$http_x_forwarded_for" $msec "$request" $status "$cookie_sid" "$http_cookie" "$http_authorization"`))
	for _, c := range []struct {
		client, forwarded, sid, cookies, authorization string
		want                                           uint64
	}{
		{"192.0.2.1", "-", "-", "-", "-", s.HashAddr(netip.MustParseAddr("192.0.2.1"))},
		{"192.0.2.1", "203.0.113.7", "-", "-", "-", s.HashAddr(netip.MustParseAddr("192.0.2.1"))},
		{"10.0.0.1", "203.0.113.7", "-", "-", "-", s.HashAddr(netip.MustParseAddr("203.0.113.7"))},
		{"10.0.0.1", "203.0.113.7", "abc", "-", "-", s.Hash(decoders.SessionCookie, []byte("abc"))},
		{"10.0.0.1", "-", "-", "a=b; sid=abc", "-", s.Hash(decoders.SessionCookie, []byte("abc"))},
		{"unix:", "-", "-", "-", "Bearer abc", s.Hash(decoders.SessionBearer, []byte("abc"))},
		{"unix:", "-", "-", "-", "-", 0},
	} {
		line := fmt.Sprintf(`%s "%s" 1791640536.1 "GET / HTTP/1.1" 200 "%s" "%s" "%s"`, c.client, c.forwarded, c.sid, c.cookies, c.authorization)
		x, m := NewParser(Config{Format: f}, s).Parse([]byte(line))
		if x == nil || x.Session != c.want {
			t.Errorf("%s: %v %s, want %d", line, x, m, c.want)
		}
	}
	w := NewParser(Config{Format: must(t)(Preset("w3c"))}, s)
	w.Parse([]byte("#Fields: date time cs-uri-stem cs-method sc-status cs(Cookie)"))
	if x, m := w.Parse([]byte("2026-10-10 13:55:36 / GET 200 a=b;+sid=abc")); x == nil || x.Session != s.Hash(decoders.SessionCookie, []byte("abc")) {
		t.Errorf("%v %s", x, m)
	}
}

// TestCalendar compares the dates with the standard library's.
func TestCalendar(t *testing.T) {
	for day := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2101; day = day.AddDate(0, 0, 1) {
		if got := days(int64(day.Year()), int64(day.Month()), int64(day.Day())) * 86400; got != day.Unix() {
			t.Fatalf("%s: %d, want %d", day, got, day.Unix())
		}
	}
}

// TestZone: local times on both sides of a change of the clocks.
func TestZone(t *testing.T) {
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	z := zone{location: oslo}
	for local := time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC).Unix(); local < time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Unix(); local += 607 {
		l := time.Unix(local, 0).UTC()
		want := time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, oslo).Unix()
		if got := z.utc(local); got != want {
			t.Fatalf("%s: %d, want %d", l, got, want)
		}
	}
}

var lines = map[string]string{
	"combined": `192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] "GET /accounts/4711/cards?x=y HTTP/1.1" 200 2326 "https://shop.example.com/" "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"`,
	"haproxy":  `Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2026:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"`,
	"envoy":    `[2026-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0" "locations:8080" "tcp://10.0.2.1:80"`,
	"caddy":    `{"level":"info","ts":1791640536.5,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"192.0.2.1","remote_port":"41342","proto":"HTTP/2.0","method":"GET","host":"shop.example.com:443","uri":"/a?b","headers":{"User-Agent":["curl \"x\""],"Accept":["*/*"]}},"bytes_read":7,"user_id":"","duration":0.25,"size":10900,"status":200}`,
}

func TestNoAllocation(t *testing.T) {
	s := &decoders.Sessions{Cookies: []string{"sid"}}
	for name, line := range lines {
		p, b := NewParser(Config{Format: must(t)(Preset(name)), Zone: time.Local}, s), []byte(line)
		if n := testing.AllocsPerRun(100, func() {
			if x, m := p.Parse(b); x == nil {
				t.Fatalf("%s: %s", name, m)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	s := &decoders.Sessions{Cookies: []string{"sid"}}
	for name, line := range lines {
		b.Run(name, func(b *testing.B) {
			p, line := NewParser(Config{Format: must(b)(Preset(name)), Zone: time.Local}, s), []byte(line)
			b.SetBytes(int64(len(line)) + 1)
			b.ReportAllocs()
			for b.Loop() {
				p.Parse(line)
			}
		})
	}
}

// FuzzParse: nothing panics, and what comes out is part of the line and within its bounds.
func FuzzParse(f *testing.F) {
	for name, line := range lines {
		f.Add(name, line)
	}
	f.Add("w3c", "#Fields: date time cs-method cs-uri-stem sc-status\n2026-10-10 13:55:36 GET /a 200")
	f.Add("traefik", `{"a":[{"b":"\u00"}]}`)
	f.Add("common", `- - - [10/Oct/2026:13:55:36] "`)
	sessions := &decoders.Sessions{Cookies: []string{"sid"}, Bearer: true}
	f.Fuzz(func(t *testing.T, name, text string) {
		format, err := Preset(name)
		if err != nil {
			if format, err = Nginx(name); err != nil {
				if format, err = Apache(name); err != nil {
					return
				}
			}
		}
		p := NewParser(Config{Format: format, Zone: time.UTC}, sessions)
		for line := range strings.Lines(text) {
			x, m := p.Parse([]byte(strings.TrimSuffix(line, "\n")))
			switch {
			case x == nil:
			case m != "":
				t.Fatalf("a transaction and %s", m)
			case len(x.Code) != 0 && len(x.Code) != 3, x.End < x.Start:
				t.Fatalf("%+v", x)
			case len(x.Resource)+len(x.Operation) > 3*len(line)+1:
				t.Fatalf("%q out of %q", x.Resource, line)
			}
		}
	})
}
