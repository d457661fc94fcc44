package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// mariadb is Debian's MariaDB on a host, without TLS: its status and its performance schema are the witnesses. They are asked over a
// socket, which is on no cable.
type mariadb struct {
	host   host
	socket string
}

func startMariaDB(t *testing.T, h host) mariadb {
	t.Helper()
	dir := openFolder(t)
	data := filepath.Join(dir, "data")
	m := mariadb{h, filepath.Join(dir, "socket")}
	command(t, "mariadb-install-db", "--no-defaults", "--user=root", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db")
	p := h.start(t, "mariadbd", "--no-defaults", "--user=root", "--datadir="+data, "--socket="+m.socket, "--pid-file="+filepath.Join(dir, "pid"),
		"--bind-address="+h.address, "--port=3306", "--skip-name-resolve", "--skip-ssl", "--performance-schema=ON", "--local-infile=1",
		"--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0", "--max-allowed-packet=64M")
	p.await(t, "mariadbd", func() bool { return h.succeeds("mariadb-admin", "--no-defaults", "--socket="+m.socket, "ping") })
	m.ask(t, `CREATE DATABASE bank; USE bank; CREATE USER app IDENTIFIED BY 'canary'; GRANT ALL ON *.* TO app;
		CREATE TABLE accounts (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(100), amount INT);
		CREATE TABLE blobs (id INT PRIMARY KEY AUTO_INCREMENT, t LONGTEXT);
		INSERT INTO accounts (name, amount) SELECT CONCAT('row', seq), seq FROM seq_1_to_1000`)
	return m
}

// ask runs SQL and returns its rows: a line each, columns with tabs between them.
func (m mariadb) ask(t *testing.T, sql string) string {
	t.Helper()
	return m.host.run(t, "mariadb", "--no-defaults", "--socket="+m.socket, "-uroot", "--batch", "--skip-column-names", "-e", sql)
}

// status is SHOW GLOBAL STATUS as far as it is numbers, and how many rows it has.
func (m mariadb) status(t *testing.T) (numbers map[string]float64, rows int) {
	t.Helper()
	numbers = map[string]float64{}
	for line := range strings.Lines(m.ask(t, "SHOW GLOBAL STATUS")) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			numbers[name] = n
		}
		rows++
	}
	return numbers, rows
}

// witness is what MariaDB counts while something is measured.
type witness struct {
	m      mariadb
	before map[string]float64
	rows   int // of the reading of it
}

// statements is the table of the performance schema that says, for each kind of statement and command, how many there were, with how
// many errors and rows, and how long they took.
const statements = "performance_schema.events_statements_summary_global_by_event_name"

// watch begins to count.
func (m mariadb) watch(t *testing.T) (w witness) {
	t.Helper()
	m.ask(t, "TRUNCATE "+statements)
	w.m = m
	w.before, w.rows = m.status(t)
	return w
}

// testimony is what has been counted since, the reading queries left out by their names.
type testimony struct {
	status map[string]float64 // by how much SHOW GLOBAL STATUS has grown
	events map[string]event   // of the performance schema
	all    event              // their sum
}

// event is a row of the performance schema.
type event struct{ count, errors, affected, sent, seconds float64 }

func (w witness) testify(t *testing.T) (x testimony) {
	t.Helper()
	x.status, _ = w.m.status(t)
	for name, n := range w.before {
		x.status[name] -= n
	}
	x.status["Rows_sent"] -= float64(w.rows)
	x.events = map[string]event{}
	// Left out are the reading queries (this one is not counted yet), the ends of connections, what is not answered, and the
	// statements within a procedure.
	for line := range strings.Lines(w.m.ask(t, `SELECT event_name, count_star, sum_errors, sum_rows_affected, sum_rows_sent, sum_timer_wait FROM `+statements+
		` WHERE count_star > 0 AND event_name NOT IN ('statement/sql/show_status', 'statement/sql/truncate',
		'statement/com/Quit', 'statement/com/Close stmt', 'statement/com/Long Data', 'statement/sp/stmt')`)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		var n [5]float64
		for i := range n {
			n[i], _ = strconv.ParseFloat(f[1+i], 64)
		}
		e := event{n[0], n[1], n[2], n[3], n[4] / 1e12}
		x.events[f[0]] = e
		x.all.errors += e.errors
		x.all.affected += e.affected
		x.all.sent += e.sent
	}
	return x
}

// counters are the variables of SHOW GLOBAL STATUS that count an operation.
var counters = map[string][]string{
	"SELECT": {"Com_select"}, "INSERT": {"Com_insert", "Com_insert_select"}, "UPDATE": {"Com_update"}, "DELETE": {"Com_delete"}, "REPLACE": {"Com_replace"},
	"BEGIN": {"Com_begin"}, "COMMIT": {"Com_commit"}, "ROLLBACK": {"Com_rollback"}, "SET": {"Com_set_option"}, "LOAD": {"Com_load"}, "CALL": {"Com_call_procedure"},
	"CREATE": {"Com_create_table", "Com_create_temporary_table", "Com_create_db"}, "DROP": {"Com_drop_table", "Com_drop_temporary_table", "Com_drop_db"}, "STMT_PREPARE": {"Com_stmt_prepare"},
	"PING": {"Com_admin_commands"}, "INIT_DB": {"Com_change_db"}, "USE": {"Com_change_db"},
}

// compareWithMariaDB compares what the exporter says with what MariaDB does. multi is how many statements of each operation were not
// the first of their command: MariaDB counts statements, the exporter commands.
func compareWithMariaDB(t *testing.T, s scrape, x testimony, multi map[string]float64) {
	t.Helper()
	equal := func(what string, got, want float64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v, MariaDB has %v", what, got, want)
		}
	}
	got := s.by("operation", "wire_requests_total")
	commands := map[string]float64{} // by the first of their counters: INIT_DB and USE share one
	unknown := got["_other"] + got["QUERY"]
	for operation, n := range got {
		if names, ok := counters[operation]; ok {
			commands[names[0]] += n
		} else if operation != "_other" && operation != "QUERY" {
			t.Errorf("no counter of MariaDB's counts %s", operation)
		}
	}
	for operation, n := range multi {
		commands[counters[operation][0]] += n
	}
	for _, names := range counters {
		want := 0.0
		for _, name := range names {
			want += x.status[name]
		}
		equal(names[0], commands[names[0]], want)
	}
	equal("syntax errors", unknown, x.events["statement/sql/error"].count)
	equal("errors", s.sum("wire_requests_total", "outcome", "client_error")+s.sum("wire_requests_total", "outcome", "server_error"), x.all.errors)
	equal("others", s.sum("wire_requests_total", "outcome", "aborted")+s.sum("wire_requests_total", "outcome", "unanswered")+s.sum("wire_requests_total", "outcome", "unknown"), 0)
	equal("rows", s.sum("wire_sql_rows_total"), x.all.sent+x.all.affected)
	equal("rows sent", s.sum("wire_sql_rows_total")-x.all.affected, x.status["Rows_sent"])
	equal("log-ins", s.sum("wire_sql_logins_total"), x.status["Connections"]-connectionsToAsk)
	if unmatched := s.by("reason", "wire_transactions_unmatched_total"); len(unmatched) > 0 {
		t.Errorf("not matched: %v", unmatched)
	}
	equal("given up", s.sum("wire_decoder_errors_total"), 0)
}

// connectionsToAsk is how many connections the readings themselves have made: that of the second one.
const connectionsToAsk = 1
