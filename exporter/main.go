// Command wire_exporter listens to the traffic between clients, applications and databases, and tells Prometheus how every
// service is doing.
package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"

	"wire_exporter/exporter/internal/capture"
)

func main() { os.Exit(run(os.Args[1:])) }

// run is main with an exit code: 0, or 1 after one clear line on the standard error.
func run(args []string) int {
	app := kingpin.New("wire_exporter", "Listens to the network and tells Prometheus for every service how many requests, how slow, how many failed.")
	app.HelpFlag.Short('h')
	app.Version(version.Print("wire_exporter")).VersionFlag.Short('v')
	app.UsageWriter(os.Stdout)
	app.UsageTemplate(usage)

	serve := serveCommand(app)
	check := checkCommand(app)
	calendar := calendarCommand(app)
	replay := replayCommand(app)
	estimate := estimateCommand(app)
	selftest := selftestCommand(app)

	command, err := app.Parse(spellOut(args))
	if err == nil {
		switch command {
		case "serve":
			err = serve()
		case "check-config":
			err = check()
		case "calendar":
			err = calendar()
		case "replay":
			err = replay()
		case "estimate":
			err = estimate()
		case "selftest":
			err = selftest()
		}
	}
	var quiet exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &quiet):
		return int(quiet)
	}
	fmt.Fprintf(os.Stderr, "wire_exporter: %v\n", err)
	return 1
}

// devStdin is another name of the standard input.
const devStdin = "/dev/stdin"

// spellOut replaces a lone -, which kingpin takes for an empty word.
func spellOut(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if a == capture.Stdin {
			args[i] = devStdin
		}
	}
	return args
}

// usage is kingpin's own, which hides the flags of what runs without a command, with the flags of every command.
var usage = strings.Replace(kingpin.DefaultUsageTemplate, "{{.Help|Wrap 4}}\n",
	"{{.Help|Wrap 4}}\n{{with .Flags|FlagsToTwoColumns}}{{FormatTwoColumnsWithIndent . 4 2}}{{end}}\n", 1)

// exitCode is an error whose text was printed already.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit %d", int(e)) }
