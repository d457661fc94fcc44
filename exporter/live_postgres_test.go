package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// TestLivePostgresBench: statements, rows, log-ins, SQL transactions and times of pgbench, in every mode it has.
func TestLivePostgresBench(t *testing.T) {
	const clients, each, bound = 3, 100, 0.010 // seconds a statement: the network, waking up, parsing and planning
	wire := newNetwork(t)
	p := startPostgreSQL(t, wire.server)
	wire.server.run(t, "pgbench", "-i", "-q", "-h", p.folder, "-U", "postgres", "bank")
	pipeline := filepath.Join(t.TempDir(), "pipeline.sql")
	if err := os.WriteFile(pipeline, []byte(pipelineScript), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"simple":            {"-M", "simple"},
		"extended":          {"-M", "extended"},
		"prepared":          {"-M", "prepared"},
		"pipeline extended": {"-M", "extended", "-f", pipeline},
		"pipeline prepared": {"-M", "prepared", "-f", pipeline},
	} {
		t.Run(name, func(t *testing.T) {
			var w watched
			s := measured(t, func(t *testing.T) scrape {
				w = p.watch(t)
				e := wire.server.exporter(t, "--capture.workers=2")
				wire.client.run(t, "env", append([]string{"PGPASSWORD=canary", "pgbench", "-n", "-h", wire.server.address, "-U", "app",
					"-c", fmt.Sprint(clients), "-t", fmt.Sprint(each)}, append(args, "bank")...)...)
				return e.settled(t)
			})
			x := w.swear(t)
			if strings.Contains(name, "prepared") { // PostgreSQL 15 counts a utility statement that was prepared once only
				x.calls["BEGIN"], x.calls["COMMIT"] = clients*each, clients*each
			}
			compareWithPostgreSQL(t, s, x, 0, 0)
			if n := s.sum("wire_sql_transaction_duration_seconds", "outcome", "ok"); n != clients*each {
				t.Errorf("%v transactions were committed", n)
			}
			if got, want := s.total("wire_request_duration_seconds"), sumOf(x.seconds); got < want || !strings.HasPrefix(name, "pipeline") && got > want+bound*sumOf(x.calls) {
				t.Errorf("%v statements took %v s, PostgreSQL says %v s", sumOf(x.calls), got, want)
			}
		})
	}
}

// pipelineScript sends six statements before it looks at the first answer.
const pipelineScript = `
\set id random(1, 1000)
\startpipeline
BEGIN;
UPDATE accounts SET amount = amount + 1 WHERE id = :id;
SELECT * FROM accounts WHERE id < :id ORDER BY id LIMIT 50;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :id, 1, CURRENT_TIMESTAMP);
END;
SELECT 1;
\endpipeline
`

// TestLivePostgres: whatever a Go client does, in each of its ways to ask, is what PostgreSQL has counted.
func TestLivePostgres(t *testing.T) {
	wire := newNetwork(t)
	p := startPostgreSQL(t, wire.server)
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeSimpleProtocol, pgx.QueryExecModeExec, pgx.QueryExecModeDescribeExec, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeCacheStatement,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			var w watched
			s := measured(t, func(t *testing.T) scrape {
				w = p.watch(t)
				e := wire.server.exporter(t)
				tellers(t, wire.client, wire.server.address, mode)
				return e.settled(t)
			})
			x := w.swear(t)
			compareWithPostgreSQL(t, s, x, tellerSkips*tellerNumber*tellerRounds, tellerNumber)
			for state, n := range x.errors {
				if state == "57014" || state == "28P01" {
					continue // 57014 is no skipped statement's, 28P01 no statement's
				}
				if got := s.sum("wire_responses_total", "code", state); got < n {
					t.Errorf("%s: %v, PostgreSQL has %v", state, got, n)
				}
			}
			for outcome, want := range map[string]float64{"ok": 1, "aborted": 2} {
				if n := s.sum("wire_sql_transaction_duration_seconds", "outcome", outcome); n != want*tellerNumber*tellerRounds {
					t.Errorf("%v transactions ended %s", n, outcome)
				}
			}
		})
	}
}

// TestLivePostgresDurations: a statement lasts as long as the server says, and at most the bound longer: that is for the network and
// for waking up.
func TestLivePostgresDurations(t *testing.T) {
	const bound, n = 0.010, 20 // seconds a statement
	wire := newNetwork(t)
	p := startPostgreSQL(t, wire.server)
	var w watched
	s := measured(t, func(t *testing.T) scrape {
		w = p.watch(t)
		e := wire.server.exporter(t)
		c := connect(t, wire.client, wire.server.address, pgx.QueryExecModeExec)
		for range n {
			if _, err := c.Exec(context.Background(), "SELECT pg_sleep(0.05)"); err != nil {
				t.Error(err)
			}
		}
		c.Close(context.Background())
		return e.settled(t)
	})
	server := w.swear(t).seconds["SELECT"]
	if got := s.total("wire_request_duration_seconds"); server < n*0.05 || math.Abs(got-server) > n*bound {
		t.Errorf("%d statements took %v s, PostgreSQL says %v s", n, got, server)
	}
}

