package metric

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// registry knows all series. A worker asks it when it meets a label set for the first time, and only then takes its lock.
type registry struct {
	names     Names
	protocols []string
	limit     int
	created   *timestamppb.Timestamp

	mu   sync.Mutex
	used int // series of all families
	sets [numFamilies]seriesSet
}

// seriesSet is the series of one family.
type seriesSet struct {
	byID   map[seriesKey]total // a series may have two: its values were given back, and learned again
	byText map[string]total
	all    []total // replaced, never changed in place, when series are forgotten
}

// seriesKey is what a worker calls a series: the part of a label set that the family's labels name.
type seriesKey struct {
	set   label.Set
	extra string
}

// series is one label set of a family, over all workers.
type series struct {
	family  *family
	values  []string // in the order of family.labels
	labels  []*dto.LabelPair
	created *timestamppb.Timestamp
	outcome decoders.Outcome
	ids     label.Set // under registry.mu; what it is called since it was made, or learned again
}

// total is a *histogramTotal, a *counterTotal or an *infoTotal.
type total interface {
	prometheus.Metric
	base() *series
	render()
}

func (s *series) base() *series { return s }

// value is the value of the label name.
func (s *series) value(name string) string { return s.values[slices.Index(s.family.labels, name)] }

// want names a series: a family and the values for its labels.
type want struct {
	family int
	set    label.Set // what the family's labels do not name does not matter
	extra  string    // the value of the label that a label.Set does not have
	six    bool      // all six outcomes are made together, so that they are there as 0 before they happen
}

// series is how many series w makes.
func (w *want) series() int {
	if w.six {
		return decoders.NumOutcomes
	}
	return 1
}

func (w *want) key() seriesKey { return seriesKey{families[w.family].project(w.set), w.extra} }

// detail is how much of a label set is kept when there are too many.
type detail uint8

const (
	full   detail = iota // all of it
	coarse               // operation, resource, client, code, database and statement fold
	least                // the service folds too; this is always granted
)

// fold is set with less detail.
func (d detail) fold(set label.Set) label.Set {
	if d >= coarse {
		for _, id := range []*label.ID{&set.Operation, &set.Resource, &set.Client, &set.Code, &set.Database, &set.Statement} {
			if *id != 0 {
				*id = label.Other
			}
		}
	}
	if d >= least {
		set.Service = label.Other
	}
	return set
}

// room is how many series there may be at this level of detail. A fifth is kept for coarse ones, so that the services stay
// apart when one of them has used up the rest, and a fiftieth for the few of "_other".
func (r *registry) room(d detail) int {
	switch d {
	case full:
		return r.limit - r.limit/5
	case coarse:
		return r.limit - r.limit/50
	}
	return math.MaxInt
}

// resolve finds the series that wants name, all of them, and makes the ones that are missing; false when there is no room.
// found, which is as long as wants, takes them.
func (r *registry) resolve(wants []want, d detail, found []total) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	missing := 0
	for i := range wants {
		w := &wants[i]
		if found[i] = r.sets[w.family].byID[w.key()]; found[i] == nil {
			missing += w.series()
		}
	}
	if missing > 0 && r.used+missing > r.room(d) {
		return false
	}
	for i, w := range wants {
		if found[i] == nil {
			found[i] = r.make(w)
		}
	}
	return true
}

// key tells label sets apart. A label value is valid UTF-8, so it never holds the byte between two of them.
func key(values []string) string { return strings.Join(values, "\xff") }

// make makes the series of w, and those of the other outcomes when they belong together.
func (r *registry) make(w want) (made total) {
	if !w.six {
		return r.makeOne(w)
	}
	asked := w.set.Outcome
	for o := range decoders.Outcome(decoders.NumOutcomes) {
		w.set.Outcome = o
		if t := r.makeOne(w); o == asked {
			made = t
		}
	}
	return made
}

// makeOne makes one series, unless there is one with these texts: then a value has got another ID, and the series goes on.
func (r *registry) makeOne(w want) total {
	f, set := families[w.family], &r.sets[w.family]
	values := r.values(f, w.set, w.extra)
	t := set.byText[key(values)]
	if t == nil {
		s := series{family: f, values: values, outcome: w.set.Outcome, created: r.created}
		for i := range f.labels {
			s.labels = append(s.labels, &dto.LabelPair{Name: &f.labels[i], Value: &values[i]})
		}
		switch {
		case f.scale != nil:
			t = &histogramTotal{series: s, schema: schema}
		case f.info:
			t = &infoTotal{series: s}
		default:
			t = &counterTotal{series: s}
		}
		set.byText[key(values)] = t
		set.all = append(set.all, t)
		r.used++
	}
	t.base().ids = w.set
	set.byID[w.key()] = t
	return t
}

// all are the series of a family at this moment.
func (r *registry) all(f int) []total {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sets[f].all
}

func (r *registry) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// forget drops all series that mention one of ids; r.mu is held.
func (r *registry) forget(gone map[label.ID]bool) {
	for f := range r.sets {
		set := &r.sets[f]
		for k := range set.byID {
			if families[f].mentions(k.set, gone) {
				delete(set.byID, k)
			}
		}
		kept := make([]total, 0, len(set.all))
		for _, t := range set.all {
			if s := t.base(); families[f].mentions(s.ids, gone) {
				delete(set.byText, key(s.values))
				r.used--
			} else {
				kept = append(kept, t)
			}
		}
		set.all = kept
	}
}

// other is the text of every value that found no room.
const other = "_other"

// text is the label value of id. A value that was given back in this moment reads as "_other".
func (r *registry) text(id label.ID) string { return textOf(r.names, id) }

func textOf(names Names, id label.ID) string {
	switch id {
	case 0:
		return ""
	case label.Other:
		return other
	}
	if t := names.Text(id); t != "" {
		return strings.ToValidUTF8(t, "\uFFFD")
	}
	return other
}

func (r *registry) protocol(i int) string {
	if i < len(r.protocols) {
		return r.protocols[i]
	}
	return other
}
