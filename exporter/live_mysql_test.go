package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/go-sql-driver/mysql"
)

// TestLiveMySQL: whatever Go's driver does, in text and prepared, plain and compressed, is what MariaDB has counted.
func TestLiveMySQL(t *testing.T) {
	wire := newNetwork(t)
	m := startMariaDB(t, wire.server)
	for name, options := range map[string]string{
		"prepared":            "",
		"interpolated":        "interpolateParams=true",
		"compressed":          "compress=true",
		"compressed literals": "compress=true&interpolateParams=true",
	} {
		t.Run(name, func(t *testing.T) {
			var w witness
			s := measured(t, func(t *testing.T) scrape {
				w = m.watch(t)
				e := wire.server.exporter(t)
				bankAll(t, wire.client, wire.server.address, options)
				return e.settled(t)
			})
			compareWithMariaDB(t, s, w.testify(t), bankMulti)
			if n := s.sum("wire_sql_transaction_duration_seconds", "outcome", "ok"); n != bankTellers*bankRounds {
				t.Errorf("%v transactions were committed", n)
			}
			if n := s.sum("wire_sql_transaction_duration_seconds", "outcome", "aborted"); n != bankTellers*bankRounds {
				t.Errorf("%v transactions were rolled back", n)
			}
		})
	}
}

// TestLiveMySQLSlap: statements by the thousand of MariaDB's load generator.
func TestLiveMySQLSlap(t *testing.T) {
	wire := newNetwork(t)
	m := startMariaDB(t, wire.server)
	// Its answers have more rows with each statement, of half a kilobyte; to decompress them takes both ends and the sensor their time.
	for mode, queries := range map[string]int{"plain": 1200, "compressed": 300} {
		t.Run(mode, func(t *testing.T) {
			var w witness
			s := measured(t, func(t *testing.T) scrape {
				w = m.watch(t)
				e := wire.server.exporter(t, "--capture.workers=2")
				args := []string{"--no-defaults", "--host=" + wire.server.address, "--protocol=tcp", "--skip-ssl", "--user=app", "--password=canary", "--auto-generate-sql",
					"--auto-generate-sql-load-type=mixed", "--auto-generate-sql-unique-query-number=20", "--number-int-cols=3", "--number-char-cols=5",
					"--concurrency=4", fmt.Sprintf("--number-of-queries=%d", queries), "--iterations=2", "--commit=10", "--detach=50"}
				if mode == "compressed" {
					args = append(args, "--compress")
				}
				wire.client.run(t, "mariadb-slap", args...)
				return e.settled(t)
			})
			compareWithMariaDB(t, s, w.testify(t), nil)
			if n := s.sum("wire_requests_total"); n < float64(2*queries) {
				t.Errorf("only %v statements", n)
			}
		})
	}
}

// TestLiveMySQLDurations: a statement lasts as long as the server says, and at most the bound longer or shorter: that is for the
// network and for waking up. On a machine that is busy with other things one of three attempts is enough.
func TestLiveMySQLDurations(t *testing.T) {
	const bound, attempts = 0.010, 3 // seconds a statement
	wire := newNetwork(t)
	m := startMariaDB(t, wire.server)
	for range attempts {
		var w witness
		s := measured(t, func(t *testing.T) scrape {
			w = m.watch(t)
			e := wire.server.exporter(t)
			db := openBank(t, wire.client, wire.server.address, "")
			for range 20 {
				if _, err := db.Exec("SELECT SLEEP(0.05)"); err != nil {
					t.Error(err)
				}
			}
			db.Close()
			return e.settled(t)
		})
		server := w.testify(t).events["statement/sql/select"]
		got := s.total("wire_request_duration_seconds")
		if server.count == 20 && server.seconds >= 1 && math.Abs(got-server.seconds) <= server.count*bound {
			return
		}
		t.Logf("%v statements took %v s, MariaDB says %v s", server.count, got, server.seconds)
	}
	t.Errorf("%d attempts, each further away than %v s a statement", attempts, bound)
}

const (
	bankTellers = 3  // connections at a time
	bankRounds  = 15 // each
)

// bankMulti is how many statements bankAll sends behind others in one command.
var bankMulti = map[string]float64{"SELECT": bankTellers * bankRounds, "UPDATE": bankTellers * bankRounds}

