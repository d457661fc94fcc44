package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"

	"wire_exporter/exporter/internal/pipeline"
	"wire_exporter/exporter/internal/selftest"
)

// The pair of interfaces that traffic is made on.
const (
	sending   = "wire-send"
	receiving = "wire-receive"
)

// trial is what came of one rate.
type trial struct {
	sent, bytes, received, dropped int
	took                           time.Duration
	processor                      time.Duration // of this process, the generator among it
}

// measure looks for the highest rate that arrives without loss, for small and for large responses.
func (t *tester) measure() error {
	for _, line := range [][]string{
		{"link", "add", sending, "type", "veth", "peer", "name", receiving}, {"link", "set", sending, "up"}, {"link", "set", receiving, "up"},
	} {
		if out, err := exec.Command("ip", line...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %v: %w %s", line, err, out)
		}
	}
	for _, c := range []struct {
		name     string
		response int
	}{{"responses of 500 bytes", 500}, {"responses of 100 kB", 100_000}} {
		best, limit, err := t.highest(c.response)
		if err != nil {
			return err
		}
		seconds := best.took.Seconds()
		fmt.Printf("capacity    %s: %.0f packets/s, %.2f Gbit/s without loss, %.0f %% of a processor with the making of the traffic; %s\n", c.name,
			float64(best.received)/seconds, float64(best.bytes)*8/1e9/seconds, 100*best.processor.Seconds()/seconds, limit)
	}
	return nil
}

// highest doubles the rate until packets are lost, and then closes in on it.
func (t *tester) highest(response int) (best trial, limit string, err error) {
	low, high := 0, 0
	for rate := 20_000; high == 0 || high-low > low/10; {
		x, err := t.try(response, rate)
		if err != nil {
			return best, "", err
		}
		switch {
		case x.dropped > 0 || x.received < x.sent:
			high = rate
		case float64(x.sent) < 0.9*float64(rate)*x.took.Seconds():
			return x, "a lower bound: no more could be made on this host", nil
		default:
			best, low = x, rate
		}
		if rate = 2 * low; high > 0 {
			rate = (low + high) / 2
		}
		if low == 0 && high < 1000 {
			return best, "", errors.New("packets are lost at any rate")
		}
	}
	return best, "then the workers were too slow, or had to share their processors with the making of the traffic", nil
}

// try sends at a rate for a step, and says how much of it was captured.
func (t *tester) try(response, rate int) (x trial, err error) {
	s := t.sensor
	s.capture.Interfaces = []string{receiving}
	if err := s.load(); err != nil {
		return x, err
	}
	if err := s.open(pipeline.Setup{}); err != nil {
		return x, err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.pipeline.Run(ctx) }()
	sender, err := selftest.NewSender(sending)
	if err == nil {
		begin, before := time.Now(), processorTime()
		x.sent, x.bytes = sender.Send(selftest.NewTraffic(1000, response), rate, t.step)
		x.took, x.processor = time.Since(begin), processorTime()-before
		sender.Close()
		time.Sleep(200 * time.Millisecond) // the last ring block is handed over within 60 ms
	}
	stop()
	if err := errors.Join(err, <-done); err != nil {
		return x, err
	}
	for _, i := range s.opened.Stats() {
		x.received += int(i.Packets)
		for _, n := range i.Dropped {
			x.dropped += int(n)
		}
	}
	return x, nil
}

func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
