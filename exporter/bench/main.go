// Command bench measures what the exporter costs. It writes capture files, lets the exporter and tcpdump read them in turn,
// and prints the processor time of both, the whole process each, as one Markdown table: the ratio of two programs in one run
// means the same on every machine, a time does not. It checks that the exporter counted exactly the requests that were
// written. It needs tcpdump and neither root nor a network; what it keeps is in the user's cache folder, about 1.5 GB.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// options are the flags.
type options struct {
	dir      string
	exporter string
	rounds   int
	keep     bool
	strip    string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags() (o options) {
	flag.StringVar(&o.dir, "dir", "", "folder for the capture files (default: wire_exporter/bench in the user's cache folder)")
	flag.StringVar(&o.exporter, "exporter", "", "the exporter to measure (default: build it)")
	flag.IntVar(&o.rounds, "rounds", 5, "how often each program reads each file; the fastest counts")
	flag.BoolVar(&o.keep, "keep", true, "keep the capture files for the next run")
	flag.StringVar(&o.strip, "strip", "", "only take the paths out of this profile (make profile)")
	flag.Parse()
	return o
}

func run() error {
	o := parseFlags()
	if flag.NArg() > 0 || o.rounds < 1 {
		return errors.New("no arguments, and at least one round (-help lists the flags)")
	}
	if o.strip != "" {
		return strip(o.strip)
	}
	tcpdump, err := exec.LookPath("tcpdump")
	if err != nil {
		return errors.New("tcpdump is what the exporter is compared with, and was not found: install it (apt-get install tcpdump, dnf install tcpdump, brew install tcpdump)")
	}
	if o.dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return err
		}
		o.dir = filepath.Join(cache, "wire_exporter", "bench")
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	if o.exporter == "" {
		if o.exporter, err = build(o.dir); err != nil {
			return err
		}
		defer os.Remove(o.exporter)
	}
	return compare(o, tcpdump)
}

// build builds the exporter as it is shipped.
func build(dir string) (path string, err error) {
	source, err := exec.Command("go", "list", "-f", "{{.Dir}}", "wire_exporter/exporter").Output()
	if err != nil {
		return "", fmt.Errorf("find the exporter: %w", err)
	}
	path = filepath.Join(dir, "wire_exporter")
	pgo := "-pgo=" + filepath.Join(strings.TrimSpace(string(source)), "cpu.pgo")
	cmd := exec.Command("go", "build", pgo, "-trimpath", "-ldflags", "-s -w", "-o", path, "wire_exporter/exporter")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("build the exporter: %w", err)
	}
	return path, nil
}

// compare measures every capture and prints the table.
func compare(o options, tcpdump string) error {
	var rows []row
	for _, p := range profiles {
		c, err := provide(o.dir, p)
		if err != nil {
			return fmt.Errorf("write the capture file %s: %w", p.name, err)
		}
		if !o.keep {
			defer c.remove()
		}
		r, err := measure(c, o.exporter, tcpdump, o.rounds)
		if err != nil {
			return err
		}
		rows = append(rows, r)
	}
	fmt.Printf("%d rounds, the fastest of each counts; %s, %s/%s, %d cores\n\n", o.rounds, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	table(os.Stdout, rows)
	return nil
}
