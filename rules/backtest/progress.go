package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// progress is a bar on the standard error, if that is a terminal.
type progress struct {
	from, to, started time.Time
	terminal          bool
}

func startProgress(from, to time.Time) *progress {
	info, err := os.Stderr.Stat()
	return &progress{from, to, time.Now(), err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) at(t time.Time) {
	if !p.terminal {
		return
	}
	const width = 40
	share := t.Sub(p.from).Seconds() / p.to.Sub(p.from).Seconds()
	done := int(share * width)
	elapsed := time.Since(p.started)
	fmt.Fprintf(os.Stderr, "\r[%s%s] %3.0f %%  %s  %.0f times as fast as real ", strings.Repeat("=", done), strings.Repeat(" ", width-done), 100*share,
		t.UTC().Format("2006-01-02 15:04"), t.Sub(p.from).Seconds()/elapsed.Seconds())
}

func (p *progress) stop() {
	if p.terminal {
		fmt.Fprintf(os.Stderr, "\r%s\r", strings.Repeat(" ", 100))
	}
}
