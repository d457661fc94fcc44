package thanos

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
)

// mistake is what docs/longterm.md says of one: by these words of the log somebody finds the remedy.
type mistake struct {
	name, says string
	make       func(t *testing.T, says string)
}

var mistakes = []mistake{
	{"wrong credentials", "Access Denied", wrongCredentials},
	{"wrong bucket", "The specified bucket does not exist", wrongBucket},
	{"object store away", "connection refused", storeAway},
	{"misspelt setting of the bucket", "field buckett not found", misspelt},
	{"same external labels twice", "overlaps found", sameLabels},
	{"no external labels", "no external labels configured on Prometheus server", noLabels},
	{"Prometheus joins its blocks", "Compaction needs to be disabled", joinsBlocks},
	{"small index cache", "max item size", smallCache},
}

// TestThanosMistakes: each mistake is told by the words that the documentation has, and is there with its remedy.
func TestThanosMistakes(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	text, err := os.ReadFile("../docs/longterm.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			if !strings.Contains(string(text), "`"+m.says+"`") {
				t.Errorf("docs/longterm.md does not say what `%s` means", m.says)
			}
			m.make(t, m.says)
		})
	}
}

// refused runs the compactor on a bucket where it has to end with these words.
func refused(t *testing.T, b bucket, says string) {
	t.Helper()
	out, err := b.compact(t)
	if err == nil || !strings.Contains(out, says) {
		t.Errorf("%v, and it does not say %q:\n%s", err, says, out[max(0, len(out)-2000):])
	}
}

// wrongCredentials: gofakes3 lets everybody in, so a doorman stands before it, who answers as Amazon's does.
func wrongCredentials(t *testing.T, says string) {
	address := free(t, 1)[0]
	start(t, program(t, "gofakes3"), "-backend", "memory", "-host", address, "-initialbucket", "wire", "-quiet").
		waitReady(t, http.DefaultClient, "http://"+address+"/wire")
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if strings.Contains(req.Header.Get("Authorization"), "Credential=k/") {
			behind.ServeHTTP(w, req)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `<Error><Code>AccessDenied</Code><Message>Access Denied.</Message></Error>`)
	}))
	t.Cleanup(door.Close)
	right := s3Config(door.Listener.Addr().String(), "wire")
	if out, err := (bucket{kind: "s3", config: write(t, "objstore.yml", right)}).compact(t); err != nil {
		t.Errorf("with the right key: %v\n%s", err, out)
	}
	refused(t, bucket{kind: "s3", config: write(t, "objstore.yml", strings.Replace(right, "access_key: k", "access_key: wrong", 1))}, says)
}

func wrongBucket(t *testing.T, says string) {
	b := s3(t)
	text, err := os.ReadFile(b.config)
	if err != nil {
		t.Fatal(err)
	}
	refused(t, bucket{kind: "s3", config: write(t, "objstore.yml", strings.Replace(string(text), "bucket: wire", "bucket: another", 1))}, says)
}

func storeAway(t *testing.T, says string) {
	config := strings.Replace(s3Config(free(t, 1)[0], "wire"), "insecure: true", "insecure: true, max_retries: 1", 1)
	refused(t, bucket{kind: "s3", config: write(t, "objstore.yml", config)}, says)
}

func misspelt(t *testing.T, says string) {
	config := strings.Replace(s3Config(free(t, 1)[0], "wire"), "bucket:", "buckett:", 1)
	refused(t, bucket{kind: "s3", config: write(t, "objstore.yml", config)}, says)
}

// sameLabels: two Prometheus that say they are the same one.
func sameLabels(t *testing.T, says string) {
	b := filesystem(t)
	for i := range 2 {
		for k := range 4 {
			b.upload(t, smallBlock(t, time.Unix(0, 0).Add(time.Duration(k)*freshSpan), float64(i)), `site="oslo"`)
		}
	}
	refused(t, b, says)
}

// smallBlock is a folder with one block of two hours.
func smallBlock(t *testing.T, from time.Time, v float64) string {
	t.Helper()
	dir := t.TempDir()
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, freshSpan.Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
	app := w.Appender(t.Context())
	for at := from; at.Before(from.Add(freshSpan)); at = at.Add(time.Minute) {
		if _, err := app.Append(0, labels.FromStrings("__name__", "up"), at.UnixMilli(), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	return dir
}

func noLabels(t *testing.T, says string) {
	s := startSite(t, sensor(t), "{}", filesystem(t).config, twoMinutes...)
	s.sidecar.waitSaid(t, readyLimit, says)
}

func joinsBlocks(t *testing.T, says string) {
	s := startSite(t, sensor(t), "{site: oslo}", filesystem(t).config)
	s.sidecar.waitSaid(t, readyLimit, says)
}

func smallCache(t *testing.T, says string) {
	a := free(t, 2)
	p := startThanos(t, "store", a[0], "--grpc-address="+a[1], "--data-dir="+t.TempDir(), "--objstore.config-file="+filesystem(t).config, "--index-cache-size=100MB")
	p.waitSaid(t, readyLimit, says)
}
