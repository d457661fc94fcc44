package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const (
	shopCapture = "testdata/shop.pcap.gz" // some seconds of the demo; testdata/make.sh records it
	metricsPage = "../docs/metrics.md"
	designPage  = "../docs/design.md"
)

// shopConfig is the demo's configuration, and a calendar.
func shopConfig(t *testing.T) (flag string) {
	t.Helper()
	demo, err := os.ReadFile("../packaging/demo/wire_exporter.yml")
	if err != nil {
		t.Fatal(err)
	}
	return configFlag(t, string(demo)+`
calendar:
  time_zone: Europe/Oslo
  maintenance:
    - {every: [sunday], from: "02:00", to: "03:00", services: [ledger]}
`)
}

// shopExporter serves what was in the recording of the demo shop.
func shopExporter(t *testing.T, args ...string) *exporter {
	t.Helper()
	e := startExporter(t, nil, nil, append([]string{"--capture.file=" + shopCapture, shopConfig(t)}, args...)...)
	e.read(t)
	return e
}

// differs names the families whose values are others in each run: of the program, of its build, of its memory.
func differs(family string) bool {
	switch family {
	case "wire_exporter_build_info", "wire_exporter_config_last_reload_success_timestamp_seconds", "wire_flow_memory_bytes":
		return true
	}
	return !strings.HasPrefix(family, "wire_")
}

// TestGoldenScrape: what is served for the recording of the shop, as people see it.
func TestGoldenScrape(t *testing.T) {
	e := shopExporter(t)
	_, _, text := e.get(t, "/metrics", "Accept", asText)
	families := parseScrape(t, text)
	var got bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if differs(name) {
			continue
		}
		if _, err := expfmt.MetricFamilyToText(&got, families[name]); err != nil {
			t.Fatal(err)
		}
	}
	golden(t, "testdata/shop.metrics.txt", got.Bytes())

	stdout, stderr, exit := runProgram(t, nil, "replay", "--metrics", shopConfig(t), shopCapture)
	if exit != 0 || stderr != "" {
		t.Fatalf("replay: exit %d: %s", exit, stderr)
	}
	replayed := parseScrape(t, []byte(stdout))
	for name, f := range families {
		if !differs(name) && replayed[name].String() != f.String() {
			t.Errorf("%s: replay says %v, and serve %v", name, replayed[name], f)
		}
	}
}

