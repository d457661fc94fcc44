package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/metric"
)

// landingView is what the template shows: texts, ready to read.
type landingView struct {
	Refresh   int
	Window    string
	Now       string // capture time
	Warnings  []string
	Empty     string // why there are no services, if there are none
	Services  []landingService
	Databases []landingDatabase
	Sensor    []landingFact
}

// landingService is one row.
type landingService struct {
	Name, Protocol, Source string
	Rate, P50, P95         string
	Errors, ClientErrors   string
	Users5m, Users1h       string
	InFlight, Oldest       string
	Failures               []landingFailure
	Bad                    bool // it fails
	Slow                   bool // something is in flight for very long

	ratio, p95, rate float64
}

type landingFailure struct {
	Text   string
	Server bool // the server's fault, and not long ago
}

// landingFact is one line about the sensor.
type landingFact struct {
	Name, Value string
	Bad         bool
}

const (
	badRatio  = 0.01 // of failed requests, above which a row is marked
	longAge   = 60.0 // seconds in flight, above which a row is marked
	lossRatio = 1e-4 // of packets or bytes, above which numbers are not to be trusted
	fullRatio = 0.9  // of the memory

	recentFailure = decoders.Time(5 * time.Minute) // how long a failure stays marked

	noValue = "–"
)

func newLandingView(before, now landingState) *landingView {
	seconds := now.at.Sub(before.at).Seconds()
	v := &landingView{Refresh: landingRefresh, Window: landingSeconds(seconds)}
	if now.report.Now != 0 {
		v.Now = time.Unix(0, int64(now.report.Now)).UTC().Format("2006-01-02 15:04:05 UTC")
	}
	earlier := map[landingKey]*metric.ServiceReport{}
	for i := range before.report.Services {
		s := &before.report.Services[i]
		earlier[keyOf(s)] = s
	}
	for i := range now.report.Services {
		s := &now.report.Services[i]
		b := earlier[keyOf(s)]
		if b == nil {
			b = &metric.ServiceReport{}
		}
		v.Services = append(v.Services, newLandingService(s, b, seconds, now.report.Now))
	}
	slices.SortStableFunc(v.Services, func(a, b landingService) int {
		return cmp.Or(cmp.Compare(b.ratio, a.ratio), cmp.Compare(b.p95, a.p95), cmp.Compare(b.rate, a.rate))
	})
	v.databases(before.report, now.report, seconds)
	v.sensor(&before.report.Sensor, &now.report.Sensor, now.report, seconds)
	return v
}

func newLandingService(s, before *metric.ServiceReport, seconds float64, now decoders.Time) landingService {
	requests := outcomesSince(s, before)
	latency := s.Latency.Since(&before.Latency)
	n := metric.Total(requests)
	r := landingService{
		Name: s.Service, Protocol: s.Protocol, Source: s.Source,
		P50: noValue, P95: noValue, Errors: noValue, ClientErrors: noValue,
		Users5m: landingCount(s.Users5m), Users1h: landingCount(s.Users1h), InFlight: noValue, Oldest: noValue,
	}
	if seconds > 0 {
		r.rate = float64(n) / seconds
	}
	r.Rate = landingRate(r.rate)
	if p, ok := latency.Quantile(0.5); ok {
		r.P50 = landingSeconds(p)
	}
	if p, ok := latency.Quantile(0.95); ok {
		r.p95, r.P95 = p, landingSeconds(p)
	}
	if ratio, ok := metric.ErrorRatio(requests); ok {
		r.ratio, r.Errors = ratio, landingPercent(ratio)
		r.ClientErrors = landingPercent(float64(requests[decoders.ClientError]) / float64(n-requests[decoders.Unknown]))
	}
	r.Bad = r.ratio >= badRatio
	if s.InFlight > 0 {
		r.InFlight, r.Oldest = fmt.Sprint(s.InFlight), landingSeconds(s.OldestAge)
		r.Slow = s.OldestAge >= longAge
	}
	for _, f := range s.Failures[:min(3, len(s.Failures))] {
		text := fmt.Sprintf("%s · %s", f.Code, landingAgo(now, f.At))
		if f.N > 1 {
			text = fmt.Sprintf("%s × %s · %s", f.Code, landingCount(f.N), landingAgo(now, f.At))
		}
		recent := now-f.At < recentFailure
		r.Failures = append(r.Failures, landingFailure{text, recent && f.Outcome != decoders.ClientError})
	}
	return r
}

func landingAgo(now, at decoders.Time) string {
	if at == 0 || now <= at {
		return "now"
	}
	return landingSeconds(float64(now-at)/1e9) + " ago"
}

// landingSeconds writes a duration with about three digits.
func landingSeconds(s float64) string {
	switch {
	case s == 0:
		return "0 s"
	case s < 1e-3:
		return fmt.Sprintf("%.0f µs", s*1e6)
	case s < 1e-2:
		return fmt.Sprintf("%.1f ms", s*1e3)
	case s < 1:
		return fmt.Sprintf("%.0f ms", s*1e3)
	case s < 10:
		return fmt.Sprintf("%.1f s", s)
	case s < 120:
		return fmt.Sprintf("%.0f s", s)
	case s < 2*3600:
		return fmt.Sprintf("%.0f min", s/60)
	case s < 48*3600:
		return fmt.Sprintf("%.0f h", s/3600)
	}
	return fmt.Sprintf("%.0f days", s/86400)
}

func landingRate(r float64) string {
	switch {
	case r == 0:
		return "0"
	case r < 0.095:
		return fmt.Sprintf("%.2f", r)
	case r < 9.95:
		return fmt.Sprintf("%.1f", r)
	}
	return landingCount(uint64(r + 0.5))
}

func landingPercent(r float64) string {
	switch {
	case r == 0:
		return "0 %"
	case r < 0.0001:
		return "< 0.01 %"
	case r < 0.1:
		return fmt.Sprintf("%.2f %%", r*100)
	}
	return fmt.Sprintf("%.0f %%", r*100)
}

// landingCount writes a number in groups of three digits.
func landingCount(n uint64) string {
	digits := fmt.Sprint(n)
	grouped := ""
	for len(digits) > 3 {
		grouped = "\u202f" + digits[len(digits)-3:] + grouped
		digits = digits[:len(digits)-3]
	}
	return digits + grouped
}

func landingBytes(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB", "GiB"} {
		if n < 1024 {
			return fmt.Sprintf("%.4g %s", n, unit)
		}
		n /= 1024
	}
	return fmt.Sprintf("%.4g TiB", n)
}
