// Command fleet runs the shipped rules over a simulated fleet of services, at first without faults, then with some, and says how many
// alerts were false and which faults were found.
//
//	go run ./rules/fleet --services=100 --weeks=4
//
// In go a few numbers; out comes a table. Services are called in chains of four (web, api, core, db); some are busy, some are hardly
// used at night, some are bursty, some rest at week-ends. A change of the clocks and a holiday lie within the weeks.
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

// warmup is what the bands learn from before anything counts.
const warmup = 5 * 7 * 24 * time.Hour

func main() {
	app := kingpin.New("fleet", "Run the shipped rules over a simulated fleet.")
	services := app.Flag("services", "How many services, in chains of four.").Default("100").Int()
	weeks := app.Flag("weeks", "How many weeks count.").Default("4").Int()
	learn := app.Flag("warmup", "How long the bands learn before that.").Default(warmup.String()).Duration()
	seed := app.Flag("seed", "Of the random numbers.").Default("1").Uint64()
	verbose := app.Flag("verbose", "Print every false alert.").Bool()
	kingpin.MustParse(app.Parse(os.Args[1:]))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	// The last week has the faults, so both answers come from one run.
	end := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC) // two weeks after the clocks of Europe were changed
	from := end.AddDate(0, 0, -7**weeks)
	f := newFleet(*services, *seed, from.Add(-*learn))
	f.breakThings(end, end.AddDate(0, 0, 7))
	began := time.Now()
	plan, err := load()
	if err == nil {
		var result *engine.Result
		result, err = plan.Run(ctx, engine.Run{From: from.Add(-*learn), To: end.AddDate(0, 0, 7), Source: f, Done: func(at time.Time) {
			if at.Sub(from)%(24*time.Hour) == 0 {
				fmt.Fprintf(os.Stderr, "%s after %s\n", at.Format(time.DateOnly), time.Since(began).Round(time.Second))
			}
		}})
		if err == nil {
			f.report(os.Stdout, result, from, end, *verbose)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fleet:", err)
		os.Exit(1)
	}
}

func load() (*engine.Plan, error) {
	var files []engine.File
	for _, name := range rules.Names() {
		files = append(files, engine.File{Name: name, Text: rules.Text(name)})
	}
	return engine.Load(files, engine.Options{Given: []string{"wire:signal:value", "wire:signal:count"}})
}
