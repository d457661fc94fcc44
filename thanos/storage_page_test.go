package thanos

import (
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the computed tables of docs/storage.md anew")

// What TestThanosMemory has measured of the real Prometheus: what it takes empty, and for each series that is scraped.
const (
	emptyMemory  = 57e6
	seriesMemory = 2_800.0
	ingestTime   = 4e-6      // processor seconds of a sample, scraping and log included
	logBytes     = 1_700 * 6 // a series: three hours of the log, half an hour of which was measured
)

const (
	sensorSeries     = 2_000     // a usual sensor's: wire_exporter estimate says yours
	prometheusSeries = 1_000_000 // of one Prometheus, at most: 2.9 GB, and minutes to read its log after a crash
	storeBlocks      = 50_000    // of one store
)

// plan is what so many sensors need.
type plan struct {
	sensors, shape, copies, streams int
	series, samples                 float64
	memory, disk                    float64 // of all Prometheus together
	bucket                          [3]float64
	objects                         int
	monthly, cores                  float64
}

var milestones = [3]int{30, 365, 3650} // days

// past is a simulated bucket of one stream at each milestone, and how often each day of data is written by joining.
type past struct {
	at    [3]*stream
	joins float64
}

func simulatePast(t *testing.T) (p past) {
	t.Helper()
	s := newStream(0, shippedRetention(t))
	for i, day := range milestones {
		for s.now < day*24 {
			s.advance()
		}
		p.at[i] = s.clone()
	}
	p.joins = float64(s.joined[raw]+s.joined[five]+s.joined[hour]) / float64(s.now)
	return p
}

// planFor is what so many sensors need.
func planFor(sensors int, past past) plan {
	p := plan{sensors: sensors, shape: 1, copies: 1, series: float64(sensors * sensorSeries)}
	switch {
	case sensors > 100:
		p.shape, p.copies = 3, 3
	case sensors > 10:
		p.shape, p.copies = 2, 2
	}
	one := max(1, int(math.Ceil(p.series/prometheusSeries)))
	p.streams = one * p.copies
	perStream := p.series / float64(one)
	p.samples = p.series / 15
	prometheuses := float64(min(p.copies, 2))
	p.memory = prometheuses * (float64(one)*emptyMemory + p.series*seriesMemory)
	p.disk = prometheuses * p.series * (40*rawBytes + logBytes)
	for i, s := range past.at {
		bytes, _, objects := s.weigh(perStream)
		p.bucket[i] = (bytes[0] + bytes[1] + bytes[2]) * float64(p.streams)
		p.objects = objects * p.streams
	}
	p.monthly = (p.bucket[2] - p.bucket[1]) / float64(milestones[2]-milestones[1]) * 30
	p.cores = p.series * float64(p.copies) * (past.joins*writeTime + sampleTime) / 86_400
	return p
}

func shippedRetention(t *testing.T) (keep [3]int) {
	t.Helper()
	for i, name := range []string{"raw", "5m", "1h"} {
		keep[i] = 24 * days(t, value(t, "flags/compact.flags", "--retention.resolution-"+name))
	}
	return keep
}

// amount is a number of bytes as people say it.
func amount(n float64) string {
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if n < 999.5 {
			return fmt.Sprintf("%.3g %s", n, unit)
		}
		n /= 1000
	}
	return fmt.Sprintf("%.3g TB", n)
}

// storageTable is the table of docs/storage.md.
func storageTable(past past) string {
	var b strings.Builder
	b.WriteString("| sensors | series | samples/s | shape | all Prometheus: memory | disk, 40 d | bucket after a month | a year | ten years | objects | then a month adds | cores of compactors |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, n := range []int{1, 10, 100, 1_000, 10_000} {
		p := planFor(n, past)
		fmt.Fprintf(&b, "| %d | %.0f | %.0f | %d | %s | %s | %s | %s | %s | %d | %s | %.2g |\n", p.sensors, p.series, p.samples, p.shape,
			amount(p.memory), amount(p.disk), amount(p.bucket[0]), amount(p.bucket[1]), amount(p.bucket[2]), p.objects, amount(p.monthly), p.cores)
	}
	return b.String()
}

// endsTable says how many sensors each resource allows.
func endsTable(past past) string {
	one := planFor(1, past)
	_, blocks, _ := past.at[2].weigh(sensorSeries)
	joins := one.cores * 86_400 / sensorSeries
	round := func(n float64) string { return fmt.Sprintf("%.2g", n) }
	number := func(n float64) string {
		digits := math.Pow(10, math.Floor(math.Log10(n))-1)
		return fmt.Sprintf("%.0f", math.Floor(n/digits)*digits)
	}
	var b strings.Builder
	b.WriteString("| what ends | at | sensors of 2,000 series |\n| --- | --- | --- |\n")
	for _, row := range []struct {
		what, at string
		sensors  float64
	}{
		{"shape 1: a second disk of 2 TB for the bucket", amount(one.bucket[2]) + " a sensor in ten years", 2e12 / one.bucket[2]},
		{"shape 1: a disk of 1 TB for Prometheus", amount(one.disk) + " a sensor in 40 days", 1e12 / one.disk},
		{"one Prometheus: a million series", amount(emptyMemory+prometheusSeries*seriesMemory) + " of memory", prometheusSeries / sensorSeries},
		{"one core for ingestion", round(ingestTime*1e6) + " µs a sample", 1 / ingestTime / (sensorSeries / 15.0)},
		{"one core for the compactor", round(joins*1000) + " ms a series and day", 86_400 / (joins * sensorSeries)},
		{"one store: 50,000 blocks", fmt.Sprintf("%d blocks a stream", blocks), float64(storeBlocks/blocks) * prometheusSeries / sensorSeries},
	} {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", row.what, row.at, number(row.sensors))
	}
	return b.String()
}

// TestStoragePage: the tables of docs/storage.md are what the simulation says.
func TestStoragePage(t *testing.T) {
	const file = "../docs/storage.md"
	text, err := os.ReadFile(file)
	must(t, err)
	page := string(text)
	past := simulatePast(t)
	for name, table := range map[string]string{"sensors": storageTable(past), "ends": endsTable(past)} {
		begin, end := "<!-- simulated: "+name+" -->\n", "<!-- end -->"
		before, rest, ok := strings.Cut(page, begin)
		old, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("docs/storage.md has no place for the table %s", name)
		}
		if old != table && !*update {
			t.Errorf("docs/storage.md: %s is not what comes out now; if it is right, write it anew with -update:\n%s", name, table)
		}
		page = before + begin + table + end + after
	}
	if *update {
		must(t, os.WriteFile(file, []byte(page), 0o644))
	}
}
