package capture

import (
	"context"
	"errors"
	"testing"
	"time"
)

// fakeClock is a pacer's clock that sleeping moves on.
type fakeClock struct {
	now    int64
	sleeps int
	until  int // the number of sleeps after which it fails, as if the context were done
}

func (c *fakeClock) pacer() *pacer {
	return &pacer{clock: func() int64 { return c.now }, sleep: func(_ context.Context, d int64) error {
		if c.sleeps++; c.until > 0 && c.sleeps >= c.until {
			return errors.New("done")
		}
		c.now += min(d, maxSleep)
		return nil
	}}
}

// pacedSource reads files with a fake clock.
func pacedSource(t *testing.T, clock *fakeClock, paths ...string) *fileSource {
	t.Helper()
	c, err := Open(Config{Files: paths, Speed: SpeedRecorded})
	if err != nil {
		t.Fatal(err)
	}
	s := c.Sources()[0].(*fileSource)
	s.pacer = clock.pacer()
	return s
}

func at(offsets ...time.Duration) []testFrame {
	var frames []testFrame
	for _, d := range offsets {
		frames = append(frames, testFrame{testStart.Add(d), []byte("frame"), 5})
	}
	return frames
}

func TestRecordedSpeed(t *testing.T) {
	const s, ms = time.Second, time.Millisecond
	frames := at(0, 1*ms, 250*ms, 200*ms, 3*s)
	clock := &fakeClock{now: 77}
	source := pacedSource(t, clock, write(t, "x.pcap", pcapFile(t, frames)))
	var got collector
	var due []int64
	got.hook = func(*Frame) { due = append(due, clock.now-77) }
	if err := source.Run(t.Context(), &got); err != nil {
		t.Fatal(err)
	}
	checkFrames(t, got.frames, frames)
	for i, want := range []time.Duration{0, 0, 250 * ms, 250 * ms, 3 * s} {
		if early := int64(want) - due[i]; early < 0 || early > paceSlack {
			t.Errorf("frame %d came at %v, was due at %v", i, time.Duration(due[i]), want)
		}
	}
	start := testStart.UnixNano()
	for i := 1; i < len(got.idle); i++ {
		if step := got.idle[i] - got.idle[i-1]; step < 0 || got.idle[i-1] > 0 && step > maxSleep {
			t.Errorf("Idle's time goes from %d to %d", got.idle[i-1]-start, got.idle[i]-start)
		}
	}
}

// Between two files recorded at other times nothing is waited for; between files that follow on each other the pace is kept.
func TestRecordedSpeedOverFiles(t *testing.T) {
	for _, test := range []struct{ gap, want time.Duration }{
		{500 * time.Millisecond, 500 * time.Millisecond}, {time.Hour, 0}, {-time.Hour, 0},
	} {
		clock := &fakeClock{}
		source := pacedSource(t, clock, write(t, "1.pcap", pcapFile(t, at(0))), write(t, "2.pcap", pcapFile(t, at(test.gap))))
		var got collector
		if err := source.Run(t.Context(), &got); err != nil {
			t.Fatal(err)
		}
		if len(got.frames) != 2 || clock.now > int64(test.want) || clock.now < int64(test.want)-paceSlack {
			t.Errorf("gap %v: %d frames in %v", test.gap, len(got.frames), time.Duration(clock.now))
		}
	}
}

func TestLoop(t *testing.T) {
	clock := &fakeClock{until: 20}
	source := pacedSource(t, clock, write(t, "1.pcap", pcapFile(t, at(0, 50*time.Millisecond))), write(t, "2.pcap", pcapFile(t, at(20*time.Millisecond))))
	source.speed = SpeedLoop
	var got collector
	if err := source.Run(t.Context(), &got); err == nil {
		t.Fatal("the loop ended by itself")
	}
	span := int64(50*time.Millisecond) + loopPause
	for i, f := range got.frames {
		want := testStart.UnixNano() + int64(i/3)*span + []int64{0, 50e6, 20e6}[i%3]
		if f.Time != want {
			t.Fatalf("frame %d is %d ns away from its time", i, f.Time-want)
		}
	}
	if len(got.frames) < 9 {
		t.Errorf("%d frames", len(got.frames))
	}
	if early := got.frames[len(got.frames)-1].Time - testStart.UnixNano() - clock.now; early > paceSlack {
		t.Errorf("the last frame came %d ns early", early)
	}
}

func TestLoopEnds(t *testing.T) {
	far := []testFrame{{time.Unix(0, 0), nil, 0}, {time.Unix(1<<32-1, 0), nil, 0}}
	for name, frames := range map[string][]testFrame{"no frames": nil, "times too far apart": far} {
		clock := &fakeClock{}
		source := pacedSource(t, clock, write(t, "x.pcap", pcapFile(t, frames)))
		source.speed = SpeedLoop
		source.pacer.sleep = func(_ context.Context, d int64) error { clock.now += d; return nil }
		if err := source.Run(t.Context(), &collector{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestPacerSleepEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newPacer().sleep(ctx, int64(time.Hour)); err != context.Canceled {
		t.Error(err)
	}
	if err := newPacer().sleep(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

func TestParseSpeed(t *testing.T) {
	for _, s := range []Speed{SpeedFull, SpeedRecorded, SpeedLoop} {
		if got, err := ParseSpeed(s.String()); err != nil || got != s {
			t.Errorf("%v became %v, %v", s, got, err)
		}
	}
	if _, err := ParseSpeed("fast"); err == nil || err.Error() != `capture: unknown speed "fast" (have: full, recorded, loop)` {
		t.Error(err)
	}
}
