package history

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/store"
)

// Step is how far apart the samples of the history are.
const Step = time.Minute

// generator is the history of a profile, minute by minute. It implements engine.Source.
type generator struct {
	calendar *Calendar
	series   []grown
	extra    labels.Labels
	rng      *rand.Rand
	from     int64 // nothing before it, ms
	tide     float64
}

// grown is a series as it is at the newest minute.
type grown struct {
	Growth
	v float64
	h *histogram.FloatHistogram
}

func newGenerator(p *Profile, c *Calendar, extra labels.Labels, from time.Time) *generator {
	g := &generator{calendar: c, extra: extra, rng: rand.New(rand.NewPCG(1, uint64(from.Unix()))), from: from.UnixMilli()}
	for _, s := range p.Series {
		one := grown{Growth: s}
		if s.Buckets != nil {
			one.h = s.Buckets.Copy().Mul(0)
		}
		g.series = append(g.series, one)
	}
	return g
}

// Load makes the minutes with lo < time <= hi.
func (g *generator) Load(_ context.Context, _ []string, lo, hi int64, into *store.Store) error {
	step := Step.Milliseconds()
	for t := (max(lo, g.from)/step + 1) * step; t <= hi; t += step {
		if err := g.minute(t, into); err != nil {
			return err
		}
	}
	return nil
}

// minute lets every series grow. The level wanders a little around its shape, as that of all of a shop's visitors does.
func (g *generator) minute(t int64, into *store.Store) error {
	day := g.calendar.At(time.UnixMilli(t))
	g.tide = 0.97*g.tide + 0.004*g.rng.NormFloat64()
	level := Level(day) * math.Exp(g.tide)
	for i := range g.series {
		s := &g.series[i]
		out := into.Series(s.Labels)
		var err error
		switch {
		case s.h != nil:
			g.observe(s, level*Step.Seconds())
			err = out.Histogram(t, s.h.Copy())
		case s.Gauge && s.Steady:
			err = out.Float(t, s.Rate)
		case s.people():
			err = out.Float(t, math.Round(s.Rate*level))
		case s.Gauge:
			err = out.Float(t, g.poisson(s.Rate*level))
		default:
			s.v += g.poisson(s.Rate * level * Step.Seconds())
			err = out.Float(t, s.v)
		}
		if err != nil {
			return err
		}
	}
	return g.calendarAt(day, t, into)
}

// observe adds a minute's observations, bucket by bucket.
func (g *generator) observe(s *grown, seconds float64) {
	h, rate := s.h, s.Buckets
	mean := 0.0
	if rate.Count > 0 {
		mean = rate.Sum / rate.Count
	}
	added := g.poisson(rate.ZeroCount * seconds)
	h.ZeroCount += added
	for i, r := range rate.PositiveBuckets {
		n := g.poisson(r * seconds)
		h.PositiveBuckets[i] += n
		added += n
	}
	h.Count += added
	h.Sum += added * mean
}

// poisson draws how many events there are where so many are expected.
func (g *generator) poisson(expected float64) float64 {
	switch {
	case expected <= 0:
		return 0
	case expected > 50:
		return math.Max(0, math.Round(expected+math.Sqrt(expected)*g.rng.NormFloat64()))
	}
	limit, n := math.Exp(-expected), 0
	for p := g.rng.Float64(); p > limit; p *= g.rng.Float64() {
		n++
	}
	return float64(n)
}

// calendarAt is what the exporter says of the day.
func (g *generator) calendarAt(d Day, t int64, into *store.Store) error {
	set := func(v float64, pairs ...string) error {
		return into.Series(with(labels.FromStrings(pairs...), g.extra)).Float(t, v)
	}
	if err := set(d.Offset.Seconds(), labels.MetricName, "wire_calendar_utc_offset_seconds"); err != nil {
		return err
	}
	if d.LikeDay > 0 {
		if err := set(d.LikeDay, labels.MetricName, "wire_calendar_like_day_offset_days"); err != nil {
			return err
		}
	}
	for kind, is := range d.Types {
		v := 0.0
		if is {
			v = 1
		}
		if err := set(v, labels.MetricName, "wire_calendar_day_type", "type", kind); err != nil {
			return err
		}
	}
	return set(1, labels.MetricName, "up")
}

// ours are the metrics that the generator makes itself.
func ours(name string) bool {
	return strings.HasPrefix(name, "wire_calendar_") || slices.Contains([]string{"up", "ALERTS", "ALERTS_FOR_STATE"}, name)
}
