package mysql

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/decoders/decodertest"
)

// subject reads little of a statement, so that conversations in which one is too long stay short.
var subject = decodertest.Subject{
	Plugin:    Plugin,
	Unmarshal: func(v any) error { v.(*Config).MaxStatementBytes = 256; return nil },
	Vague:     []string{"STMT_EXECUTE", "STMT_BULK_EXECUTE"},
}

func TestConversations(t *testing.T) { decodertest.Run(t, subject) }

func TestLaws(t *testing.T) { decodertest.Laws(t, subject) }

// FuzzConn states law 1 and law 6; its seeds are the conversations in testdata.
func FuzzConn(f *testing.F) { decodertest.Fuzz(f, subject) }

func BenchmarkConversations(b *testing.B) { decodertest.Bench(b, subject) }

// TestSizes: with the flow table's entry an idle connection must stay near 256 bytes.
func TestSizes(t *testing.T) {
	if connSize := unsafe.Sizeof(conn{}); connSize > 96 {
		t.Errorf("an idle connection has %d bytes, more than 96, the next size the allocator has is 112", connSize)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		text, prepared int
		ok             bool
	}{{10 << 10, 1024, true}, {256, 1, true}, {32 << 10, 16 << 10, true}, {255, 1, false}, {32<<10 + 1, 1, false}, {256, 0, false}, {256, 16<<10 + 1, false}} {
		_, err := Plugin.New(decoders.Env{}, func(v any) error {
			*v.(*Config) = Config{MaxStatementBytes: c.text, MaxPreparedStatements: c.prepared}
			return nil
		})
		equal(t, fmt.Sprint(c), err == nil, c.ok)
	}
	refused := errors.New("unknown key")
	_, err := Plugin.New(decoders.Env{}, func(any) error { return refused })
	equal(t, "a block with a mistake", errors.Is(err, refused), true)
}

// TestLargePackets: packets of 16 MiB and more come in pieces, in both directions; exactly full ones are followed by an empty one.
func TestLargePackets(t *testing.T) {
	for _, n := range []int{maxPayload - 1, maxPayload, maxPayload + 1, 2*maxPayload - 5, 2 * maxPayload, 2*maxPayload + 7} {
		l := connect(t, false, nil).logIn(usual, "bank")
		text := "INSERT INTO t VALUES ('" + strings.Repeat("x", n-len("?INSERT INTO t VALUES ('')")) + "')"
		l.client(query(text)).server(okay(byte(1+n/maxPayload), 1, 2))
		l.client(query("SELECT * FROM big")).server(resultSet("a", strings.Repeat("y", n-4), "b"))
		l.client(query("SELECT 1")).server(resultSet("1"))
		requests := l.out.requests()
		if l.err != nil || len(requests) != 3 || len(l.out.reasons) > 0 {
			t.Fatalf("%d bytes: %d requests, %v, %v", n, len(requests), l.out.reasons, l.err)
		}
		equal(t, "operation", string(requests[0].Operation), "INSERT")
		equal(t, "request bytes", requests[0].BytesIn, uint64(n+4*(1+n/maxPayload)))
		equal(t, "rows", requests[1].Rows, 3)
		equal(t, "outcome", requests[2].Outcome, decoders.OK)
		if used := l.memory.Used(); used > 512<<10 {
			t.Errorf("%d bytes: %d bytes are kept", n, used)
		}
	}
}

// TestNoLiterals: neither what proves who the client is nor a literal gets out, but for the text that was asked for.
func TestNoLiterals(t *testing.T) {
	for _, raw := range []bool{false, true} {
		l := connect(t, raw, nil).logIn(usual, "bank")
		l.client(query("UPDATE accounts SET iban = 'canary-1' WHERE id = 4711 /* canary-2 */")).server(okay(1, 1, 2))
		l.client(say(comPrepare, "SELECT 'canary-3' FROM t WHERE a = ?")).server(packets(1, []byte("\x00"+number(1)+"\x00\x00\x00\x00\x00\x00\x00")...))
		l.client(say(comExecute, number(1)+"\x00"+number(1)+"\x00\x01\xfd\x00"+lenenc("canary-4"))).server(resultSet("canary-5"))
		l.client(say(comChangeUser, "canary-6\x00"+lenenc("canary-7")+"shop\x00")).server(fails(1, 1045, "28000"))
		equal(t, "transactions", len(l.out.txns), 1+4+1)
		for _, x := range l.out.txns {
			if statement := string(x.Statement); raw {
				x.Statement = nil
				equal(t, "text", statement != "", string(x.Operation) == "UPDATE" || string(x.Operation) == "STMT_PREPARE")
			}
			if x.SQL != nil {
				x.Statement = append(x.Statement, x.SQL.Text...)
			}
			if all := fmt.Sprintf("%s %s %s %s %s", x.Operation, x.Resource, x.Code, x.Database, x.Statement); strings.Contains(all, "canary") || strings.Contains(all, "4711") {
				t.Errorf("%s", all)
			}
		}
	}
}

