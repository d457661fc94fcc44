package engine

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/url"
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"

	"wire_exporter/rules/backtest/store"
)

var staleNaN = math.Float64frombits(value.StaleNaN)

// state is what a rule remembers from one chunk to the next.
type state struct {
	live map[string]labels.Labels // had a sample at the last step, by their labels: the store may have dropped them since
}

// rename gives the results the rule's name and labels. Results of different names, as "a or b" has them, become one series.
func (r *rule) rename(matrix promql.Matrix, out *output) error {
	index := make(map[uint64]int, len(matrix))
	lb := labels.NewBuilder(labels.EmptyLabels())
	for _, s := range matrix {
		lb.Reset(s.Metric)
		lb.Set(labels.MetricName, r.name)
		r.labels.Range(func(l labels.Label) { lb.Set(l.Name, l.Value) })
		l := lb.Labels()
		i, again := index[l.Hash()]
		if !again {
			index[l.Hash()] = len(out.series)
			out.series = append(out.series, outputSeries{l, s.Floats, s.Histograms})
			continue
		}
		if err := out.series[i].merge(s); err != nil {
			return err
		}
	}
	return nil
}

// merge adds the samples of another series of the same labels, which must be of other times.
func (s *outputSeries) merge(o promql.Series) error {
	s.samples = slices.Concat(s.samples, o.Floats)
	s.hist = slices.Concat(s.hist, o.Histograms)
	slices.SortFunc(s.samples, func(a, b promql.FPoint) int { return cmp.Compare(a.T, b.T) })
	slices.SortFunc(s.hist, func(a, b promql.HPoint) int { return cmp.Compare(a.T, b.T) })
	for i := 1; i < len(s.samples); i++ {
		if s.samples[i].T == s.samples[i-1].T {
			return errors.New("vector contains metrics with the same labelset after applying rule labels: " + s.labels.String())
		}
	}
	return nil
}

// alert runs the alert's state over the steps, with Prometheus' own rule.
func (r *runner) alert(ctx context.Context, rule *rule, matrix promql.Matrix, out *output) error {
	cursor := newCursor(matrix)
	made := map[string]*outputSeries{}
	var order []*outputSeries
	for at := out.from; at <= out.to; at += out.step {
		t := time.UnixMilli(at)
		found := cursor.at(at)
		if len(found) == 0 && !rule.active() {
			continue
		}
		query := func(ctx context.Context, text string, t time.Time) (promql.Vector, error) {
			if text == rule.text {
				return found, nil
			}
			return r.instant(ctx, text, t) // asked by a template
		}
		vector, err := rule.alert.Eval(ctx, 0, t, query, &url.URL{}, 0)
		if err != nil {
			return err
		}
		for _, s := range vector {
			key := s.Metric.String()
			if made[key] == nil {
				made[key] = &outputSeries{labels: s.Metric}
				order = append(order, made[key])
			}
			made[key].samples = append(made[key].samples, promql.FPoint{T: at, F: s.F})
		}
		r.alerts.look(rule, t)
	}
	for _, s := range order {
		out.series = append(out.series, *s)
	}
	return nil
}

func (r *rule) active() bool { return len(r.alert.ActiveAlerts()) > 0 }

func (r *runner) instant(ctx context.Context, text string, t time.Time) (promql.Vector, error) {
	q, err := r.engine.NewInstantQuery(ctx, r.store, nil, text, t)
	if err != nil {
		return nil, err
	}
	result := q.Exec(ctx)
	if result.Err != nil {
		return nil, result.Err
	}
	if s, ok := result.Value.(promql.Scalar); ok {
		return promql.Vector{{T: s.T, F: s.V}}, nil
	}
	return result.Vector()
}

// cursor walks over a matrix by time.
type cursor struct {
	matrix promql.Matrix
	next   []int
}

func newCursor(m promql.Matrix) *cursor { return &cursor{m, make([]int, len(m))} }

// at are the samples of a step; steps only go up.
func (c *cursor) at(t int64) (v promql.Vector) {
	for i, s := range c.matrix {
		for c.next[i] < len(s.Floats) && s.Floats[c.next[i]].T < t {
			c.next[i]++
		}
		if n := c.next[i]; n < len(s.Floats) && s.Floats[n].T == t {
			v = append(v, promql.Sample{T: t, F: s.Floats[n].F, Metric: s.Metric})
		}
	}
	return v
}

// record puts the results into the store, with a stale marker where a series ends, as Prometheus does.
func (r *runner) record(rule *rule, out output) error {
	if out.to < out.from {
		return nil
	}
	live := map[string]labels.Labels{}
	for _, s := range out.series {
		key := string(s.labels.Bytes(nil))
		_, was := rule.state.live[key]
		delete(rule.state.live, key)
		is, err := fill(r.store.Series(s.labels), s, was, out)
		if err != nil {
			return err
		}
		if is {
			live[key] = s.labels
		}
	}
	for _, l := range rule.state.live { // gone in all of the chunk
		if err := r.store.Series(l).Float(out.from, staleNaN); err != nil {
			return err
		}
	}
	rule.state.live = live
	r.outside.look(rule, out)
	return nil
}

// fill appends one series' results; was and is say whether it is alive before and after the chunk.
func fill(series *store.Series, s outputSeries, was bool, out output) (is bool, err error) {
	expected := out.from
	end := func(t int64) error {
		if was && t > expected {
			was = false
			return series.Float(expected, staleNaN)
		}
		return nil
	}
	f, h := s.samples, s.hist
	for len(f)+len(h) > 0 {
		if len(h) == 0 || len(f) > 0 && f[0].T < h[0].T {
			err = errors.Join(end(f[0].T), series.Float(f[0].T, f[0].F))
			expected, f = f[0].T+out.step, f[1:]
		} else {
			err = errors.Join(end(h[0].T), series.Histogram(h[0].T, h[0].H))
			expected, h = h[0].T+out.step, h[1:]
		}
		if err != nil {
			return false, err
		}
		was = true
	}
	return was && expected > out.to, end(out.to + 1)
}
