package metric

import (
	"cmp"
	"slices"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Report is the numbers for people: what the landing page and the tables of replay are made of. It is a copy; later counts
// do not change it.
type Report struct {
	Now        decoders.Time // newest capture time
	Services   []ServiceReport
	Operations []OperationReport
	Servers    []ServerReport
	Calls      []CallReport
	Users      []UserReport
	Databases  []DatabaseReport
	Statements []StatementReport
	Sensor     SensorReport
}

// ServiceReport is one service, by protocol and source, in the order of these names.
type ServiceReport struct {
	Service, Protocol, Source string

	Requests [decoders.NumOutcomes]uint64
	Latency  Distribution // of ok and client_error
	Failures []Failure    // the newest first, one for each code
	Users5m  uint64       // of the service and source, whatever the protocol
	Users1h  uint64

	// Of source wire, and where the service's name is the one of its server's address.
	InFlight  int64
	OldestAge float64 // seconds
}

// Failure is a code that responses carried which did not end well.
type Failure struct {
	Code    string // the outcome's name when there was no response
	Outcome decoders.Outcome
	N       uint64        // since the start
	At      decoders.Time // the newest
}

// OperationReport is one operation on one resource. Requests without a duration (unanswered, unknown) are not among them.
type OperationReport struct {
	Service, Protocol, Operation, Resource, Source string

	Requests [decoders.NumOutcomes]uint64
	Latency  Distribution // of ok and client_error
}

// ServerReport is what TCP shows of a service, by the name of its address.
type ServerReport struct {
	Service string
	Counts  Service
	RTT     [2]Distribution // indexed by the direction of the segment: [ToServer] is what the server's side acknowledged
}

// CallReport is who calls whom.
type CallReport struct {
	Client, Service, Protocol string
	Requests                  [decoders.NumOutcomes]uint64
	Latency                   Distribution // of ok and client_error
}

// UserReport is one service's users.
type UserReport struct {
	Service, Source    string
	Users5m, Users1h   uint64
	Logins, LoginsOK   uint64
	Logouts, LogoutsOK uint64
}

// SensorReport is the sensor's own health.
type SensorReport struct {
	Interfaces []Interface
	Flow       Flow
	Duplicates uint64
	Elsewhere  uint64
	Ignored    []Reason // by the key of ignore
	Undecoded  []Reason
	Errors     []DecoderError
	Unmatched  []Reason
	Budgets    []ValueStats
}

// DecoderError is how often a protocol's decoder gave up for a reason.
type DecoderError struct {
	Protocol, Reason string
	N                uint64
}

// Total is the number of requests.
func Total(requests [decoders.NumOutcomes]uint64) (n uint64) {
	for _, r := range requests {
		n += r
	}
	return n
}

// ErrorRatio is the share of requests that the server failed (server_error and unanswered) among those whose outcome is
// known; false when there are none.
func ErrorRatio(requests [decoders.NumOutcomes]uint64) (float64, bool) {
	known := Total(requests) - requests[decoders.Unknown]
	if known == 0 {
		return 0, false
	}
	return float64(requests[decoders.ServerError]+requests[decoders.Unanswered]) / float64(known), true
}

// Report asks all workers and copies what they have counted.
func (m *Metrics) Report() *Report { return m.report(true) }

// Overview is a Report without Operations and Calls, which may be many, and without the distributions of Statements.
func (m *Metrics) Overview() *Report { return m.report(false) }

func (m *Metrics) report(detailed bool) *Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take()
	r := &Report{Now: m.input.Now}
	rows := newRows(r)
	m.reportRequests(rows)
	if detailed {
		m.reportOperations(rows)
		m.reportCalls(rows)
	}
	m.reportServers(rows)
	m.reportUsers(rows)
	m.reportSQL(rows, detailed)
	m.reportSensor(&r.Sensor)
	rows.finish()
	return r
}

func (m *Metrics) reportRequests(rows *rows) {
	for _, t := range m.registry.all(requests) {
		c := t.(*counterTotal)
		s := rows.service(&c.series)
		o := c.outcome
		s.Requests[o] += c.n
		if o == decoders.Unanswered && c.n > 0 {
			s.fail(Failure{o.String(), o, c.n, c.at})
		}
	}
	for _, t := range m.registry.all(responses) {
		c := t.(*counterTotal)
		if o := c.ended; c.n > 0 && (o == decoders.ClientError || o == decoders.ServerError) {
			rows.service(&c.series).fail(Failure{c.value("code"), o, c.n, c.at})
		}
	}
	for _, t := range m.registry.all(requestDuration) {
		if h := t.(*histogramTotal); answeredAsAsked(h.outcome) {
			rows.service(&h.series).Latency.add(h)
		}
	}
}

// answeredAsAsked says whether a latency tells of the service and not of its failure.
func answeredAsAsked(o decoders.Outcome) bool { return o == decoders.OK || o == decoders.ClientError }

