package thanos

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	scrapesToWeigh = 12
	seriesToWeigh  = 29 // of a service
)

// manySeries serves that many series, all of which move at every scrape.
func manySeries(t *testing.T, n int) (address string, scrapes *atomic.Int64) {
	t.Helper()
	scrapes = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k := scrapes.Add(1)
		out := bufio.NewWriter(w)
		fmt.Fprintln(out, "# TYPE wire_requests_total counter")
		for i := range n {
			fmt.Fprintf(out, "wire_requests_total{service_name=\"service-%05d\",protocol=\"http\",operation=\"op-%02d\",outcome=\"ok\",source=\"wire\"} %d\n",
				i/seriesToWeigh, i%seriesToWeigh, k*int64(200+i%800))
		}
		_ = out.Flush()
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String(), scrapes
}

// TestThanosMemory is part of `make bench-thanos`: what series cost the real Prometheus in memory and processor time. WIRE_BENCH_MEMORY says how many,
// as 1000,10000.
func TestThanosMemory(t *testing.T) {
	needPrograms(t)
	if os.Getenv("WIRE_BENCH_MEMORY") == "" {
		t.Skip("WIRE_BENCH_MEMORY is not set")
	}
	var table strings.Builder
	for number := range strings.SplitSeq(os.Getenv("WIRE_BENCH_MEMORY"), ",") {
		n, err := strconv.Atoi(number)
		must(t, err)
		interval := "10s"
		if n > 200_000 {
			interval = "30s" // or it would not be done in time
		}
		target, scrapes := manySeries(t, n)
		a := free(t, 1)[0]
		p := start(t, program(t, "prometheus"), "--storage.tsdb.path="+filepath.Join(t.TempDir(), "data"), "--web.listen-address="+a,
			"--config.file="+write(t, "prometheus.yml", fmt.Sprintf("global: {scrape_interval: %s, scrape_timeout: %s}\nscrape_configs: [{job_name: many, static_configs: [{targets: [%q]}]}]\n", interval, interval, target)))
		p.waitReady(t, http.DefaultClient, "http://"+a+"/-/ready")
		before, _ := metric(t, a, "process_cpu_seconds_total")
		await(t, 20*time.Minute, "it has scraped often enough", func() error {
			if k := scrapes.Load(); k < scrapesToWeigh {
				return fmt.Errorf("%d times", k)
			}
			return nil
		})
		memory, _ := metric(t, a, "process_resident_memory_bytes")
		heap, _ := metric(t, a, "go_memstats_heap_alloc_bytes")
		used, _ := metric(t, a, "process_cpu_seconds_total")
		fmt.Fprintf(&table, "| %d | %.0f MB | %.0f MB | %.2f µs |\n", n, memory/1e6, heap/1e6, (used-before)/float64(n*scrapesToWeigh)*1e6)
		p.kill()
	}
	t.Logf("series; memory of Prometheus; its heap; processor time of a sample, with scraping and the log\n%s", table.String())
}
