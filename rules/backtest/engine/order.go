package engine

import (
	"slices"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// lookback is how old a sample may be to count as the value of now: Prometheus' default.
const lookback = 5 * time.Minute

// read is a selector in an expression.
type read struct {
	name     string // "": any metric
	matchers []*labels.Matcher
	lag      time.Duration // nothing newer than this before the time of evaluation is read
	back     time.Duration // nothing older than this
}

// readsOf finds what an expression reads.
func readsOf(expr parser.Expr) (all []read) {
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		v, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		r := read{matchers: v.LabelMatchers, lag: v.OriginalOffset, back: v.OriginalOffset + lookback}
		for _, m := range v.LabelMatchers {
			if m.Name == labels.MetricName && m.Type == labels.MatchEqual {
				r.name = m.Value
			}
		}
		for _, above := range path {
			switch a := above.(type) {
			case *parser.MatrixSelector:
				r.back += a.Range
			case *parser.SubqueryExpr:
				r.lag += a.OriginalOffset
				r.back += a.OriginalOffset + a.Range
			}
		}
		if v.Timestamp != nil || v.StartOrEnd != 0 || r.lag < 0 {
			r.lag = 0
		}
		all = append(all, r)
		return nil
	})
	return all
}

// gives says whether the read may find what r records.
func (r *rule) gives(read read) bool {
	name := r.name
	if r.alert != nil {
		name = "ALERTS"
		if read.name == "ALERTS_FOR_STATE" {
			name = read.name
		}
	}
	if read.name != "" && read.name != name {
		return false
	}
	for _, m := range read.matchers {
		value, fixed := name, m.Name == labels.MetricName
		if r.alert != nil && m.Name == labels.AlertName {
			value, fixed = r.name, true
		} else if r.alert == nil && r.labels.Has(m.Name) {
			value, fixed = r.labels.Get(m.Name), true
		}
		if fixed && !m.Matches(value) {
			return false
		}
	}
	return true
}

// arrange orders the rules, and finds the longest chunk for which an order exists: rules that read what depends on themselves
// have one as long as they read it at a lag.
func (p *Plan) arrange(longest time.Duration) error {
	step := p.rules[0].interval
	for _, r := range p.rules {
		step = min(step, r.interval)
	}
	for _, chunk := range []time.Duration{longest, 12 * time.Hour, 6 * time.Hour, time.Hour, 30 * time.Minute, 10 * time.Minute, 5 * time.Minute} {
		if chunk > longest || chunk < step {
			continue
		}
		if p.order(chunk) {
			p.chunk = chunk
			break
		}
	}
	if p.chunk == 0 { // in the order of the files, one step at a time: as Prometheus does
		p.chunk = step
		for i, r := range p.rules {
			r.order = i
		}
	}
	p.needs = needsOf(p.rules)
	return nil
}

// order puts each rule behind those that it reads with less lag than the chunk; false when that is a circle.
func (p *Plan) order(chunk time.Duration) bool {
	const unknown, open = -1, -2
	for _, r := range p.rules {
		r.order = unknown
	}
	var visit func(r *rule) bool
	visit = func(r *rule) bool {
		if r.order != unknown {
			return r.order != open
		}
		r.order = open
		level := 0
		for _, read := range r.reads {
			if read.lag >= chunk {
				continue
			}
			for _, from := range p.rules {
				if !from.gives(read) {
					continue
				}
				if !visit(from) {
					return false
				}
				level = max(level, from.order+1)
			}
		}
		r.order = level
		return true
	}
	return !slices.ContainsFunc(p.rules, func(r *rule) bool { return !visit(r) })
}

// levels are the rules that may be evaluated at the same time, in order.
func (p *Plan) levels() (all [][]*rule) {
	for _, r := range p.rules {
		for len(all) <= r.order {
			all = append(all, nil)
		}
		all[r.order] = append(all[r.order], r)
	}
	return slices.DeleteFunc(all, func(l []*rule) bool { return len(l) == 0 })
}

// needs is how far back each metric is read.
type needs struct {
	byName map[string]time.Duration
	any    time.Duration // of selectors that name no metric
}

func needsOf(all []*rule) needs {
	n := needs{byName: map[string]time.Duration{}}
	for _, r := range all {
		for _, read := range r.reads {
			if read.name == "" {
				n.any = max(n.any, read.back)
			} else {
				n.byName[read.name] = max(n.byName[read.name], read.back)
			}
		}
	}
	return n
}

func (n needs) of(name string) time.Duration { return max(n.any, n.byName[name]) }

// since is when each rule has to begin, so that from a time on all find what they look back on; no earlier than begin.
func (p *Plan) since(begin, from int64) map[*rule]int64 {
	since := make(map[*rule]int64, len(p.rules))
	for _, r := range p.rules {
		since[r] = from
	}
	for changed := begin < from; changed; {
		changed = false
		for _, r := range p.rules {
			for _, read := range r.reads {
				t := max(begin, since[r]-read.back.Milliseconds()-1)
				for _, of := range p.rules {
					if of.alert == nil && t < since[of] && of.gives(read) {
						since[of], changed = t, true
					}
				}
			}
		}
	}
	return since
}
