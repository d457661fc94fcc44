package metric

import (
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// sqlSet is the label set of a statement in the database ledger of the shop.
func sqlSet(outcome decoders.Outcome) *label.Set {
	return &label.Set{Service: shop, Operation: get, Database: ledger, Protocol: 1, Outcome: outcome}
}

// sqlTxn is one of 35 ms and two rows.
func sqlTxn(kind decoders.Kind, outcome decoders.Outcome) *decoders.Txn {
	t := txn(outcome)
	t.Kind, t.Rows = kind, 2
	return t
}

// Only a request is counted as one; what is special to databases is counted beside it.
func TestSQLKinds(t *testing.T) {
	m, s := setup(Options{})
	for _, kind := range []decoders.Kind{decoders.Request, decoders.Request, decoders.Login, decoders.SQLTransaction} {
		x := sqlTxn(kind, decoders.OK)
		s.Transaction(x, sqlSet(decoders.OK))
		s.SQL(x, sqlSet(decoders.OK), statement1)
	}
	r := m.Report()
	if len(r.Services) != 1 || Total(r.Services[0].Requests) != 2 {
		t.Errorf("services: %+v", r.Services)
	}
	if len(r.Databases) != 1 {
		t.Fatalf("databases: %+v", r.Databases)
	}
	d := &r.Databases[0]
	if d.Service != "shop" || d.Protocol != "postgres" || d.Database != "ledger" {
		t.Errorf("%+v", d)
	}
	if d.Rows != 4 || d.Logins != [decoders.NumOutcomes]uint64{decoders.OK: 1} || d.Transactions.Count() != 1 {
		t.Errorf("%d rows, log-ins %v, %d transactions", d.Rows, d.Logins, d.Transactions.Count())
	}
	if len(r.Statements) != 1 || r.Statements[0].ID != words[statement1] || r.Statements[0].Text != "text of "+words[statement1] || r.Statements[0].Latency.Count() != 2 {
		t.Errorf("statements: %+v", r.Statements)
	}
}

// A transaction without a duration is in no histogram, one without a statement in none of a statement.
func TestSQLWithoutDuration(t *testing.T) {
	m, s := setup(Options{})
	s.SQL(sqlTxn(decoders.Request, decoders.Unknown), sqlSet(decoders.Unknown), statement1)
	s.SQL(sqlTxn(decoders.Request, decoders.OK), sqlSet(decoders.OK), label.None)
	s.SQL(sqlTxn(decoders.SQLTransaction, decoders.Unknown), sqlSet(decoders.Unknown), label.None)
	r := m.Report()
	if len(r.Statements) != 0 || r.Databases[0].Transactions.Count() != 0 || r.Databases[0].Rows != 4 {
		t.Errorf("%+v", r)
	}
}

// Past the budget of series, statements fold before services do, and their sum stays true.
func TestStatementsFold(t *testing.T) {
	const limit = 50
	m := New(many{}, []string{"http", "postgres"}, Options{SeriesLimit: limit})
	s := m.Shard()
	m.Attach(func(*Input) { s.Flush() })
	for i := range label.ID(100) {
		s.SQL(sqlTxn(decoders.Request, decoders.OK), sqlSet(decoders.OK), 1000+i)
	}
	var all, other uint64
	for _, x := range m.Report().Statements {
		all += x.Latency.Count()
		if x.ID == label.OtherText {
			other = x.Latency.Count()
		}
	}
	if all != 100 || other == 0 || m.registry.size() > limit {
		t.Errorf("%d statements, %d of them folded, %d series", all, other, m.registry.size())
	}
}

// A statement that gave its slot back takes its text with it.
func TestStatementsAreForgotten(t *testing.T) {
	m, s := setup(Options{})
	s.SQL(sqlTxn(decoders.Request, decoders.OK), sqlSet(decoders.OK), statement1)
	before := m.Report()
	s.Forget([]label.ID{statement1})
	after := m.Report()
	if len(before.Statements) != 1 || len(after.Statements) != 0 || len(after.Databases) != 1 {
		t.Errorf("%+v, then %+v", before, after)
	}
	s.SQL(sqlTxn(decoders.Request, decoders.OK), sqlSet(decoders.OK), label.Other)
	if r := m.Report(); len(r.Statements) != 1 || r.Statements[0].Text != "" {
		t.Errorf("%+v", r.Statements)
	}
}

func TestSQLAllocatesNothing(t *testing.T) {
	m, s := setup(Options{})
	var txns []*decoders.Txn
	for _, kind := range []decoders.Kind{decoders.Request, decoders.Login, decoders.SQLTransaction} {
		txns = append(txns, sqlTxn(kind, decoders.OK))
	}
	ok, other := sqlSet(decoders.OK), sqlSet(decoders.OK)
	other.Database = label.Other
	work := func() {
		for _, x := range txns {
			for _, st := range []label.ID{statement1, label.Other} {
				s.SQL(x, ok, st)
				s.SQL(x, other, st)
			}
		}
	}
	work()
	m.Report()
	work()
	if n := testing.AllocsPerRun(100, work); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