// TestLint: promtool's linter has nothing to say.
func TestLint(t *testing.T) {
	_, _, text := shopExporter(t).get(t, "/metrics", "Accept", asText)
	problems, err := promlint.New(bytes.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		// Days of the calendar have 23 to 25 hours: they are no number of seconds.
		if strings.HasPrefix(p.Metric, "wire_") && p.Metric != "wire_calendar_like_day_offset_days" {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// TestPromisedFamilies: each family that the design says is built with HTTP or SQL has a sample, those of loss and errors as well.
func TestPromisedFamilies(t *testing.T) {
	s := shopExporter(t).scrapeProtobuf(t)
	for _, p := range append(promised(t, "H"), promised(t, "S")...) {
		samples := s[p.name].GetMetric()
		if len(samples) == 0 {
			t.Errorf("there is no %s", p.name)
		}
		for _, m := range samples {
			for _, l := range m.Label {
				if !strings.Contains(p.labels, l.GetName()) && p.name != "wire_exporter_build_info" {
					t.Errorf("%s has a label %s, which the design does not know", p.name, l.GetName())
				}
			}
			native := m.Histogram != nil && m.Histogram.Schema != nil
			classic := len(m.GetHistogram().GetBucket()) > 0
			if native != strings.Contains(p.kind, "native") || classic != strings.Contains(p.kind, "classic") {
				t.Errorf("%s is promised as %q, and has a native histogram: %v, a classic one: %v", p.name, p.kind, native, classic)
			}
		}
		if traced(s[p.name]) != strings.Contains(p.kind, "exemplar") {
			t.Errorf("%s is promised as %q, and has exemplars: %v", p.name, p.kind, traced(s[p.name]))
		}
	}
}

// promise is a family in the design's table of metrics.
type promise struct{ name, kind, labels string }

var familyName = regexp.MustCompile("`(wire_[a-z0-9_]+)[^`]*`")

// promised reads the rows of the table that are built with stage. Where a row has several types, they belong to its families in order.
func promised(t *testing.T, stage string) (all []promise) {
	t.Helper()
	text, err := os.ReadFile(designPage)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 6 || strings.TrimSpace(cells[4]) != stage {
			continue
		}
		names := familyName.FindAllStringSubmatch(cells[1], -1)
		kinds := strings.FieldsFunc(cells[2], func(r rune) bool { return r == ',' || r == ';' })
		for i, n := range names {
			kind := cells[2]
			if len(kinds) == len(names) {
				kind = kinds[i]
			}
			all = append(all, promise{n[1], kind, cells[1] + cells[3]})
		}
	}
	if want := map[string]int{"H": 30, "S": 6}[stage]; len(all) < want {
		t.Fatalf("the design's table has %d families of %s", len(all), stage)
	}
	return all
}

// TestMetricsPage: docs/metrics.md is what the exporter serves.
func TestMetricsPage(t *testing.T) {
	golden(t, metricsPage, metricsText(shopExporter(t).scrapeProtobuf(t)))
}

const metricsHead = `# Metrics

Written by ` + "`go test ./exporter -run TestMetricsPage -update`" + ` from what the exporter serves for a recording of the demo. What the
numbers mean is in [the design](design.md), sections 2 and 4. Besides these, there are the usual ` + "`go_*`, `process_*` and `promhttp_*`" + `
of a program written in Go.

Native histograms come with the protobuf format only: set ` + "`scrape_native_histograms: true`" + ` in Prometheus.

| metric | type | unit | labels | meaning |
| --- | --- | --- | --- | --- |
`

func metricsText(families scrape) []byte {
	page := bytes.NewBufferString(metricsHead)
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if f := families[name]; strings.HasPrefix(name, "wire_") {
			fmt.Fprintf(page, "| `%s` | %s | %s | %s | %s |\n", name, typeOf(f), unitOf(name), labelsOf(f), f.GetHelp())
		}
	}
	return page.Bytes()
}

func typeOf(f *dto.MetricFamily) string {
	kind := strings.ToLower(f.GetType().String())
	if h := f.Metric[0].Histogram; h != nil {
		kind = "native " + kind
		if len(h.Bucket) > 0 {
			kind = "native and classic histogram"
		}
	}
	if traced(f) {
		kind += ", exemplar `trace_id`"
	}
	return kind
}

// traced says whether a series has an exemplar: beside its native buckets, or in a classic one.
func traced(f *dto.MetricFamily) bool {
	return slices.ContainsFunc(f.GetMetric(), func(m *dto.Metric) bool {
		return len(m.GetHistogram().GetExemplars()) > 0 ||
			slices.ContainsFunc(m.GetHistogram().GetBucket(), func(b *dto.Bucket) bool { return b.Exemplar != nil })
	})
}

func unitOf(name string) string {
	for _, unit := range []string{"seconds", "bytes"} {
		if strings.HasSuffix(strings.TrimSuffix(name, "_total"), unit) {
			return unit
		}
	}
	return ""
}

// labelsOf lists the labels; those with few values that are always the same, with these.
func labelsOf(f *dto.MetricFamily) string {
	values := map[string][]string{}
	for _, m := range f.Metric {
		for _, l := range m.Label {
			if v := values[l.GetName()]; !slices.Contains(v, l.GetValue()) {
				values[l.GetName()] = append(v, l.GetValue())
			}
		}
	}
	var labels []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text := "`" + name + "`"
		if f.GetType() != dto.MetricType_HISTOGRAM && slices.Contains([]string{"outcome", "side", "window", "reason", "family", "type"}, name) && !openReasons[f.GetName()] {
			slices.Sort(values[name])
			text += " = " + strings.Join(values[name], " / ")
		}
		labels = append(labels, text)
	}
	return strings.Join(labels, ", ")
}

// openReasons are the families whose reasons come from the decoders, and appear when they do.
var openReasons = map[string]bool{"wire_decoder_errors_total": true, "wire_transactions_unmatched_total": true}

// golden compares got with a file that -update writes.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what comes out now; if it is right, write it anew with -update. %s", file, firstDifference(got, want))
	}
}

// firstDifference shows the first line that differs.
func firstDifference(got, want []byte) string {
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			return fmt.Sprintf("Line %d:\ngot  %s\nwant %s", i+1, g[i], w[i])
		}
	}
	return fmt.Sprintf("%d lines instead of %d", len(g), len(w))
}
