package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// progress is a bar on the terminal while a big file is read.
type progress struct{ done, gone chan struct{} }

// startProgress draws read of total bytes on the standard error from the second second on, if that is a terminal.
func startProgress(read func() (read, total int64)) progress {
	p := progress{make(chan struct{}), make(chan struct{})}
	_, err := unix.IoctlGetTermios(int(os.Stderr.Fd()), unix.TCGETS)
	go func() {
		defer close(p.gone)
		if err == nil {
			p.draw(read)
		}
	}()
	return p
}

func (p progress) draw(read func() (int64, int64)) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-p.done:
			if drawn {
				fmt.Fprint(os.Stderr, "\r\x1b[K")
			}
			return
		case <-tick.C:
			if n, total := read(); total > 0 {
				const width = 40
				full := int(min(n*width/total, width))
				fmt.Fprintf(os.Stderr, "\r[%s%s] %3d %%", strings.Repeat("#", full), strings.Repeat(".", width-full), n*100/total)
				drawn = true
			}
		}
	}
}

func (p progress) stop() {
	close(p.done)
	<-p.gone
}
