//go:build !history

package main

import (
	"context"
	"errors"
	"path/filepath"
	"time"
)

// A demo without history links neither Prometheus' storage nor its engine: that is half of the time it takes to build it, and what
// `make run` waits for. `make demo` builds it with them.

type past struct{}

func (d *demo) configFile() string {
	return filepath.Join(d.repository, "packaging", "demo", "wire_exporter.yml")
}

func (d *demo) configure() error {
	if d.history {
		return errors.New("this program was built without the history; build it with: make demo")
	}
	return nil
}

func (d *demo) level(time.Time) float64 { return 1 }

func (d *demo) remember(context.Context) error { return nil }
