package engine

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"

	"wire_exporter/rules/backtest/store"
)

// Source gives history.
type Source interface {
	// Load appends the samples of these metrics with lo < time <= hi (ms) to into. Calls come in order of time, each beginning
	// where the last one ended.
	Load(ctx context.Context, names []string, lo, hi int64, into *store.Store) error
}

// Run is what is done with the rules.
type Run struct {
	From, To time.Time // evaluated at every step of a group's interval with From <= step < To
	// Warmup is the time before From in which only what rules look back on later is evaluated, and no further back than they do.
	// Alerts begin at From, and so does what Result counts. 0: everything begins there.
	Warmup time.Duration
	Source Source
	// Seed has what was recorded before From already, so that the rules go on where they were; nil: they begin anew.
	Seed Source
	// Sink is handed, after each chunk, all samples of history and of the rules that are new, series by series; nil: nobody.
	Sink func(s *store.Series, from int) error
	// Done is told how far it is; nil: nobody.
	Done func(at time.Time)
}

// Result is what came of it.
type Result struct {
	Episodes []Episode // in order of time
	Costs    []Cost    // in the order of the files
	Outside  []Outside
}

// Cost is what a rule took.
type Cost struct {
	File, Group, Name, Expr string
	Evaluations             int           // steps
	Results                 int           // series, over all steps
	Samples                 int64         // read
	Time                    time.Duration // of one processor
}

// runner is one run of a Plan.
type runner struct {
	*Plan
	Run
	engine  *promql.Engine
	store   *store.Store
	reads   []string
	levels  [][]*rule
	since   map[*rule]int64 // the first time of which each rule is needed
	alerts  alertLog
	outside outsideLog
}

// Run evaluates the rules over history.
func (p *Plan) Run(ctx context.Context, run Run) (*Result, error) {
	r := &runner{Plan: p, Run: run, store: store.New(), reads: p.Reads(), levels: p.levels()}
	r.engine = promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1 << 40, Timeout: 24 * time.Hour, LookbackDelta: lookback, EnableAtModifier: true, EnableNegativeOffset: true,
	})
	begin, end := run.From.Add(-run.Warmup).UnixMilli(), run.To.UnixMilli()
	r.since = p.since(begin, run.From.UnixMilli())
	r.outside.from = run.From.UnixMilli()
	last := begin - p.Lookback().Milliseconds()
	if run.Seed != nil {
		if err := r.seed(ctx, begin-1); err != nil {
			return nil, err
		}
		last = begin - 1
	}
	chunk := p.chunk.Milliseconds()
	for lo, hi := begin, begin; lo < end; lo = hi {
		hi = min(lo+chunk, end)
		if from := run.From.UnixMilli(); lo < from { // what counts begins with a chunk
			hi = min(hi, from)
		}
		if err := run.Source.Load(ctx, r.reads, last, hi, r.store); err != nil {
			return nil, err
		}
		last = hi
		if err := r.evaluate(ctx, lo, hi); err != nil {
			return nil, err
		}
		if err := r.handOver(hi); err != nil {
			return nil, err
		}
	}
	return r.result(), nil
}

// seed loads what was there before, which is new to nobody.
func (r *runner) seed(ctx context.Context, hi int64) error {
	names := slices.Clone(r.reads)
	for _, rule := range r.rules {
		if rule.alert == nil && !slices.Contains(names, rule.name) {
			names = append(names, rule.name)
		}
	}
	for _, name := range names { // each as far back as it is read: all as far back as any would be gigabytes
		if err := r.Seed.Load(ctx, []string{name}, hi-r.needs.of(name).Milliseconds(), hi, r.store); err != nil {
			return err
		}
	}
	return r.store.Take(func(*store.Series, int) error { return nil })
}

// handOver gives the sink what is new, and drops what nobody reads any more.
func (r *runner) handOver(hi int64) error {
	if r.Sink != nil {
		if err := r.store.Take(r.Sink); err != nil {
			return err
		}
	}
	r.store.Drop(func(name string) int64 { return hi - r.needs.of(name).Milliseconds() })
	if r.Done != nil {
		r.Done(time.UnixMilli(hi))
	}
	return nil
}

// evaluate runs all rules over lo <= step < hi, those that do not read each other at the same time.
func (r *runner) evaluate(ctx context.Context, lo, hi int64) error {
	for _, level := range r.levels {
		outputs := make([]output, len(level))
		errs := make([]error, len(level))
		parallel(len(level), func(i int) {
			outputs[i], errs[i] = r.one(ctx, level[i], lo, hi)
		})
		for i, rule := range level {
			if errs[i] != nil {
				return fmt.Errorf("%s: %s: %w", rule.file, rule.name, errs[i])
			}
			if err := r.record(rule, outputs[i]); err != nil {
				return fmt.Errorf("%s: %s: %w", rule.file, rule.name, err)
			}
		}
	}
	return nil
}

// parallel calls f for 0 to n-1 on as many goroutines as there are processors.
func parallel(n int, f func(i int)) {
	next := make(chan int)
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		all.Go(func() {
			for i := range next {
				f(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	all.Wait()
}

// output is what a rule gave over a chunk.
type output struct {
	from, to, step int64 // first and last step
	series         []outputSeries
}

// outputSeries is a series of a rule's results, without gaps of its own: a step it is not in has no sample.
type outputSeries struct {
	labels  labels.Labels
	samples []promql.FPoint
	hist    []promql.HPoint
}

// one evaluates a rule.
func (r *runner) one(ctx context.Context, rule *rule, lo, hi int64) (output, error) {
	step := rule.interval.Milliseconds()
	lo = max(lo, r.since[rule])
	out := output{from: (lo + step - 1) / step * step, to: (hi - 1) / step * step, step: step}
	if out.to < out.from {
		return out, nil
	}
	begin := time.Now()
	matrix, samples, err := r.query(ctx, rule.text, out.from, out.to, step)
	if err != nil {
		return out, err
	}
	if counts := out.from >= r.From.UnixMilli(); counts {
		rule.cost.add(out, matrix, samples)
		defer func() { rule.cost.Time += time.Since(begin) }()
	}
	if rule.alert != nil {
		err = r.alert(ctx, rule, matrix, &out)
	} else {
		err = rule.rename(matrix, &out)
	}
	return out, err
}

func (c *Cost) add(out output, matrix promql.Matrix, samples int64) {
	c.Samples += samples
	c.Evaluations += int((out.to-out.from)/out.step) + 1
	for _, s := range matrix {
		c.Results += len(s.Floats) + len(s.Histograms)
	}
}

// query asks for a range; a scalar counts as a series without labels, as for rules.
func (r *runner) query(ctx context.Context, text string, from, to, step int64) (promql.Matrix, int64, error) {
	q, err := r.engine.NewRangeQuery(ctx, r.store, nil, text, time.UnixMilli(from), time.UnixMilli(to), time.Duration(step)*time.Millisecond)
	if err != nil {
		return nil, 0, err
	}
	result := q.Exec(ctx)
	if result.Err != nil {
		return nil, 0, result.Err
	}
	matrix, err := result.Matrix()
	return matrix, q.Stats().Samples.TotalSamples, err // not closed: the points are kept until they are recorded
}
