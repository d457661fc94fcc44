package accesslog

import (
	"os"
	"strings"
	"testing"
	"time"
)

// TestRecorded reads what real servers have written: Apache 2.4.71, HAProxy 2.6.12, nginx 1.22.1 and Caddy 2.6.2, each asked for a page, for one that is
// missing, for paths with a quote, a blank, a letter beyond ASCII and a backslash, by a client whose name has quotes, and for nothing sensible.
func TestRecorded(t *testing.T) {
	preset := func(name string) Format { return must(t)(Preset(name)) }
	const usual = "GET 200, GET 404, POST 404, GET 404, 400"
	for file, c := range map[string]struct {
		format Format
		timed  bool
		want   string
	}{
		"apache.common.log":   {preset("common"), false, usual},
		"apache.combined.log": {preset("combined"), false, usual},
		"apache.timed.log":    {must(t)(Apache(`%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i" %D`)), true, usual},
		"nginx.combined.log":  {preset("combined"), false, usual},
		"nginx.timed.log":     {must(t)(Nginx(`$remote_addr [$time_local] "$request" $status $body_bytes_sent $request_time $host`)), true, usual},
		"nginx.json.log":      {must(t)(Nginx(`{"t":"$time_iso8601","m":"$request_method","u":"$request_uri","s":$status,"d":$request_time,"ua":"$http_user_agent"}`)), true, "GET 200, GET 404, POST 404, GET 404, no_request"},
		"haproxy.log":         {preset("haproxy"), true, "GET 200, GET 404, POST 404, 400, 400, 400"}, // it refuses what is beyond ASCII
		"haproxy.syslog.log":  {preset("haproxy"), true, "GET 200, GET 404, GET 200, GET 404, POST 404"},
		"caddy.log":           {preset("caddy"), true, "GET 200, GET 404, POST 404, GET 404"},
	} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		p := NewParser(Config{Format: c.format, Zone: time.UTC}, nil)
		var got []string
		for line := range strings.Lines(string(text)) {
			x, m := p.Parse([]byte(strings.TrimSuffix(line, "\n")))
			if x == nil {
				got = append(got, string(m))
				continue
			}
			got = append(got, strings.TrimSpace(string(x.Operation)+" "+string(x.Code)))
			if d, ok := x.Duration(); ok != c.timed && len(x.Operation) > 0 || d > int64(time.Minute) {
				t.Errorf("%s: a duration of %d, %v: %s", file, d, ok, line)
			}
			if at := time.Unix(0, int64(x.End)).UTC(); at.Format("2006-01-02 15") != "2026-11-21 20" || x.Flow.Client.Addr().String() != "127.0.0.1" && file != "nginx.json.log" {
				t.Errorf("%s: %s from %s: %s", file, at, x.Flow.Client.Addr(), line)
			}
		}
		if s := strings.Join(got, ", "); s != c.want {
			t.Errorf("%s: %s, want %s", file, s, c.want)
		}
	}
}
