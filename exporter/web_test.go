package main

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestNegotiation: /metrics speaks the format that it is asked for.
func TestNegotiation(t *testing.T) {
	e := shopExporter(t)
	for _, c := range []struct{ accept, contentType, part string }{
		{"", "text/plain; version=0.0.4; charset=utf-8", "# TYPE wire_requests_total counter\n"},
		{asText, "text/plain; version=0.0.4; charset=utf-8", "# TYPE wire_requests_total counter\n"},
		{asOpenMetrics, "application/openmetrics-text; version=1.0.0; charset=utf-8", "# TYPE wire_requests counter\n"},
		{asProtobuf, "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited", "wire_requests_total"},
		{"application/json", "text/plain; version=0.0.4; charset=utf-8", "# TYPE wire_requests_total counter\n"},
	} {
		_, head, body := e.get(t, "/metrics", "Accept", c.accept)
		if !strings.HasPrefix(head.Get("Content-Type"), c.contentType) || !bytes.Contains(body, []byte(c.part)) {
			t.Errorf("asked for %q: %s, %.200q", c.accept, head.Get("Content-Type"), body)
		}
	}
}

// TestExemplars: an OpenMetrics scrape ends as it must, and names traces that were on the wire.
func TestExemplars(t *testing.T) {
	_, _, body := shopExporter(t).get(t, "/metrics", "Accept", asOpenMetrics)
	if !bytes.HasSuffix(body, []byte("\n# EOF\n")) {
		t.Errorf("the end is %q", body[max(0, len(body)-20):])
	}
	traces := regexp.MustCompile(`wire_request_duration_seconds_bucket.* # {trace_id="([0-9a-f]{32})"} `).FindAllSubmatch(body, -1)
	if len(traces) == 0 {
		t.Fatal("there are no exemplars")
	}
	recorded := unzip(t, shopCapture)
	for _, trace := range traces {
		if !bytes.Contains(recorded, append([]byte("00-"), trace[1]...)) {
			t.Errorf("there was no trace %s", trace[1])
		}
	}
}

// TestNativeHistograms: the protobuf format carries both kinds of buckets where the design says so, and both say the same.
func TestNativeHistograms(t *testing.T) {
	s := shopExporter(t).scrapeProtobuf(t)
	for _, m := range s["wire_request_duration_seconds"].GetMetric() {
		h := m.GetHistogram()
		var native int64
		var bucket int64
		for _, delta := range h.PositiveDelta {
			bucket += delta
			native += bucket
		}
		native += int64(h.GetZeroCount())
		if uint64(native) != h.GetSampleCount() || h.GetSchema() != 3 || h.GetZeroThreshold() != 1e-6 {
			t.Errorf("%v: schema %d, %d samples in native buckets", m.Label, h.GetSchema(), native)
		}
		if last := h.Bucket[len(h.Bucket)-1]; last.GetCumulativeCount() != h.GetSampleCount() || h.Bucket[0].GetUpperBound() != 1e-4 || last.GetUpperBound() != math.Inf(1) {
			t.Errorf("%v: classic buckets %v", m.Label, h.Bucket)
		}
	}
}

func unzip(t *testing.T, file string) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return gunzip(t, f)
}

