// Command demo shows wire_exporter at work: a small shop on loopback
// addresses, the exporter that watches it, and a Prometheus that scrapes it.
//
//	demo run               everything, until Ctrl-C
//	demo shop              only the shop; --relay=FILE writes its traffic as pcap,
//	                       --visitors=N is how many people there are
//	demo incident [KIND]   break something in the running shop
//	demo stop              end the running demo
//	demo wipe [--all]      delete its data (--all: the built programs too)
//	demo build [PART...]   build prometheus, alertmanager, thanos or gofakes3, print their folders
//
// It never asks for root. Its files are in the user's cache folder only.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"wire_exporter/packaging/demo/internal/shop"
)

// Child processes die with the thread that started them, so everything that
// starts one runs on the main thread.
func init() { runtime.LockOSThread() }

func main() {
	ctx, cancel := untilTold()
	defer cancel()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// untilTold ends when a signal says so. When nobody reads the output any more, the end is as orderly as any, but say sees to it:
// SIGPIPE cannot, because it comes for every connection that a client has left, too.
func untilTold() (context.Context, context.CancelFunc) {
	signal.Ignore(syscall.SIGPIPE)
	return signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
}

func command(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("say what to do: run, shop, incident, stop, wipe or build")
	}
	flags := flag.NewFlagSet("demo "+args[0], flag.ExitOnError)
	cache := flags.String("cache", defaultCache(), "folder for programs and data")
	repository := flags.String("repository", ".", "the source tree: packaging/stack, rules")
	switch args[0] {
	case "run":
		d := demo{out: os.Stdout}
		flags.StringVar(&d.exporter, "exporter", "bin/wire_exporter", "the exporter to show")
		flags.StringVar(&d.capture, "capture", "auto", "live, relay, or auto: live if this user may capture")
		flags.BoolVar(&d.pages, "pages", true, "build Prometheus' web pages where npm is present")
		flags.BoolVar(&d.history, "history", false, "five weeks of history before it, and people who come and go as in them")
		flags.StringVar(&d.zone, "zone", defaultZone, "time zone of the shop's people, whose day the history and the traffic follow")
		flags.BoolVar(&d.thanos, "thanos", false, "Thanos beside Prometheus, with a folder as bucket")
		_ = flags.Parse(args[1:])
		d.cache, d.data, d.repository = *cache, dataIn(*cache), *repository
		return d.run(ctx)
	case "shop":
		file := flags.String("relay", "", "write the shop's traffic as pcap to this file, - for standard output")
		visitors := flags.Int("visitors", shop.Visitors, "how many people there are")
		_ = flags.Parse(args[1:])
		return runShop(ctx, *file, *visitors)
	case "incident":
		_ = flags.Parse(args[1:])
		return tell("/incident/"+orSlow(flags.Arg(0)), os.Stdout)
	case "stop":
		_ = flags.Parse(args[1:])
		return tell("/stop", os.Stdout)
	case "wipe":
		all := flags.Bool("all", false, "the built programs too")
		_ = flags.Parse(args[1:])
		return wipe(*cache, *all, os.Stdout)
	case "build":
		_ = flags.Parse(args[1:])
		return build(ctx, *repository, *cache, flags.Args(), os.Stdout, os.Stderr)
	}
	return fmt.Errorf("unknown command %q", args[0])
}

// defaultCache is $XDG_CACHE_HOME/wire_exporter or ~/.cache/wire_exporter.
func defaultCache() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "wire_exporter")
}

// defaultZone is where the shop's people live unless it is said.
const defaultZone = "Europe/Oslo"

func dataIn(cache string) string { return filepath.Join(cache, "data") }

func orSlow(kind string) string {
	if kind == "" {
		return "slow"
	}
	return kind
}

func wipe(cache string, all bool, out io.Writer) error {
	if running() {
		return fmt.Errorf("the demo is running; stop it first (make stop)")
	}
	dir := dataIn(cache)
	if all {
		dir = cache
	}
	fmt.Fprintln(out, "deleting", dir)
	return os.RemoveAll(dir)
}