// fail adds f to the failures of the same code.
func (s *ServiceReport) fail(f Failure) {
	for i := range s.Failures {
		if g := &s.Failures[i]; g.Code == f.Code {
			g.N += f.N
			if f.At > g.At {
				g.At, g.Outcome = f.At, f.Outcome
			}
			return
		}
	}
	s.Failures = append(s.Failures, f)
}

func (m *Metrics) reportOperations(rows *rows) {
	for _, t := range m.registry.all(operationDuration) {
		h := t.(*histogramTotal)
		o := rows.operation(&h.series)
		outcome := h.outcome
		o.Requests[outcome] += h.count()
		if answeredAsAsked(outcome) {
			o.Latency.add(h)
		}
	}
}

func (m *Metrics) reportCalls(rows *rows) {
	for _, t := range m.registry.all(calls) {
		c := t.(*counterTotal)
		rows.call(&c.series).Requests[c.outcome] += c.n
	}
	for _, t := range m.registry.all(callDuration) {
		if h := t.(*histogramTotal); answeredAsAsked(h.outcome) {
			rows.call(&h.series).Latency.add(h)
		}
	}
}

func (m *Metrics) reportServers(rows *rows) {
	for _, in := range m.input.Services {
		rows.server(m.registry.text(in.ID)).Counts.add(&in)
	}
	for _, t := range m.registry.all(rtt) {
		h := t.(*histogramTotal)
		side := slices.Index(sideNames[:], h.value("side"))
		rows.server(h.value("service_name")).RTT[1-side].add(h)
	}
	for _, w := range m.input.Waiting {
		rows.wait(m.registry.text(w.ID), m.registry.protocol(w.Protocol), int64(w.Requests), w.age(m.input.Now))
	}
}

func (s *Service) add(o *Service) {
	for i := range s.Segments {
		s.Segments[i] += o.Segments[i]
		s.Retransmitted[i] += o.Retransmitted[i]
		s.Resets[i] += o.Resets[i]
		s.ZeroWindows[i] += o.ZeroWindows[i]
	}
	s.Accepted += o.Accepted
	s.Refused += o.Refused
	s.Unanswered += o.Unanswered
	s.Connections += o.Connections
	s.Bytes += o.Bytes
	s.Missing += o.Missing
}

func (m *Metrics) reportUsers(rows *rows) {
	for _, c := range m.users.count(m.input.Now) {
		u := rows.user(c.service, c.source)
		u.Users5m += c.short
		u.Users1h += c.long
	}
	for _, t := range m.registry.all(logins) {
		c := t.(*counterTotal)
		u := rows.user(c.value("service_name"), c.value("source"))
		u.Logins += c.n
		if c.outcome == decoders.OK {
			u.LoginsOK += c.n
		}
	}
	for _, t := range m.registry.all(logouts) {
		c := t.(*counterTotal)
		u := rows.user(c.value("service_name"), c.value("source"))
		u.Logouts += c.n
		if c.outcome == decoders.OK {
			u.LogoutsOK += c.n
		}
	}
}

func (m *Metrics) reportSensor(s *SensorReport) {
	in := &m.input
	for _, i := range in.Interfaces {
		i.Dropped = slices.Clone(i.Dropped)
		s.Interfaces = append(s.Interfaces, i)
	}
	s.Flow = in.Flow
	s.Flow.Evicted = sumReasons(in.Flow.Evicted)
	s.Duplicates, s.Elsewhere = in.Duplicates, m.leftOut[label.Elsewhere]
	s.Ignored = sumReasons(m.leftOut.ignored())
	s.Undecoded = sumReasons(in.Undecoded)
	for _, e := range in.Errors {
		if e.N == 0 {
			continue
		}
		s.fail(DecoderError{m.registry.protocol(e.Protocol), e.Reason, e.N})
	}
	var strays []Reason
	for _, t := range m.registry.all(unmatched) {
		c := t.(*counterTotal)
		strays = append(strays, Reason{c.value("reason"), c.n})
	}
	s.Unmatched = sumReasons(strays)
	s.Budgets = m.budgets()
}

func (s *SensorReport) fail(e DecoderError) {
	for i := range s.Errors {
		if f := &s.Errors[i]; f.Protocol == e.Protocol && f.Reason == e.Reason {
			f.N += e.N
			return
		}
	}
	s.Errors = append(s.Errors, e)
}

// sumReasons adds up what has the same reason; the largest comes first, and what never happened not at all.
func sumReasons(reasons []Reason) (sums []Reason) {
	for _, r := range reasons {
		if r.N == 0 {
			continue
		}
		if i := slices.IndexFunc(sums, func(s Reason) bool { return s.Reason == r.Reason }); i >= 0 {
			sums[i].N += r.N
		} else {
			sums = append(sums, r)
		}
	}
	slices.SortFunc(sums, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Reason, b.Reason))
	})
	return sums
}
