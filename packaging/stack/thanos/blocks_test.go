package thanos

import (
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/tsdb/index"
	"github.com/thanos-io/thanos/pkg/block"
	"github.com/thanos-io/thanos/pkg/block/metadata"
	"github.com/thanos-io/thanos/pkg/compact/downsample"
)

const samplesOfChunk = 120 // as Prometheus has it

// generated is a series whose value is known at every step: of one of the two kinds.
type generated struct {
	labels    labels.Labels
	float     func(step int) float64
	histogram func(step int) *histogram.Histogram
}

// encode makes the series' chunks.
func (g generated) encode(from time.Time, first, last int, every time.Duration) ([]chunks.Meta, error) {
	var all []chunks.Meta
	var app chunkenc.Appender
	for step := first; step < last; step++ {
		at := from.Add(time.Duration(step-first) * every).UnixMilli()
		if (step-first)%samplesOfChunk == 0 {
			var c chunkenc.Chunk = chunkenc.NewXORChunk()
			if g.histogram != nil {
				c = chunkenc.NewHistogramChunk()
			}
			var err error
			if app, err = c.Appender(); err != nil {
				return nil, err
			}
			all = append(all, chunks.Meta{Chunk: c, MinTime: at})
		}
		all[len(all)-1].MaxTime = at
		if g.float != nil {
			app.Append(at, g.float(step))
			continue
		}
		c, _, next, err := app.AppendHistogram(nil, at, g.histogram(step), false)
		if err != nil {
			return nil, err
		}
		if app = next; c != nil {
			all[len(all)-1].Chunk = c
		}
	}
	return all, nil
}

// writeGenerated writes a block of the steps from first to last without a head before it, which would take ten times as long.
func writeGenerated(t *testing.T, dir string, number int, from time.Time, first, last int, every time.Duration, all []generated) *metadata.Meta {
	t.Helper()
	m := &metadata.Meta{BlockMeta: tsdb.BlockMeta{MinTime: from.UnixMilli(), MaxTime: from.Add(time.Duration(last-first) * every).UnixMilli(), Version: metadata.TSDBVersion1}}
	must(t, m.ULID.UnmarshalText(fmt.Appendf(nil, "01WARE%020d", number)))
	m.Compaction.Level, m.Compaction.Sources = 1, append(m.Compaction.Sources, m.ULID)
	m.Thanos.Labels, m.Thanos.Source = map[string]string{"site": "oslo", "replica": "a"}, metadata.SidecarSource
	dir = filepath.Join(dir, m.ULID.String())
	cw, err := chunks.NewWriter(filepath.Join(dir, "chunks"))
	must(t, err)
	iw, err := index.NewWriter(t.Context(), filepath.Join(dir, "index"))
	must(t, err)
	symbols := map[string]bool{"": true}
	for _, g := range all {
		g.labels.Range(func(l labels.Label) { symbols[l.Name], symbols[l.Value] = true, true })
	}
	for _, s := range slices.Sorted(maps.Keys(symbols)) {
		must(t, iw.AddSymbol(s))
	}
	for i, g := range all {
		metas, err := g.encode(from, first, last, every)
		must(t, err)
		must(t, cw.WriteChunks(metas...))
		must(t, iw.AddSeries(storage.SeriesRef(i), g.labels, metas...))
		m.Stats.NumSeries++
		m.Stats.NumChunks += uint64(len(metas))
		m.Stats.NumSamples += uint64(last - first)
	}
	must(t, cw.Close())
	must(t, iw.Close())
	must(t, m.WriteToDir(log.NewNopLogger(), dir))
	return m
}

// sortGenerated brings series into the order of an index.
func sortGenerated(all []generated) {
	slices.SortFunc(all, func(a, b generated) int { return labels.Compare(a.labels, b.labels) })
}

// downsampleInto makes a block of a coarser resolution, with the library and the statistics that the compactor has.
func downsampleInto(t *testing.T, m *metadata.Meta, dir, into string, resolution time.Duration) *metadata.Meta {
	t.Helper()
	b, err := tsdb.OpenBlock(slog.New(slog.DiscardHandler), filepath.Join(dir, m.ULID.String()), downsample.NewPool(), nil)
	must(t, err)
	defer b.Close()
	id, err := downsample.Downsample(t.Context(), log.NewNopLogger(), m, b, into, resolution.Milliseconds())
	must(t, err)
	stats, err := block.GatherIndexHealthStats(t.Context(), log.NewNopLogger(), filepath.Join(into, id.String(), block.IndexFilename), m.MinTime, m.MaxTime)
	must(t, err)
	made, err := metadata.ReadFromDir(filepath.Join(into, id.String()))
	must(t, err)
	made.Thanos.IndexStats = metadata.IndexStats{ChunkMaxSize: stats.ChunkMaxSize, SeriesMaxSize: stats.SeriesMaxSize}
	must(t, made.WriteToDir(log.NewNopLogger(), filepath.Join(into, id.String())))
	return made
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
