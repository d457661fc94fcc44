package main

import (
	"fmt"

	"github.com/alecthomas/kingpin/v2"

	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/config"
	"wire_exporter/exporter/internal/label"
)

// checkCommand adds "check-config".
func checkCommand(app *kingpin.Application) func() error {
	cmd := app.Command("check-config", "Check a configuration file and say all that is wrong with it.")
	file := cmd.Arg("file", "The configuration file.").Required().String()
	return func() error {
		cfg, err := config.Load(*file, all.Plugins)
		if err == nil {
			_, err = label.New(cfg.Label)
		}
		if err != nil {
			return err
		}
		for _, w := range cfg.Warnings {
			fmt.Println("warning:", w)
		}
		fmt.Println(*file, "is valid")
		return nil
	}
}
