// Command fleet runs the shipped rules over a simulated fleet of services, at first without faults, then with some, and says how many
// alerts were false and which faults were found.
//
//	go run ./rules/fleet --services=100 --weeks=4
//	go run ./rules/fleet --series=FOLDER
//
// In go a few numbers; out comes a table. Services are called in chains of four (web, api, core, db); some are busy, some are hardly
// used at night, some are bursty, some rest at week-ends. A change of the clocks and a holiday lie within the weeks. No rule joins services
// that do not call each other, so the fleet is run some chains at a time: what is read back on fits into memory, and each part's
// result is there when it is done.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"wire_exporter/rules"
	"wire_exporter/rules/backtest/engine"
)

const (
	week = 7 * 24 * time.Hour
	// warmup is what the bands learn from before anything counts.
	warmup = 5 * week
	// settled is how long alerts run before anything counts, so that none begins with the first minute.
	settled = 24 * time.Hour
)

func main() {
	app := kingpin.New("fleet", "Run the shipped rules over a simulated fleet.")
	services := app.Flag("services", "How many services, in chains of four.").Default("100").Int()
	weeks := app.Flag("weeks", "How many weeks count.").Default("4").Int()
	learn := app.Flag("warmup", "How long the bands learn before that.").Default(warmup.String()).Duration()
	seed := app.Flag("seed", "Of the random numbers.").Default("1").Uint64()
	first := app.Flag("first", "The first chain, to run a part.").Default("0").Int()
	atOnce := app.Flag("at-once", "How many chains are run at once.").Default("5").Int()
	dir := app.Flag("series", "A folder of recorded curves (CSV), which services are given instead of simulated ones.").String()
	verbose := app.Flag("verbose", "Print every false alert.").Bool()
	kingpin.MustParse(app.Parse(os.Args[1:]))
	recorded := curves(*dir)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The last week has the faults, so both answers come from one run.
	end := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC) // two weeks after the clocks of Europe were changed
	all := tally{from: end.Add(-time.Duration(*weeks) * week), end: end, verbose: *verbose}
	began := time.Now()
	for chain := *first; chain < *services/len(roles); chain += *atOnce {
		part := newFleet(chain, min(*atOnce, *services/len(roles)-chain), *seed, recorded, all.from.Add(-*learn))
		part.breakThings(end)
		result, err := part.run(ctx, all.from, end.Add(week))
		if err != nil {
			fail(err)
		}
		all.add(part, result)
		fmt.Fprintf(os.Stderr, "after %s:\n", time.Since(began).Round(time.Second))
		all.report(os.Stderr)
	}
	all.report(os.Stdout)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "fleet:", err)
	os.Exit(1)
}

// curves are those of a folder; none without one.
func curves(dir string) []*series {
	if dir == "" {
		return nil
	}
	all, left, err := readSeries(dir)
	if err != nil {
		fail(err)
	}
	for _, name := range left {
		fmt.Fprintln(os.Stderr, "left out:", name)
	}
	return all
}

// run evaluates the shipped rules over the fleet's weeks.
func (f *fleet) run(ctx context.Context, from, to time.Time) (*engine.Result, error) {
	plan, err := load()
	if err != nil {
		return nil, err
	}
	counted := from.Add(-settled)
	return plan.Run(ctx, engine.Run{From: counted, To: to, Warmup: counted.Sub(time.UnixMilli(f.from)), Source: f})
}

func load() (*engine.Plan, error) {
	var files []engine.File
	for _, name := range rules.Names() {
		files = append(files, engine.File{Name: name, Text: rules.Text(name)})
	}
	return engine.Load(files, engine.Options{Given: []string{"wire:signal:value", "wire:signal:count"}})
}
