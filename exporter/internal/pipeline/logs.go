package pipeline

import (
	"context"
	"log/slog"
	"sync"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/accesslog"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
)

// Logs are the access logs to follow.
type Logs struct {
	Inputs    []accesslog.Config
	Protocol  int // index of what web servers speak
	Sessions  *decoders.Sessions
	Positions *accesslog.Positions
	Log       *slog.Logger
}

// logWorker takes the transactions of one input. Like a worker's, its lock is taken once a batch.
type logWorker struct {
	p     *Pipeline
	mu    sync.Mutex
	input *accesslog.Input
	cfg   accesslog.Config
	tally

	protocol int
	tag      uint32 // of the service
}

func (p *Pipeline) follow(l Logs) {
	for _, c := range l.Inputs {
		w := &logWorker{p: p, cfg: c, tally: p.tally(), protocol: l.Protocol}
		w.input = accesslog.New(c, l.Sessions, l.Positions, w, l.Log)
		p.logs = append(p.logs, w)
	}
}

func (w *logWorker) run(ctx context.Context) { w.input.Run(ctx) }

// Begin implements accesslog.Sink. The service may have been renamed by a reload since the last lines.
func (w *logWorker) Begin() {
	w.mu.Lock()
	w.tag = 0
	if id, ok := w.p.setup.Book.Service(w.cfg.Service); ok {
		w.tag = uint32(id)
	} else if w.cfg.Server != (decoders.Endpoint{}) {
		id, _ := w.labels.Server(w.cfg.Server, true)
		w.tag = uint32(id)
	}
}

// Transaction implements accesslog.Sink.
func (w *logWorker) Transaction(t *decoders.Txn) {
	t.Flow.Tag = w.tag
	w.count(w.protocol, t, label.Log)
}

// End implements accesslog.Sink.
func (w *logWorker) End() {
	newest := w.input.Stats().Newest
	w.mu.Unlock()
	w.p.housekeep(newest)
}

// gather puts in what was read.
func (w *logWorker) gather(in *metric.Input) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shard.Flush()
	s := w.input.Stats()
	in.Now = max(in.Now, s.Newest)
	log := metric.Log{File: w.input.Path(), Lines: s.Lines, Bytes: s.Bytes, Newest: s.Newest}
	for i, r := range accesslog.Reasons {
		log.Malformed = append(log.Malformed, metric.Reason{Reason: string(r), N: s.Malformed[i]})
	}
	in.Logs = append(in.Logs, log)
}
