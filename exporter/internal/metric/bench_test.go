package metric

import (
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// The choice between a bucket array of each worker, added up at scrape time, and client_golang's own histograms with their
// children resolved beforehand. A transaction observes up to eight histograms.
func BenchmarkObserve(b *testing.B) {
	values := observations(1024, 1)
	b.Run("worker", func(b *testing.B) {
		h := newHistogram(&histogramTotal{series: series{family: families[requestDuration]}, schema: schema})
		for i := range b.N {
			h.observe(values[i%1024])
		}
	})
	b.Run("worker native only", func(b *testing.B) {
		h := newHistogram(&histogramTotal{series: series{family: families[operationDuration]}, schema: schema})
		for i := range b.N {
			h.observe(values[i%1024])
		}
	})
	b.Run("client_golang", func(b *testing.B) {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "h", Buckets: durations.bounds, NativeHistogramBucketFactor: 1.1, NativeHistogramZeroThreshold: 1e-6, NativeHistogramMaxBucketNumber: maxBuckets,
		}, []string{"service_name"}).WithLabelValues("bank")
		for i := range b.N {
			h.Observe(float64(values[i%1024]) / 1e9)
		}
	})
}

func BenchmarkTransaction(b *testing.B) {
	for _, sets := range []int{1, 100, 5000} {
		b.Run(fmt.Sprintf("%d sets", sets), func(b *testing.B) {
			m := New(many{}, []string{"http"}, Options{SeriesLimit: 1e6})
			s := m.Shard()
			all := make([]label.Set, sets)
			for i := range all {
				all[i] = *set(decoders.OK)
				all[i].Service, all[i].Resource = label.ID(10+i%50), label.ID(1000+i)
			}
			values := observations(1024, 1)
			x := txn(decoders.OK)
			b.ReportAllocs()
			for i := range b.N {
				x.End = x.FirstByte + decoders.Time(values[i%1024])
				x.Session = uint64(1 + i%500)
				s.Transaction(x, &all[i%sets])
			}
		})
	}
}

// crowd is as many series as there may be; its function lets n requests end, spread over them.
func crowd() (*Metrics, *Shard, func(n int)) {
	m := New(many{}, []string{"http"}, Options{})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	rng := rand.New(rand.NewPCG(5, 6))
	values := observations(1<<16, 1)
	return m, s, func(n int) {
		for range n {
			outcome := decoders.OK
			if rng.IntN(20) == 0 {
				outcome = decoders.Outcome(rng.IntN(3))
			}
			x := set(outcome)
			x.Service = 100 + label.ID(rng.IntN(200))
			x.Operation, x.Resource = 1000+x.Service*20+label.ID(rng.IntN(4)), 10_000+x.Service*50+label.ID(rng.IntN(50))
			x.Client, x.Code = 50_000+label.ID(rng.IntN(10)), 60_000+x.Service*40+label.ID(outcome)
			y := txn(outcome)
			y.End = y.FirstByte + decoders.Time(values[rng.IntN(len(values))])
			y.TraceID[3] = byte(n)
			s.Transaction(y, x)
		}
	}
}

// scrapeSize gathers and encodes everything, and returns the bytes and the bytes compressed.
func scrapeSize(tb testing.TB, m *Metrics, format expfmt.FormatType) (plain, packed counting) {
	tb.Helper()
	registry := prometheus.NewRegistry()
	if err := m.Register(registry); err != nil {
		tb.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		tb.Fatal(err)
	}
	zip := gzip.NewWriter(&packed)
	encoder := expfmt.NewEncoder(io.MultiWriter(&plain, zip), expfmt.NewFormat(format))
	for _, f := range families {
		if err := encoder.Encode(f); err != nil {
			tb.Fatal(err)
		}
	}
	if err := zip.Close(); err != nil {
		tb.Fatal(err)
	}
	return plain, packed
}

// A scrape with as many series as there may be stays under 10 MB compressed.
func TestFullScrapeStaysSmall(t *testing.T) {
	m, _, work := crowd()
	work(100_000)
	plain, packed := scrapeSize(t, m, expfmt.TypeProtoDelim)
	if packed > 10e6 {
		t.Errorf("%d bytes compressed", packed)
	}
	t.Logf("%d series: %.1f MB, %.1f MB compressed", m.registry.size(), float64(plain)/1e6, float64(packed)/1e6)
}

// BenchmarkLabelSets is the memory that a label set takes, its values and totals together, when its histograms are filled as those of a day
// are; for docs/sizing.md.
func BenchmarkLabelSets(b *testing.B) {
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		m, _, work := crowd()
		work(400_000)
		scrapeSize(b, m, expfmt.TypeProtoDelim)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapInuse-before.HeapInuse)/float64(m.registry.size()), "B/label-set")
		b.ReportMetric(float64(m.registry.size()), "label-sets")
	}
}

// BenchmarkNewSets is a stream of label sets that the worker does not keep ready.
func BenchmarkNewSets(b *testing.B) {
	_, _, work := crowd()
	work(400_000)
	b.ReportAllocs()
	b.ResetTimer()
	work(b.N)
}

func BenchmarkFullScrape(b *testing.B) {
	m, _, work := crowd()
	for name, format := range map[string]expfmt.FormatType{"protobuf": expfmt.TypeProtoDelim, "text": expfmt.TypeTextPlain} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				b.StopTimer()
				work(400_000)
				b.StartTimer()
				plain, packed := scrapeSize(b, m, format)
				b.ReportMetric(float64(plain)/1e6, "MB")
				b.ReportMetric(float64(packed)/1e6, "MB-gzip")
				b.ReportMetric(float64(m.registry.size()), "series")
			}
		})
	}
}

// BenchmarkFlush is what a scrape costs a worker, when all of its series have changed.
func BenchmarkFlush(b *testing.B) {
	m, s, work := crowd()
	work(400_000)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		work(100_000)
		m.mu.Lock()
		b.StartTimer()
		b.ReportMetric(float64(len(s.observed)+len(s.counted)), "series")
		s.Flush()
		m.mu.Unlock()
	}
}

// BenchmarkGather is the part of it that is done here; idle: nothing has happened since the last scrape.
func BenchmarkGather(b *testing.B) {
	m := New(many{}, []string{"http"}, Options{})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	for i := range label.ID(10_000) {
		x := set(decoders.OK)
		x.Service, x.Resource = 100+i%200, 1000+i
		s.Transaction(txn(decoders.OK), x)
	}
	registry := prometheus.NewRegistry()
	if err := m.Register(registry); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for range b.N {
		if _, err := registry.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

type counting int

func (c *counting) Write(p []byte) (int, error) {
	*c += counting(len(p))
	return len(p), nil
}
