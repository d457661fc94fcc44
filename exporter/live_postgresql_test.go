package main

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// postgresql is Debian's PostgreSQL on a host, without TLS: its pg_stat_statements and its log are the witnesses. They are asked over
// a socket, which is on no cable, in a database of their own.
type postgresql struct {
	host   host
	folder string // of the socket
	log    *output
}

// asPostgres is a command line in front of a program that must not be run by root.
var asPostgres = []string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}

const postgresqlConfig = `
unix_socket_directories = '%s'
listen_addresses = '%h'
shared_preload_libraries = 'pg_stat_statements'
pg_stat_statements.track_utility = on
log_line_prefix = 'wire %e '
log_connections = on
log_destination = 'stderr'
logging_collector = off
fsync = off
ssl = off
max_prepared_transactions = 5
`

func startPostgreSQL(t *testing.T, h host) postgresql {
	t.Helper()
	bins, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	if len(bins) == 0 {
		t.Fatal("PostgreSQL is not installed")
	}
	bin, dir := bins[len(bins)-1], openFolder(t)
	data := filepath.Join(dir, "data")
	p := postgresql{host: h, folder: dir}
	command(t, asPostgres[0], append(asPostgres[1:], bin+"/initdb", "-D", data, "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8")...)
	config := strings.NewReplacer("%s", dir, "%h", h.address).Replace(postgresqlConfig)
	appendTo(t, filepath.Join(data, "postgresql.conf"), config)
	appendTo(t, filepath.Join(data, "pg_hba.conf"), "host all app all scram-sha-256\n")
	process := h.start(t, asPostgres[0], append(asPostgres[1:], bin+"/postgres", "-D", data)...)
	p.log = &process.log
	process.await(t, "postgres", func() bool { return h.succeeds("pg_isready", "-q", "-h", dir, "-U", "postgres") })
	p.ask(t, "postgres", "CREATE EXTENSION pg_stat_statements; CREATE ROLE app LOGIN SUPERUSER PASSWORD 'canary'")
	p.ask(t, "postgres", "CREATE DATABASE bank OWNER app")
	p.ask(t, "bank", `CREATE TABLE accounts (id INT PRIMARY KEY, name TEXT, amount INT);
		INSERT INTO accounts SELECT n, 'row' || n, n FROM generate_series(1, 1000) n`)
	return p
}

func appendTo(t *testing.T, file, text string) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err = f.Close(); err != nil {
		t.Fatal(err)
	}
}

// ask runs SQL in a database and returns its rows: a line each, columns with tabs between them.
func (p postgresql) ask(t *testing.T, database, sql string) string {
	t.Helper()
	return p.host.run(t, "psql", "-XAtq", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-h", p.folder, "-U", "postgres", "-d", database, "-c", sql)
}

// watched is what PostgreSQL does while something is measured.
type watched struct {
	p      postgresql
	logged int // how much of the log is older
}

// watch begins to count.
func (p postgresql) watch(t *testing.T) watched {
	t.Helper()
	p.ask(t, "postgres", "SELECT pg_stat_statements_reset()")
	return watched{p, len(p.log.String())}
}

// sworn is what PostgreSQL has counted since.
type sworn struct {
	calls   map[string]float64 // successful statements by their first word
	rows    map[string]float64 // of these
	seconds map[string]float64 // of these: the execution, without parsing and planning
	errors  map[string]float64 // by SQLSTATE, those of log-ins too
	logins  float64            // connections from the cable, refused ones too
}

func (w watched) swear(t *testing.T) sworn {
	t.Helper()
	x := sworn{map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]float64{}, 0}
	w.p.ask(t, "postgres", "SELECT pg_stat_force_next_flush()")
	for line := range strings.Lines(w.p.ask(t, "postgres", `SELECT upper(substring(query from '[[:alpha:]]+')), sum(calls), sum(rows), sum(total_exec_time)
		FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = 'bank' AND query NOT LIKE '%pg_stat_%' GROUP BY 1`)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		verb := f[0]
		if other := map[string]string{"END": "COMMIT", "ABORT": "ROLLBACK"}[verb]; other != "" {
			verb = other
		}
		for i, into := range []map[string]float64{x.calls, x.rows, x.seconds} {
			n, err := strconv.ParseFloat(f[1+i], 64)
			if err != nil {
				t.Fatal(err)
			}
			into[verb] += n
		}
		x.seconds[verb] /= 1000
	}
	for line := range strings.Lines(w.p.log.String()[w.logged:]) {
		word := strings.Fields(line)
		switch {
		case len(word) < 3 || word[0] != "wire":
		case word[2] == "ERROR:" || word[2] == "FATAL:":
			x.errors[word[1]]++
		case strings.Contains(line, "connection received: host="+networkClient):
			x.logins++
		}
	}
	return x
}

// networkClient is the address from which the tests ask.
const networkClient = "192.0.2.1"

func sumOf(m map[string]float64) (sum float64) {
	for _, n := range m {
		sum += n
	}
	return sum
}

// compareWithPostgreSQL compares what the exporter says with what PostgreSQL does. skipped is how many statements stood behind one
// that has failed, refused how many log-ins were.
func compareWithPostgreSQL(t *testing.T, s scrape, x sworn, skipped, refused float64) {
	t.Helper()
	equal := func(what string, got, want float64) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %v, PostgreSQL has %v", what, got, want)
		}
	}
	got := s.by("operation", "wire_requests_total", "outcome", "ok")
	words := maps.Clone(got)
	maps.Copy(words, x.calls)
	for _, verb := range slices.Sorted(maps.Keys(words)) {
		equal(verb, got[verb], x.calls[verb])
	}
	equal("rows", s.sum("wire_sql_rows_total"), sumOf(x.rows))
	equal("errors", s.sum("wire_requests_total", "outcome", "client_error")+s.sum("wire_requests_total", "outcome", "server_error"), sumOf(x.errors)-refused)
	equal("skipped", s.sum("wire_requests_total", "outcome", "aborted"), skipped)
	equal("unanswered", s.sum("wire_requests_total", "outcome", "unanswered")+s.sum("wire_requests_total", "outcome", "unknown"), 0)
	equal("log-ins", s.sum("wire_sql_logins_total"), x.logins)
	equal("refused log-ins", s.sum("wire_sql_logins_total")-s.sum("wire_sql_logins_total", "outcome", "ok"), refused)
	equal("unmatched", s.sum("wire_transactions_unmatched_total"), 0)
	equal("given up", s.sum("wire_decoder_errors_total"), 0)
	for family := range s {
		for _, m := range s[family].GetMetric() {
			for _, l := range m.Label {
				if strings.Contains(l.GetValue(), "canary") {
					t.Errorf("%s has the label %s", family, l)
				}
			}
		}
	}
}
