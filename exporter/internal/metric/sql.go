package metric

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// sqlShard is what a worker counts of databases beside requests.
type sqlShard struct {
	databases        map[databaseKey]*database
	statements       map[statementKey]*statement
	recentDatabases  [recentDatabases]*database // found lately, without a look into their map
	recentStatements [recentStatements]*statement
}

const (
	recentDatabases  = 16
	recentStatements = 256
)

type databaseKey struct {
	service  label.ID
	database label.ID
	protocol uint8
}

// database is what is counted of one database of a service.
type database struct {
	key          databaseKey
	rows         *counter
	logins       [decoders.NumOutcomes]*counter   // nil before the first
	transactions [decoders.NumOutcomes]*histogram // nil before the first
}

type statementKey struct{ service, statement label.ID }

// statement is what is counted of one statement of a service.
type statement struct {
	key      statementKey
	duration *histogram
}

func newSQLShard() sqlShard {
	return sqlShard{databases: map[databaseKey]*database{}, statements: map[statementKey]*statement{}}
}

func (x *sqlShard) forget() {
	clear(x.databases)
	clear(x.statements)
	clear(x.recentDatabases[:])
	clear(x.recentStatements[:])
}

// SQL counts what is special to t, a transaction with a database, under set and the ID of its statement (None: it has none).
// Transaction counts the request that it was.
func (s *Shard) SQL(t *decoders.Txn, set *label.Set, statement label.ID) {
	switch t.Kind {
	case decoders.Request:
		s.add(s.database(set).rows, t.Rows)
		if d, ok := t.Duration(); ok && statement != label.None {
			s.observe(s.statement(set.Service, statement), d)
		}
	case decoders.Login:
		s.count(s.sqlLogin(set), t.Outcome, 0)
	case decoders.SQLTransaction:
		if d, ok := t.Duration(); ok {
			s.observe(s.sqlTransaction(set), d)
		}
	}
}

// add adds n to c.
func (s *Shard) add(c *counter, n uint64) {
	if n == 0 {
		return
	}
	if c.n == 0 {
		s.counted = append(s.counted, c)
	}
	c.n += n
}

// database is that of set, which is made when it is new.
func (s *Shard) database(set *label.Set) *database {
	k := databaseKey{set.Service, set.Database, set.Protocol}
	last := &s.sql.recentDatabases[(k.service^k.database)%recentDatabases]
	if d := *last; d != nil && d.key == k {
		return d
	}
	d := s.sql.databases[k]
	if d == nil {
		if len(s.sql.databases) >= maxBundles {
			clear(s.sql.databases)
		}
		d = &database{key: k, rows: s.counter(s.resolve(want{family: sqlRows, set: *set}))}
		s.sql.databases[k] = d
	}
	*last = d
	return d
}

func (s *Shard) sqlLogin(set *label.Set) *counter {
	c := &s.database(set).logins[set.Outcome]
	if *c == nil {
		*c = s.counter(s.resolve(want{family: sqlLogins, set: *set, six: true}))
	}
	return *c
}

func (s *Shard) sqlTransaction(set *label.Set) *histogram {
	h := &s.database(set).transactions[set.Outcome]
	if *h == nil {
		*h = s.histogram(s.resolve(want{family: sqlTransactionDuration, set: *set}))
	}
	return *h
}

// statement is where the durations of a statement are observed. When there is no room for another one, that is "_other".
func (s *Shard) statement(service, id label.ID) *histogram {
	k := statementKey{service, id}
	last := &s.sql.recentStatements[(service^id)%recentStatements]
	if x := *last; x != nil && x.key == k {
		return x.duration
	}
	x := s.sql.statements[k]
	if x == nil {
		if len(s.sql.statements) >= maxBundles {
			clear(s.sql.statements)
		}
		x = &statement{k, s.newStatement(service, id)}
		s.sql.statements[k] = x
	}
	*last = x
	return x.duration
}

func (s *Shard) newStatement(service, id label.ID) (h *histogram) {
	set := label.Set{Service: service, Statement: id}
	wants := append(s.wants[:0], want{family: statementDuration, set: set})
	if id != label.Other {
		wants = append(wants, want{family: statementInfo, set: set, extra: s.m.registry.statement(id)})
	}
	found := s.found[:len(wants)]
	if s.m.registry.resolve(wants, full, found) {
		h = s.histogram(found[0])
	} else {
		h = s.histogram(s.resolve(want{family: statementDuration, set: coarse.fold(set)}))
	}
	return h
}

// statement is the text of a statement.
func (r *registry) statement(id label.ID) string { return valid(r.names.StatementText(id)) }

// passSessions exports the sessions. A database that statements were seen for has all states, if only as 0.
func (m *Metrics) passSessions() {
	for _, t := range m.registry.all(sqlRows) {
		s := t.base()
		m.plain.sessions.states(nil, s.value("service_name"), s.value("protocol"), s.value("database"))
	}
	for i := range m.input.Sessions {
		x := &m.input.Sessions[i]
		m.plain.sessions.states(&x.States, m.registry.text(x.ID), m.registry.protocol(x.Protocol), m.registry.text(x.Database))
	}
}

// states passes one value for each state; nil: zeros.
func (f *passed) states(n *[decoders.NumSessionStates]int64, service, protocol, database string) {
	if n == nil {
		n = new([decoders.NumSessionStates]int64)
	}
	for state := decoders.Active; state < decoders.NumSessionStates; state++ {
		f.pass(float64(n[state]), service, protocol, database, state.String())
	}
}
