package thanos

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestThanosSizing measures what series cost, for docs/longterm.md: 1,000 and 10,000 of them, scraped every 15 s as the exporter is,
// over two days (a 5 m resolution is made of blocks of 40 hours and more). It takes many minutes: `make bench-thanos`. WIRE_BENCH_THANOS says
// how many series, as 1000,10000.
func TestThanosSizing(t *testing.T) {
	needPrograms(t)
	if os.Getenv("WIRE_BENCH_THANOS") == "" {
		t.Skip("WIRE_BENCH_THANOS is not set")
	}
	const (
		seriesOfService = 29
		scrapeInterval  = 15 * time.Second
	)
	for number := range strings.SplitSeq(os.Getenv("WIRE_BENCH_THANOS"), ",") {
		n, err := strconv.Atoi(number)
		if err != nil {
			t.Fatal(err)
		}
		var services []*service
		for i := range n / seriesOfService {
			services = append(services, newService(fmt.Sprintf("service-%03d", i), .005*float64(1+i%20), 20))
		}
		dir := t.TempDir()
		to := time.Now().Truncate(blockSpan)
		begin := time.Now()
		writeBlock(t, dir, to.Add(-blockSpan), to, scrapeInterval, services...)
		t.Logf("%d series: written in %v", n, time.Since(begin).Round(time.Second))
		b := filesystem(t)
		b.upload(t, dir, `site="oslo"`)
		begin = time.Now()
		if out, err := b.compact(t); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		t.Logf("%d series: downsampled in %v", n, time.Since(begin).Round(time.Second))
		b.sizes(t)
	}
}
