package thanos

import (
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	scrapeEvery     = 15 * time.Second
	seriesOfService = 29
	recordedEvery   = 4              // scrapes: rules are evaluated every minute
	headSteps       = samplesOfChunk // half an hour: every series has a full chunk
	largestStored   = 100_000        // series whose blocks are written as well
)

// cost is what so many series cost.
type cost struct {
	series                       int
	heap, wal                    float64 // bytes a series
	ingest                       float64 // processor time of one sample, ns
	raw, five, hour              float64 // bytes a series and day
	write, downsample, coarsened float64 // processor time of a series and day, ms
}

// TestGrowth is `make bench-thanos`: what series cost in memory, on disk in each resolution, and in processor time, for the numbers of series that
// WIRE_BENCH_GROWTH lists, and whether the cost of one depends on how many there are.
func TestGrowth(t *testing.T) {
	list := os.Getenv("WIRE_BENCH_GROWTH")
	if list == "" {
		t.Skip("WIRE_BENCH_GROWTH is not set")
	}
	var all []cost
	for number := range strings.SplitSeq(list, ",") {
		n, err := strconv.Atoi(number)
		must(t, err)
		c := measure(t, n)
		t.Logf("%+v", c)
		all = append(all, c)
	}
	var table strings.Builder
	for _, c := range all {
		fmt.Fprintf(&table, "| %d | %.1f kB | %.2f kB | %.2f µs | %s | %s | %s | %s | %s |\n", c.series, c.heap/1000, c.wal/1000, c.ingest/1000,
			known(c.raw, "%.1f kB", 1000), known(c.five, "%.1f kB", 1000), known(c.hour, "%.2f kB", 1000), known(c.downsample, "%.1f ms", 1), known(c.coarsened, "%.1f ms", 1))
	}
	t.Logf("a series: memory, log of half an hour; a sample; a series and day: raw, 5 m, 1 h; processor time for 5 m, for 1 h\n%s", table.String())
	for _, fit := range []struct {
		what string
		of   func(cost) float64
	}{
		{"memory", func(c cost) float64 { return c.heap }}, {"raw", func(c cost) float64 { return c.raw }}, {"5 m", func(c cost) float64 { return c.five }},
		{"1 h", func(c cost) float64 { return c.hour }}, {"processor time for 5 m, ms", func(c cost) float64 { return c.downsample }},
	} {
		fixed, each, off := line(all, fit.of)
		t.Logf("%s: %.3g + %.4g a series, at most %.1f %% off", fit.what, fixed, each, 100*off)
	}
}

func known(v float64, format string, unit float64) string {
	if v == 0 {
		return "-"
	}
	return fmt.Sprintf(format, v/unit)
}

// line fits what all series cost by what comes once and what comes for each, with the least squares of what it is off, as a share.
func line(all []cost, of func(cost) float64) (fixed, each, off float64) {
	var w, wx, wxx, wy, wxy float64
	for _, c := range all {
		if of(c) > 0 {
			x := float64(c.series)
			y := of(c) * x
			k := 1 / (y * y)
			w, wx, wxx, wy, wxy = w+k, wx+k*x, wxx+k*x*x, wy+k*y, wxy+k*x*y
		}
	}
	each = (w*wxy - wx*wy) / (w*wxx - wx*wx)
	fixed = (wy - each*wx) / w
	for _, c := range all {
		if of(c) > 0 {
			y := of(c) * float64(c.series)
			off = max(off, math.Abs((fixed+each*float64(c.series))/y-1))
		}
	}
	return fixed, each, off
}

func measure(t *testing.T, n int) cost {
	t.Helper()
	c := cost{series: n / seriesOfService * seriesOfService}
	head(t, &c)
	if n <= largestStored {
		stored(t, &c)
	}
	return c
}

// growing are the series of as many services as are wanted.
func (c cost) growing() (all []generated) {
	for i := range c.series / seriesOfService {
		all = append(all, newYearService(i).scraped()...)
	}
	sortGenerated(all)
	return all
}

