// Command wire_backtest runs rules over history and says which alerts would have fired.
//
//	wire_backtest http://prometheus.example.com:9090 --from=2026-10-01T00:00:00Z
//	wire_backtest /var/lib/prometheus
//	wire_backtest signals.csv --labels=outages.csv
//	wire_backtest traffic.pcap
//
// The shipped rules are run unless others are given. Nothing is written but the report.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
	"github.com/prometheus/common/version"

	"wire_exporter/rules"
	"wire_exporter/rules/backtest/engine"
	"wire_exporter/rules/backtest/score"
	"wire_exporter/rules/backtest/source"
)

// settled is how long all rules run before what is reported: alerts that go on since then are no new ones.
const settled = 24 * time.Hour

// backtest is one run, with its options.
type backtest struct {
	history  string
	source   source.Options
	patterns []string
	given    []string
	ranges   map[string]string
	from, to string
	warmup   string
	labels   string
	json     bool
	top      int
}

func main() {
	b := backtest{ranges: map[string]string{}}
	app := kingpin.New("wire_backtest", "Run rules over history, and say which alerts would have fired.")
	app.Version(version.Print("wire_backtest"))
	app.HelpFlag.Short('h')
	app.Arg("history", "Address of a Prometheus or Thanos querier, TSDB folder, OpenMetrics or CSV file, delimited protobuf, capture file.").Required().StringVar(&b.history)
	app.Flag("rules", "Rule files (a pattern); the shipped ones if none is given. Repeatable.").StringsVar(&b.patterns)
	app.Flag("given", "Take this metric from the history, and leave out the rules that record it; for files, every metric in them. Repeatable.").StringsVar(&b.given)
	app.Flag("range", "Replace a range in the rules, like 1m=4m, for history with fewer samples than the rules expect. Repeatable.").StringMapVar(&b.ranges)
	app.Flag("from", "Report from this time on (RFC 3339); the beginning of the history if not given.").StringVar(&b.from)
	app.Flag("to", "Until this time; the end of the history if not given.").StringVar(&b.to)
	app.Flag("warmup", "How much history before --from is run without being reported, so that bands have learned.").Default("5w").StringVar(&b.warmup)
	app.Flag("labels", "File with known events, one a line: from,to[,label=value]...; gives precision, recall and F1.").StringVar(&b.labels)
	app.Flag("json", "Print the result as JSON.").BoolVar(&b.json)
	app.Flag("top", "How many lines each table has; 0: all.").Default("40").IntVar(&b.top)
	app.Flag("exporter", "The exporter's program, for capture files.").Default("wire_exporter").StringVar(&b.source.Exporter)
	app.Flag("exporter.config", "Its configuration file.").StringVar(&b.source.Config)
	app.Flag("every", "The scrape interval to pretend, for capture files.").Default("15s").DurationVar(&b.source.Every)
	app.Flag("bearer-token", "For addresses that want one; taken from the environment variable WIRE_BACKTEST_TOKEN.").Envar("WIRE_BACKTEST_TOKEN").StringVar(&b.source.Bearer)
	kingpin.MustParse(app.Parse(os.Args[1:]))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := b.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "wire_backtest:", err)
		os.Exit(1)
	}
}

func (b *backtest) run(ctx context.Context) error {
	files, err := b.files()
	if err != nil {
		return err
	}
	events, err := b.events()
	if err != nil {
		return err
	}
	history, err := source.Open(ctx, b.history, b.source)
	if err != nil {
		return err
	}
	defer history.Close()
	if f, ok := history.(interface{ Names() []string }); ok {
		b.given = append(b.given, f.Names()...)
	}
	plan, err := engine.Load(files, engine.Options{Ranges: b.ranges, Given: b.given})
	if err != nil {
		return err
	}
	begin, from, to, err := b.span(ctx, history)
	if err != nil {
		return err
	}
	bar := startProgress(begin, to)
	counted := from.Add(-settled)
	if counted.Before(begin) {
		counted = begin
	}
	result, err := plan.Run(ctx, engine.Run{From: counted, Warmup: counted.Sub(begin), To: to, Source: history, Done: bar.at})
	bar.stop()
	if err != nil {
		return err
	}
	r := report{From: from, To: to, Result: result, counted: counted}
	r.since(from)
	if b.labels != "" {
		r.score(events)
	}
	if b.json {
		return r.json(os.Stdout)
	}
	return r.print(os.Stdout, b.top)
}

// files are the rules to run.
func (b *backtest) files() (files []engine.File, err error) {
	if len(b.patterns) == 0 {
		for _, name := range rules.Names() {
			files = append(files, engine.File{Name: name, Text: rules.Text(name)})
		}
		return files, nil
	}
	for _, pattern := range b.patterns {
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("no rule file matches %s", pattern)
		}
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			files = append(files, engine.File{Name: name, Text: text})
		}
	}
	return files, nil
}

func (b *backtest) events() ([]score.Event, error) {
	if b.labels == "" {
		return nil, nil
	}
	f, err := os.Open(b.labels)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return score.ReadEvents(f)
}

// span is when to begin, and what to report.
func (b *backtest) span(ctx context.Context, history source.Source) (begin, from, to time.Time, err error) {
	warmup, err := model.ParseDuration(b.warmup)
	if err != nil {
		return begin, from, to, err
	}
	if from, err = parseTime(b.from); err != nil {
		return begin, from, to, err
	}
	if to, err = parseTime(b.to); err != nil {
		return begin, from, to, err
	}
	if from.IsZero() || to.IsZero() {
		lo, hi, err := history.Span(ctx)
		if err != nil {
			return begin, from, to, err
		}
		if to.IsZero() {
			to = time.UnixMilli(hi + 1)
		}
		if from.IsZero() {
			return time.UnixMilli(lo), time.UnixMilli(lo), to, nil
		}
	}
	if !from.Before(to) {
		return begin, from, to, errors.New("there is no time between --from and --to")
	}
	return from.Add(-time.Duration(warmup)), from, to, nil
}

func parseTime(s string) (time.Time, error) {
	if strings.TrimSpace(s) == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, s)
}
