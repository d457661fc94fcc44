package shop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// What is asked of the bank's database.
const (
	sqlVerify  = "SELECT password FROM users WHERE name = $1"
	sqlBalance = "SELECT balance FROM accounts WHERE id = $1"
	sqlEntries = "SELECT booked, text, amount FROM entries WHERE account = $1 ORDER BY booked DESC"
	sqlBook    = "INSERT INTO entries (account, text, amount) VALUES ($1, $2, $3)"
	sqlMove    = "UPDATE accounts SET balance = balance - $1 WHERE id = $2"
	sqlReport  = "SELECT account, count(*), sum(amount) FROM entries GROUP BY account ORDER BY 3 DESC LIMIT 20"

	bankName     = "bank"
	bankPassword = "open sesame"
)

var bankStatements = []statement{
	{sqlVerify, []string{"password"}, time.Millisecond, func([]string) [][]string { return [][]string{{password}} }},
	{sqlBalance, []string{"balance"}, 2 * time.Millisecond, func([]string) [][]string { return [][]string{{strconv.Itoa(rand.N(100000))}} }},
	{sqlEntries, []string{"booked", "text", "amount"}, 15 * time.Millisecond, func([]string) [][]string {
		return repeat([]string{"2026-01-01", "booking", "100.00"}, 100+rand.N(2000))
	}},
	{sqlBook, nil, 3 * time.Millisecond, nil},
	{sqlMove, nil, 2 * time.Millisecond, nil},
	{sqlReport, []string{"account", "count", "sum"}, 600 * time.Millisecond, func([]string) [][]string {
		return repeat([]string{"user1", "4711", "100.00"}, 20)
	}},
}

func repeat(row []string, n int) (rows [][]string) {
	for range n {
		rows = append(rows, row)
	}
	return rows
}

// bankdb is the bank's database, a PostgreSQL by its protocol.
func (s *Shop) bankdb() *database {
	d := &database{name: "bankdb", addr: bankdbAddr, shop: s}
	d.speak = func(ctx context.Context, conn net.Conn) {
		p := pgSession{d: d, backend: pgproto3.NewBackend(conn, conn), status: 'I', prepared: map[string]*statement{}, portals: map[string]*statement{}}
		if p.logIn(conn) {
			for p.answer(ctx) {
			}
		}
	}
	return d
}

// pgSession is the server's side of one connection.
type pgSession struct {
	d        *database
	backend  *pgproto3.Backend
	status   byte // I, T or E: no transaction, in one, in one that has failed
	skipping bool // after an error, until Sync
	prepared map[string]*statement
	portals  map[string]*statement
}

// logIn asks for the password.
func (p *pgSession) logIn(conn net.Conn) bool {
	for {
		m, err := p.backend.ReceiveStartupMessage()
		if err != nil {
			return false
		}
		switch m.(type) {
		case *pgproto3.SSLRequest, *pgproto3.GSSEncRequest:
			if _, err := conn.Write([]byte("N")); err != nil {
				return false
			}
			continue
		case *pgproto3.StartupMessage:
			return p.authenticate()
		}
		return false // a CancelRequest: the one who asked for it has gone away, too
	}
}

func (p *pgSession) authenticate() bool {
	p.backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	if p.backend.Flush() != nil || p.backend.SetAuthType(pgproto3.AuthTypeCleartextPassword) != nil {
		return false
	}
	m, err := p.backend.Receive()
	if err != nil {
		return false
	}
	word, ok := m.(*pgproto3.PasswordMessage)
	if !ok || word.Password != bankPassword {
		p.backend.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: "password authentication failed"})
		_ = p.backend.Flush()
		return false
	}
	p.backend.Send(&pgproto3.AuthenticationOk{})
	for _, x := range [][2]string{{"server_version", "16.0"}, {"client_encoding", "UTF8"}, {"standard_conforming_strings", "on"}} {
		p.backend.Send(&pgproto3.ParameterStatus{Name: x[0], Value: x[1]})
	}
	p.backend.Send(&pgproto3.BackendKeyData{ProcessID: rand.Uint32(), SecretKey: binaryKey()})
	return p.ready()
}

func binaryKey() []byte { return []byte(rand64()[:4]) }

// ready says what the session does next.
func (p *pgSession) ready() bool {
	p.backend.Send(&pgproto3.ReadyForQuery{TxStatus: p.status})
	return p.backend.Flush() == nil
}

