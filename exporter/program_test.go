package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// asProgram in the environment makes the test binary behave as the exporter: tests start it as a process of its own, with signals,
// privileges and an exit code, and nothing has to be built for it.
const asProgram = "WIRE_TEST_AS_PROGRAM=1"

var update = flag.Bool("update", false, "write the golden files of testdata, and docs/metrics.md, anew")

func TestMain(m *testing.M) {
	if name, value, _ := strings.Cut(asProgram, "="); os.Getenv(name) == value {
		main()
	}
	os.Exit(m.Run())
}

// programCommand is the exporter with args, ready to start. launch is how, nil for directly: "ip netns exec NAME PROGRAM".
func programCommand(launch []string, args ...string) *exec.Cmd {
	if launch == nil {
		launch = os.Args[:1]
	}
	line := slices.Concat(launch, args)
	cmd := exec.Command(line[0], line[1:]...)
	cmd.Env = append(os.Environ(), asProgram)
	return cmd
}

// output is what a process prints, which the test reads while it is still running.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// process is a started program, which ends with the test at the latest.
type process struct {
	cmd  *exec.Cmd
	log  output // standard output and standard error
	done chan struct{}
	err  error // how it ended; valid once done is closed
}

func startProcess(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &p.log, &p.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("%s printed:\n%s", filepath.Base(cmd.Path), p.log.String())
		}
	})
	return p
}

// stop asks the program to end and waits until it has: politely, after 10 s not so. It returns how it ended.
func (p *process) stop(t *testing.T) error {
	t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(10 * time.Second):
		t.Errorf("%s does not end", p.cmd.Path)
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	return p.err
}

// exporter is a running "serve", asked over a socket in a folder of the test, which is the same place from every network namespace.
type exporter struct {
	*process
	client *http.Client
}

// startExporter starts "serve" with args and waits until it is ready. launch is as in programCommand.
func startExporter(t *testing.T, launch []string, stdin io.Reader, args ...string) *exporter {
	t.Helper()
	socket := filepath.Join(openFolder(t), "web")
	cmd := programCommand(launch, append(args, "--web.listen-address=unix://"+socket)...)
	cmd.Stdin = stdin
	e := &exporter{process: startProcess(t, cmd), client: socketClient(socket, nil)}
	e.ready(t, "http://exporter/-/ready", http.StatusOK)
	return e
}

// socketClient speaks HTTP over a socket, whatever host a URL names.
func socketClient(socket string, config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}}}
}

// openFolder makes a folder in which every user may write.
func openFolder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wire_exporter")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startExporterTLS is startExporter, asked by TLS; the first answer is that a password is missing.
func startExporterTLS(t *testing.T, config *tls.Config, args ...string) *exporter {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "web")
	cmd := programCommand(nil, append(args, "--web.listen-address=unix://"+socket)...)
	e := &exporter{process: startProcess(t, cmd), client: socketClient(socket, config)}
	e.ready(t, "https://exporter/-/ready", http.StatusUnauthorized)
	return e
}

// ready waits until the exporter answers, with the given status.
func (e *exporter) ready(t *testing.T, url string, status int) {
	t.Helper()
	e.await(t, "the exporter's start", func() bool {
		select {
		case <-e.done:
			t.Fatalf("the exporter ended: %v\n%s", e.err, e.log.String())
		default:
		}
		res, err := e.client.Get(url)
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == status
	})
}

// await asks fifty times a second whether something has happened; after 30 s the test has failed.
func (p *process) await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	if !happens(happened) {
		t.Fatalf("waited in vain for %s; it printed:\n%s", what, p.log.String())
	}
}

func happens(happened func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1500 {
		if happened() {
			return true
		}
		<-tick.C
	}
	return false
}

// get fetches a page with the given request headers.
func (e *exporter) get(t *testing.T, path string, header ...string) (status int, head http.Header, body []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://exporter"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := e.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, body
}

// scrape is what /metrics says now.
func (e *exporter) scrape(t *testing.T) scrape {
	t.Helper()
	status, _, body := e.get(t, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d %s", status, body)
	}
	return parseScrape(t, body)
}

// until scrapes until the wanted has come, or fails the test after 30 s.
func (e *exporter) until(t *testing.T, what string, wanted func(s scrape) bool) (s scrape) {
	t.Helper()
	e.await(t, what, func() bool {
		s = e.scrape(t)
		return wanted(s)
	})
	return s
}

// read waits until the exporter has read all its capture files.
func (e *exporter) read(t *testing.T) {
	t.Helper()
	e.await(t, "the end of the capture", func() bool { return strings.Contains(e.log.String(), "the capture has ended") })
}

// settled scrapes until nothing changes any more for a second: no packet has come, and no request has ended.
func (e *exporter) settled(t *testing.T) (s scrape) {
	t.Helper()
	same, before := 0, -1.0
	return e.until(t, "the traffic's end", func(s scrape) bool {
		now := s.sum("wire_capture_packets_total") + s.sum("wire_requests_total")
		if same++; now != before {
			same = 0
		}
		before = now
		return same == 50
	})
}

// runProgram runs the exporter with args until it ends.
func runProgram(t *testing.T, stdin io.Reader, args ...string) (stdout, stderr string, exit int) {
	t.Helper()
	cmd := programCommand(nil, args...)
	var out, errs bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &errs
	err := cmd.Run()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// configFlag is the flag that names a file with this configuration.
func configFlag(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "wire_exporter.yml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return "--config.file=" + file
}
