package shop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/go-mysql-org/go-mysql/mysql"
	"github.com/go-mysql-org/go-mysql/server"
)

// What is asked of the shop's database. Where a '?' is not sent as such, the driver writes the value into the text.
const (
	sqlSearch  = "SELECT sku, name, price FROM products WHERE name LIKE ? LIMIT 60"
	sqlProduct = "SELECT sku, text FROM products WHERE sku = ?"
	sqlView    = "UPDATE products SET views = views + 1 WHERE sku = ?"

	shopName     = "shop"
	shopPassword = "open sesame, too"
)

var shopStatements = []statement{
	{"SELECT sku, name, price FROM products", []string{"sku", "name", "price"}, 4 * time.Millisecond, func([]string) [][]string {
		return repeat([]string{"p-100", "a thing to buy", "1999"}, 5+rand.N(55))
	}},
	{sqlProduct, []string{"sku", "text"}, time.Millisecond, func(args []string) [][]string {
		var n int
		if _, err := fmt.Sscanf(args[0], "p-%d", &n); err != nil || n >= products {
			return nil
		}
		return [][]string{{args[0], strings.Repeat("lorem ipsum ", 20+n)}}
	}},
	{"UPDATE products", nil, 2 * time.Millisecond, nil},
}

// shopdb is the shop's database, a MySQL by its protocol.
func (s *Shop) shopdb() *database {
	d := &database{name: "shopdb", addr: shopdbAddr, shop: s}
	mysqld := server.NewServer("8.0.0-demo", mysql.DEFAULT_COLLATION_ID, mysql.AUTH_NATIVE_PASSWORD, nil, nil)
	d.speak = func(ctx context.Context, conn net.Conn) {
		h := &mysqlSession{d: d, ctx: ctx}
		c, err := mysqld.NewConn(conn, shopName, shopPassword, h)
		if err != nil {
			return
		}
		h.conn = c
		for !c.Closed() && c.HandleCommand() == nil {
		}
	}
	return d
}

// mysqlSession is the server's side of one connection.
type mysqlSession struct {
	server.EmptyHandler
	d    *database
	ctx  context.Context // of the server
	conn *server.Conn
}

func (h *mysqlSession) UseDB(string) error { return nil }

func (h *mysqlSession) HandleQuery(text string) (*mysql.Result, error) {
	switch text {
	case "START TRANSACTION":
		h.conn.SetInTransaction()
		return nil, nil
	case "COMMIT", "ROLLBACK":
		h.conn.ClearInTransaction()
		return nil, nil
	}
	return h.run(find(shopStatements, text), nil, false)
}

func (h *mysqlSession) HandleStmtPrepare(text string) (params, columns int, known any, err error) {
	st := find(shopStatements, text)
	if st == nil {
		return 0, 0, nil, mysql.NewDefaultError(mysql.ER_PARSE_ERROR, "no such statement", text, 1)
	}
	return strings.Count(text, "?"), len(st.columns), st, nil
}

func (h *mysqlSession) HandleStmtExecute(known any, _ string, args []any) (*mysql.Result, error) {
	var texts []string
	for _, a := range args {
		if b, ok := a.([]byte); ok {
			a = string(b)
		}
		texts = append(texts, fmt.Sprint(a))
	}
	return h.run(known.(*statement), texts, true)
}

func (h *mysqlSession) HandleStmtClose(any) error { return nil }

func (h *mysqlSession) run(st *statement, args []string, binary bool) (*mysql.Result, error) {
	switch {
	case st == nil:
		return nil, mysql.NewDefaultError(mysql.ER_PARSE_ERROR, "no such statement", "", 1)
	case !h.d.work(h.ctx, st.work):
		return nil, mysql.NewDefaultError(mysql.ER_SERVER_SHUTDOWN)
	case st.columns == nil && unlucky():
		h.conn.ClearInTransaction()
		return nil, mysql.NewDefaultError(mysql.ER_LOCK_DEADLOCK)
	case st.columns == nil:
		return &mysql.Result{AffectedRows: 1}, nil
	}
	var rows [][]any
	for _, row := range st.rows(args) {
		var values []any
		for _, v := range row {
			values = append(values, v)
		}
		rows = append(rows, values)
	}
	set, err := mysql.BuildSimpleResultset(st.columns, rows, binary)
	if err != nil {
		return nil, err
	}
	return mysql.NewResult(set), nil
}
