package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
)

const (
	scrape = 15 * time.Second
	// perService is how many signals signals.yml makes of a service that is called by another, and counts log-ins.
	perService = 17
)

func services(signals int) int { return max(2, (signals+perService-1)/perService) }

// raw is a metric as the exporter has it.
type raw struct {
	labels labels.Labels
	rate   float64 // a second; of a gauge: its value
	gauge  bool
	v      float64
	h      *histogram.FloatHistogram
	ref    storage.SeriesRef
}

// sensor is what the exporter shows of all services.
type sensor struct {
	all []*raw
	rng *rand.Rand
}

var outcomes = []string{"ok", "client_error", "server_error", "aborted", "unanswered", "unknown"}

// newSensor makes so many services; each but the first is called by the one before it.
func newSensor(services int) *sensor {
	s := &sensor{rng: rand.New(rand.NewPCG(1, 1))}
	for i := range services {
		s.service(fmt.Sprintf("service-%04d", i), fmt.Sprintf("service-%04d", max(i-1, 0)), math.Exp(s.rng.NormFloat64()+2), i > 0)
	}
	s.gauge("wire_calendar_utc_offset_seconds", 3600)
	s.gauge("wire_calendar_like_day_offset_days", 7)
	s.counter("wire_capture_packets_total", 1e5, "interface", "eth0")
	s.counter("wire_capture_dropped_packets_total", 0, "interface", "eth0", "reason", "kernel")
	s.gauge("up", 1)
	return s
}

// service is one with so many requests a second.
func (s *sensor) service(name, client string, rate float64, called bool) {
	own := func(more ...string) []string { return append(more, "service_name", name) }
	http := func(more ...string) []string { return own(append(more, "protocol", "http1")...) }
	shares := []float64{0.96, 0.03, 0.004, 0.004, 0.001, 0.001}
	for i, outcome := range outcomes {
		for _, operation := range []string{"GET", "POST", "PUT", "DELETE", "HEAD"} {
			s.counter("wire_requests_total", rate*shares[i]/5, http("operation", operation, "outcome", outcome, "source", "wire")...)
		}
		if called {
			s.counter("wire_calls_total", rate*shares[i], http("client_name", client, "outcome", outcome)...)
		}
	}
	for i, outcome := range outcomes[:3] {
		s.histogram("wire_request_duration_seconds", rate*shares[i], http("outcome", outcome, "source", "wire")...)
		if called {
			s.histogram("wire_call_duration_seconds", rate*shares[i], http("client_name", client, "outcome", outcome)...)
		}
	}
	s.histogram("wire_request_phase_duration_seconds", rate, http("phase", "wait")...)
	s.histogram("wire_tcp_handshake_duration_seconds", rate/10, own()...)
	s.gauge("wire_requests_in_flight", rate/10, http()...)
	s.gauge("wire_oldest_request_age_seconds", 0.5, http()...)
	s.gauge("wire_active_users", 10*rate, own("window", "5m", "source", "wire")...)
	s.counter("wire_user_logins_total", rate/25, own("outcome", "ok", "source", "wire")...)
	for _, side := range []string{"client", "server"} {
		s.counter("wire_tcp_segments_total", 20*rate, own("side", side)...)
		s.counter("wire_tcp_retransmitted_segments_total", rate/100, own("side", side)...)
	}
	for i, outcome := range []string{"accepted", "refused", "unanswered"} {
		s.counter("wire_tcp_connection_attempts_total", rate/10*[]float64{1, 0.001, 0.001}[i], own("outcome", outcome)...)
	}
	s.counter("wire_service_bytes_total", 5000*rate, own()...)
	s.counter("wire_service_missing_bytes_total", rate, own()...)
	s.counter("wire_transactions_unmatched_total", rate/1000, own("reason", "response")...)
}

func (s *sensor) counter(name string, rate float64, pairs ...string) {
	s.all = append(s.all, &raw{labels: scraped(name, pairs), rate: rate})
}

func (s *sensor) gauge(name string, value float64, pairs ...string) {
	s.all = append(s.all, &raw{labels: scraped(name, pairs), rate: value, gauge: true})
}

func (s *sensor) histogram(name string, rate float64, pairs ...string) {
	h := &histogram.FloatHistogram{Schema: 3, ZeroThreshold: 1e-6, PositiveSpans: []histogram.Span{{Offset: -50, Length: 40}}, PositiveBuckets: make([]float64, 40)}
	s.all = append(s.all, &raw{labels: scraped(name, pairs), rate: rate, h: h})
}

func scraped(name string, pairs []string) labels.Labels {
	return labels.FromStrings(append(pairs, labels.MetricName, name, "job", "wire_exporter", "instance", "sensor:10177")...)
}

// scrape appends what everything is at a time, one scrape after the last.
func (s *sensor) scrape(app storage.Appender, at int64) (err error) {
	for _, r := range s.all {
		grown := r.rate * scrape.Seconds() * (1 + 0.1*s.rng.NormFloat64())
		switch {
		case r.h != nil:
			for i := range r.h.PositiveBuckets {
				r.h.PositiveBuckets[i] += math.Max(0, math.Round(grown*math.Exp(-float64((i-20)*(i-20))/50)/12.5))
			}
			r.h.Count = 0
			for _, n := range r.h.PositiveBuckets {
				r.h.Count += n
			}
			r.h.Sum = r.h.Count * 0.1
			r.ref, err = app.AppendHistogram(r.ref, r.labels, at, nil, r.h.Copy())
		case r.gauge:
			r.ref, err = app.Append(r.ref, r.labels, at, r.rate)
		default:
			r.v += math.Max(0, grown)
			r.ref, err = app.Append(r.ref, r.labels, at, r.v)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.labels, err)
		}
	}
	return nil
}
