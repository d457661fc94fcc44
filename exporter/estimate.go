package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"

	"wire_exporter/exporter/internal/pipeline"
)

// estimator says what a configuration would cost Prometheus, from what it makes of a capture.
type estimator struct {
	sensor
	interval time.Duration

	registry *prometheus.Registry
	began    int64 // capture time, ns
	next     int64 // of the next step
	last     int64
	steps    int
	series   map[string]*series
	failed   error
}

// estimateCommand adds "estimate".
func estimateCommand(app *kingpin.Application) func() error {
	cmd := app.Command("estimate", "Say from a capture how many series and bytes a day a configuration would cost Prometheus.")
	e := &estimator{series: map[string]*series{}}
	e.flags(cmd)
	cmd.Arg("file", "Capture files (pcap or pcapng, also gzip-ed); - is the standard input.").Required().StringsVar(&e.capture.Files)
	cmd.Flag("interval", "How often Prometheus scrapes.").Default("15s").DurationVar(&e.interval)
	return func() error { return e.run(os.Stdout) }
}

func (e *estimator) run(out io.Writer) error {
	if e.interval < time.Second {
		return errors.New("--interval must be 1s or more")
	}
	if err := e.load(); err != nil {
		return err
	}
	e.registry = prometheus.NewRegistry()
	if err := e.metrics.Register(e.registry); err != nil {
		return err
	}
	if err := e.open(pipeline.Setup{Before: e.step}); err != nil {
		return err
	}
	defer e.opened.Close()
	bar := startProgress(e.opened.Progress)
	err := e.pipeline.Run(context.Background())
	bar.stop()
	if err == nil {
		err = e.failed
	}
	if err != nil {
		return err
	}
	families, err := e.registry.Gather()
	if err != nil {
		return err
	}
	e.look(families)
	return e.print(out, families)
}

// step looks at the metrics once an interval of capture time, in quiet ones too.
func (e *estimator) step(at int64) {
	if e.began == 0 {
		e.began, e.next = at, at+e.interval.Nanoseconds()
	}
	e.last = max(e.last, at)
	for limit := 0; at >= e.next && e.failed == nil; limit++ {
		if limit == maxQuietSteps {
			e.next = at
		}
		e.next += e.interval.Nanoseconds()
		families, err := e.registry.Gather()
		if e.failed = err; err == nil {
			e.look(families)
		}
	}
}

func (e *estimator) look(families []*dto.MetricFamily) {
	e.steps++
	for _, f := range families {
		for _, m := range f.Metric {
			key := f.GetName() + fmt.Sprint(m.Label)
			s := e.series[key]
			if s == nil {
				s = new(series)
				e.series[key] = s
			}
			s.look(m)
		}
	}
}

// cost is what the series of one family cost.
type cost struct {
	name                      string
	sets                      int     // label sets
	native, classic           int     // samples of a scrape: with native histograms, or with classic ones beside them
	nativeBytes, classicBytes float64 // of one scrape, as stored
}

func (c *cost) add(o cost) {
	c.sets += o.sets
	c.native += o.native
	c.classic += o.classic
	c.nativeBytes += o.nativeBytes
	c.classicBytes += o.classicBytes
}

func (e *estimator) costs() (all []cost, total cost) {
	by := map[string]cost{}
	for key, s := range e.series {
		name := key[:strings.IndexByte(key, '[')]
		c := by[name]
		c.name = name
		c.add(s.cost())
		by[name] = c
	}
	for _, c := range by {
		all = append(all, c)
		total.add(c)
	}
	slices.SortFunc(all, func(a, b cost) int {
		return cmp.Or(cmp.Compare(b.nativeBytes, a.nativeBytes), cmp.Compare(a.name, b.name))
	})
	return all, total
}

func (e *estimator) print(out io.Writer, families []*dto.MetricFamily) error {
	all, total := e.costs()
	perDay := float64(24*time.Hour) / float64(e.interval)
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%s\tlabel sets\tsamples a scrape\tMB a day\twith classic histograms, too: samples\tMB a day\t\n", "family")
	row := func(name string, c cost) {
		fmt.Fprintf(t, "%s\t%d\t%d\t%.2f\t%d\t%.2f\t\n", name, c.sets, c.native, c.nativeBytes*perDay/1e6, c.classic, c.classicBytes*perDay/1e6)
	}
	for _, c := range all {
		row(c.name, c)
	}
	row("total", total)
	if err := t.Flush(); err != nil {
		return err
	}
	text, packed, err := scrapeSizes(families)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n%s of traffic, looked at %d times; a scrape every %s is %d kB of text, %d kB as compressed protobuf.\n",
		time.Duration(e.last-e.began).Round(time.Second), e.steps, e.interval, text/1000, packed/1000)
	if e.steps < 3 {
		fmt.Fprintf(out, "The capture is shorter than two intervals: how much changes in one is known roughly.\n")
	}
	if used := e.budget(); used > 0 {
		limit := float64(e.config.Label.Limits.Series)
		fmt.Fprintf(out, "At limits.series = %.0f label sets (now %d) it would be %.0f MB a day at most, if all were like these.\n",
			limit, used, total.nativeBytes*perDay/1e6*limit/float64(used))
	}
	fmt.Fprintln(out, "Bytes are those of Prometheus' blocks, without the index (0.1 kB a series and block) and before the recording rules.")
	return nil
}

// budget is how many label sets are in use.
func (e *estimator) budget() int {
	for _, v := range e.metrics.Report().Sensor.Budgets {
		if v.Family == "series" {
			return v.Used
		}
	}
	return 0
}

// scrapeSizes are the bytes of a scrape as text and as compressed protobuf.
func scrapeSizes(families []*dto.MetricFamily) (text, packed int, err error) {
	var plain, zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&plain, f); err != nil {
			return 0, 0, err
		}
		if _, err := protodelim.MarshalTo(z, f); err != nil {
			return 0, 0, err
		}
	}
	if err := z.Close(); err != nil {
		return 0, 0, err
	}
	return plain.Len(), zipped.Len(), nil
}
