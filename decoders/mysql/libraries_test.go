package mysql

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-mysql-org/go-mysql/client"
	protocol "github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/server"
	driver "github.com/go-sql-driver/mysql"

	"wire_exporter/decoders"
)

// What Debian's MariaDB does not speak is spoken here between libraries that know nothing of this decoder: a client of go-sql-driver
// or go-mysql, and a server of go-mysql, with MySQL 8's ways to log in.

// TestLibraries: whatever the libraries say to each other, what was asked and answered comes out.
func TestLibraries(t *testing.T) {
	key, certificate := newIdentity(t)
	// Of a method that caches, the first log-in is in full, the second is not.
	for _, method := range []string{protocol.AUTH_NATIVE_PASSWORD, protocol.AUTH_CACHING_SHA2_PASSWORD, protocol.AUTH_SHA256_PASSWORD} {
		conf := server.NewServer("8.4.3", protocol.DEFAULT_COLLATION_ID, method, key, certificate)
		for name, ask := range map[string]func(client.Dialer) error{"go-sql-driver": askWithDriver, "go-mysql": askWithClient} {
			t.Run(method+" "+name, func(t *testing.T) {
				tap := &wiretap{conf: conf}
				if err := ask(tap.dial); err != nil {
					t.Fatal(err)
				}
				tap.served.Wait()
				tap.check(t)
			})
		}
	}
}

// asker is a client of either library.
type asker interface {
	query(text string, args ...any) error
	ping() error
	use(database string) error
}

// bankDay is what is asked.
func bankDay(a asker) error {
	fails := func(err error) error {
		if err == nil || !strings.Contains(err.Error(), "bank.missing") {
			return fmt.Errorf("a table that is missing: %w", err)
		}
		return nil // the server says 1146, where the statement was prepared 1105: its library wraps the error
	}
	return errors.Join(
		a.query("SELECT 3 FROM accounts WHERE owner = 'canary'"), a.query("SELECT 2000 FROM accounts"), a.query("UPDATE accounts SET amount = 1"),
		fails(a.query("SELECT 1 FROM missing")), a.query("SELECT 5 FROM accounts WHERE id = ?", 42), a.query("UPDATE cards SET a = ? WHERE b = ?", "canary", 2),
		fails(a.query("SELECT 1 FROM missing WHERE id = ?", 1)), a.ping(), a.use("shop"), a.query("SELECT 1 FROM orders"))
}

// bankSays is what must come out: kind, operation, resource, code, outcome, rows, database.
const bankSays = `login    ok 0 bank
request SELECT accounts  ok 3 bank
request SELECT accounts  ok 2000 bank
request UPDATE accounts  ok 7 bank
request SELECT missing 1146 client_error 0 bank
request STMT_PREPARE accounts  ok 0 bank
request SELECT accounts  ok 5 bank
request STMT_PREPARE cards  ok 0 bank
request UPDATE cards  ok 7 bank
request STMT_PREPARE missing  ok 0 bank
request SELECT missing 1105 server_error 0 bank
request PING   ok 0 bank
request INIT_DB   ok 0 bank
request SELECT orders  ok 1 shop
`

// bank is the server's handler: SELECT n answers with n rows.
type bank struct{ server.EmptyHandler }

func (bank) UseDB(string) error { return nil }

func (bank) HandleQuery(text string) (*protocol.Result, error) { return answer(text, false) }

func (bank) HandleStmtPrepare(text string) (params, columns int, context any, err error) {
	return strings.Count(text, "?"), 1, nil, nil
}

func (bank) HandleStmtExecute(_ any, text string, _ []any) (*protocol.Result, error) {
	return answer(text, true)
}

func (bank) HandleStmtClose(any) error { return nil }

func answer(text string, binary bool) (*protocol.Result, error) {
	words := strings.Fields(text)
	n, err := strconv.Atoi(words[1])
	switch {
	case strings.Contains(text, "missing"):
		return nil, protocol.NewDefaultError(protocol.ER_NO_SUCH_TABLE, "bank", "missing")
	case words[0] == "USE":
		return nil, nil
	case err != nil:
		return &protocol.Result{AffectedRows: 7}, nil
	}
	rows := make([][]any, n)
	for i := range rows {
		rows[i] = []any{int64(i), "canary"}
	}
	set, err := protocol.BuildSimpleResultset([]string{"id", "owner"}, rows, binary)
	return protocol.NewResult(set), err
}

