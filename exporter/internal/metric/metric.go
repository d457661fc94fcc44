// Package metric keeps the numbers. In go finished transactions with their label values, and now and then what the other
// stages have counted; out come the families of the metric contract for Prometheus, and a Report for people. It never reads
// a clock, starts no goroutine, and makes no label value of its own.
//
// Each worker has a Shard, which it alone touches: counting takes no lock and no atomic operation. A scrape visits the
// workers one by one, where each Shard hands over what it has counted since the last visit.
package metric

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"google.golang.org/protobuf/types/known/timestamppb"

	"wire_exporter/exporter/internal/calendar"
	"wire_exporter/exporter/internal/label"
)

// Names gives the text of label values, and of the statement that an ID of a statement stands for; *label.Book does.
type Names interface {
	Text(label.ID) string
	StatementText(label.ID) string
}

// Options change how metrics are kept. The zero value is ready to use.
type Options struct {
	// SeriesLimit is how many label sets there may be over all families that Shards count; DefaultSeriesLimit when 0. Past
	// four fifths of it the operation, resource, code and client of new ones fold into "_other"; near all of it, the service
	// does too.
	SeriesLimit int
	// Started is when counting began, for the created timestamps; none when zero, as for a capture file.
	Started time.Time
	// Values tells how full the budget of each kind of label value is; nil: not shown.
	Values func() []ValueStats
}

// DefaultSeriesLimit keeps a full scrape under 10 MB compressed.
const DefaultSeriesLimit = 50_000

// ValueStats is how full one budget is.
type ValueStats struct {
	Family string // "service", "operation", …; "series" is the budget of label sets over all, which is kept here
	Used   int    // over all, or in the fullest service where each service has its own budget
	Limit  int
	Folded uint64 // transactions that had a value which was counted as "_other"
}

// Metrics holds the totals of all workers. Its methods may be called from any goroutine.
type Metrics struct {
	registry registry
	users    users
	values   func() []ValueStats

	mu     sync.Mutex // one scrape or Report at a time; never held by a worker
	gather func(*Input)
	input  Input
	plain  plain
	folded uint64
	// leftOut counts the transactions that another sensor counts, or that the configuration leaves out.
	leftOut leftOut

	reload   reload
	calendar *calendar.Config // mu guards it
}

// New makes Metrics that name protocols by their index in protocols.
func New(names Names, protocols []string, opts Options) *Metrics {
	if opts.SeriesLimit == 0 {
		opts.SeriesLimit = DefaultSeriesLimit
	}
	m := &Metrics{values: opts.Values, gather: func(*Input) {}}
	m.registry = registry{names: names, protocols: protocols, limit: opts.SeriesLimit}
	if !opts.Started.IsZero() {
		m.registry.created = timestamppb.New(opts.Started)
	}
	for i := range m.registry.sets {
		m.registry.sets[i] = seriesSet{byID: map[seriesKey]total{}, byText: map[string]total{}}
	}
	m.users = users{names: names, all: map[userKey]*sessions{}}
	m.plain = newPlain()
	return m
}

// Attach says how a scrape learns what the workers know. gather visits each worker on its own goroutine, between two
// batches: there it calls Shard.Flush and puts what the worker's stages have counted into in, and then it puts in what the
// capture has counted. It returns when all workers were visited. It is not called concurrently.
func (m *Metrics) Attach(gather func(in *Input)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.gather = gather
}

// Shard makes the part of one worker.
func (m *Metrics) Shard() *Shard { return newShard(m) }

// Register puts all families into r.
func (m *Metrics) Register(r prometheus.Registerer) error { return r.Register(m) }

// take asks all workers; m.mu is held.
func (m *Metrics) take() {
	m.input.reset()
	m.gather(&m.input)
}
