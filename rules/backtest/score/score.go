// Package score compares alerts with labels: times at which something is known to have been wrong. In go both; out come
// precision, recall and F1 by event.
package score

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/engine"
)

// The definitions: what belongs together, and how far from an event an alert may be to belong to it.
const (
	eventMerge   = 30 * time.Minute
	episodeMerge = 15 * time.Minute
	before       = 5 * time.Minute
	after        = 30 * time.Minute
)

// Event is a time at which something was wrong.
type Event struct {
	From, To time.Time
	Labels   map[string]string // an alert about it has these
}

// ReadEvents reads lines of from,to[,label=value]...; times as RFC 3339.
func ReadEvents(in io.Reader) (events []Event, err error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.Comment, r.TrimLeadingSpace = -1, '#', true
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return merge(events), nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		e, err := readEvent(row)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		events = append(events, e)
	}
}

func readEvent(row []string) (e Event, err error) {
	if len(row) < 2 {
		return e, errors.New("write it like 2026-11-21T10:00:00Z,2026-11-21T10:30:00Z,service_name=shop")
	}
	if e.From, err = time.Parse(time.RFC3339, row[0]); err != nil {
		return e, err
	}
	if e.To, err = time.Parse(time.RFC3339, row[1]); err != nil {
		return e, err
	}
	e.Labels = map[string]string{}
	for _, pair := range row[2:] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			return e, fmt.Errorf("%q is not like service_name=shop", pair)
		}
		e.Labels[name] = value
	}
	return e, nil
}

// merge joins events of the same labels that are close.
func merge(events []Event) (all []Event) {
	slices.SortStableFunc(events, func(a, b Event) int { return a.From.Compare(b.From) })
next:
	for _, e := range events {
		for i := range all {
			if labels.Equal(labels.FromMap(all[i].Labels), labels.FromMap(e.Labels)) && e.From.Sub(all[i].To) <= eventMerge {
				if e.To.After(all[i].To) {
					all[i].To = e.To
				}
				continue next
			}
		}
		all = append(all, e)
	}
	return all
}

// Score is how alerts did.
type Score struct {
	Events, Found   int
	Episodes, False int
	Delay           time.Duration // median, of those found, from the beginning of the event
}

// Precision is the share of episodes that were about an event; several about one count as one.
func (s Score) Precision() float64 { return float64(s.Found) / float64(s.Found+s.False) }

// Recall is the share of events that were found.
func (s Score) Recall() float64 { return float64(s.Found) / float64(s.Events) }

// F1 is their harmonic mean.
func (s Score) F1() float64 {
	return 2 * float64(s.Found) / float64(2*s.Found+s.False+s.Events-s.Found)
}

// Of compares episodes with events.
func Of(episodes []engine.Episode, events []Event) (s Score) {
	found := make([]bool, len(events))
	var delays []time.Duration
	joined := join(episodes)
	for _, e := range joined {
		hit := false
		for i, v := range events {
			if !about(e, v) {
				continue
			}
			hit = true
			if !found[i] {
				found[i] = true
				delays = append(delays, max(e.From.Sub(v.From), 0))
			}
		}
		if !hit {
			s.False++
		}
	}
	s.Events, s.Episodes, s.Found = len(events), len(joined), len(delays)
	if slices.Sort(delays); len(delays) > 0 {
		s.Delay = delays[len(delays)/2]
	}
	return s
}

// join makes one of an alert's episodes that are close.
func join(episodes []engine.Episode) (all []engine.Episode) {
	last := map[string]int{}
	for _, e := range episodes { // in order of time
		key := e.Labels.String()
		if i, ok := last[key]; ok && e.From.Sub(all[i].To) <= episodeMerge {
			all[i].To = e.To
			continue
		}
		last[key] = len(all)
		all = append(all, e)
	}
	return all
}

func about(e engine.Episode, v Event) bool {
	for name, value := range v.Labels {
		if e.Labels.Get(name) != value {
			return false
		}
	}
	return !e.From.After(v.To.Add(after)) && !e.To.Before(v.From.Add(-before))
}
