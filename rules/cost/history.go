package main

import (
	"context"
	"log/slog"
	"math"
	"os"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
)

const (
	day  = 24 * time.Hour
	step = 5 * time.Minute
	// blockSpan is the longest block of a Prometheus that keeps five weeks.
	blockSpan = 54 * time.Hour
	// headSpan is what the head holds when the next block is about to be cut of it.
	headSpan = 3 * time.Hour
)

// newest is the time of the first evaluation: the head is as full as it gets.
func newest() time.Time {
	at := time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC).Unix()
	return time.Unix(at-at%int64(blockSpan.Seconds()), 0).Add(headSpan)
}

// measured is one of the signals, and how large it is.
type measured struct {
	labels labels.Labels
	value  float64
}

// calendar is looked back on for as long as the season.
var calendar = map[string]float64{"wire:calendar:utc_offset_seconds": 3600, "wire:calendar:like_day_offset_days": 7}

// families are what the rules look back on for longer than the head lasts, and how long.
var families = []struct {
	name string
	back time.Duration
	of   func(v, noise float64) float64 // of the signal's usual value, and of a number between -1 and 1
}{
	{"wire:signal:hour", 36 * day, func(v, n float64) float64 { return v * (1 + 0.02*n) }},
	{"wire:signal:avg5m", 2 * day, func(v, n float64) float64 { return v * (1 + 0.05*n) }},
	{"wire:band:above", 8 * day, func(v, n float64) float64 { return math.Max(0, v*0.1*n) }},
	{"wire:band:below", 8 * day, func(v, n float64) float64 { return math.Max(0, -v*0.1*n) }},
	{"wire:band:away", 8 * day, func(v, n float64) float64 { return v * 0.05 * math.Abs(n) }},
	{"wire:band:ratio", 5 * day, func(_, n float64) float64 { return 1 + 0.05*n }},
	{"wire:band:season", 2 * day, func(v, n float64) float64 { return v * (1 + 0.01*n) }},
	{"wire:band:residual", day, func(v, n float64) float64 { return v * 0.03 * n }},
}

// past is the history of all signals, with what the storage calls its series.
type past struct {
	signals []measured
	made    [][]labels.Labels // by family and signal
	refs    [][]storage.SeriesRef
	n       int
}

func newPast(signals []measured) *past {
	p := &past{signals: signals, made: make([][]labels.Labels, len(families))}
	lb := labels.NewBuilder(labels.EmptyLabels())
	for i, f := range families {
		for _, s := range signals {
			lb.Reset(s.labels)
			p.made[i] = append(p.made[i], lb.Set(labels.MetricName, f.name).Labels())
		}
	}
	p.forget()
	return p
}

// forget is for a new storage, which gives other references.
func (p *past) forget() {
	p.refs = make([][]storage.SeriesRef, len(families))
	for i := range p.refs {
		p.refs[i] = make([]storage.SeriesRef, len(p.signals))
	}
}

// at appends what was recorded at a time.
func (p *past) at(app storage.Appender, t, until time.Time) (err error) {
	shape := shapeAt(t) / shapeAt(until) // the newest is what the sensor shows
	for i, f := range families {
		if until.Sub(t) > f.back {
			continue
		}
		for k, s := range p.signals {
			if p.refs[i][k], err = app.Append(p.refs[i][k], p.made[i][k], t.UnixMilli(), f.of(s.value*shape, noise(uint64(i*len(p.signals)+k), uint64(t.Unix())))); err != nil {
				return err
			}
		}
		p.n += len(p.signals)
	}
	for name, v := range calendar {
		if _, err = app.Append(0, labels.FromStrings(labels.MetricName, name), t.UnixMilli(), v); err != nil {
			return err
		}
	}
	return nil
}

// shapeAt is how busy a time of day is.
func shapeAt(t time.Time) float64 {
	return 0.6 + 0.4*math.Sin(2*math.Pi*float64(t.Unix()%86400)/86400)
}

// noise is between -1 and 1, the same for the same two numbers (the finalizer of splitmix64).
func noise(a, b uint64) float64 {
	x := a*0x9e3779b97f4a7c15 + b
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64(int64(x^x>>31)) / (1 << 63)
}

// fill writes blocks up to headSpan before the end, as Prometheus would have left them: the chunks of a block end every two hours.
func fill(ctx context.Context, dir string, signals []measured, end time.Time) (samples int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	p := newPast(signals)
	for to := end.Add(-headSpan); end.Sub(to) < families[0].back; to = to.Add(-blockSpan) {
		p.forget()
		if err := p.block(ctx, dir, to.Add(-blockSpan), to, end); err != nil {
			return 0, err
		}
	}
	return p.n, nil
}

func (p *past) block(ctx context.Context, dir string, from, to, end time.Time) error {
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, tsdb.DefaultBlockDuration)
	if err != nil {
		return err
	}
	defer w.Close()
	for t := from; t.Before(to); t = t.Add(step) {
		if err := ctx.Err(); err != nil {
			return err
		}
		app := w.Appender(ctx)
		if err := p.at(app, t, end); err != nil {
			return err
		}
		if err := app.Commit(); err != nil {
			return err
		}
	}
	_, err = w.Flush(ctx)
	return err
}
