package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/alecthomas/units"

	"wire_exporter/decoders"
	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/config"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
	"wire_exporter/exporter/internal/pipeline"
)

// sensor is everything between the capture and the metrics.
type sensor struct {
	configFile string
	capture    capture.Config
	memory     units.Base2Bytes
	started    time.Time // zero for a replay

	config   *config.Config
	book     *label.Book
	metrics  *metric.Metrics
	opened   *capture.Capture
	pipeline *pipeline.Pipeline
}

// flags adds the flags that every kind of run has.
func (s *sensor) flags(cmd *kingpin.CmdClause) {
	cmd.Flag("config.file", "Configuration file (YAML). Without one, services are named by their address.").StringVar(&s.configFile)
	cmd.Flag("memory.limit", "Most memory that connections and what they hold may take.").Default("512MiB").SetValue((*size)(&s.memory))
	cmd.Flag("capture.filter", "What to look at, in a subset of tcpdump's language, or the output of tcpdump -ddd.").StringVar(&s.capture.Filter)
	cmd.Flag("capture.vxlan-port", "UDP port of VXLAN besides 4789 and 8472. Repeatable.").Uint16ListVar(&s.capture.VXLANPorts)
	cmd.Flag("capture.geneve-port", "UDP port of Geneve besides 6081. Repeatable.").Uint16ListVar(&s.capture.GenevePorts)
}

// size is the value of a flag: bytes, like 512MiB.
type size units.Base2Bytes

// Set is for kingpin.
func (s *size) Set(text string) error {
	n, err := units.ParseBase2Bytes(text)
	if err != nil || n < 1<<20 {
		return fmt.Errorf("%q is no size, or less than 1MiB; write it like 512MiB", text)
	}
	*s = size(n)
	return nil
}

// String is for kingpin.
func (s *size) String() string { return units.Base2Bytes(*s).String() }

// load reads the configuration and makes the metrics.
func (s *sensor) load() (err error) {
	if s.config, err = config.Load(s.configFile, all.Plugins); err != nil {
		return err
	}
	if s.book, err = label.New(s.config.Label); err != nil {
		return err
	}
	s.metrics = metric.New(s.book, names(all.Plugins), metric.Options{
		SeriesLimit: s.config.Label.Limits.Series, Started: s.started, Values: s.values,
	})
	s.metrics.Calendar(s.config.Calendar)
	s.capture.FilterPorts = s.config.CapturePorts()
	return nil
}

func names(plugins []decoders.Plugin) (names []string) {
	for _, p := range plugins {
		names = append(names, p.Name)
	}
	return names
}

// values is how full the budgets of the labels are.
func (s *sensor) values() (vs []metric.ValueStats) {
	for _, f := range s.book.Stats() {
		vs = append(vs, metric.ValueStats{Family: f.Family.String(), Used: f.Values, Limit: f.Limit, Folded: f.Folded})
	}
	return vs
}

// open opens the capture and joins the stages. tap and before are as in pipeline.Setup.
func (s *sensor) open(setup pipeline.Setup) (err error) {
	for i, file := range s.capture.Files {
		if file == devStdin {
			s.capture.Files[i] = capture.Stdin
		}
	}
	s.opened = new(capture.Capture) // of access logs alone
	if len(s.capture.Interfaces)+len(s.capture.Files) > 0 {
		if s.opened, err = capture.Open(s.capture); err != nil {
			return err
		}
	}
	setup.Capture, setup.Book, setup.Metrics, setup.Flow, setup.Decoders = s.opened, s.book, s.metrics, s.config.Flow, s.config.Decoders
	setup.Flow.Memory = int64(s.memory)
	if s.pipeline, err = pipeline.New(setup); err != nil {
		s.opened.Close()
		return err
	}
	limitHeap(int64(s.memory))
	return nil
}

// limitHeap makes the garbage collector keep near the budget: what is not connections (label values, series, scrapes) fits
// another half of it and 64 MiB.
func limitHeap(budget int64) { debug.SetMemoryLimit(budget + budget/2 + 64<<20) }

// reload reads the configuration anew, and names the keys that need a restart to take effect. After an error nothing has
// changed.
func (s *sensor) reload() (needRestart []string, err error) {
	cfg, err := config.Load(s.configFile, all.Plugins)
	if err != nil {
		return nil, err
	}
	var try decoders.Memory
	if _, err := cfg.Decoders(&try); err != nil {
		return nil, err
	}
	if err := s.book.Reload(cfg.Label); err != nil {
		return nil, err
	}
	// Decoders that are replaced take their free lists along, so they are kept when they would be the same.
	var make func(*decoders.Memory) ([]decoders.Decoder, error)
	if !cfg.SameDecoders(s.config) {
		make = cfg.Decoders
	}
	if err := s.pipeline.Reload(cfg.Flow.Protocol, make); err != nil {
		return nil, err
	}
	s.metrics.Calendar(cfg.Calendar)
	needRestart = cfg.NeedsRestart(s.config)
	s.config = cfg
	return needRestart, nil
}

// refresh looks whether what "local" stands for has changed.
func (s *sensor) refresh() error {
	changed, err := s.config.Refresh()
	if err != nil || !changed {
		return err
	}
	if err := s.book.Reload(s.config.Label); err != nil {
		return err
	}
	return s.pipeline.Reload(s.config.Flow.Protocol, nil)
}

// defaultWorkers is how many workers share a live capture: the kernel's part costs more than ours, so half the cores, 8 at most.
func defaultWorkers() string { return fmt.Sprint(min(max(runtime.NumCPU()/2, 1), 8)) }
