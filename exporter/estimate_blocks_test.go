package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/tsdb"
)

// stored is what a block holds.
type stored struct {
	samples, series uint64
	chunks, index   int64   // bytes
	days            float64 // that it covers
}

// store writes the scrapes into a real block, as Prometheus would, and looks what they take there.
func store(t *testing.T, scrapes []byte, length time.Duration, classic bool) stored {
	t.Helper()
	dir := t.TempDir()
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, 2*length.Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
	parser, err := textparse.New(scrapes, asProtobuf, labels.NewSymbolTable(), textparse.ParserOptions{KeepClassicOnClassicAndNativeHistograms: classic})
	if err != nil {
		t.Fatal(err)
	}
	var s stored
	a := w.Appender(context.Background())
	for n := 1; ; n++ {
		if n%1000 == 0 { // what is not committed is held
			if err := a.Commit(); err != nil {
				t.Fatal(err)
			}
			a = w.Appender(context.Background())
		}
		entry, err := parser.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		var l labels.Labels
		switch entry {
		case textparse.EntrySeries:
			_, at, v := parser.Series()
			parser.Labels(&l)
			_, err = a.Append(0, l, *at, v)
		case textparse.EntryHistogram:
			_, at, h, _ := parser.Histogram()
			parser.Labels(&l)
			_, err = a.AppendHistogram(0, l, *at, h.Copy(), nil)
		}
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
	}
	if err := a.Commit(); err != nil {
		t.Fatal(err)
	}
	id, err := w.Flush(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	block, err := tsdb.OpenBlock(slog.New(slog.DiscardHandler), filepath.Join(dir, id.String()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer block.Close()
	meta := block.Meta()
	s.samples, s.series, s.days = meta.Stats.NumSamples, meta.Stats.NumSeries, float64(meta.MaxTime-meta.MinTime)/86400e3
	files, err := filepath.Glob(filepath.Join(dir, id.String(), "chunks", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(files, filepath.Join(dir, id.String(), "index")) {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if filepath.Base(name) == "index" {
			s.index = info.Size()
		} else {
			s.chunks += info.Size()
		}
	}
	return s
}

// scrapesOf are scrapes every 15 s of what is in a capture, one behind the other.
func scrapesOf(t *testing.T, capture string) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "scrapes")
	out, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd := programCommand(nil, "replay", "--metrics", "--every=15s", capture)
	cmd.Stdout = out
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var estimated = regexp.MustCompile(`(?m)^ *total +(\d+) +(\d+) +([\d.]+) +(\d+) +([\d.]+)$`)

// TestEstimateAgainstBlocks: what estimate says is what the same scrapes take in Prometheus' own blocks, within 15 %.
func TestEstimateAgainstBlocks(t *testing.T) {
	for name, l := range map[string]load{
		"quiet": {[]float64{0.005, 0.02, 0.05, 0.1}, 30 * time.Minute},
		"usual": {[]float64{0.02, 0.1, 0.5, 1, 2}, 30 * time.Minute},
		"busy":  {[]float64{5, 20}, 20 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "load.pcap")
			if err := os.WriteFile(file, l.record().pcap, 0o600); err != nil {
				t.Fatal(err)
			}
			scrapes := scrapesOf(t, file)
			out, errs, exit := runProgram(t, nil, "estimate", file)
			m := estimated.FindStringSubmatch(out)
			if exit != 0 || m == nil {
				t.Fatalf("exit %d: %s%s", exit, errs, out)
			}
			for classic, said := range map[bool]float64{false: number(t, m[3]), true: number(t, m[5])} {
				s := store(t, scrapes, l.length, classic)
				real := float64(s.chunks) / s.days / 1e6
				t.Logf("classic histograms too: %v: %d series, %d samples in %d bytes and %d of index: %.2f MB a day, estimate says %.2f (%+.0f %%)",
					classic, s.series, s.samples, s.chunks, s.index, real, said, 100*(said/real-1))
				if said < 0.85*real || said > 1.15*real {
					t.Errorf("estimate says %.2f MB a day, and they take %.2f", said, real)
				}
			}
		})
	}
}
