package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"google.golang.org/protobuf/encoding/protodelim"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/pipeline"
)

// replayer reads capture files and prints what was in them.
type replayer struct {
	sensor
	transactions, raw, allKinds bool
	exposition, summary         bool
	every                       time.Duration
	top                         int

	out      *bufio.Writer
	registry *prometheus.Registry
	nextStep int64 // capture time of the next exposition, ns
	failed   error
}

// replayCommand adds "replay".
func replayCommand(app *kingpin.Application) func() error {
	cmd := app.Command("replay", "Read capture files and print what was in them: the busiest, slowest and failing services and operations.")
	r := &replayer{}
	r.flags(cmd)
	cmd.Arg("file", "Capture files (pcap or pcapng, also gzip-ed); - is the standard input.").Required().StringsVar(&r.capture.Files)
	cmd.Flag("transactions", "Print one JSON object a line for each request instead, in order of completion, free of literals.").BoolVar(&r.transactions)
	cmd.Flag("raw", "With --transactions: add the request target and the statement as they came. They may hold what is private.").BoolVar(&r.raw)
	cmd.Flag("all-kinds", "With --transactions: print log-ins, SQL transactions and the like too.").BoolVar(&r.allKinds)
	cmd.Flag("metrics", "Print the metrics at the end instead.").BoolVar(&r.exposition)
	cmd.Flag("every", "With --metrics: print one exposition per step of capture time, as delimited protobuf with time stamps.").DurationVar(&r.every)
	cmd.Flag("summary-json", "Print the tables and the sensor's counters as one JSON object instead.").BoolVar(&r.summary)
	cmd.Flag("top", "How many lines each table has.").Default("20").IntVar(&r.top)
	return r.run
}

func (r *replayer) run() error {
	if err := r.check(); err != nil {
		return err
	}
	debug.SetGCPercent(400) // what is made at the start stays; to collect it costs two hundredths of a short replay
	if err := r.load(); err != nil {
		return err
	}
	r.config.Raw = r.raw
	r.out = bufio.NewWriterSize(os.Stdout, 64<<10)
	r.registry = prometheus.NewRegistry()
	if err := r.metrics.Register(r.registry); err != nil {
		return err
	}
	r.metrics.Reloaded(true, time.Time{}) // without a time, which would be another one at each replay
	setup := pipeline.Setup{}
	if r.transactions {
		setup.Tap = r.print
	}
	if r.exposition && r.every > 0 {
		setup.Before = r.step
	}
	if err := r.open(setup); err != nil {
		return err
	}
	defer r.opened.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	bar := startProgress(r.opened.Progress)
	err := r.pipeline.Run(ctx)
	bar.stop()
	if err == nil {
		err = r.finish()
	}
	if flushed := r.out.Flush(); err == nil {
		err = flushed
	}
	return err
}

// check looks for flags that do not go together.
func (r *replayer) check() error {
	outputs := 0
	for _, asked := range []bool{r.transactions, r.exposition, r.summary} {
		if asked {
			outputs++
		}
	}
	switch {
	case outputs > 1:
		return errors.New("--transactions, --metrics and --summary-json: give one of them")
	case (r.raw || r.allKinds) && !r.transactions:
		return errors.New("--raw and --all-kinds go with --transactions")
	case r.every != 0 && !r.exposition:
		return errors.New("--every goes with --metrics")
	case r.every < 0:
		return errors.New("--every must be more than 0, like 15s")
	case r.top < 0:
		return errors.New("--top must be 0 or more")
	}
	return nil
}

// finish prints what is printed at the end.
func (r *replayer) finish() error {
	switch {
	case r.transactions:
		return r.failed
	case r.exposition && r.every > 0:
		if r.failed == nil && r.nextStep != 0 {
			r.failed = r.expose(r.nextStep)
		}
		return r.failed
	case r.exposition:
		return r.text()
	case r.summary:
		return r.summarise()
	}
	return r.tables()
}

// print prints one transaction.
func (r *replayer) print(_ int, t *decoders.Txn, set *label.Set, v label.Verdict) {
	if v != label.Counted || t.Kind != decoders.Request && !r.allKinds || r.failed != nil {
		return
	}
	r.failed = writeTransaction(r.out, r.book, names(r.config.Flow.Plugins)[set.Protocol], t, set, r.raw)
}

// text prints the metrics in Prometheus' text format.
func (r *replayer) text() error {
	families, err := r.registry.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(r.out, f); err != nil {
			return err
		}
	}
	return nil
}

// step prints an exposition for every step that capture time has passed; quiet steps too, or their rate would look
// interpolated.
func (r *replayer) step(at int64) {
	every := r.every.Nanoseconds()
	if r.nextStep == 0 {
		r.nextStep = at - at%every + every
	}
	for limit := 0; at >= r.nextStep && r.failed == nil; limit++ {
		if limit == maxQuietSteps {
			r.nextStep = at - at%every
		}
		r.failed = r.expose(r.nextStep)
		r.nextStep += every
	}
}

// maxQuietSteps bounds the expositions of one silence: a capture whose clock jumps by years must not print for hours.
const maxQuietSteps = 5760 // a day of 15 s

// expose writes all metrics with the time stamp at, ns.
func (r *replayer) expose(at int64) error {
	families, err := r.registry.Gather()
	if err != nil {
		return err
	}
	ms := at / 1e6
	for _, f := range families {
		for _, m := range f.Metric {
			m.TimestampMs = &ms
		}
		if _, err := protodelim.MarshalTo(r.out, f); err != nil {
			return fmt.Errorf("write metrics: %w", err)
		}
	}
	return nil
}
