package metric

import (
	"github.com/prometheus/client_golang/prometheus"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range families {
		ch <- f.desc
	}
	for _, f := range m.plain.all {
		ch <- f.desc
	}
}

// Collect implements prometheus.Collector: it asks all workers and exports the totals.
func (m *Metrics) Collect(ch chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.take()
	for f := range families {
		for _, t := range m.registry.all(f) {
			t.render()
			ch <- t
		}
	}
	m.passServices()
	m.passSessions()
	m.passUsers()
	m.passCapture()
	m.passLogs()
	m.passFlows()
	m.passSelf()
	m.passCalendar()
	for _, f := range m.plain.all {
		f.send(ch)
	}
}

func (m *Metrics) passServices() {
	p, text := &m.plain, m.registry.text
	for i := range m.input.Services {
		s := &m.input.Services[i]
		name := text(s.ID)
		p.segments.sides(s.Segments, name)
		p.retransmitted.sides(s.Retransmitted, name)
		p.resets.sides(s.Resets, name)
		p.zeroWindows.sides(s.ZeroWindows, name)
		p.connections.pass(float64(s.Connections), name)
		p.attempts.pass(float64(s.Accepted), name, "accepted")
		p.attempts.pass(float64(s.Refused), name, "refused")
		p.attempts.pass(float64(s.Unanswered), name, "unanswered")
		p.bytes.pass(float64(s.Bytes), name)
		p.missing.pass(float64(s.Missing), name)
	}
	for _, w := range m.input.Waiting {
		name, protocol := text(w.ID), m.registry.protocol(w.Protocol)
		p.inFlight.pass(float64(w.Requests), name, protocol)
		p.oldest.pass(w.age(m.input.Now), name, protocol)
	}
}

// age is how long the oldest request has been in flight, in seconds.
func (w *Waiting) age(now decoders.Time) float64 {
	if w.Requests <= 0 || w.Oldest == 0 {
		return 0
	}
	return float64(max(now-w.Oldest, 0)) / 1e9
}

func (m *Metrics) passUsers() {
	for _, c := range m.users.count(m.input.Now) {
		m.plain.users.pass(float64(c.short), c.service, "5m", c.source)
		m.plain.users.pass(float64(c.long), c.service, "1h", c.source)
	}
}

func (m *Metrics) passCapture() {
	p, in := &m.plain, &m.input
	for _, i := range in.Interfaces {
		name := valid(i.Name)
		p.packets.pass(float64(i.Packets), name)
		p.captured.pass(float64(i.Bytes), name)
		for _, d := range i.Dropped {
			p.dropped.pass(float64(d.N), name, d.Reason)
		}
	}
	p.duplicates.pass(float64(in.Duplicates))
	p.lost.pass(float64(in.Flow.Missing))
	for _, u := range in.Undecoded {
		p.undecoded.pass(float64(u.N), u.Reason)
	}
	p.elsewhere.pass(float64(m.leftOut[label.Elsewhere]))
	for _, r := range m.leftOut.ignored() {
		p.ignored.pass(float64(r.N), r.Reason)
	}
	for _, e := range in.Errors {
		p.errors.pass(float64(e.N), m.registry.protocol(e.Protocol), valid(e.Reason))
	}
}

// ignored are those that the configuration leaves out, by every key that may do so.
func (o *leftOut) ignored() (all []Reason) {
	for v := range label.NumVerdicts {
		if key := v.Ignored(); key != "" {
			all = append(all, Reason{key, o[v]})
		}
	}
	return all
}

func (m *Metrics) passLogs() {
	p := &m.plain
	for _, l := range m.input.Logs {
		name := valid(l.File)
		p.logLines.pass(float64(l.Lines), name)
		p.logBytes.pass(float64(l.Bytes), name)
		for _, r := range l.Malformed {
			p.logMalformed.pass(float64(r.N), name, r.Reason)
		}
		if l.Newest != 0 {
			p.logNewest.pass(float64(l.Newest)/1e9, name)
		}
	}
}

func (m *Metrics) passFlows() {
	p, f := &m.plain, &m.input.Flow
	p.flows.pass(float64(f.Active))
	p.memory.pass(float64(f.Memory))
	p.memoryLimit.pass(float64(f.MemoryLimit))
	p.gaps.pass(float64(f.Gaps))
	for _, e := range f.Evicted {
		p.evicted.pass(float64(e.N), e.Reason)
	}
}

func (m *Metrics) passSelf() {
	p := &m.plain
	for _, b := range m.budgets() {
		p.series.pass(float64(b.Used), b.Family)
		p.seriesLimit.pass(float64(b.Limit), b.Family)
		p.seriesFolded.pass(float64(b.Folded), b.Family)
	}
	ok, at := m.reload.last()
	p.reloaded.pass(ok)
	p.reloadedAt.pass(at)
}

// budgets are those of the label values and that of the series.
func (m *Metrics) budgets() (budgets []ValueStats) {
	if m.values != nil {
		budgets = m.values()
	}
	return append(budgets, ValueStats{"series", m.registry.size(), m.registry.limit, m.folded})
}
