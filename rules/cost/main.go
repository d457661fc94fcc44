// Command cost measures what the shipped rules take on a real Prometheus storage: five weeks of so many signals in blocks on disk, the
// newest hours in the head with its log, then every group evaluated when it is due, for some minutes.
//
//	go run ./rules/cost --signals=10000
//
// In goes a number of signals; out comes a table: seconds and samples of each group, and what share of the time all of them take. It needs
// some gigabytes of disk and some minutes to fill it, and never touches another storage than its own.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

func main() {
	app := kingpin.New("cost", "Measure what the shipped rules take on a real storage.")
	signals := app.Flag("signals", "How many signals.").Default("10000").Int()
	minutes := app.Flag("minutes", "For how long every group is evaluated when it is due.").Default("10").Int()
	dir := app.Flag("storage", "Folder for the storage; deleted at the end.").Default(filepath.Join(os.TempDir(), "wire_cost")).String()
	kingpin.MustParse(app.Parse(os.Args[1:]))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *dir, *signals, *minutes); err != nil {
		fmt.Fprintln(os.Stderr, "cost:", err)
		os.Exit(1)
	}
}

// run fills a storage, and measures.
func run(ctx context.Context, dir string, signals, minutes int) (err error) {
	if err := os.Mkdir(dir, 0o755); err != nil { // never one that is there already
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	all, err := discover(ctx, filepath.Join(dir, "discover"), signals)
	if err != nil {
		return err
	}
	at := newest()
	storage := filepath.Join(dir, "storage")
	size, err := fill(ctx, filepath.Join(storage, "data"), all, at)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d signals of %d services, %d samples in blocks after %s\n", len(all), services(signals), size, time.Since(began).Round(time.Second))
	return measure(ctx, storage, all, at, services(signals), minutes)
}
