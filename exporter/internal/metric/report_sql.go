package metric

import (
	"cmp"
	"slices"

	"wire_exporter/decoders"
)

// DatabaseReport is one database of a service.
type DatabaseReport struct {
	Service, Protocol, Database string

	Rows         uint64
	Logins       [decoders.NumOutcomes]uint64
	Transactions Distribution                     // of all outcomes
	Sessions     [decoders.NumSessionStates]int64 // by decoders.SessionState; those of NoSession do not count
}

// StatementReport is one of the SQL statements that a service spends most of its time on; all others together have the ID
// "_other" and no text. The one that took the longest in sum comes first within a service.
type StatementReport struct {
	Service, ID, Text string

	Count   uint64
	Seconds float64      // in sum
	Latency Distribution // of all outcomes; empty in an Overview
}

// Add adds another one's numbers.
func (d *DatabaseReport) Add(o *DatabaseReport) {
	d.Rows += o.Rows
	for i, n := range o.Logins {
		d.Logins[i] += n
	}
	for i, n := range o.Sessions {
		d.Sessions[i] += n
	}
}

func (m *Metrics) reportSQL(rows *rows, detailed bool) {
	for _, t := range m.registry.all(sqlRows) {
		rows.database(t.base()).Rows += t.(*counterTotal).n
	}
	for _, t := range m.registry.all(sqlLogins) {
		c := t.(*counterTotal)
		rows.database(&c.series).Logins[c.outcome] += c.n
	}
	for _, t := range m.registry.all(sqlTransactionDuration) {
		h := t.(*histogramTotal)
		rows.database(&h.series).Transactions.add(h)
	}
	for _, x := range m.input.Sessions {
		service, protocol, name := m.registry.text(x.ID), m.registry.protocol(x.Protocol), m.registry.text(x.Database)
		d := row(rows.databases, DatabaseReport{Service: service, Protocol: protocol, Database: name}, service, protocol, name)
		for state, n := range x.States {
			d.Sessions[state] += n
		}
	}
	for _, t := range m.registry.all(statementDuration) {
		h := t.(*histogramTotal)
		s := rows.statement(h.value("service_name"), h.value("statement_id"))
		s.Count += h.count()
		s.Seconds += h.sum.in(h.family.scale.unit)
		if detailed {
			s.Latency.add(h)
		}
	}
	for _, t := range m.registry.all(statementInfo) {
		s := t.base()
		rows.statement(s.value("service_name"), s.value("statement_id")).Text = s.value("statement")
	}
}

func (rs *rows) database(s *series) *DatabaseReport {
	service, protocol, name := s.value("service_name"), s.value("protocol"), s.value("database")
	return row(rs.databases, DatabaseReport{Service: service, Protocol: protocol, Database: name}, service, protocol, name)
}

func (rs *rows) statement(service, id string) *StatementReport {
	return row(rs.statements, StatementReport{Service: service, ID: id}, service, id)
}

// byTime orders the statements of each service by the time that they took.
func byTime(all []StatementReport) []StatementReport {
	slices.SortStableFunc(all, func(a, b StatementReport) int {
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(b.Seconds, a.Seconds))
	})
	return all
}