// openBank is a database/sql handle to the bank from the host, with one connection at most.
func openBank(t *testing.T, from host, server, options string) *sql.DB {
	t.Helper()
	mysql.RegisterDialContext("wire", func(ctx context.Context, address string) (net.Conn, error) { return from.dial(ctx, "tcp", address) })
	if err := mysql.SetLogger(log.New(io.Discard, "", 0)); err != nil { // it warns of MariaDB's sequence numbers within compressed frames
		t.Fatal(err)
	}
	db, err := sql.Open("mysql", "app:canary@wire("+server+":3306)/bank?multiStatements=true&"+options)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	return db
}

// bankAll does what tellers do, all at the same time.
func bankAll(t *testing.T, from host, server, options string) {
	t.Helper()
	mysql.RegisterReaderHandler("accounts", func() io.Reader {
		return strings.NewReader(strings.Repeat("canary,1\n", 3000))
	})
	var all sync.WaitGroup
	for range bankTellers {
		db := openBank(t, from, server, options)
		all.Go(func() {
			defer db.Close()
			for round := range bankRounds {
				for _, work := range []func(*sql.DB, int) error{readAccounts, writeAccounts, makeMistakes, transferMoney, askSeveral, sendLarge, loadFile, askOther} {
					if err := work(db, round); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
}

// readRows reads all rows of a query.
func readRows(db *sql.DB, query string, args ...any) error {
	r, err := db.Query(query, args...)
	if err != nil {
		return err
	}
	for more := true; more; more = r.NextResultSet() {
		for r.Next() {
		}
	}
	return r.Close()
}

func readAccounts(db *sql.DB, round int) error {
	return errors.Join(readRows(db, "SELECT id, name, amount FROM accounts WHERE id < ?", round*60), readRows(db, "SELECT COUNT(*) FROM accounts"), readRows(db, "SELECT 1 FROM accounts WHERE 1 = 0"))
}

func execute(db *sql.DB, query string, args ...any) error {
	_, err := db.Exec(query, args...)
	return err
}

func writeAccounts(db *sql.DB, round int) error {
	made, err := db.Exec("INSERT INTO accounts (name, amount) VALUES (?, ?), (?, ?)", "canary", round, "b", 2)
	if err != nil {
		return err
	}
	id, err := made.LastInsertId()
	return errors.Join(err, execute(db, "UPDATE accounts SET amount = amount + 1 WHERE id = ?", id), execute(db, "DELETE FROM accounts WHERE id = ?", id))
}

// makeMistakes does what must go wrong.
func makeMistakes(db *sql.DB, round int) error {
	for _, query := range []string{
		"SELECT * FROM missing", "SELEC 1", "INSERT INTO accounts (id, name) VALUES (1, 'canary')", "SELECT nothing FROM accounts", "UPDATE accounts SET id = 1 WHERE id = 2",
	} {
		if execute(db, query) == nil {
			return fmt.Errorf("%s has succeeded", query)
		}
	}
	return nil
}

// transferMoney is a transaction that is committed and one that is not.
func transferMoney(db *sql.DB, round int) error {
	for _, end := range []func(*sql.Tx) error{(*sql.Tx).Commit, (*sql.Tx).Rollback} {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		if _, err = tx.Exec("UPDATE accounts SET amount = amount - 1 WHERE id = ?", round+10); err != nil {
			return err
		}
		if err = end(tx); err != nil {
			return err
		}
	}
	return nil
}

// askSeveral sends more than one statement in a command.
func askSeveral(db *sql.DB, round int) error {
	return readRows(db, fmt.Sprintf("SELECT 1; UPDATE accounts SET amount = 0 WHERE id = %d; SELECT id FROM accounts LIMIT 7", round+20))
}

// sendLarge is a statement and a row that need many segments.
func sendLarge(db *sql.DB, round int) error {
	return errors.Join(execute(db, "INSERT INTO blobs (t) VALUES (?)", strings.Repeat("canary", 20_000+round)), readRows(db, "SELECT t FROM blobs ORDER BY id DESC LIMIT 2"))
}

func loadFile(db *sql.DB, _ int) error {
	return execute(db, "LOAD DATA LOCAL INFILE 'Reader::accounts' INTO TABLE accounts FIELDS TERMINATED BY ',' (name, amount)")
}

func askOther(db *sql.DB, round int) error {
	return errors.Join(db.Ping(), execute(db, "USE bank"), execute(db, "SET @a = 1"), execute(db, fmt.Sprintf("CREATE TEMPORARY TABLE t%d (a INT)", round)), execute(db, fmt.Sprintf("DROP TEMPORARY TABLE t%d", round)))
}
