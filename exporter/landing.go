package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"net/http"
	"sync"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/metric"
)

// reportSource is where the landing page gets its numbers; *metric.Metrics is one.
type reportSource interface{ Overview() *metric.Report }

//go:embed landing.html
var landingText string

var landingTemplate = template.Must(template.New("landing").Parse(landingText))

const (
	landingWindow  = time.Minute     // what rates and quantiles are taken over
	landingEvery   = 5 * time.Second // how far the states that are kept lie apart
	landingAtMost  = 2 * time.Second // how often the workers are asked at most, however many people look
	landingRefresh = 5               // seconds after which the browser asks again
)

// landing is the page that people see first: every service, the worst one on top, and how the sensor itself is doing. It
// works without Prometheus.
type landing struct {
	source reportSource
	clock  func() time.Time

	mu      sync.Mutex
	history []landingState // the oldest first; of the last minute, and one from before it
	newest  landingState
}

// landingState is what was counted at a moment.
type landingState struct {
	at     time.Time
	report *metric.Report
}

// landingPage serves the page for s. What it shows at first is since this call.
func landingPage(s reportSource) http.Handler { return newLanding(s, time.Now) }

func newLanding(s reportSource, clock func() time.Time) *landing {
	return &landing{source: s, clock: clock, history: []landingState{{clock(), &metric.Report{}}}}
}

func (l *landing) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	before, now := l.states()
	var page bytes.Buffer
	if err := landingTemplate.Execute(&page, newLandingView(before, now)); err != nil {
		http.Error(w, "The page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.Write(page.Bytes())
}

// states are the counts of now and of about a minute ago.
func (l *landing) states() (before, now landingState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.clock()
	if l.newest.report == nil || at.Sub(l.newest.at) >= landingAtMost {
		l.newest = landingState{at, l.source.Overview()}
	}
	now = l.newest
	for len(l.history) > 1 && now.at.Sub(l.history[1].at) >= landingWindow {
		l.history = append(l.history[:0], l.history[1:]...)
	}
	before = l.history[0]
	if now.at.Sub(l.history[len(l.history)-1].at) >= landingEvery {
		l.history = append(l.history, now)
	}
	return before, now
}

// landingKey tells the rows of a Report apart.
type landingKey struct{ service, protocol, source string }

func keyOf(s *metric.ServiceReport) landingKey { return landingKey{s.Service, s.Protocol, s.Source} }

// since is n - before, or n when the counter was forgotten in between.
func since(n, before uint64) uint64 {
	if before > n {
		return n
	}
	return n - before
}

func outcomesSince(s, before *metric.ServiceReport) (d [decoders.NumOutcomes]uint64) {
	for o := range d {
		d[o] = since(s.Requests[o], before.Requests[o])
	}
	return d
}
