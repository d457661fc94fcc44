package main

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
)

// rawSpan is how far back the rules look on what the exporter shows.
const rawSpan = 12 * time.Minute

// discover finds out what signals the rules make of the services: the same series are to have a history.
func discover(ctx context.Context, dir string, signals int) ([]measured, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	s, err := open(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer s.db.Close()
	at := newest()
	if err := s.scrape(ctx, newSensor(services(signals)), at.Add(-2*time.Minute), at); err != nil {
		return nil, err
	}
	for _, g := range s.groups {
		if g.Name() == "wire-signals" {
			if _, err := s.evaluate(ctx, g, at); err != nil {
				return nil, err
			}
		}
	}
	found, err := s.query(ctx, "wire:signal:value", at)
	return take(found, signals), err
}

// take drops the name, which each family has of its own.
func take(found promql.Vector, most int) (all []measured) {
	for _, one := range found[:min(len(found), most)] {
		all = append(all, measured{one.Metric.MatchLabels(false, labels.MetricName), one.F})
	}
	return all
}

// cost is what a group took.
type cost struct {
	group       *rules.Group
	evaluations int
	sum, most   time.Duration // by the clock
	used        time.Duration // of a processor
	samples     int64
}

// measure evaluates all groups once to bring them into step, and then whenever they are due.
func measure(ctx context.Context, dir string, signals []measured, at time.Time, services, minutes int) error {
	s, err := open(ctx, dir)
	if err != nil {
		return err
	}
	defer s.db.Close()
	from := newSensor(services)
	if err := s.recent(ctx, signals, from, at); err != nil {
		return err
	}
	costs := make([]cost, len(s.groups))
	for i, g := range s.groups {
		costs[i].group = g
		if err := costs[i].evaluate(ctx, s, at); err != nil { // the slow ones are measured once
			return err
		}
	}
	for i, g := range s.groups {
		if g.Interval() <= step {
			costs[i] = cost{group: g}
		}
	}
	began, used := time.Now(), processor()
	for n := 1; n <= minutes; n++ {
		now := at.Add(time.Duration(n) * time.Minute)
		if err := s.scrape(ctx, from, now.Add(-time.Minute), now); err != nil {
			return err
		}
		for i := range costs {
			if now.Sub(at)%costs[i].group.Interval() == 0 {
				if err := costs[i].evaluate(ctx, s, now); err != nil {
					return err
				}
			}
		}
	}
	return report(s, costs, time.Since(began), processor()-used, minutes)
}

// recent fills the head: the history since the last block, and what the sensor has shown for the last minutes.
func (s *server) recent(ctx context.Context, signals []measured, from *sensor, at time.Time) error {
	p := newPast(signals)
	for t := at.Add(-headSpan); t.Before(at); t = t.Add(step) {
		app := s.db.Appender(ctx)
		if err := p.at(app, t, at); err != nil {
			return err
		}
		if err := app.Commit(); err != nil {
			return err
		}
	}
	return s.scrape(ctx, from, at.Add(-rawSpan), at)
}

func (c *cost) evaluate(ctx context.Context, s *server, at time.Time) error {
	before, used := s.samples, processor()
	took, err := s.evaluate(ctx, c.group, at)
	c.evaluations++
	c.sum += took
	c.most = max(c.most, took)
	c.samples += s.samples - before
	c.used += processor() - used
	return err
}

// processor is the time that all processors have spent for the program.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic("BUG: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// report prints the groups, and the share of the time that all of them take.
func report(s *server, costs []cost, lasted, used time.Duration, minutes int) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "group\tinterval\tprocessor\tmean\tlongest\tsamples read\tprocessor a second\t")
	var all float64
	for _, c := range costs {
		n := time.Duration(c.evaluations)
		share := (c.used / n).Seconds() / c.group.Interval().Seconds()
		all += share
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%d\t%.4f\t\n", c.group.Name(), model.Duration(c.group.Interval()),
			(c.used / n).Round(time.Millisecond), (c.sum / n).Round(time.Millisecond), c.most.Round(time.Millisecond), c.samples/int64(n), share)
	}
	fmt.Fprintf(t, "all\t\t\t\t\t\t%.4f\t\n", all)
	if err := t.Flush(); err != nil {
		return err
	}
	active := 0
	for _, g := range s.groups {
		for _, r := range g.AlertingRules() {
			active += len(r.ActiveAlerts())
		}
	}
	_, err := fmt.Printf("%d series in the head, %d alerts active; %d minutes took %s, and %s of a processor, with the scrapes\n",
		s.db.Head().NumSeries(), active, minutes, lasted.Round(time.Millisecond), used.Round(time.Millisecond))
	return err
}
