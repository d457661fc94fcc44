//go:build history

package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/packaging/demo/internal/history"
	"wire_exporter/packaging/demo/internal/shop"
	"wire_exporter/packaging/demo/internal/stack"
	"wire_exporter/rules"
	"wire_exporter/rules/backtest/source"
)

const (
	historySpan = 35 * 24 * time.Hour
	measureTime = time.Minute      // of the running shop, for the history to be like it
	smallGap    = 90 * time.Second // between history and measurement, which nobody sees
)

// past is what the history needs while the demo runs.
type past struct{ calendar *history.Calendar }

// configFile is the exporter's configuration.
func (d *demo) configFile() string {
	if d.history {
		return filepath.Join(d.data, "wire_exporter.yml")
	}
	return filepath.Join(d.repository, "packaging", "demo", "wire_exporter.yml")
}

// configure adds a bank's calendar to the exporter's configuration: pay day, Norway's holidays, and a day off within the last
// weeks, so that there is one to be seen whenever the demo is run.
func (d *demo) configure() error {
	if !d.history {
		return nil
	}
	day, err := d.dayOff()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(d.repository, "packaging", "demo", "wire_exporter.yml"))
	if err != nil {
		return err
	}
	text = fmt.Appendf(text, `
calendar:
  time_zone: %s
  country: "NO"
  holidays:
    - {name: day off, date: %s}
  days:
    - {name: pay_day, day: 12, weekend: before}
`, d.zone, day)
	if err := os.WriteFile(d.configFile(), text, 0o644); err != nil {
		return err
	}
	now := time.Now()
	d.calendar, err = history.ReadCalendar(d.exporter, d.configFile(), now.Add(-historySpan-14*24*time.Hour), now.AddDate(0, 0, 60))
	return err
}

// dayOff is the Wednesday before last when the history was made.
func (d *demo) dayOff() (string, error) {
	file := filepath.Join(d.data, "day-off")
	text, err := os.ReadFile(file)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return string(text), err
	}
	day := time.Now().AddDate(0, 0, -7)
	for day.Weekday() != time.Wednesday {
		day = day.AddDate(0, 0, -1)
	}
	text = []byte(day.Format(time.DateOnly))
	return string(text), os.WriteFile(file, text, 0o644)
}

// level is how busy the shop is at a time.
func (d *demo) level(t time.Time) float64 { return history.Level(d.calendar.At(t)) }

// remember fills Prometheus' storage up to now: with five weeks at first, with the time since it last ran after that. The exporter
// starts afterwards, so that its counters begin where those of the history end: at a restart.
func (d *demo) remember(ctx context.Context) error {
	if running() {
		return errors.New("the demo is running already (make stop ends it)")
	}
	if err := os.MkdirAll(d.data, 0o755); err != nil {
		return err
	}
	for _, module := range []stack.Module{stack.Prometheus(d.repository), stack.Alertmanager(d.repository)} {
		if _, err := module.Build(ctx, d.cache, d.progress("building "+filepath.Base(module.Main))); err != nil {
			return err
		}
	}
	if err := d.configure(); err != nil {
		return err
	}
	storage := filepath.Join(d.data, "prometheus")
	if err := d.forget(storage); err != nil {
		return err
	}
	profile, err := d.profile(ctx)
	if err != nil {
		return err
	}
	from, err := newest(ctx, storage)
	if err != nil {
		return err
	}
	for {
		to := time.Now().Truncate(time.Minute)
		if begin := to.Add(-historySpan).Truncate(6 * time.Hour); from.Before(begin) {
			from = begin
			if err := os.RemoveAll(storage); err != nil {
				return err
			}
		}
		if to.Sub(from) < smallGap {
			debug.FreeOSMemory() // the rest of the demo needs a few megabytes
			return nil
		}
		if err := d.write(ctx, storage, profile, from, to); err != nil {
			return err
		}
		from = to
	}
}