// bounds are those of the exporter's classic histogram from 1 ms on.
var bounds = []string{"0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "+Inf"}

// scraped are the 29 series of a busy service as the exporter has them, and the rules: a native and a classic histogram, counters that all move at every scrape,
// gauges.
func (s *yearService) scraped() (all []generated) {
	of := func(family string, more ...string) labels.Labels {
		return labels.FromStrings(append([]string{"__name__", family, "service_name", fmt.Sprintf("service-%05d", s.number), "instance", "sensor:10177", "source", "wire"}, more...)...)
	}
	counter := func(share float64, l labels.Labels) {
		all = append(all, generated{labels: l, float: func(i int) float64 { return math.Floor(s.done(i) * share) }})
	}
	recorded := func(factor float64, l labels.Labels) {
		all = append(all, generated{labels: l, float: func(i int) float64 {
			i -= i % recordedEvery
			return s.rate(i) * factor * (.95 + .1*noise(i, int(100*factor)))
		}})
	}
	all = append(all, generated{labels: of("wire_request_duration_seconds", "outcome", "ok", "protocol", "http"), histogram: s.native(.96)})
	for i, le := range bounds {
		counter(math.Min(.96, .1*float64(i)), of("wire_request_duration_seconds_bucket", "outcome", "ok", "protocol", "http", "le", le))
	}
	counter(.96, of("wire_request_duration_seconds_count", "outcome", "ok", "protocol", "http"))
	all = append(all, generated{labels: of("wire_request_duration_seconds_sum", "outcome", "ok", "protocol", "http"),
		float: func(i int) float64 { return s.done(i) * .0213 }})
	for outcome, share := range map[string]float64{"ok": .96, "client_error": .03, "server_error": .009, "unanswered": .001} {
		counter(share, of("wire_requests_total", "protocol", "http", "operation", "GET", "outcome", outcome))
	}
	all = append(all, generated{labels: of("wire_active_users", "window", "5m"), float: func(i int) float64 { return math.Round(40 * (1 + noise(s.number, i))) }})
	for k, signal := range []string{"request_rate", "duration_p95"} {
		recorded(1+float64(k), of("wire:signal:value", "signal", signal))
		recorded(3+float64(k), of("wire:signal:count", "signal", signal))
	}
	for k, family := range []string{"wire:band:lower", "wire:band:center", "wire:band:upper"} {
		recorded(.7+.3*float64(k), of(family, "signal", "request_rate"))
	}
	return all
}

// head fills the head of a TSDB with its log, as Prometheus does with what it scrapes, and weighs it.
func head(t *testing.T, c *cost) {
	t.Helper()
	dir := t.TempDir()
	defer os.RemoveAll(dir)
	all := c.growing()
	refs := make([]storage.SeriesRef, len(all))
	empty := heap()
	db, err := tsdb.Open(dir, slog.New(slog.DiscardHandler), nil, tsdb.DefaultOptions(), nil)
	must(t, err)
	used := processor(t)
	var generating time.Duration
	from := time.Now().Add(-headSteps * scrapeEvery)
	for step := range headSteps {
		app := db.Appender(t.Context())
		at := from.Add(time.Duration(step) * scrapeEvery).UnixMilli()
		for i, g := range all {
			if g.histogram != nil {
				refs[i], err = app.AppendHistogram(refs[i], g.labels, at, g.histogram(step), nil)
			} else {
				refs[i], err = app.Append(refs[i], g.labels, at, g.float(step))
			}
			must(t, err)
		}
		must(t, app.Commit())
	}
	used = processor(t) - used
	begin := processor(t)
	for step := range headSteps { // what making the values took is not the TSDB's
		for _, g := range all {
			if g.histogram != nil {
				g.histogram(step)
			} else {
				g.float(step)
			}
		}
	}
	generating = processor(t) - begin
	samples := float64(len(all) * headSteps)
	c.ingest = float64(used-generating) / samples
	c.heap = float64(heap()-empty) / float64(len(all))
	c.wal = float64(size(t, filepath.Join(dir, "wal"))) / float64(len(all))
	runtime.KeepAlive(refs)
	must(t, db.Close())
}

// stored writes blocks of two days (one for many series), and downsamples them.
func stored(t *testing.T, c *cost) {
	t.Helper()
	dir, into := t.TempDir(), t.TempDir()
	defer os.RemoveAll(dir)
	defer os.RemoveAll(into)
	days := 2
	if c.series > 20_000 {
		days = 1
	}
	steps := days * int(day/scrapeEvery)
	seriesDays := float64(c.series * days)
	all := c.growing()
	begin := processor(t)
	raw := writeGenerated(t, dir, 0, time.Unix(0, 0), 0, steps, scrapeEvery, all)
	written := processor(t)
	five := downsampleInto(t, raw, dir, into, 5*time.Minute)
	downsampled := processor(t)
	hour := downsampleInto(t, five, into, into, time.Hour)
	c.coarsened = (processor(t) - downsampled).Seconds() * 1000 / seriesDays
	c.downsample = (downsampled - written).Seconds() * 1000 / seriesDays
	c.write = (written - begin).Seconds() * 1000 / seriesDays
	c.raw = float64(size(t, filepath.Join(dir, raw.ULID.String()))) / seriesDays
	c.five = float64(size(t, filepath.Join(into, five.ULID.String()))) / seriesDays
	c.hour = float64(size(t, filepath.Join(into, hour.ULID.String()))) / seriesDays
}

// processor is the processor time that this process has had.
func processor(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// size is how many bytes a folder holds.
func size(t *testing.T, dir string) (n int64) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			n += info.Size()
		}
		return err
	}))
	return n
}
