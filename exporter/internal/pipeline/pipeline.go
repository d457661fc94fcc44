// Package pipeline joins the stages: frames are parsed, put in order, decoded, labelled and counted. Each source of frames has
// a worker with its own parser, flow table, decoders, labeler and shard, so nothing on the way from a frame to a bucket is
// shared. It decides nothing itself: what it adds is who calls whom, when a minute is over, and how a scrape gets at what the
// workers know.
package pipeline

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/flow"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
	"wire_exporter/exporter/internal/packet"
)

// Setup is what a Pipeline is made of.
type Setup struct {
	Capture  *capture.Capture
	Book     *label.Book
	Metrics  *metric.Metrics
	Flow     flow.Config                                               // its Memory is for all workers together
	Decoders func(memory *decoders.Memory) ([]decoders.Decoder, error) // makes one worker's, in the order of Flow.Plugins
	Logs     Logs                                                      // the second source

	// Tap sees every transaction that is labelled, whatever the verdict, on its worker's goroutine; nil: nobody. t and set are
	// valid during the call only.
	Tap func(plugin int, t *decoders.Txn, set *label.Set, v label.Verdict)
	// Before is called before each frame is taken, with its capture time; nil: not at all. For one worker only: it may Scrape.
	Before func(at int64)
}

// Pipeline runs a capture.
type Pipeline struct {
	setup   Setup
	workers []*worker
	logs    []*logWorker
	minute  atomic.Int64 // the last one that was housekept, since the epoch

	owner func(a, b *[18]byte, tcp bool) int // the worker that gets the frames of a connection
}

// New makes a Pipeline with one worker for each source of the capture, and attaches it to the metrics.
func New(s Setup) (*Pipeline, error) {
	p := &Pipeline{setup: s, owner: s.Capture.Worker}
	n := len(s.Capture.Sources())
	s.Flow.Memory /= int64(max(n, 1))
	for range n {
		w := &worker{p: p, tally: p.tally(), before: s.Before}
		ds, err := s.Decoders(&w.memory)
		if err != nil {
			return nil, err
		}
		w.parser.Tunnels = p.tunnels()
		w.table = flow.New(s.Flow, ds, &w.memory, w)
		p.workers = append(p.workers, w)
	}
	p.follow(s.Logs)
	s.Metrics.Attach(p.gather)
	return p, nil
}

// Run takes frames until every source has ended or ctx is done; with access logs to follow, until ctx is done. Metrics can be gathered before, meanwhile and afterwards.
func (p *Pipeline) Run(ctx context.Context) error {
	errs := make([]error, len(p.workers))
	var all sync.WaitGroup
	for i, source := range p.setup.Capture.Sources() {
		all.Go(func() {
			errs[i] = p.workers[i].run(ctx, source)
		})
	}
	for _, w := range p.logs {
		all.Go(func() { w.run(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Reload puts another configuration in place: names from now on (Setup.Book was reloaded before), ports and, unless make is nil,
// decoders for connections that begin from now on. No connection is lost and no counter reset.
func (p *Pipeline) Reload(protocol func(decoders.Endpoint, decoders.Transport) int, make func(*decoders.Memory) ([]decoders.Decoder, error)) error {
	var made [][]decoders.Decoder
	for _, w := range p.workers {
		if make == nil {
			made = append(made, nil)
			continue
		}
		ds, err := make(&w.memory)
		if err != nil {
			return err
		}
		made = append(made, ds)
	}
	for i, w := range p.workers {
		w.visit(func() {
			w.table.Reconfigure(protocol, made[i])
			w.table.Rename()
		})
	}
	return nil
}

// Wait returns when every worker has been between two batches: at once, unless one of them hangs.
func (p *Pipeline) Wait() {
	for _, w := range p.workers {
		w.visit(func() {})
	}
}

// housekeep gives back the label values that were unseen for a day, once a minute of capture time. It is called by a worker
// that holds no lock.
func (p *Pipeline) housekeep(now decoders.Time) {
	minute := int64(now) / 60e9
	last := p.minute.Load()
	if minute <= last || !p.minute.CompareAndSwap(last, minute) {
		return
	}
	for _, w := range p.workers {
		w.visit(w.keep)
	}
	released := p.setup.Book.Age(now)
	if len(released) == 0 {
		return
	}
	tags := make([]uint32, len(released))
	for i, id := range released {
		tags[i] = uint32(id)
	}
	for _, w := range p.workers {
		w.visit(func() {
			w.shard.Forget(released)
			w.table.Rename(tags...)
		})
	}
	for _, w := range p.logs {
		w.mu.Lock()
		w.shard.Forget(released)
		w.mu.Unlock()
	}
}

// worker takes the frames of one source. Its lock is taken once a batch, not once a frame: what it guards is free whenever
// the source waits for more, even in a read that blocks, and then a scrape may look.
type worker struct {
	p       *Pipeline
	mu      sync.Mutex
	working bool // mu is held by the worker's goroutine; only that one looks

	parser  packet.Parser
	segment packet.Segment
	memory  decoders.Memory
	table   *flow.Table
	tally
	before   func(int64)
	inbox    inbox
	unparsed [packet.NumReasons]uint64 // bytes of frames that gave no segment
}

func (w *worker) run(ctx context.Context, source capture.Source) error {
	err := source.Run(ctx, w)
	w.start()
	w.parser.Close()
	w.inbox.close()
	w.inbox.take(w.table.Segment)
	w.table.Close()
	w.stop()
	return err
}

func (w *worker) start() {
	if !w.working {
		w.mu.Lock()
		w.working = true
	}
}

func (w *worker) stop() {
	w.working = false
	w.mu.Unlock()
}

// visit runs f while the worker takes no frame.
func (w *worker) visit(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// Frame implements capture.Handler.
func (w *worker) Frame(f *capture.Frame) {
	if w.before != nil {
		if w.working {
			w.stop() // it may scrape
		}
		w.before(f.Time)
	}
	w.start()
	at := max(f.Time, 1) // 0 means that a time is not known
	if r := w.parser.Parse(f.Link, f.Data, f.WireLen, at, &w.segment); r != packet.OK {
		w.unparsed[r] += uint64(f.WireLen)
		return
	}
	if w.parser.Reassembled() && len(w.p.workers) > 1 && w.handOver() {
		return
	}
	w.table.Segment(&w.segment)
}

// Idle implements capture.Handler.
func (w *worker) Idle(now int64) {
	w.start()
	w.parser.Expire(now)
	w.inbox.take(w.table.Segment)
	w.table.Advance(decoders.Time(now))
	w.stop()
	w.p.housekeep(decoders.Time(now))
}

// keep tells the names that are still in use.
func (w *worker) keep() {
	w.table.Counters(func(tag uint32, c *flow.Counters) {
		if c.Connections > 0 {
			w.labels.Keep(label.ID(tag))
		}
	})
}