// forget deletes a history that other rules have made, for what the ones of now read back is not in it, and one of another shop, or of
// one elsewhere.
func (d *demo) forget(storage string) error {
	h := sha256.New()
	for _, name := range rules.Names() {
		h.Write(rules.Text(name))
	}
	config, err := os.ReadFile(filepath.Join(d.repository, "packaging", "demo", "wire_exporter.yml"))
	if err != nil {
		return err
	}
	h.Write(config)
	fmt.Fprintln(h, d.zone)
	for _, sources := range []fs.FS{shop.Sources, history.Sources} {
		if err := add(h, sources); err != nil {
			return err
		}
	}
	now, file := fmt.Sprintf("%x\n", h.Sum(nil)), filepath.Join(d.data, "history.sha256")
	if made, err := os.ReadFile(file); err == nil && string(made) == now {
		return nil
	}
	if err := errors.Join(os.RemoveAll(storage), os.RemoveAll(d.profileFile())); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(now), 0o644)
}

// add writes all files to w.
func add(w io.Writer, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, f fs.DirEntry, err error) error {
		if err != nil || f.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, name)
		if err == nil {
			_, err = w.Write(text)
		}
		return err
	})
}

func (d *demo) profileFile() string { return filepath.Join(d.data, "profile.json") }

// newest is the time behind the newest sample in the storage; zero when there is none.
func newest(ctx context.Context, storage string) (time.Time, error) {
	if _, err := os.Stat(filepath.Join(storage, "wal")); errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	s, err := source.Open(ctx, storage, source.Options{})
	if err != nil {
		return time.Time{}, err
	}
	defer s.Close()
	_, hi, err := s.Span(ctx)
	if err != nil {
		return time.Time{}, nil // an empty one
	}
	return time.UnixMilli(hi).Truncate(time.Minute).Add(time.Minute), nil
}

func (d *demo) write(ctx context.Context, storage string, profile *history.Profile, from, to time.Time) error {
	d.say("making %s of history, with the shipped rules over it: %s", to.Sub(from).Round(time.Minute), storage)
	told := time.Now()
	o := history.Options{
		Profile: profile, Calendar: d.calendar, Labels: scrapeLabels, From: from, To: to, Storage: storage,
		Done: func(at time.Time) {
			if time.Since(told) > 10*time.Second {
				told = time.Now()
				d.say("  %3.0f %%: %s", 100*at.Sub(from).Seconds()/to.Sub(from).Seconds(), at.Format("Mon 2 January"))
			}
		},
	}
	return history.Write(ctx, o)
}

// scrapeLabels are those that Prometheus gives to what it scrapes of the exporter.
var scrapeLabels = labels.FromStrings("job", "wire_exporter", "instance", exporterAddr)

// profile is what the running shop is like: measured once.
func (d *demo) profile(ctx context.Context) (*history.Profile, error) {
	p := &history.Profile{}
	text, err := os.ReadFile(d.profileFile())
	if err == nil && json.Unmarshal(text, p) == nil {
		return p, nil
	}
	plan, err := history.Plan()
	if err != nil {
		return nil, err
	}
	d.say("measuring the shop for %s, so that its history is like it", history.Settling+measureTime)
	m := *d // a demo of its own, so that its end is not that of all
	ctx, m.end = context.WithCancelCause(ctx)
	defer m.end(nil)
	defer m.close()
	if err := m.open(ctx); err != nil {
		return nil, err
	}
	m.shop.Pace(func() float64 { return 1 })
	select {
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-time.After(history.Settling):
	}
	if p, err = history.Measure(ctx, "http://"+exporterAddr+"/metrics", scrapeLabels, history.Wanted(plan), measureTime, func(time.Time) float64 { return 1 }); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	if text, err = json.Marshal(p); err != nil {
		return nil, err
	}
	return p, os.WriteFile(d.profileFile(), text, 0o644)
}
