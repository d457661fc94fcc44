// Package engine runs Prometheus' rules over history. In go rule files and a source of samples; out come the samples that the
// rules record, the times at which alerts fire, and what each rule costs. Expressions are evaluated by Prometheus' own engine,
// alerts by its own alerting rules; time is simulated, and passes as fast as the machine can.
//
// The rules of a real Prometheus are evaluated one instant after another. Here a rule is evaluated over a chunk of time in one
// range query, which gives at each step what a query of that instant gives as long as what it reads is complete: so rules are
// ordered by what they read, and the chunk is no longer than the lag at which a rule reads what depends on itself.
package engine

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/rules"
)

// Options change how rules are loaded.
type Options struct {
	// Interval is that of groups that name none; a minute when 0.
	Interval time.Duration
	// Ranges replaces ranges, like 1m by 2m, for history whose samples are further apart than those the rules were written for.
	Ranges map[string]string
	// Given are metrics that history has: rules that record them are left out.
	Given []string
	// MaxChunk is the longest time that is evaluated at once; a day when 0.
	MaxChunk time.Duration
}

// Plan is a set of rules in the order in which they are evaluated.
type Plan struct {
	rules []*rule
	chunk time.Duration
	needs needs
}

// rule is a recording rule or an alert.
type rule struct {
	file, group, name string // name: of the metric or of the alert
	interval          time.Duration
	expr              parser.Expr
	text              string
	labels            labels.Labels
	alert             *rules.AlertingRule // nil: a recording rule
	reads             []read

	order int
	state state
	cost  Cost
}

// File is a rule file.
type File struct {
	Name string
	Text []byte
}

// Load reads rule files.
func Load(files []File, opts Options) (*Plan, error) {
	if opts.Interval == 0 {
		opts.Interval = time.Minute
	}
	if opts.MaxChunk == 0 {
		opts.MaxChunk = 24 * time.Hour
	}
	p := &Plan{}
	for _, f := range files {
		if err := p.parse(f.Name, rewrite(f.Text, opts.Ranges), opts.Interval); err != nil {
			return nil, err
		}
	}
	p.rules = slices.DeleteFunc(p.rules, func(r *rule) bool { return r.alert == nil && slices.Contains(opts.Given, r.name) })
	if len(p.rules) == 0 {
		return nil, errors.New("there are no rules")
	}
	if err := p.arrange(opts.MaxChunk); err != nil {
		return nil, err
	}
	return p, nil
}

func rewrite(text []byte, ranges map[string]string) []byte {
	if len(ranges) == 0 {
		return text
	}
	return regexp.MustCompile(`\[[0-9a-z]+\]`).ReplaceAllFunc(text, func(found []byte) []byte {
		if to, ok := ranges[string(found[1:len(found)-1])]; ok {
			return []byte("[" + to + "]")
		}
		return found
	})
}

func (p *Plan) parse(path string, text []byte, interval time.Duration) error {
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation)
	if len(errs) > 0 {
		return fmt.Errorf("%s: %w", path, errs[0])
	}
	for _, g := range groups.Groups {
		every := time.Duration(g.Interval)
		if every == 0 {
			every = interval
		}
		for _, r := range g.Rules {
			made, err := newRule(r, g.Labels)
			if err != nil {
				return fmt.Errorf("%s: %s: %w", path, r.Record+r.Alert, err)
			}
			made.file, made.group, made.interval = path, g.Name, every
			made.cost = Cost{File: path, Group: g.Name, Name: made.name, Expr: made.text}
			p.rules = append(p.rules, made)
		}
	}
	return nil
}

func newRule(r rulefmt.Rule, group map[string]string) (*rule, error) {
	expr, err := parser.ParseExpr(r.Expr)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, from := range []map[string]string{group, r.Labels} {
		for k, v := range from {
			all[k] = v
		}
	}
	made := &rule{name: r.Record + r.Alert, expr: expr, text: expr.String(), labels: labels.FromMap(all), reads: readsOf(expr)}
	if r.Alert != "" {
		made.alert = rules.NewAlertingRule(r.Alert, expr, time.Duration(r.For), time.Duration(r.KeepFiringFor), made.labels,
			labels.FromMap(r.Annotations), labels.EmptyLabels(), "", true, promslog.NewNopLogger())
	}
	return made, nil
}

// Reads are the metrics that the rules read and none of them records: what history has to give.
func (p *Plan) Reads() (names []string) {
	recorded := map[string]bool{"ALERTS": true, "ALERTS_FOR_STATE": true}
	for _, r := range p.rules {
		if r.alert == nil {
			recorded[r.name] = true
		}
	}
	seen := map[string]bool{}
	for _, r := range p.rules {
		for _, read := range r.reads {
			if name := read.name; name != "" && !recorded[name] && !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
	}
	return names
}

// Lookback is how far back the rules look: what came before a time does not change what they find at it.
func (p *Plan) Lookback() time.Duration {
	longest := p.needs.any
	for _, d := range p.needs.byName {
		longest = max(longest, d)
	}
	return longest
}