// TestLivePostgresPortions: a portal that is fetched in portions is one statement. PostgreSQL 15 counts the rows of the last portion only.
func TestLivePostgresPortions(t *testing.T) {
	wire := newNetwork(t)
	p := startPostgreSQL(t, wire.server)
	var w watched
	s := measured(t, func(t *testing.T) scrape {
		w = p.watch(t)
		e := wire.server.exporter(t)
		c := connect(t, wire.client, wire.server.address, pgx.QueryExecModeExec)
		fetchPortions(t, c.PgConn(), 10, 3)
		fetchPortions(t, c.PgConn(), 10, 20)
		c.Close(context.Background())
		return e.settled(t)
	})
	x := w.swear(t)
	if got, rows := s.sum("wire_requests_total", "operation", "SELECT", "outcome", "ok"), s.sum("wire_sql_rows_total"); got != 2 || got != x.calls["SELECT"] || rows != 20 {
		t.Errorf("%v statements with %v rows; PostgreSQL has %v", got, rows, x.calls["SELECT"])
	}
}

const (
	tellerNumber = 3 // connections at a time
	tellerRounds = 10
	tellerSkips  = 4 // statements behind one that fails, a round
)

// tellers does what a bank's tellers do, all at the same time; each is refused once before.
func tellers(t *testing.T, from host, server string, mode pgx.QueryExecMode) {
	t.Helper()
	var all sync.WaitGroup
	for teller := range tellerNumber {
		if c, err := dialPostgres(from, server, "wrong", mode); err == nil {
			c.Close(context.Background())
			t.Error("a wrong password was right")
		}
		c := connect(t, from, server, mode)
		all.Go(func() {
			defer c.Close(context.Background())
			for round := range tellerRounds {
				for _, work := range []func(context.Context, *pgx.Conn, int) error{
					askAccounts, batchAccounts, failBatch, moveMoney, copyAccounts, pipelineAccounts, askSimply, askTooLong,
				} {
					if err := work(t.Context(), c, 10_000*(teller+1)+100*round); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}

func dialPostgres(from host, server, password string, mode pgx.QueryExecMode) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("postgres://app:" + password + "@" + server + ":5432/bank?sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.DefaultQueryExecMode, config.DialFunc = mode, from.dial
	return pgx.ConnectConfig(context.Background(), config)
}

func connect(t *testing.T, from host, server string, mode pgx.QueryExecMode) *pgx.Conn {
	t.Helper()
	c, err := dialPostgres(from, server, "canary", mode)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// askAccounts asks one by one, and some in vain.
func askAccounts(ctx context.Context, c *pgx.Conn, id int) error {
	rows, err := c.Query(ctx, "SELECT id, name, amount FROM accounts WHERE id < $1", id%300)
	if err != nil {
		return err
	}
	rows.Close()
	if _, err = c.Exec(ctx, "UPDATE accounts SET amount = amount + $1 WHERE id = $2", 5, id%1000); err != nil {
		return err
	}
	for _, wrong := range []string{"SELECT nothing FROM accounts", "SELEC 1", "INSERT INTO accounts VALUES (1, 'canary')", "SELECT 1 / (id - 1) FROM accounts"} {
		if _, err = c.Exec(ctx, wrong); err == nil {
			return errors.New(wrong + " has succeeded")
		}
	}
	return nil
}

// batchAccounts sends fifty statements before it looks at the first answer.
func batchAccounts(ctx context.Context, c *pgx.Conn, id int) error {
	var b pgx.Batch
	for range 25 {
		b.Queue("UPDATE accounts SET name = $1 WHERE id = $2", "canary", id%1000)
		b.Queue("SELECT * FROM accounts ORDER BY id LIMIT 7")
	}
	return c.SendBatch(ctx, &b).Close()
}

// failBatch sends five statements, of which the third fails.
func failBatch(ctx context.Context, c *pgx.Conn, id int) error {
	var b pgx.Batch
	for i := range 5 {
		b.Queue("INSERT INTO accounts VALUES ($1, 'canary', $2)", map[bool]int{false: -id - i, true: 1}[i == 2], i)
	}
	if c.SendBatch(ctx, &b).Close() == nil {
		return errors.New("a batch with a mistake has succeeded")
	}
	return nil
}

// moveMoney is three transactions: committed, rolled back, failed.
func moveMoney(ctx context.Context, c *pgx.Conn, id int) error {
	for _, end := range []func(pgx.Tx, context.Context) error{pgx.Tx.Commit, pgx.Tx.Rollback, failTransaction} {
		tx, err := c.Begin(ctx)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "UPDATE accounts SET amount = amount - 1 WHERE id = $1", id%1000); err != nil {
			return err
		}
		if err = end(tx, ctx); err != nil {
			return err
		}
	}
	return nil
}

func failTransaction(tx pgx.Tx, ctx context.Context) error {
	if _, err := tx.Exec(ctx, "SELECT * FROM missing"); err == nil {
		return errors.New("there is a table missing")
	}
	if _, err := tx.Exec(ctx, "SELECT 1"); err == nil {
		return errors.New("a failed transaction went on")
	}
	return tx.Rollback(ctx)
}

// copyAccounts copies in and out.
func copyAccounts(ctx context.Context, c *pgx.Conn, id int) error {
	_, err := c.CopyFrom(ctx, pgx.Identifier{"accounts"}, []string{"id", "name", "amount"}, pgx.CopyFromSlice(50, func(i int) ([]any, error) {
		return []any{id + i, strings.Repeat("canary", 50), i}, nil
	}))
	if err != nil {
		return err
	}
	if _, err = c.PgConn().CopyTo(ctx, new(strings.Builder), fmt.Sprintf("COPY (SELECT * FROM accounts WHERE id BETWEEN %d AND %d) TO STDOUT", id, id+30)); err != nil {
		return err
	}
	_, err = c.Exec(ctx, "DELETE FROM accounts WHERE id BETWEEN $1 AND $2", id, id+49)
	return err
}

// pipelineAccounts sends three batches before it looks at the first answer; in the second a statement fails, and two are skipped.
func pipelineAccounts(ctx context.Context, c *pgx.Conn, id int) error {
	p := c.PgConn().StartPipeline(ctx)
	for _, fails := range []bool{false, true, false} {
		if fails {
			p.SendQueryParams("SELECT missing", nil, nil, nil, nil)
		}
		p.SendQueryParams("SELECT id FROM accounts ORDER BY id LIMIT 3", nil, nil, nil, nil)
		p.SendQueryParams("UPDATE accounts SET amount = 1 WHERE id = 2", nil, nil, nil, nil)
		p.SendPipelineSync()
	}
	if err := p.Flush(); err != nil {
		return err
	}
	failed := 0
	for {
		switch r, err := p.GetResults(); {
		case err != nil:
			failed++
		case r == nil:
			if failed != 1 {
				return fmt.Errorf("%d batches of a pipeline have failed", failed)
			}
			return p.Close()
		default:
			if results, ok := r.(*pgconn.ResultReader); ok {
				results.Read()
			}
		}
	}
}

// askSimply sends several statements in one Query, among them a whole transaction.
func askSimply(ctx context.Context, c *pgx.Conn, _ int) error {
	_, err := c.PgConn().Exec(ctx, "SELECT 1; SELECT id FROM accounts ORDER BY id LIMIT 4; SHOW work_mem; SET /* canary; */ work_mem = '5MB'; DO $$ BEGIN RAISE NOTICE 'canary'; END $$").ReadAll()
	return err
}

// askTooLong asks for what the server stops.
func askTooLong(ctx context.Context, c *pgx.Conn, _ int) error {
	if _, err := c.PgConn().Exec(ctx, "SET statement_timeout = 20").ReadAll(); err != nil {
		return err
	}
	if _, err := c.Exec(ctx, "SELECT pg_sleep(5)"); err == nil {
		return errors.New("five seconds were less than 20 ms")
	}
	_, err := c.PgConn().Exec(ctx, "RESET statement_timeout").ReadAll()
	return err
}

// fetchPortions fetches n accounts, so many at a time.
func fetchPortions(t *testing.T, c *pgconn.PgConn, n, portion int) {
	t.Helper()
	f := c.Frontend()
	f.SendParse(&pgproto3.Parse{Query: fmt.Sprintf("SELECT * FROM accounts ORDER BY id LIMIT %d", n)})
	f.SendBind(&pgproto3.Bind{DestinationPortal: "p"})
	for done := false; !done; {
		f.SendExecute(&pgproto3.Execute{Portal: "p", MaxRows: uint32(portion)})
		f.Send(&pgproto3.Flush{})
		if err := f.Flush(); err != nil {
			t.Fatal(err)
		}
		done = endOfPortion(t, f)
	}
	f.SendSync(&pgproto3.Sync{})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	for {
		if m, err := f.Receive(); err != nil {
			t.Fatal(err)
		} else if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			return
		}
	}
}

// endOfPortion reads one portion; true when it was the last.
func endOfPortion(t *testing.T, f *pgproto3.Frontend) bool {
	t.Helper()
	for {
		m, err := f.Receive()
		if err != nil {
			t.Fatal(err)
		}
		switch m.(type) {
		case *pgproto3.CommandComplete:
			return true
		case *pgproto3.PortalSuspended:
			return false
		case *pgproto3.ErrorResponse:
			t.Fatal("the server refuses")
		}
	}
}