func gunzip(t *testing.T, in io.Reader) []byte {
	t.Helper()
	z, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestCompression: a scrape is sent compressed to those who take it so.
func TestCompression(t *testing.T) {
	e := shopExporter(t)
	_, _, plain := e.get(t, "/metrics", "Accept-Encoding", "identity")
	_, head, packed := e.get(t, "/metrics", "Accept-Encoding", "gzip")
	if head.Get("Content-Encoding") != "gzip" || len(packed) > len(plain)/5 {
		t.Fatalf("%q, %d bytes of %d", head.Get("Content-Encoding"), len(packed), len(plain))
	}
	if got := parseScrape(t, gunzip(t, bytes.NewReader(packed))).sum("wire_requests_total"); got != parseScrape(t, plain).sum("wire_requests_total") {
		t.Errorf("%v requests", got)
	}
}

// TestPages: who asks for what, and what comes.
func TestPages(t *testing.T) {
	e := shopExporter(t)
	for _, c := range []struct {
		method, path string
		status       int
		part         string
	}{
		{"GET", "/", 200, ">web <"},
		{"GET", "/-/healthy", 200, "healthy"},
		{"GET", "/-/ready", 200, "ready"},
		{"GET", "/metrics", 200, "wire_exporter_build_info{"},
		{"HEAD", "/metrics", 200, ""},
		{"GET", "/nothing", 404, ""},
		{"POST", "/metrics", 405, ""},
		{"GET", "/-/reload", 405, ""},
		{"POST", "/-/reload", 403, "--web.enable-lifecycle"},
		{"GET", "/debug/pprof/", 404, ""},
	} {
		req, err := http.NewRequest(c.method, "http://exporter"+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := e.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil || res.StatusCode != c.status || !bytes.Contains(body, []byte(c.part)) {
			t.Errorf("%s %s: %d, %v, %.300s", c.method, c.path, res.StatusCode, err, body)
		}
	}
}

// TestTLSAndPassword: with --web.config.file nothing is served in the clear or to strangers.
func TestTLSAndPassword(t *testing.T) {
	dir := t.TempDir()
	roots := certificate(t, dir)
	// bcrypt of the password "open sesame"
	const hash = "$2a$04$E2AA0MLfKiaIszuDvYmV9OWgZxP6klyHwkpUEd.6htDVXu7sjr.lC"
	config := filepath.Join(dir, "web.yml")
	text := fmt.Sprintf("tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\nbasic_auth_users:\n  prometheus: %s\n", hash)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	e := startExporterTLS(t, &tls.Config{RootCAs: roots, ServerName: "exporter.test"}, "--capture.file="+shopCapture, "--web.config.file="+config)
	for _, c := range []struct {
		url, user, password string
		status              int
	}{
		{"https://exporter/metrics", "prometheus", "open sesame", 200},
		{"https://exporter/metrics", "prometheus", "guess", 401},
		{"https://exporter/metrics", "", "", 401},
		{"https://exporter/", "", "", 401},
		{"http://exporter/metrics", "prometheus", "open sesame", 400}, // "client sent an HTTP request to an HTTPS server"
	} {
		req, err := http.NewRequest(http.MethodGet, c.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.user != "" {
			req.SetBasicAuth(c.user, c.password)
		}
		res, err := e.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != c.status {
			t.Errorf("%s for %q, %q: %s", c.url, c.user, c.password, res.Status)
		}
	}
}

// certificate writes a key and its self-signed certificate.
func certificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"exporter.test"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

// TestLogFlags: the log has the format and the level that it is asked for.
func TestLogFlags(t *testing.T) {
	for _, c := range []struct {
		flag, line string
		wanted     bool
	}{
		{"--log.format=json", `"level":"INFO","source":"serve.go:`, true},
		{"--log.format=logfmt", `level=INFO source=serve.go:`, true},
		{"--log.level=error", `level=INFO`, false},
	} {
		e := startExporter(t, nil, strings.NewReader(""), "--capture.file="+shopCapture, c.flag)
		e.until(t, "the end of the capture", func(s scrape) bool { return s.sum("wire_requests_total") > 0 })
		e.stop(t)
		if strings.Contains(e.log.String(), c.line) != c.wanted {
			t.Errorf("%s: %s", c.flag, e.log.String())
		}
	}
}

// TestEndsInOrder: a running exporter that is told to end does so without a fault.
func TestEndsInOrder(t *testing.T) {
	e := shopExporter(t)
	if err := e.stop(t); err != nil {
		t.Errorf("%v: %s", err, e.log.String())
	}
}

func TestVersionAndHelp(t *testing.T) {
	for _, c := range []struct{ flag, part string }{
		{"--version", "wire_exporter, version "},
		{"-v", "wire_exporter, version "},
		{"--help", "--capture.interface"},
		{"-h", "replay [<flags>] <file>..."},
		{"replay --help", "--transactions"},
	} {
		stdout, stderr, exit := runProgram(t, nil, strings.Fields(c.flag)...)
		if exit != 0 || stderr != "" || !strings.Contains(stdout, c.part) {
			t.Errorf("%s: exit %d, %q, %q", c.flag, exit, stdout, stderr)
		}
	}
}
