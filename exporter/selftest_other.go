//go:build !linux

package main

import (
	"errors"

	"github.com/alecthomas/kingpin/v2"
)

// selftestCommand adds "selftest", which has nothing to say here: live captures are for Linux.
func selftestCommand(app *kingpin.Application) func() error {
	app.Command("selftest", "Say what this host can do for a capture (Linux only).")
	return func() error { return errors.New("live captures, and so their test, are for Linux only") }
}