// TestPrepared: what does not fit is forgotten and counted, and it is what was not used for the longest time.
func TestPrepared(t *testing.T) {
	l := connect(t, false, func(c *Config) { c.MaxPreparedStatements = 3 }).logIn(usual, "bank")
	prepare := func(id uint32) {
		l.client(say(comPrepare, fmt.Sprintf("SELECT a FROM t%c WHERE b = 1", 'a'+id))).server(packets(1, []byte("\x00"+number(id)+"\x00\x00\x00\x00\x00\x00\x00")...))
	}
	execute := func(id uint32, want string) {
		t.Helper()
		l.client(say(comExecute, number(id)+"\x00"+number(1))).server(resultSet("x"))
		last := l.out.txns[len(l.out.txns)-1]
		equal(t, fmt.Sprint("statement ", id), string(last.Operation)+" "+string(last.Resource), want)
	}
	for id := range uint32(3) {
		prepare(id)
	}
	execute(0, "SELECT ta")
	prepare(3) // statement 1 goes
	equal(t, "forgotten", l.out.reasons[forgottenStatement], 1)
	execute(1, "STMT_EXECUTE ")
	execute(0, "SELECT ta")
	execute(2, "SELECT tc")
	l.client(say(comClose, number(2)))
	prepare(9)
	equal(t, "forgotten", l.out.reasons[forgottenStatement], 1)
	execute(newest, "SELECT tj")
	execute(3, "SELECT td")
	l.client(say(comResetConnection, "")).server(okay(1, 0, 2))
	execute(0, "STMT_EXECUTE ")
}

// TestTooManyPending: commands that nobody answers do not pile up.
func TestTooManyPending(t *testing.T) {
	l := connect(t, true, nil).logIn(usual, "")
	for range 3000 {
		l.client(query("SELECT 1 FROM a"))
	}
	equal(t, "reported", len(l.out.requests()) > 2500, true)
	equal(t, "counted", l.out.reasons[tooManyPending] > 0, true)
	if used := l.memory.Used(); used > 1<<20 {
		t.Errorf("%d bytes are kept", used)
	}
	l.close()
	equal(t, "reported in the end", len(l.out.requests()), 3000)
}

func TestWaitingAndSession(t *testing.T) {
	l := connect(t, false, nil)
	check := func(waiting int, database string, state decoders.SessionState) {
		t.Helper()
		n, since := l.feeder.Conn().Waiting()
		equal(t, "waiting", n, waiting)
		equal(t, "since", since != 0, waiting > 0)
		gotDatabase, gotState := l.session()
		equal(t, "database", gotDatabase, database)
		equal(t, "state", gotState, state)
	}
	check(0, "", decoders.NoSession)
	l.server(greet()).client(respond(usual, "bank"))
	check(0, "", decoders.NoSession) // a log-in is no request
	l.server(okay(2, 0, 2))
	check(0, "bank", decoders.Idle)
	l.client(query("BEGIN"))
	check(1, "bank", decoders.Active)
	l.server(okay(1, 0, 3))
	check(0, "bank", decoders.IdleInTransaction)
	l.client(query("UPDATE a SET b = 1; USE shop"))
	check(1, "bank", decoders.Active)
	l.server(okay(1, 1, 3|uint16(moreResults)))
	check(1, "shop", decoders.Active)
	l.server(okay(2, 0, 3)).client(query("COMMIT")).server(okay(1, 0, 2))
	check(0, "shop", decoders.Idle)
}

// TestRefusedLogin: nobody is in who was not let in.
func TestRefusedLogin(t *testing.T) {
	l := connect(t, false, nil)
	l.server(greet()).client(respond(usual, "bank")).server(fails(2, 1049, "42000"))
	_, state := l.session()
	equal(t, "state", state, decoders.NoSession)
	equal(t, "outcome", l.out.txns[0].Outcome, decoders.ClientError)
}

// TestNoBackslash: the server says in which mode strings are to be read; what is a literal hangs on it.
func TestNoBackslash(t *testing.T) {
	l := connect(t, false, nil).logIn(usual, "")
	text := `SELECT 'a\' FROM t WHERE b = 'canary'`
	for _, status := range []uint16{2, 2 | uint16(noBackslash)} {
		l.client(query("SET x = 1")).server(okay(1, 0, status)).client(query(text)).server(resultSet("1"))
	}
	requests := l.out.requests()
	equal(t, "resource with backslashes", string(requests[1].Resource), "")
	equal(t, "resource without", string(requests[3].Resource), "t")
}

// TestNoAllocation: statements as they are in production, long ones in segments.
func TestNoAllocation(t *testing.T) {
	for name, text := range map[string]string{
		"short": "SELECT a FROM accounts WHERE id = 42",
		"long":  "INSERT INTO t VALUES " + strings.Repeat("(42, 'abcdefgh'), ", 1500),
	} {
		l := connect(t, false, nil).logIn(usual, "bank")
		request, response := query(text), resultSet("1", "2", "3")
		l.feeder.Conn().(*conn).d.out = nowhere{}
		if n := testing.AllocsPerRun(100, func() { l.client(request).server(response) }); n != 0 {
			t.Errorf("%s: %v allocations a statement", name, n)
		}
		equal(t, "error", l.err, nil)
	}
}

// nowhere is a Sink that forgets.
type nowhere struct{}

func (nowhere) Transaction(*decoders.Txn)                {}
func (nowhere) Count(*decoders.Flow, decoders.Malformed) {}

// BenchmarkStatement is a query by key with ten columns and one row; BenchmarkRows one with a thousand rows.
func BenchmarkStatement(b *testing.B) { benchmark(b, 1) }
func BenchmarkRows(b *testing.B)      { benchmark(b, 1000) }

func benchmark(b *testing.B, rows int) {
	l := connect(b, false, nil).logIn(usual, "bank")
	l.feeder.Conn().(*conn).d.out = nowhere{}
	request := query("SELECT id, iban, owner, amount, currency, opened, closed, branch, product, flags FROM accounts WHERE id = 4711 AND branch = 'x'")
	text := make([]string, rows)
	for i := range text {
		text[i] = "4711 DE00 somebody 100.00 EUR 2020-01-01 - 12 giro 0 and so on for 80 bytes in all"
	}
	response := resultSet(text...)
	b.ReportAllocs()
	b.SetBytes(int64(len(request) + len(response)))
	for b.Loop() {
		l.client(request).server(response)
	}
	if l.err != nil {
		b.Fatal(l.err)
	}
}
