package pipeline

import (
	"os"
	"path/filepath"
	"testing"

	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/config"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
)

// BenchmarkReplay reads the captures that `make bench` has written, in one process and without what the program does before and after. It is what
// `make profile` runs, and what to profile: go test -bench Replay/small -cpuprofile cpu.out ./exporter/internal/pipeline.
func BenchmarkReplay(b *testing.B) {
	cache, err := os.UserCacheDir()
	if err != nil {
		b.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(cache, "wire_exporter", "bench", "*.pcap"))
	if err != nil {
		b.Fatal(err)
	}
	if len(files) == 0 {
		b.Skip("there are no captures: make bench writes them")
	}
	for _, file := range files {
		b.Run(filepath.Base(file), func(b *testing.B) {
			info, err := os.Stat(file)
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(info.Size())
			packets := uint64(0)
			for b.Loop() {
				packets += replay(b, file)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
		})
	}
}

// replay runs a capture from its first packet to its last, and says how many it had.
func replay(b *testing.B, file string) uint64 {
	must := func(err error) {
		if err != nil {
			b.Helper()
			b.Fatal(err)
		}
	}
	c, err := capture.Open(capture.Config{Files: []string{file}})
	must(err)
	defer c.Close()
	cfg, err := config.Load("", all.Plugins)
	must(err)
	book, err := label.New(cfg.Label)
	must(err)
	m := metric.New(book, names(), metric.Options{SeriesLimit: cfg.Label.Limits.Series})
	p, err := New(Setup{Capture: c, Book: book, Metrics: m, Flow: cfg.Flow, Decoders: cfg.Decoders})
	must(err)
	must(p.Run(b.Context()))
	return c.Stats()[0].Packets
}

func names() (names []string) {
	for _, p := range all.Plugins {
		names = append(names, p.Name)
	}
	return names
}
