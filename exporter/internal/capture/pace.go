package capture

import (
	"context"
	"time"
)

const (
	// paceSlack is how much too early a frame may be handed over: it spares a sleep for each frame of a burst.
	paceSlack = int64(2 * time.Millisecond)
	// paceJump is the longest silence that replay keeps between two files, and between a loop's rounds.
	paceJump = int64(time.Second)
	// maxSleep is how long a live or paced source stays away from its Handler.
	maxSleep = int64(100 * time.Millisecond)
)

// pacer lets replay proceed at the pace of the recording: capture time start was due at time 0 of its clock.
type pacer struct {
	clock   func() int64                             // ns, rising
	sleep   func(ctx context.Context, d int64) error // for d ns, at most maxSleep
	started bool
	start   int64
	until   int64 // frames up to this capture time are due
}

func newPacer() *pacer {
	begin := time.Now()
	return &pacer{
		clock: func() int64 { return int64(time.Since(begin)) },
		sleep: func(ctx context.Context, d int64) error {
			timer := time.NewTimer(time.Duration(min(d, maxSleep)))
			defer timer.Stop()
			select {
			case <-timer.C:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}

// reach says whether a frame of capture time t is due; if not, how far replay has come.
func (p *pacer) reach(t int64) (reached int64, ok bool) {
	if p.started && t <= p.until {
		return 0, true
	}
	now := p.clock()
	if !p.started {
		p.started, p.start = true, t-now
	}
	reached = p.start + now
	p.until = reached + paceSlack
	return reached, t <= p.until
}

// cut is called between two files: if the next frame does not follow closely on the last, replay goes on with it at once.
func (p *pacer) cut(t int64) {
	if !p.started {
		return
	}
	if reached := p.start + p.clock(); t < reached-paceJump || t > reached+paceJump {
		p.started = false
	}
}
