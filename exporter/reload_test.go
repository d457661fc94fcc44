package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const (
	oneService   = "services:\n  - {name: before, addresses: [\"127.0.10.1:8080\"]}\n"
	otherService = "services:\n  - {name: after, addresses: [\"127.0.10.1:8080\"]}\n"
	badConfig    = "services:\n  - {nam: before}\n"
	reloaded     = "wire_exporter_config_last_reload_successful"
)

// fed is an exporter that reads a capture from its standard input, in the pieces that the test hands it.
type fed struct {
	*exporter
	config string
	rest   []byte // of the capture
	in     io.WriteCloser
}

func startFed(t *testing.T, args ...string) *fed {
	t.Helper()
	f := &fed{config: filepath.Join(t.TempDir(), "wire_exporter.yml"), rest: unzip(t, shopCapture)}
	f.write(t, oneService)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	f.in = w
	f.exporter = startExporter(t, nil, r, append([]string{"--capture.file=-", "--config.file=" + f.config}, args...)...)
	r.Close()
	return f
}

func (f *fed) write(t *testing.T, config string) {
	t.Helper()
	if err := os.WriteFile(f.config, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
}

// feed hands over n bytes of the capture.
func (f *fed) feed(t *testing.T, n int) {
	t.Helper()
	if _, err := f.in.Write(f.rest[:n]); err != nil {
		t.Fatal(err)
	}
	f.rest = f.rest[n:]
}

// TestReload: new names hold from the reload on; a bad file changes nothing and is told of; neither resets a counter or loses a
// connection.
func TestReload(t *testing.T) {
	for _, c := range []struct {
		name   string
		flags  []string
		reload func(t *testing.T, f *fed)
	}{
		{"SIGHUP", nil, func(t *testing.T, f *fed) {
			if err := f.cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
		}},
		{"POST", []string{"--web.enable-lifecycle"}, func(t *testing.T, f *fed) { f.postReload(t) }},
	} {
		t.Run(c.name, func(t *testing.T) { t.Parallel(); testReload(t, startFed(t, c.flags...), c.reload) })
	}
}

func testReload(t *testing.T, f *fed, reload func(*testing.T, *fed)) {
	half := len(f.rest) / 2
	f.feed(t, half)
	before := f.settled(t)
	if before.sum("wire_requests_total", "service_name", "before") == 0 || before.sum("wire_tcp_connections") == 0 {
		t.Fatal("the first half of the capture has no requests, or no open connections")
	}

	f.write(t, badConfig)
	reload(t, f)
	s := f.until(t, "the failure", func(s scrape) bool { return s.sum(reloaded) == 0 })
	f.await(t, "the mistake in the log", func() bool {
		log := f.log.String()
		return strings.Contains(log, "was not reloaded") && strings.Contains(log, `wire_exporter.yml:2: services[0]: unknown key`)
	})
	if got, want := s.sum("wire_requests_total"), before.sum("wire_requests_total"); got != want {
		t.Errorf("%v requests after the bad reload, %v before", got, want)
	}

	f.write(t, otherService)
	reload(t, f)
	s = f.until(t, "the reload", func(s scrape) bool { return s.sum(reloaded) == 1 })
	if got, want := s.sum("wire_tcp_connections"), before.sum("wire_tcp_connections"); got != want {
		t.Errorf("%v open connections after the reload, %v before", got, want)
	}
	f.feed(t, len(f.rest))
	f.in.Close()
	f.read(t)
	s = f.scrape(t)
	stdout, _, _ := runProgram(t, nil, "replay", "--metrics", "--config.file="+f.config, shopCapture)
	want := parseScrape(t, []byte(stdout))
	for _, family := range []string{"wire_requests_total", "wire_tcp_segments_total", "wire_tcp_connection_attempts_total", "wire_service_bytes_total", "wire_transactions_unmatched_total", "wire_capture_undecoded_bytes_total"} {
		if s.sum(family) != want.sum(family) {
			t.Errorf("%s: %v, and without a reload %v", family, s.sum(family), want.sum(family))
		}
	}
	if s.sum("wire_requests_total", "service_name", "before") == 0 || s.sum("wire_requests_total", "service_name", "after") == 0 {
		t.Errorf("requests: %v", s.by("service_name", "wire_requests_total"))
	}
}

// postReload asks for a reload and returns the answer.
func (f *fed) postReload(t *testing.T) (status int, text string) {
	t.Helper()
	res, err := f.client.Post("http://exporter/-/reload", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// TestReloadPage: only who was allowed to may reload, and is told what is wrong.
func TestReloadPage(t *testing.T) {
	closed, open := startFed(t), startFed(t, "--web.enable-lifecycle")
	for _, c := range []struct {
		f      *fed
		config string
		status int
		part   string
	}{
		{closed, otherService, http.StatusForbidden, "--web.enable-lifecycle"},
		{open, otherService, http.StatusOK, ""},
		{open, badConfig, http.StatusInternalServerError, "wire_exporter.yml:2"},
	} {
		c.f.write(t, c.config)
		if status, text := c.f.postReload(t); status != c.status || !strings.Contains(text, c.part) {
			t.Errorf("%d %s, want %d with %q", status, text, c.status, c.part)
		}
	}
}
