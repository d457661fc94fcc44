package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"

	"wire_exporter/rules"
	"wire_exporter/rules/backtest/engine"
	"wire_exporter/rules/backtest/source"
	"wire_exporter/rules/backtest/store"
)

// blockSpan is the time of a block: one of the sizes that Prometheus compacts to, so that it need not.
const blockSpan = 54 * time.Hour

// Options say what to write.
type Options struct {
	Profile  *Profile
	Calendar *Calendar
	Labels   labels.Labels // those that Prometheus gives to what it scrapes: job and instance
	From, To time.Time
	Storage  string // a Prometheus' folder; nobody else may write there meanwhile
	Done     func(at time.Time)
}

// Plan is the shipped rules, for samples that are a minute apart.
func Plan() (*engine.Plan, error) {
	var files []engine.File
	for _, name := range rules.Names() {
		files = append(files, engine.File{Name: name, Text: rules.Text(name)})
	}
	return engine.Load(files, engine.Options{Ranges: map[string]string{"1m": "2m"}, MaxChunk: 6 * time.Hour})
}

// Wanted are the metrics that the rules read of the exporter.
func Wanted(p *engine.Plan) (names []string) {
	for _, n := range p.Reads() {
		if !ours(n) {
			names = append(names, n)
		}
	}
	return names
}

// Write makes the history and runs the rules over it. The blocks appear in the storage when all is done.
func Write(ctx context.Context, o Options) (err error) {
	plan, err := Plan()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(o.Storage, "wal"), 0o755); err != nil { // Prometheus' library reads no storage without
		return err
	}
	w := &writer{ctx: ctx, dir: filepath.Join(o.Storage, "history.tmp")}
	if err := os.RemoveAll(w.dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.abandon()) }()
	seed, err := before(ctx, o.Storage)
	if err != nil {
		return err
	}
	if seed != nil {
		defer seed.Close()
	}
	_, err = plan.Run(ctx, engine.Run{
		From: o.From, To: o.To, Source: newGenerator(o.Profile, o.Calendar, o.Labels, o.From), Seed: engineSource(seed), Sink: w.series,
		Done: func(at time.Time) {
			if w.err == nil {
				w.err = w.until(at)
			}
			if o.Done != nil {
				o.Done(at)
			}
		},
	})
	if err = errors.Join(err, w.err); err != nil {
		return err
	}
	if err := w.flush(); err != nil {
		return err
	}
	return w.publish(o.Storage)
}

// before is what the storage has already; nil when that is nothing.
func before(ctx context.Context, dir string) (source.Source, error) {
	s, err := source.Open(ctx, dir, source.Options{})
	if err != nil {
		return nil, err
	}
	if _, _, err := s.Span(ctx); err != nil {
		return nil, s.Close()
	}
	return s, nil
}

// engineSource keeps a nil one nil.
func engineSource(s source.Source) engine.Source {
	if s == nil {
		return nil
	}
	return s
}

// writer collects samples into blocks.
type writer struct {
	ctx   context.Context
	dir   string
	block *tsdb.BlockWriter
	end   time.Time // of the block
	app   storage.Appender
	n     int
	err   error
}

// series takes the new samples of a series.
func (w *writer) series(s *store.Series, from int) (err error) {
	if w.block == nil {
		if w.block, err = tsdb.NewBlockWriter(promslog.NewNopLogger(), w.dir, 4*blockSpan.Milliseconds()); err != nil {
			return err
		}
		w.app = w.block.Appender(w.ctx)
	}
	var ref storage.SeriesRef
	for i := from; i < len(s.T) && err == nil; i++ {
		if s.H != nil && s.H[i] != nil {
			ref, err = w.app.AppendHistogram(ref, s.Labels, s.T[i], nil, s.H[i])
		} else {
			ref, err = w.app.Append(ref, s.Labels, s.T[i], s.V[i])
		}
		w.n++
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.Labels, err)
	}
	if w.n > 500_000 {
		return w.commit()
	}
	return nil
}

func (w *writer) commit() error {
	w.n = 0
	if err := w.app.Commit(); err != nil {
		return err
	}
	w.app = w.block.Appender(w.ctx)
	return nil
}

// until ends a block at the borders that Prometheus has, too.
func (w *writer) until(at time.Time) error {
	border := at.Truncate(time.Hour).Unix() / int64(blockSpan.Seconds())
	if w.end.IsZero() {
		w.end = time.Unix((border+1)*int64(blockSpan.Seconds()), 0)
	}
	if at.Before(w.end) {
		return nil
	}
	w.end = time.Unix((border+1)*int64(blockSpan.Seconds()), 0)
	return w.flush()
}

func (w *writer) flush() error {
	if w.block == nil {
		return nil
	}
	if err := w.app.Commit(); err != nil {
		return err
	}
	_, err := w.block.Flush(w.ctx)
	err = errors.Join(err, w.block.Close())
	w.block = nil
	return err
}

// publish moves the blocks into the storage.
func (w *writer) publish(storage string) error {
	blocks, err := os.ReadDir(w.dir)
	if err != nil {
		return err
	}
	for _, b := range blocks {
		if err := os.Rename(filepath.Join(w.dir, b.Name()), filepath.Join(storage, b.Name())); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) abandon() (err error) {
	if w.block != nil {
		err = w.block.Close()
	}
	return errors.Join(err, os.RemoveAll(w.dir))
}
