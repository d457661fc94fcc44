package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"
	_ "time/tzdata" // the fleet lives in Norway

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/store"
)

var oslo = func() *time.Location {
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return l
}()

// holiday is a Wednesday that is like a Sunday.
var holiday = time.Date(2026, 10, 28, 0, 0, 0, 0, oslo)

// service is a simulated service.
type service struct {
	name, calls string // calls: the service it depends on; "" for the last of a chain
	chain       int
	peak        float64 // requests a second at the busiest hour
	rests       bool    // at week-ends
	bursty      bool    // heavy tails
	p95         float64 // seconds
	logins      bool
	wander      float64 // of the level, around its shape
	recorded    *series // instead of a simulated shape
	refused     float64 // attempts to connect, since the beginning
	accepted    float64
	last        [5]float64 // minutes' requests
	most        [8]float64 // as a mean of five minutes: today, yesterday, and so on
	dice                   // of its chain
	made        map[[2]string]labels.Labels
}

// fleet is some of them, whole chains. It implements engine.Source, minute by minute.
type fleet struct {
	services []*service
	faults   []fault
	from     int64
}

// newFleet makes n chains, from the first one on. What a service does depends on the seed, on its place, and on the recorded curves, if there are any.
func newFleet(first, n int, seed uint64, recorded []*series, from time.Time) *fleet {
	f := &fleet{from: from.UnixMilli()}
	for chain := first; chain < first+n; chain++ {
		rng := rand.New(rand.NewPCG(seed, uint64(chain)))
		peak := []float64{400, 60, 8, 0.6}[chain%4] * (0.5 + rng.Float64())
		for i, role := range roles {
			s := &service{
				name: fmt.Sprintf("%s-%02d", role, chain), chain: chain, peak: peak, p95: 0.05 * math.Exp(rng.NormFloat64()),
				rests: chain%5 == 3, bursty: chain%7 == 5, logins: role == "web", dice: dice{rng}, made: map[[2]string]labels.Labels{},
			}
			if i+1 < len(roles) {
				s.calls = fmt.Sprintf("%s-%02d", roles[i+1], chain)
			}
			if len(recorded) > 0 {
				s.recorded, s.rests, s.bursty = recorded[(chain+chain/4)%len(recorded)], false, false
			}
			f.services = append(f.services, s)
		}
	}
	return f
}

var roles = []string{"web", "api", "core", "db"}

// shape is how busy it is, as a share of the busiest hour.
func (s *service) shape(t time.Time) float64 {
	local := t.In(oslo)
	if s.recorded != nil {
		return s.recorded.level(local, s.chain)
	}
	hour := float64(local.Hour()) + float64(local.Minute())/60
	free := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday || isHoliday(local)
	level := 0.08 + 0.8*bell(hour, 10.5, 2.5) + 0.6*bell(hour, 15.5, 2.7) + 0.3*bell(hour, 20, 1.8)
	switch {
	case free && s.rests:
		return 0.01
	case free:
		return 0.08 + 0.35*bell(hour, 14, 4)
	}
	return level
}

func isHoliday(local time.Time) bool {
	return local.Format(time.DateOnly) == holiday.Format(time.DateOnly)
}

func bell(hour, middle, width float64) float64 {
	away := math.Abs(hour - middle)
	away = min(away, 24-away)
	return math.Exp(-away * away / (2 * width * width))
}

// Load implements engine.Source.
func (f *fleet) Load(_ context.Context, _ []string, lo, hi int64, into *store.Store) error {
	for t := (max(lo, f.from)/60_000 + 1) * 60_000; t <= hi; t += 60_000 {
		at := time.UnixMilli(t)
		w := writer{into: into, t: t}
		for _, s := range f.services {
			f.minute(s, at, &w)
		}
		calendarAt(at, &w)
		if w.err != nil {
			return w.err
		}
	}
	return nil
}

// writer appends samples of one time.
type writer struct {
	into *store.Store
	t    int64
	err  error
}

func (w *writer) set(v float64, of labels.Labels) {
	if err := w.into.Series(of).Float(w.t, v); err != nil && w.err == nil {
		w.err = err
	}
}

// signal is a signal and how many events it rests on.
func (w *writer) signal(s *service, name string, v, n float64) {
	w.set(v, s.labels("wire:signal:value", "signal", name))
	if n >= 0 {
		w.set(n, s.labels("wire:signal:count", "signal", name))
	}
}

// labels are those of one of the service's metrics. They are made once.
func (s *service) labels(metric, label, value string) labels.Labels {
	key := [2]string{metric, value}
	known, ok := s.made[key]
	if !ok {
		pairs := []string{labels.MetricName, metric, label, value, "service_name", s.name}
		if label == "signal" {
			pairs = append(pairs, "protocol", "http1")
		}
		if value == "call_rate" {
			pairs = []string{labels.MetricName, metric, label, value, "client_name", s.name, "service_name", s.calls, "protocol", "http1"}
		}
		known = labels.FromStrings(pairs...)
		s.made[key] = known
	}
	return known
}