// wiretap is a server and what it and its only client say, in that order.
type wiretap struct {
	conf *server.Server

	served sync.WaitGroup
	mu     sync.Mutex
	said   []utterance
}

type utterance struct {
	dir  decoders.Dir
	data []byte
}

// end is one end of the connection, which notes what is written to it.
type end struct {
	net.Conn
	tap *wiretap
	dir decoders.Dir
}

func (e *end) Write(b []byte) (int, error) {
	e.tap.mu.Lock()
	e.tap.said = append(e.tap.said, utterance{e.dir, append([]byte(nil), b...)})
	e.tap.mu.Unlock()
	return e.Conn.Write(b)
}

// dial connects a client with the server.
func (w *wiretap) dial(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	w.served.Go(func() {
		defer far.Close()
		c, err := w.conf.NewCustomizedConn(&end{far, w, decoders.ToClient}, credentials{}, bank{})
		for err == nil && !c.Closed() {
			err = c.HandleCommand()
		}
	})
	return &end{near, w, decoders.ToServer}, near.SetDeadline(time.Now().Add(20 * time.Second))
}

// credentials has one user. With one of its own, the library's server keeps a cache as MySQL's does.
type credentials struct{}

func (credentials) CheckUsername(name string) (bool, error)    { return name == "app", nil }
func (credentials) GetCredential(string) (string, bool, error) { return "canary", true, nil }

// check plays to the decoder what was said.
func (w *wiretap) check(t *testing.T) {
	t.Helper()
	l := connect(t, false, nil)
	for _, u := range w.said {
		l.feed(u.dir, u.data)
	}
	l.close()
	var got strings.Builder
	for _, x := range l.out.txns {
		fmt.Fprintf(&got, "%v %s %s %s %v %d %s\n", x.Kind, x.Operation, x.Resource, x.Code, x.Outcome, x.Rows, x.Database)
	}
	if strings.Replace(got.String(), "USE", "INIT_DB", 1) != bankSays || l.err != nil || len(l.out.reasons) > 0 {
		t.Errorf("%v %v\n%s", l.err, l.out.reasons, got.String())
	}
}

// askWithDriver asks with go-sql-driver.
func askWithDriver(dial client.Dialer) error {
	driver.RegisterDialContext("tap", func(ctx context.Context, address string) (net.Conn, error) { return dial(ctx, "", address) })
	db, err := sql.Open("mysql", "app:canary@tap(server)/bank")
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return bankDay(driverAsker{db})
}

type driverAsker struct{ db *sql.DB }

func (a driverAsker) ping() error { return a.db.Ping() }

// use sends a statement: database/sql has no way to COM_INIT_DB.
func (a driverAsker) use(database string) error { return a.query("USE " + database) }

func (a driverAsker) query(text string, args ...any) error {
	if !strings.HasPrefix(text, "SELECT") {
		_, err := a.db.Exec(text, args...)
		return err
	}
	rows, err := a.db.Query(text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return rows.Err()
}

// askWithClient asks with go-mysql.
func askWithClient(dial client.Dialer) error {
	c, err := client.ConnectWithDialer(context.Background(), "", "server", "app", "canary", "bank", dial)
	if err != nil {
		return err
	}
	defer c.Close()
	return bankDay(clientAsker{c})
}

type clientAsker struct{ c *client.Conn }

func (a clientAsker) ping() error               { return a.c.Ping() }
func (a clientAsker) use(database string) error { return a.c.UseDB(database) }

func (a clientAsker) query(text string, args ...any) error {
	_, err := a.c.Execute(text, args...)
	return err
}

// newIdentity is the server's key and certificate; with the key passwords are encrypted where the connection is not.
func newIdentity(t *testing.T) (public []byte, certificate *tls.Config) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}),
		&tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}
