package engine

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// Episode is an alert that fired for a while.
type Episode struct {
	Alert       string
	Labels      labels.Labels // of the alert, alertname among them
	Annotations labels.Labels // when it began to fire
	Active      time.Time     // since when its condition held
	From, To    time.Time     // firing; To is the first step at which it did not
	Open        bool          // it was firing at the end
}

// alertLog notes the episodes of all alerts. Alerts are evaluated concurrently.
type alertLog struct {
	mu      sync.Mutex
	current map[string]*Episode
	done    []Episode
	last    time.Time
}

// look compares what fires with what fired before.
func (l *alertLog) look(r *rule, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.current == nil {
		l.current = map[string]*Episode{}
	}
	l.last = now
	prefix := r.file + "\xff" + r.group + "\xff" + r.name + "\xff"
	firing := map[string]bool{}
	for _, a := range r.alert.ActiveAlerts() {
		if a.State != rules.StateFiring {
			continue
		}
		key := prefix + a.Labels.String()
		firing[key] = true
		if l.current[key] == nil {
			l.current[key] = &Episode{Alert: r.name, Labels: a.Labels, Annotations: a.Annotations, Active: a.ActiveAt, From: now}
		}
	}
	for key, e := range l.current {
		if strings.HasPrefix(key, prefix) && !firing[key] {
			e.To = now
			l.done = append(l.done, *e)
			delete(l.current, key)
		}
	}
}

// episodes are all, those that have not ended among them.
func (l *alertLog) episodes(end time.Time) []Episode {
	all := slices.Clone(l.done)
	for _, e := range l.current {
		open := *e
		open.To, open.Open = end, true
		all = append(all, open)
	}
	slices.SortFunc(all, func(a, b Episode) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Alert, b.Alert), labels.Compare(a.Labels, b.Labels))
	})
	return all
}

// Outside is how long a signal was outside its band.
type Outside struct {
	Labels labels.Labels // of wire:band:outside
	Time   time.Duration
}

// bandVerdict is the family that is recorded only while a signal is outside its band.
const bandVerdict = "wire:band:outside"

type outsideLog struct {
	from int64 // what was before is not counted
	all  map[string]*Outside
}

func (l *outsideLog) look(r *rule, out output) {
	if r.name != bandVerdict {
		return
	}
	if l.all == nil {
		l.all = map[string]*Outside{}
	}
	if out.from < l.from {
		return
	}
	for _, s := range out.series {
		key := s.labels.String()
		if l.all[key] == nil {
			l.all[key] = &Outside{Labels: s.labels}
		}
		l.all[key].Time += time.Duration(len(s.samples)) * r.interval
	}
}

func (r *runner) result() *Result {
	res := &Result{Episodes: r.alerts.episodes(r.To)}
	for _, rule := range r.rules {
		res.Costs = append(res.Costs, rule.cost)
	}
	for _, o := range r.outside.all {
		res.Outside = append(res.Outside, *o)
	}
	slices.SortFunc(res.Outside, func(a, b Outside) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), labels.Compare(a.Labels, b.Labels))
	})
	return res
}
