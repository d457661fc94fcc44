package metric

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Shard counts for one worker, on the worker's goroutine. No method takes a lock or allocates, but when a label set is new,
// and once a minute to hand over who was seen.
type Shard struct {
	m *Metrics

	bundles map[label.Set]*bundle
	recent  [recentBundles][2]recent // what was found in bundles lately

	hosts       map[label.ID]*host
	recentHosts [recentHosts]*host
	logins      map[loginKey]*counter
	sql         sqlShard
	strays      map[strayKey]*counter
	leftOut     leftOut
	folded      uint64

	histograms map[*histogramTotal]*histogram
	counters   map[*counterTotal]*counter
	observed   []*histogram // those that changed since the last Flush
	counted    []*counter
	seen       seen

	wants [maxWants]want // room to resolve a label set
	found [maxWants]total
}

// recent is a bundle and its label set.
type recent struct {
	set    label.Set
	bundle *bundle
}

// How many are found without a look into their map.
const (
	recentBundles = 128 // times two
	recentHosts   = 64
)

// bundle is where the transactions of one label set are counted. Sets share what does not differ between them.
type bundle struct {
	requests, responses, calls        *counter
	duration, operation, callDuration *histogram
	phases                            [len(phaseNames)]*histogram
	sizeIn, sizeOut                   *histogram
	folded                            bool
	users                             *sessions
}

// host is what is measured of a server's transport, whatever it speaks.
type host struct {
	service   label.ID
	handshake *histogram
	rtt       [len(sideNames)]*histogram
}

type loginKey struct {
	service label.ID
	outcome decoders.Outcome
	source  label.Source
	out     bool
}

type strayKey struct {
	service label.ID
	reason  decoders.Malformed
}

// counter is what one worker has counted since its last Flush.
type counter struct {
	total   *counterTotal
	n       uint64
	at      decoders.Time    // when it was counted last
	outcome decoders.Outcome // and how that ended
}

// maxBundles bounds the label sets that a Shard keeps ready. When there are more the Shard starts anew; nothing is lost,
// because what it counts belongs to the series.
const maxBundles = 1 << 16

// maxStrays bounds the reasons, which are constants of the decoders: a net, no more.
const maxStrays = 1 << 14

func newShard(m *Metrics) *Shard {
	s := &Shard{
		m:          m,
		bundles:    map[label.Set]*bundle{},
		hosts:      map[label.ID]*host{},
		logins:     map[loginKey]*counter{},
		sql:        newSQLShard(),
		strays:     map[strayKey]*counter{},
		histograms: map[*histogramTotal]*histogram{},
		counters:   map[*counterTotal]*counter{},
	}
	s.seen.users = &m.users
	return s
}

// Transaction counts t, which ended, under set.
func (s *Shard) Transaction(t *decoders.Txn, set *label.Set) {
	at := s.advance(t)
	if t.Kind != decoders.Request {
		if t.Session != 0 {
			s.seen.add(s.m.users.of(set.Service, set.Source), t.Session)
		}
		return
	}
	b := s.bundle(set)
	if t.Session != 0 {
		if b.users == nil {
			b.users = s.m.users.of(set.Service, set.Source)
		}
		s.seen.add(b.users, t.Session)
	}
	if b.folded {
		s.folded++
	}
	s.count(b.requests, t.Outcome, at)
	s.count(b.responses, t.Outcome, at)
	s.count(b.calls, t.Outcome, at)
	s.times(b, t)
	s.sizes(b, t)
}

// times observes the durations of t that are known.
func (s *Shard) times(b *bundle, t *decoders.Txn) {
	if d, ok := t.Duration(); ok {
		cell := seconds.cell(uint64(d))
		s.put(b.duration, d, cell)
		s.put(b.operation, d, cell)
		s.put(b.callDuration, d, cell)
		if t.TraceID != [16]byte{} && b.duration != nil {
			b.duration.exemplify(uint64(d), t.TraceID, t.End)
			b.operation.exemplify(uint64(d), t.TraceID, t.End)
		}
	}
	if d, ok := t.RequestPhase(); ok {
		s.observe(b.phases[0], d)
	}
	if d, ok := t.Wait(); ok {
		s.observe(b.phases[1], d)
	}
	if d, ok := t.ResponsePhase(); ok && t.Outcome != decoders.Aborted {
		s.observe(b.phases[2], d)
	}
}

