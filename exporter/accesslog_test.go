package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAccessLogs: a log is a source like the wire, goes on where it was left, and hands out no cookie.
func TestAccessLogs(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "access.log")
	config := filepath.Join(dir, "wire_exporter.yml")
	write(t, config, fmt.Sprintf(`
services:
  - name: shop
    hosts: [shop.example.com]
    paths: ["/accounts/{id}"]
    logins: [{method: POST, path: /login, status: [303]}]
access_logs:
  - path: %s
    nginx: '$remote_addr [$time_iso8601] "$request" $status $bytes_sent $request_time $host "$cookie_sid"'
    server: 192.0.2.80:8443
    from_start: true
users: {cookies: [sid], key_file: %[2]s}
`, log, config))
	line := func(method, target string, status int, host, sid string) string {
		return fmt.Sprintf("198.51.100.7 [2026-10-10T13:55:36+00:00] \"%s %s HTTP/2.0\" %d 512 0.250 %s \"%s\"\n", method, target, status, host, sid)
	}
	write(t, log, line("POST", "/login?password=canary", 303, "shop.example.com", "canary-1")+
		line("GET", "/accounts/4711", 200, "shop.example.com", "canary-1")+
		line("GET", "/accounts/4712", 503, "shop.example.com", "canary-2")+
		line("GET", "/", 200, "other.example.com", "-")+"nonsense\n")

	args := []string{"--config.file=" + config, "--accesslog.positions=" + filepath.Join(dir, "positions.json")}
	e := startExporter(t, nil, nil, args...)
	s := e.until(t, "five lines", func(s scrape) bool { return s.sum("wire_accesslog_lines_total") == 5 })
	for _, c := range []struct {
		family string
		labels []string
		want   float64
	}{
		{"wire_requests_total", []string{"service_name", "shop", "source", "log", "protocol", "http1"}, 3},
		{"wire_requests_total", []string{"service_name", "shop", "outcome", "server_error"}, 1},
		{"wire_requests_total", []string{"service_name", "192.0.2.80:8443"}, 1},
		{"wire_requests_total", []string{"source", "wire"}, 0},
		{"wire_request_duration_seconds", []string{"service_name", "shop", "source", "log"}, 3},
		{"wire_operation_duration_seconds", []string{"resource", "/accounts/{id}", "source", "log"}, 2},
		{"wire_user_logins_total", []string{"service_name", "shop", "outcome", "ok", "source", "log"}, 1},
		{"wire_active_users", []string{"service_name", "shop", "window", "5m", "source", "log"}, 2},
		{"wire_accesslog_malformed_lines_total", []string{"reason", "no_match"}, 1},
		{"wire_accesslog_malformed_lines_total", nil, 1},
		{"wire_calls_total", nil, 0},
		{"wire_request_phase_duration_seconds", nil, 0},
	} {
		if got := s.sum(c.family, c.labels...); got != c.want {
			t.Errorf("%s%v: %v, want %v", c.family, c.labels, got, c.want)
		}
	}
	noCanary(t, e)
	if err := e.stop(t); err != nil {
		t.Fatal(err)
	}

	write(t, log, line("GET", "/accounts/4713", 200, "shop.example.com", "-"))
	e = startExporter(t, nil, nil, args...)
	s = e.until(t, "the line that was added", func(s scrape) bool { return s.sum("wire_accesslog_lines_total") >= 1 })
	if got := s.sum("wire_requests_total"); got != 1 {
		t.Errorf("after a restart %v requests, want the one that was added", got)
	}
}

// noCanary looks at everything that the exporter prints and serves.
func noCanary(t *testing.T, e *exporter) {
	t.Helper()
	texts := map[string]string{"the log": e.log.String()}
	for _, page := range []string{"/metrics", "/"} {
		_, _, body := e.get(t, page)
		texts[page] = string(body)
	}
	for where, text := range texts {
		if strings.Contains(text, "canary") {
			t.Errorf("%s has a canary:\n%s", where, text)
		}
	}
}

// write adds text to a file.
func write(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
