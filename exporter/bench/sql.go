package main

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// query is a statement of a shop's database.
type query struct {
	text    string // each ? is a number
	columns []string
	rows    [2]int // at least, at most; without columns: rows that are changed
}

var queries = []query{
	{"SELECT id, iban, balance, currency FROM accounts WHERE id = ?", []string{"id", "iban", "balance", "currency"}, [2]int{1, 1}},
	{"SELECT t.id, t.booked, t.amount, t.currency, t.text FROM transactions t WHERE t.account_id = ? ORDER BY t.booked DESC LIMIT 50",
		[]string{"id", "booked", "amount", "currency", "text"}, [2]int{5, 50}},
	{"SELECT c.id, c.name, c.email, a.street, a.city FROM customers c JOIN addresses a ON a.customer_id = c.id WHERE c.id = ?",
		[]string{"id", "name", "email", "street", "city"}, [2]int{1, 5}},
	{"SELECT o.id, o.booked, o.amount, o.state FROM orders o WHERE o.customer_id = ? AND o.booked > now() - interval '90' day",
		[]string{"id", "booked", "amount", "state"}, [2]int{3, 60}},
	{"SELECT id, name, price, stock FROM products WHERE category_id = ? AND stock > ? ORDER BY name",
		[]string{"id", "name", "price", "stock"}, [2]int{20, 100}},
	{"SELECT count(*) FROM orders WHERE customer_id = ? AND state = 'open'", []string{"count"}, [2]int{1, 1}},
	{"UPDATE accounts SET balance = balance - ?, changed = now() WHERE id = ?", nil, [2]int{1, 1}},
	{"INSERT INTO audit (account_id, actor_id, action, at) VALUES (?, ?, 'transfer', now())", nil, [2]int{1, 1}},
	{"DELETE FROM carts WHERE customer_id = ? AND changed < now() - interval '1' day", nil, [2]int{0, 3}},
}

// withLiterals is the text with numbers for parameters.
func (q *query) withLiterals(r *rand.Rand) string {
	var b strings.Builder
	for i, part := range strings.Split(q.text, "?") {
		if i > 0 {
			fmt.Fprint(&b, 1+r.IntN(1e6))
		}
		b.WriteString(part)
	}
	return b.String()
}

func (q *query) params() int { return strings.Count(q.text, "?") }

// value is what a column of a row holds.
func value(r *rand.Rand, column string) string {
	switch column {
	case "id", "stock", "count":
		return strconv.Itoa(1 + r.IntN(1e6))
	case "balance", "amount", "price":
		return fmt.Sprintf("%d.%02d", r.IntN(1e5), r.IntN(100))
	case "currency":
		return "EUR"
	case "iban":
		return fmt.Sprintf("XX%018d", r.Int64N(1e18))
	case "booked":
		return fmt.Sprintf("2023-11-%02d 10:%02d:00", 1+r.IntN(28), r.IntN(60))
	case "email":
		return fmt.Sprintf("customer%d@example.com", r.IntN(1e6))
	}
	from := r.IntN(len(words) - 40)
	return words[from : from+8+r.IntN(32)]
}

const words = "the quick brown fox jumps over the lazy dog while seven zebras quietly watch from behind the old wooden fence"

// fault is how a statement ends.
type fault int

const (
	fine    fault = iota
	callers       // a duplicate key
	servers       // a deadlock
)

func (f fault) counts(rows int) counts {
	switch f {
	case callers:
		return counts{ClientError: 1}
	case servers:
		return counts{ServerError: 1}
	}
	return counts{OK: 1, Rows: rows}
}

// mode is how a session sends its statements.
type mode int

const (
	simple   mode = iota // as a text with literals
	unnamed              // prepared anew each time, where the protocol has that
	prepared             // prepared once
	numModes = iota
)

// dialect is a database's protocol. Each method makes one exchange.
type dialect interface {
	login() []func(x *exchange)
	control(x *exchange, verb string, inside bool) // BEGIN or COMMIT; inside: afterwards the session is in a transaction
	prepare(x *exchange, i int)                    // the i-th query
	run(x *exchange, i int, m mode, rows int, f fault)
	bye() []byte
}

// session is a client of a database: it logs in, then asks single statements and transactions.
type session struct {
	dialect
	random *rand.Rand
	mode   mode
	known  []bool // which queries are prepared
	steps  []func(x *exchange)
}

func newSession(r *rand.Rand, d dialect) *session {
	return &session{dialect: d, random: r, mode: mode(r.IntN(numModes)), known: make([]bool, len(queries)), steps: d.login()}
}

func (s *session) next(x *exchange) (done bool) {
	if len(s.steps) == 0 {
		s.plan()
	}
	step := s.steps[0]
	s.steps = s.steps[1:]
	x.think = int64(s.random.ExpFloat64() * 5e6)
	x.wait = int64(200e3 + s.random.ExpFloat64()*2e6)
	step(x)
	return len(s.steps) == 0
}

// plan puts the next statement, or a transaction, into the steps.
func (s *session) plan() {
	if s.random.IntN(10) > 0 {
		s.ask(false)
		return
	}
	s.steps = append(s.steps, func(x *exchange) { s.control(x, "BEGIN", true) })
	for range 2 + s.random.IntN(4) {
		s.ask(true)
	}
	s.steps = append(s.steps, func(x *exchange) {
		s.control(x, "COMMIT", false)
		x.counts.Transactions = 1
	})
}

// ask puts a statement into the steps. In a transaction none fails.
func (s *session) ask(inside bool) {
	r, i, f := s.random, s.random.IntN(len(queries)), fine
	if p := r.IntN(1000); !inside && p < 20 {
		f = callers
	} else if !inside && p < 25 {
		f = servers
	}
	if s.mode == prepared && !s.known[i] {
		s.known[i] = true
		s.steps = append(s.steps, func(x *exchange) { s.prepare(x, i) })
	}
	q := &queries[i]
	rows := q.rows[0] + r.IntN(q.rows[1]-q.rows[0]+1)
	s.steps = append(s.steps, func(x *exchange) { s.run(x, i, s.mode, rows, f) })
}