// sizes observes the size of each message that was seen to its end.
func (s *Shard) sizes(b *bundle, t *decoders.Txn) {
	if t.RequestEnd != 0 && t.BytesIn > 0 {
		s.observe(b.sizeIn, int64(t.BytesIn))
	}
	if t.Outcome < decoders.Aborted && t.FirstByte != 0 && t.End != 0 && t.BytesOut > 0 {
		s.observe(b.sizeOut, int64(t.BytesOut))
	}
}

// advance moves capture time to t's newest stamp and returns that.
func (s *Shard) advance(t *decoders.Txn) decoders.Time {
	at := max(t.Start, t.RequestEnd, t.FirstByte, t.End)
	s.seen.advance(at)
	return at
}

// count counts one; a nil c ignores it.
func (s *Shard) count(c *counter, o decoders.Outcome, at decoders.Time) {
	if c == nil {
		return
	}
	if c.n == 0 {
		s.counted = append(s.counted, c)
	}
	c.n++
	c.at, c.outcome = at, o
}

// observe observes v; a nil h ignores it.
func (s *Shard) observe(h *histogram, v int64) {
	if h != nil {
		s.put(h, v, h.scale.cell(uint64(v)))
	}
}

// put is observe for a value whose cell is known.
func (s *Shard) put(h *histogram, v int64, cell int) {
	if h != nil && !h.again(uint64(v), cell) {
		if !h.dirty {
			h.dirty = true
			s.observed = append(s.observed, h)
		}
		h.put(uint64(v), cell)
	}
}

// Login counts a log-in of a user, with set's service, source and outcome. Transaction counts the request that it was.
func (s *Shard) Login(set *label.Set) { s.login(set, logins) }

// Logout counts a log-out of a user, like Login.
func (s *Shard) Logout(set *label.Set) { s.login(set, logouts) }

func (s *Shard) login(set *label.Set, family int) {
	k := loginKey{set.Service, set.Outcome, set.Source, family == logouts}
	c := s.logins[k]
	if c == nil {
		of := label.Set{Service: set.Service, Source: set.Source, Outcome: set.Outcome}
		c = s.counter(s.resolve(want{family: family, set: of, six: true}))
		s.resolve(want{family: logins + logouts - family, set: of, six: true}) // the other one is there as 0 before its first
		s.logins[k] = c
	}
	s.count(c, set.Outcome, 0)
}

// Unmatched counts a message that could not be made part of a transaction.
func (s *Shard) Unmatched(service label.ID, reason decoders.Malformed) {
	k := strayKey{service, reason}
	c := s.strays[k]
	if c == nil {
		if len(s.strays) >= maxStrays {
			k = strayKey{label.Other, other}
		}
		c = s.counter(s.resolve(want{family: unmatched, set: label.Set{Service: k.service}, extra: string(k.reason)}))
		s.strays[k] = c
	}
	s.count(c, 0, 0)
}

// leftOut is how many transactions were not counted, by verdict.
type leftOut [label.NumVerdicts]uint64

// LeftOut counts a transaction that is not counted here.
func (s *Shard) LeftOut(v label.Verdict) { s.leftOut[v]++ }

// Handshake observes the nanoseconds a TCP connection took to open.
func (s *Shard) Handshake(service label.ID, ns int64) {
	s.observe(s.host(service).handshake, max(ns, 0))
}

// RTT observes the nanoseconds between the capture point and the side that acknowledged: ToServer means the server's side,
// because the segment that was acknowledged went there.
func (s *Shard) RTT(service label.ID, side decoders.Dir, ns int64) {
	s.observe(s.host(service).rtt[side], max(ns, 0))
}

func (s *Shard) host(service label.ID) *host {
	last := &s.recentHosts[service%recentHosts]
	if h := *last; h != nil && h.service == service {
		return h
	}
	h := s.hosts[service]
	if h == nil {
		of := label.Set{Service: service}
		h = &host{service: service, handshake: s.histogram(s.resolve(want{family: handshakeDuration, set: of}))}
		for side := range h.rtt {
			name := sideNames[decoders.Dir(side).Other()]
			h.rtt[side] = s.histogram(s.resolve(want{family: rtt, set: of, extra: name}))
		}
		s.resolve(want{family: unmatched, set: of, extra: string(decoders.UnmatchedResponse)}) // there as 0 before it happens
		s.hosts[service] = h
	}
	*last = h
	return h
}