// answer answers one message; false: the session is over.
func (p *pgSession) answer(ctx context.Context) bool {
	m, err := p.backend.Receive()
	if err != nil {
		return false
	}
	if _, end := m.(*pgproto3.Sync); p.skipping && !end {
		return true
	}
	switch m := m.(type) {
	case *pgproto3.Query:
		return p.simple(ctx, m.String) && p.ready()
	case *pgproto3.Parse:
		if st := find(bankStatements, m.Query); st != nil {
			p.prepared[m.Name] = st
			p.backend.Send(&pgproto3.ParseComplete{})
		} else {
			p.fail("42601", "syntax error")
		}
	case *pgproto3.Bind:
		p.portals[m.DestinationPortal] = p.prepared[m.PreparedStatement]
		p.backend.Send(&pgproto3.BindComplete{})
	case *pgproto3.Describe:
		p.describe(m)
	case *pgproto3.Execute:
		return p.execute(ctx, p.portals[m.Portal])
	case *pgproto3.Close:
		p.backend.Send(&pgproto3.CloseComplete{})
	case *pgproto3.Flush:
		return p.backend.Flush() == nil
	case *pgproto3.Sync:
		p.skipping = false
		return p.ready()
	default:
		return false
	}
	return true
}

// fail answers with an error, and leaves out what comes up to the next Sync.
func (p *pgSession) fail(code, message string) {
	p.backend.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: message})
	p.skipping = true
	if p.status == 'T' {
		p.status = 'E'
	}
}

func (p *pgSession) describe(m *pgproto3.Describe) {
	st := p.portals[m.Name]
	if m.ObjectType == 'S' {
		st = p.prepared[m.Name]
		if st != nil {
			oids := make([]uint32, strings.Count(st.text, "$"))
			for i := range oids {
				oids[i] = oidText
			}
			p.backend.Send(&pgproto3.ParameterDescription{ParameterOIDs: oids})
		}
	}
	switch {
	case st == nil:
		p.fail("26000", "no such statement")
	case st.columns == nil:
		p.backend.Send(&pgproto3.NoData{})
	default:
		p.describeRows(st)
	}
}

// oidText is PostgreSQL's number of the type text, of which all columns and parameters are here.
const oidText = 25

func (p *pgSession) describeRows(st *statement) {
	var d pgproto3.RowDescription
	for _, c := range st.columns {
		d.Fields = append(d.Fields, pgproto3.FieldDescription{Name: []byte(c), DataTypeOID: oidText, DataTypeSize: -1, TypeModifier: -1})
	}
	p.backend.Send(&d)
}

// execute runs a statement; false: the server is going down.
func (p *pgSession) execute(ctx context.Context, st *statement) bool {
	switch {
	case st == nil:
		p.fail("34000", "no such portal")
		return true
	case p.status == 'E':
		p.fail("25P02", "current transaction is aborted")
		return true
	}
	if !p.d.work(ctx, st.work) {
		return false
	}
	if st.columns == nil {
		verb, _, _ := strings.Cut(st.text, " ")
		if verb == "INSERT" {
			verb = "INSERT 0"
		}
		p.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(verb + " 1")})
		return true
	}
	rows := st.rows(nil)
	for i, row := range rows {
		var data pgproto3.DataRow
		for _, v := range row {
			data.Values = append(data.Values, []byte(v))
		}
		p.backend.Send(&data)
		if i%100 == 99 && p.backend.Flush() != nil {
			return false
		}
	}
	p.backend.Send(&pgproto3.CommandComplete{CommandTag: fmt.Appendf(nil, "SELECT %d", len(rows))})
	return true
}

// simple answers a Query: the transactions are made of these.
func (p *pgSession) simple(ctx context.Context, text string) bool {
	tag := strings.ToUpper(text)
	switch tag {
	case "BEGIN":
		p.status = 'T'
	case "COMMIT":
		if !p.d.work(ctx, 4*time.Millisecond) {
			return false
		}
		if p.status == 'T' && unlucky() {
			p.status = 'I'
			p.backend.Send(&pgproto3.ErrorResponse{Severity: "ERROR", Code: "40001", Message: "could not serialize access due to concurrent update"})
			return true
		}
		p.status = 'I'
	case "ROLLBACK":
		p.status = 'I'
	default:
		st := find(bankStatements, text)
		if st == nil {
			p.backend.Send(&pgproto3.EmptyQueryResponse{})
			return true
		}
		if st.columns != nil {
			p.describeRows(st)
		}
		return p.execute(ctx, st)
	}
	p.backend.Send(&pgproto3.CommandComplete{CommandTag: []byte(tag)})
	return true
}
