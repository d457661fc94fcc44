package source

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
	"google.golang.org/protobuf/encoding/protodelim"

	"wire_exporter/rules/backtest/store"
)

func write(t *testing.T, name, text string) string {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads x from lo to hi.
func load(t *testing.T, name string, lo, hi int64) *store.Series {
	t.Helper()
	src, err := Open(t.Context(), name, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s := store.New()
	for at := lo; at < hi; at += 7000 { // in pieces, as the engine does
		if err := src.Load(t.Context(), []string{"x"}, at, min(at+7000, hi), s); err != nil {
			t.Fatal(err)
		}
	}
	return s.Series(labels.FromStrings("__name__", "x", "job", "a"))
}

func check(t *testing.T, s *store.Series, want string) {
	t.Helper()
	if got := fmt.Sprint(s.T, s.V); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFiles(t *testing.T) {
	check(t, load(t, write(t, "x.txt", "# TYPE x gauge\nx{job=\"a\"} 1 1\nx{job=\"a\"} 3 3\nx{job=\"a\"} 2 2\nx{job=\"b\"} 9 2\n# EOF\n"), 0, 10_000), "[1000 2000 3000] [1 2 3]")
	check(t, load(t, write(t, "x.csv", "time,\"x{job=\"\"a\"\"}\",y\n1,5,1\n1970-01-01T00:00:09Z,,1\n10.5,6,\n"), 0, 20_000), "[1000 10500] [5 6]")
	for _, bad := range []string{"time,x{\n1,2\n", "x,y\n1,2\n", "time,x\nnever,2\n", "time,x\n1,two\n"} {
		if _, err := Open(t.Context(), write(t, "bad.csv", bad), Options{}); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
	if _, err := Open(t.Context(), write(t, "bad.txt", "x 1\n# EOF\n"), Options{}); err == nil {
		t.Error("a sample without a time was read")
	}
}

// TestProtobuf: what the exporter writes with replay --metrics --every.
func TestProtobuf(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "x", ConstLabels: prometheus.Labels{"job": "a"}, NativeHistogramBucketFactor: 1.1})
	registry.MustRegister(h)
	var file bytes.Buffer
	for at := int64(1000); at <= 3000; at += 1000 {
		h.Observe(0.1)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			f.Metric[0].TimestampMs = &at
			if _, err := protodelim.MarshalTo(&file, f); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := load(t, write(t, "x.bin", file.String()), 0, 10_000)
	if len(s.H) != 3 || s.H[2].Count != 3 || s.H[2].Schema != 3 {
		t.Fatalf("%+v", s)
	}
	if _, err := Open(t.Context(), write(t, "cut.bin", file.String()[:file.Len()-3]), Options{}); err == nil {
		t.Error("a file that is cut off was read")
	}
}

// TestFolder: some samples are in a block, the newest in the log only.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	db, err := tsdb.Open(dir, promslog.NewNopLogger(), nil, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	app := db.Appender(t.Context())
	for i := range int64(4) {
		for _, name := range []string{"x", "up"} {
			if _, err := app.Append(0, labels.FromStrings("__name__", name, "job", "a"), 1000+i*8000, float64(i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	const later = 4 * 3600_000
	if _, err := app.Append(0, labels.FromStrings("__name__", "up", "job", "a"), later, 1); err != nil {
		t.Fatal(err)
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := db.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(db.Blocks()) == 0 {
		t.Error("there is no block")
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	check(t, load(t, dir, 1000, 30_000), "[9000 17000 25000] [1 2 3]")
	src, err := Open(t.Context(), dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if lo, hi, err := src.Span(context.Background()); lo != 1000 || hi != later || err != nil {
		t.Error(lo, hi, err)
	}
}

// TestAPI: histograms that Prometheus has turned into boundaries become what they were.
func TestAPI(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for schema := int32(-4); schema <= 8; schema++ {
		want := &histogram.FloatHistogram{Schema: schema, Count: 100, Sum: 42, ZeroThreshold: 1e-6, ZeroCount: 3}
		want.PositiveSpans = []histogram.Span{{Offset: rng.Int32N(20) - 10, Length: 3}, {Offset: 5, Length: 1}}
		want.PositiveBuckets = []float64{1, 2, 3, 4}
		want.NegativeSpans, want.NegativeBuckets = []histogram.Span{{Offset: 2, Length: 2}}, []float64{5, 6}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.FormValue("query") != `{__name__="x"}[7000ms]` {
				fmt.Fprint(w, `{"status":"success","data":{"result":[]}}`)
				return
			}
			fmt.Fprintf(w, `{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x","job":"a"},"values":[[1.5,"7"]],"histograms":[[2,%s]]}]}}`, asJSON(want))
		}))
		s := load(t, server.URL, 0, 7000)
		server.Close()
		check(t, s, "[1500 2000] [7 0]")
		if !s.H[1].Equals(want) {
			t.Errorf("schema %d: got %s, want %s", schema, s.H[1], want)
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"status":"error","error":"too many samples"}`)
	}))
	defer server.Close()
	src, err := Open(t.Context(), server.URL, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Load(t.Context(), []string{"x"}, 0, 1000, store.New()); err == nil {
		t.Error("an error was taken for an answer")
	}
}

// asJSON is the form that is described with Prometheus' HTTP API.
func asJSON(h *histogram.FloatHistogram) string {
	var buckets []string
	for it := h.AllBucketIterator(); it.Next(); {
		if b := it.At(); b.Count != 0 {
			buckets = append(buckets, fmt.Sprintf(`[0,"%v","%v","%v"]`, b.Lower, b.Upper, b.Count))
		}
	}
	return fmt.Sprintf(`{"count":"%v","sum":"%v","buckets":[%s]}`, h.Count, h.Sum, strings.Join(buckets, ","))
}
