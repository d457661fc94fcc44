package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/rules"
	"github.com/prometheus/prometheus/tsdb"

	shipped "wire_exporter/rules"
)

// server is the part of a Prometheus that evaluates rules: its storage, its engine, its groups.
type server struct {
	db      *tsdb.DB
	engine  *promql.Engine
	groups  []*rules.Group // in the order of the files
	samples int64          // read so far
	failed  error
}

// open opens a storage and loads the shipped rules. A query may read as many samples as Prometheus allows, but last longer than there (two minutes):
// on a busy machine the processor's time is what counts.
func open(ctx context.Context, dir string) (*server, error) {
	opts := tsdb.DefaultOptions()
	opts.RetentionDuration = (60 * day).Milliseconds()
	db, err := tsdb.Open(filepath.Join(dir, "data"), slog.New(slog.DiscardHandler), nil, opts, nil)
	if err != nil {
		return nil, err
	}
	db.DisableCompactions()
	s := &server{db: db, engine: promql.NewEngine(promql.EngineOpts{MaxSamples: 50_000_000, Timeout: time.Hour, LookbackDelta: 5 * time.Minute})}
	if err := s.load(ctx, filepath.Join(dir, "rules")); err != nil {
		db.Close()
		return nil, err
	}
	return s, nil
}

func (s *server) load(ctx context.Context, dir string) error {
	manager := rules.NewManager(&rules.ManagerOptions{
		Appendable: s.db, Queryable: s.db, QueryFunc: s.query, Context: ctx, Logger: slog.New(slog.DiscardHandler),
		NotifyFunc: func(context.Context, string, ...*rules.Alert) {},
	})
	for _, name := range shipped.Names() {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, shipped.Text(name), 0o644); err != nil {
			return err
		}
		groups, errs := manager.LoadGroups(time.Minute, labels.EmptyLabels(), "", nil, false, file)
		if len(errs) > 0 {
			return errs[0]
		}
		for _, at := range inOrder(string(shipped.Text(name)), groups) {
			for _, r := range at.AlertingRules() {
				r.SetRestored(true)
			}
			s.groups = append(s.groups, at)
		}
	}
	return nil
}

// inOrder are the groups as the file has them.
func inOrder(text string, groups map[string]*rules.Group) (all []*rules.Group) {
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(strings.TrimSpace(line), "- name: ")
		for _, g := range groups {
			if ok && g.Name() == name {
				all = append(all, g)
			}
		}
	}
	return all
}

// query is what rules.EngineQueryFunc does, and counts.
func (s *server) query(ctx context.Context, text string, at time.Time) (promql.Vector, error) {
	q, err := s.engine.NewInstantQuery(ctx, s.db, nil, text, at)
	if err != nil {
		return nil, err
	}
	defer q.Close()
	result := q.Exec(ctx)
	s.samples += q.Stats().Samples.TotalSamples
	switch v := result.Value.(type) {
	case promql.Vector:
		return v, result.Err
	case promql.Scalar:
		return promql.Vector{{T: v.T, F: v.V}}, result.Err
	}
	if result.Err == nil {
		result.Err = fmt.Errorf("%s: neither a vector nor a scalar", text)
	}
	return nil, result.Err
}

// evaluate runs a group, and says how long that took.
func (s *server) evaluate(ctx context.Context, g *rules.Group, at time.Time) (time.Duration, error) {
	began := time.Now()
	g.Eval(ctx, at)
	took := time.Since(began)
	for _, r := range g.Rules() {
		if err := r.LastError(); err != nil {
			return took, fmt.Errorf("%s: %s: %w", g.Name(), r.Name(), err)
		}
	}
	return took, ctx.Err()
}

// scrape takes all that a sensor shows, every 15 s of the time after from up to to.
func (s *server) scrape(ctx context.Context, from *sensor, after, to time.Time) error {
	for at := after.Add(scrape); !at.After(to); at = at.Add(scrape) {
		app := s.db.Appender(ctx)
		if err := from.scrape(app, at.UnixMilli()); err != nil {
			return err
		}
		if err := app.Commit(); err != nil {
			return err
		}
	}
	return nil
}