// minute is what is measured of a service in a minute.
func (f *fleet) minute(s *service, at time.Time, w *writer) {
	if s.recorded == nil {
		s.wander = 0.98*s.wander + 0.012*s.rng.NormFloat64()
	}
	level := s.shape(at) * math.Exp(s.wander)
	if s.bursty {
		level *= math.Exp(0.25*s.rng.NormFloat64()) * (1 + 0.3*math.Abs(s.rng.NormFloat64()))
	}
	now := f.effect(s, at)
	if f.recovering(s, at) {
		now.slower = max(now.slower, 1+1.5*s.rng.Float64())
	}
	n := s.poisson(60 * s.peak * level * now.traffic)
	w.signal(s, "request_rate", n/60, n)
	s.accepted += s.poisson(math.Min(60*s.peak*level*0.05, 600) * now.traffic)
	s.refused += math.Round(30 * now.refused)
	w.set(s.accepted, s.labels("wire_tcp_connection_attempts_total", "outcome", "accepted"))
	w.set(s.refused, s.labels("wire_tcp_connection_attempts_total", "outcome", "refused"))
	if n > 0 {
		w.signal(s, "error_ratio", s.binomial(n, 0.002+now.errors)/n, n)
		w.signal(s, "client_error_ratio", s.binomial(n, math.Max(0.03, now.clientErrors))/n, n)
		// The p95 of n lognormal durations scatters by about 1.3 sigma over the root of n.
		slow := s.p95 * (1 + 0.3*level) * now.slower
		w.signal(s, "duration_p95", slow*math.Exp(1.3*0.6*s.rng.NormFloat64()/math.Sqrt(n)+0.03*s.rng.NormFloat64()), n)
	}
	inFlight := s.peak * level * now.traffic * s.p95 / 2
	w.signal(s, "oldest_request_age", s.age(inFlight, s.p95*now.slower), -1)
	if s.logins {
		l := s.poisson(60 * s.peak * level * loginShare * now.logins)
		w.signal(s, "logins", l/60, l)
		copy(s.last[1:], s.last[:])
		s.last[0] = n
		mean := (s.last[0] + s.last[1] + s.last[2] + s.last[3] + s.last[4]) / 5
		if s.most[0] = max(s.most[0], mean); n > 0 && n >= cmp.Or(s.most[7], s.most[1])/3 {
			w.signal(s, "login_ratio", l/n, n)
		}
		if at.Unix()%86400 == 0 {
			copy(s.most[1:], s.most[:])
			s.most[0] = 0
		}
	}
	if s.calls != "" {
		w.signal(s, "call_rate", n/60, n)
	}
}

// dice draw what is left to chance.
type dice struct{ rng *rand.Rand }

// age is that of the oldest of so many requests in flight.
func (d dice) age(inFlight, p95 float64) float64 {
	oldest := 0.0
	for range int(math.Min(d.poisson(inFlight), 50)) {
		oldest = max(oldest, d.rng.ExpFloat64()*p95/3)
	}
	return oldest
}

// calendarAt is what a sensor says of the day.
func calendarAt(at time.Time, w *writer) {
	local := at.In(oslo)
	_, offset := local.Zone()
	w.set(float64(offset), labels.FromStrings(labels.MetricName, "wire_calendar_utc_offset_seconds"))
	like, kind := 7, "workday"
	switch {
	case isHoliday(local):
		like, kind = int(local.Weekday()), "holiday"
	case isHoliday(local.AddDate(0, 0, -7)):
		like = 14
	case local.Weekday() == time.Saturday:
		kind = "saturday"
	case local.Weekday() == time.Sunday:
		kind = "sunday"
	}
	w.set(float64(like), labels.FromStrings(labels.MetricName, "wire_calendar_like_day_offset_days"))
	for _, k := range []string{"workday", "saturday", "sunday", "holiday"} {
		w.set(float64(b2i(k == kind)), labels.FromStrings(labels.MetricName, "wire_calendar_day_type", "type", k))
	}
}

// poisson draws how many events there are where so many are expected.
func (d dice) poisson(expected float64) float64 {
	if expected > 50 {
		return math.Max(0, math.Round(expected+math.Sqrt(expected)*d.rng.NormFloat64()))
	}
	n, limit := 0, math.Exp(-expected)
	for p := d.rng.Float64(); p > limit; p *= d.rng.Float64() {
		n++
	}
	return float64(n)
}

// binomial draws how many of n happen.
func (d dice) binomial(n, share float64) float64 {
	switch {
	case share <= 0:
		return 0
	case share >= 1:
		return n
	}
	if n*share > 50 && n*(1-share) > 50 {
		return math.Round(math.Min(n, math.Max(0, n*share+math.Sqrt(n*share*(1-share))*d.rng.NormFloat64())))
	}
	if n > 2000 && share < 0.02 {
		return math.Min(n, d.poisson(n*share))
	}
	hits, last := 0.0, math.Log1p(-share)
	// From one hit to the next.
	for at := math.Floor(math.Log(d.rng.Float64()) / last); at < n; at += 1 + math.Floor(math.Log(d.rng.Float64())/last) {
		hits++
	}
	return hits
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
