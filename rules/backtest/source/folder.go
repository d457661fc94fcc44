package source

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"

	"wire_exporter/rules/backtest/store"
)

// folder is a Prometheus' storage, with what is in its write-ahead log.
type folder struct {
	db      *tsdb.DBReadOnly
	sandbox string
	querier storage.Querier
	lo, hi  int64 // of the blocks, ms
}

func openFolder(dir string) (*folder, error) {
	sandbox, err := os.MkdirTemp("", "wire_backtest")
	if err != nil {
		return nil, err
	}
	db, err := tsdb.OpenDBReadOnly(dir, sandbox, promslog.NewNopLogger())
	if err != nil {
		os.RemoveAll(sandbox)
		return nil, err
	}
	f := &folder{db: db, sandbox: sandbox}
	if err := f.open(); err != nil {
		return nil, errors.Join(err, db.Close(), os.RemoveAll(sandbox))
	}
	return f, nil
}

// open asks for the blocks first: asking again would wait for the querier to be closed.
func (f *folder) open() error {
	blocks, err := f.db.Blocks()
	if err != nil {
		return err
	}
	f.lo, f.hi = math.MaxInt64, math.MinInt64
	for _, b := range blocks {
		f.lo, f.hi = min(f.lo, b.Meta().MinTime), max(f.hi, b.Meta().MaxTime-1)
	}
	f.querier, err = f.db.Querier(math.MinInt64, math.MaxInt64) // one for all: each opens the blocks and reads the log
	return err
}

// Close implements Source.
func (f *folder) Close() error {
	return errors.Join(f.querier.Close(), f.db.Close(), os.RemoveAll(f.sandbox))
}

// Span implements Source.
func (f *folder) Span(ctx context.Context) (lo, hi int64, err error) {
	lo, hi = f.lo, f.hi
	// What is only in the log: the time of any series that says when it was scraped.
	set := f.querier.Select(ctx, false, nil, labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, "up"))
	for set.Next() {
		for it := set.At().Iterator(nil); it.Next() != chunkenc.ValNone; {
			lo, hi = min(lo, it.AtT()), max(hi, it.AtT())
		}
	}
	if hi < lo {
		return 0, 0, fmt.Errorf("the folder has no blocks and no series %q", "up")
	}
	return lo, hi, set.Err()
}

// Load implements Source.
func (f *folder) Load(ctx context.Context, names []string, lo, hi int64, into *store.Store) error {
	for _, name := range names {
		set := f.querier.Select(ctx, false, &storage.SelectHints{Start: lo + 1, End: hi},
			labels.MustNewMatcher(labels.MatchEqual, labels.MetricName, name))
		var it chunkenc.Iterator
		for set.Next() {
			s := set.At()
			it = s.Iterator(it)
			if err := drain(it, lo, hi, into.Series(s.Labels())); err != nil {
				return err
			}
		}
		if err := set.Err(); err != nil {
			return err
		}
	}
	return nil
}

// drain copies the samples with lo < time <= hi.
func drain(it chunkenc.Iterator, lo, hi int64, into *store.Series) (err error) {
	for kind := it.Seek(lo + 1); kind != chunkenc.ValNone && it.AtT() <= hi && err == nil; kind = it.Next() {
		if kind == chunkenc.ValFloat {
			t, v := it.At()
			err = into.Float(t, v)
			continue
		}
		t, h := it.AtFloatHistogram(nil)
		err = into.Histogram(t, h)
	}
	return errors.Join(err, it.Err())
}
