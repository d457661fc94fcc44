package label

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"wire_exporter/decoders"
)

// statement is an answered one of the given fingerprint that took so many milliseconds.
func statement(id uint64, ms decoders.Time) *decoders.Txn {
	t := request("192.0.2.1:5432", "SELECT", "accounts", "")
	t.ResourceIsPath = false
	t.Start, t.End = 1, 1+ms*1e6
	t.SQL = &decoders.Statement{ID: id, Operation: []byte("SELECT"), Text: fmt.Appendf(nil, "SELECT %d", id)}
	return t
}

// run labels t n times and returns the ID of its statement.
func (b *bench) run(t *decoders.Txn, n int) (id ID) {
	b.t.Helper()
	for range n {
		var s Set
		if v := b.Label(t, sql, Wire, &s); v != Counted {
			b.t.Fatal(v)
		}
		id = b.Statement(t)
	}
	return id
}

func TestStatement(t *testing.T) {
	b := newBench(t, Config{})
	st := statement(0xab, 1)
	if id := b.run(st, earnAfter-1); id != Other {
		t.Errorf("shown before it was earned: %s", b.book.Text(id))
	}
	id := b.run(st, 1)
	if b.book.Text(id) != "00000000000000ab" || b.book.StatementText(id) != "SELECT 171" {
		t.Errorf("%q: %q", b.book.Text(id), b.book.StatementText(id))
	}
	if again := b.run(st, 5); again != id {
		t.Errorf("%d, then %d", id, again)
	}
	if id := b.run(request("192.0.2.1:80", "GET", "/", "200"), 1); id != None {
		t.Errorf("HTTP has the statement %d", id)
	}
}

// What the server refuses may be anything, a password typed at the wrong prompt: it never becomes a value. Nor does what has no text.
func TestRefusedStatementsAreNotShown(t *testing.T) {
	b := newBench(t, Config{})
	refused := statement(1, 1)
	refused.Outcome = decoders.ClientError
	textless := statement(2, 1)
	textless.SQL.Text = nil
	for _, st := range []*decoders.Txn{refused, textless} {
		if id := b.run(st, 10); id != Other {
			t.Errorf("%s: %q", b.book.Text(id), b.book.StatementText(id))
		}
	}
}

// A statement without a verb is another operation than no statement at all.
func TestUnknownVerb(t *testing.T) {
	b := newBench(t, Config{})
	for _, c := range []struct {
		sql  *decoders.Statement
		want ID
	}{{nil, None}, {&decoders.Statement{}, Other}} {
		x := statement(1, 1)
		x.Operation, x.SQL = nil, c.sql
		var s Set
		if b.Label(x, sql, Wire, &s); s.Operation != c.want {
			t.Errorf("%v: %d, want %d", c.sql, s.Operation, c.want)
		}
	}
}

// The heaviest have the slots: what comes to weigh twice as much as the lightest of them takes its place within minutes.
func TestHeavierStatementsTakeOver(t *testing.T) {
	b := newBench(t, Config{Limits: Limits{Statements: 2}})
	now := decoders.Time(1e18)
	minute := func() []ID {
		now += 60e9
		return b.book.Age(now)
	}
	minute()
	light, heavy := b.run(statement(1, 1), 10), b.run(statement(2, 1000), 10)
	newcomer := statement(3, 100)
	if id := b.run(newcomer, 10); id != Other {
		t.Fatalf("%s has a slot beyond the limit", b.book.Text(id))
	}
	if released := minute(); !slices.Equal(released, []ID{light}) {
		t.Fatalf("released %v, want %v", released, light)
	}
	if id := b.run(newcomer, 1); b.book.StatementText(id) != "SELECT 3" {
		t.Errorf("%q", b.book.StatementText(id))
	}
	if id := b.run(statement(1, 1), 10); id != Other {
		t.Errorf("the lightest still has a slot, %s", b.book.Text(id))
	}
	if id := b.run(statement(2, 1000), 1); id != heavy {
		t.Errorf("the heaviest lost its slot")
	}
	if st := b.book.Stats()[Statements]; st.Values != 2 || st.Folded == 0 {
		t.Errorf("%+v", st)
	}
}

// A flood of statements that are seen a few times takes no slot from those that matter, and the ranks stay bounded.
func TestFloodOfStatements(t *testing.T) {
	b := newBench(t, Config{Limits: Limits{Statements: 10}})
	var ids []ID
	for i := range uint64(10) {
		ids = append(ids, b.run(statement(i, 100), 10))
	}
	now := decoders.Time(1e18)
	for i := range uint64(5000) {
		b.run(statement(1000+i, 1), 3)
		b.run(statement(i%10, 100), 1)
		if i%500 == 0 {
			now += 60e9
			if released := b.book.Age(now); len(released) > 0 {
				t.Fatalf("minute %d: released %v", i/500, released)
			}
		}
	}
	for i, id := range ids {
		if b.run(statement(uint64(i), 100), 1) != id {
			t.Errorf("statement %d lost its slot", i)
		}
	}
	var s Set
	b.Label(statement(1, 1), sql, Wire, &s)
	if n := len(b.last.ranks); n > rankRoom*10 {
		t.Errorf("%d ranks", n)
	}
}

func TestStatementsAreForgotten(t *testing.T) {
	b := newBench(t, Config{})
	b.book.Age(1e18)
	st := statement(7, 1)
	id := b.run(st, earnAfter)
	if released := b.book.Age(1e18 + decoders.Time(unseen)); !slices.Contains(released, id) {
		t.Fatalf("released %v, want %d among them", released, id)
	}
	if again := b.run(st, earnAfter); again == id || b.book.StatementText(again) != "SELECT 7" {
		t.Errorf("%d again: %q", again, b.book.StatementText(again))
	}
}

func TestStatementTextIsCut(t *testing.T) {
	for _, lead := range []string{"", "a", "ab"} {
		text := statementText([]byte(lead + strings.Repeat("€", 100)))
		if len(text) > MaxStatement || len(text) < MaxStatement-4 || !utf8.ValidString(text) || !strings.HasSuffix(text, "€…") {
			t.Errorf("%d bytes: %s", len(text), text)
		}
	}
}

func TestStatementAllocatesNothing(t *testing.T) {
	b := newBench(t, Config{Limits: Limits{Statements: 1}})
	shown, folded := statement(1, 1), statement(2, 1)
	b.run(shown, earnAfter)
	b.run(folded, earnAfter)
	var s Set
	if n := testing.AllocsPerRun(100, func() {
		for _, st := range []*decoders.Txn{shown, folded} {
			b.Label(st, sql, Wire, &s)
			b.Statement(st)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
