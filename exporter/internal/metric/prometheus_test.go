package metric

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	promexemplar "github.com/prometheus/prometheus/model/exemplar"
	promhistogram "github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"

	"wire_exporter/decoders"
)

// ingest parses a protobuf scrape as a Prometheus server does.
func ingest(t *testing.T, m *Metrics) (native map[string]*promhistogram.Histogram, traces map[string]int) {
	t.Helper()
	registry := prometheus.NewRegistry()
	if err := m.Register(registry); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var body bytes.Buffer
	format := expfmt.NewFormat(expfmt.TypeProtoDelim)
	for _, f := range families {
		if err := expfmt.NewEncoder(&body, format).Encode(f); err != nil {
			t.Fatal(err)
		}
	}
	parser, err := textparse.New(body.Bytes(), string(format), labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		t.Fatal(err)
	}
	native, traces = map[string]*promhistogram.Histogram{}, map[string]int{}
	for {
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			return native, traces
		}
		if err != nil {
			t.Fatal(err)
		}
		if entry != textparse.EntryHistogram {
			continue
		}
		var series labels.Labels
		parser.Labels(&series)
		_, _, h, _ := parser.Histogram()
		native[series.String()] = h
		var e promexemplar.Exemplar
		for parser.Exemplar(&e) {
			if !e.HasTs {
				t.Errorf("%s: an exemplar without a time", series)
			}
			traces[series.String()]++
		}
	}
}

// A Prometheus server finds valid native histograms in a scrape, and their buckets hold what was observed.
func TestPrometheusReadsNativeHistograms(t *testing.T) {
	m, s := setup(Options{})
	values := observations(50_000, 1.5)
	for i, v := range values {
		x := txn(decoders.OK)
		x.Start, x.RequestEnd, x.FirstByte, x.End = start, start, start, start+decoders.Time(v)
		if i%2 == 0 {
			x.TraceID[0] = 1
		}
		s.Transaction(x, set(decoders.OK))
	}
	native, traces := ingest(t, m)
	slices.Sort(values)
	found := 0
	for name, h := range native {
		if err := h.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !strings.Contains(name, "_duration_seconds") || strings.Contains(name, "phase=\"request\"") || strings.Contains(name, "phase=\"wait\"") {
			continue
		}
		found++
		if traced := strings.Contains(name, "wire_request_duration") || strings.Contains(name, "wire_operation_duration"); traced != (traces[name] > 0) {
			t.Errorf("%s: %d exemplars", name, traces[name])
		}
		var below uint64
		for it := h.PositiveBucketIterator(); it.Next(); {
			b := it.At()
			below += b.Count
			upTo, _ := slices.BinarySearch(values, uint64(math.Floor(b.Upper*1e9))+1)
			if uint64(upTo) != below+h.ZeroCount {
				t.Fatalf("%s: %d observations up to %g s, want %d", name, below, b.Upper, upTo)
			}
		}
	}
	if found != 4 { // request, operation, call, response phase
		t.Errorf("%d histograms of durations, want 4", found)
	}
}

// All that example exports is valid to a Prometheus server.
func TestPrometheusReadsEverything(t *testing.T) {
	native, _ := ingest(t, example())
	for name, h := range native {
		if err := h.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(native) < 15 {
		t.Errorf("%d native histograms", len(native))
	}
}
