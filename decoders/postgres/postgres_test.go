package postgres

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/decoders/decodertest"
)

var subject = decodertest.Subject{Plugin: Plugin}

func TestConversations(t *testing.T) { decodertest.Run(t, subject) }

func TestLaws(t *testing.T) { decodertest.Laws(t, subject) }

// FuzzConn states law 1 and law 6; its seeds are the conversations in testdata.
func FuzzConn(f *testing.F) { decodertest.Fuzz(f, subject) }

// TestSizes: connections that are idle are many.
func TestSizes(t *testing.T) {
	if connSize := unsafe.Sizeof(conn{}); connSize > 128 {
		t.Errorf("an idle connection has %d bytes, more than 128", connSize)
	}
}

func TestConfig(t *testing.T) {
	refused := errors.New("unknown key")
	if _, err := Plugin.New(decoders.Env{}, func(any) error { return refused }); !errors.Is(err, refused) {
		t.Errorf("a block with a mistake: %v", err)
	}
	if _, err := Plugin.New(decoders.Env{}, func(any) error { return nil }); err != nil {
		t.Error(err)
	}
}

// TestBatch: so many Executes in front of one Sync are so many statements.
func TestBatch(t *testing.T) {
	const n = 50
	w := newWire(t, decoders.Env{})
	w.login()
	w.client(parse("", "insert into a values ($1)"))
	w.client(bytes.Repeat(join(bind("", ""), run("", 0)), n), syncMessage)
	if waiting, since := w.feeder.Conn().Waiting(); waiting != n || since == 0 {
		t.Errorf("%d are in flight since %v", waiting, since)
	}
	w.server(message('1'))
	for i := range n {
		w.server(message('2'), message('C', "INSERT 0 1"))
		if got := len(w.requests()); got != i+1 {
			t.Fatalf("%d requests after %d answers", got, i+1)
		}
	}
	w.server(ready('I'))
	if got := w.outcomes(); got != "ok 50" {
		t.Error(got)
	}
}

// TestPreparedBound: names are forgotten when there are too many, those in use last.
func TestPreparedBound(t *testing.T) {
	const n = 3 * maxPrepared
	var memory decoders.Memory
	w := newWire(t, decoders.Env{Memory: &memory})
	w.login()
	for i := range n {
		w.client(parse(fmt.Sprint("s", i), fmt.Sprintf("select * from t%d", i%3)), syncMessage)
		w.server(message('1'), ready('I'))
		w.client(bind("", "s0"), run("", 0), syncMessage)
		w.server(message('2'), message('C', "SELECT 1"), ready('I'))
	}
	if got := w.counted(forgottenStatement); got != n-maxPrepared {
		t.Errorf("%d names were forgotten, want %d", got, n-maxPrepared)
	}
	if got := w.counted(unknownStatement); got != 0 {
		t.Errorf("%d times the one in use was not known", got)
	}
	w.client(bind("", "s1"), run("", 0), syncMessage)
	w.server(message('2'), message('C', "SELECT 1"), ready('I'))
	if last := w.last(); w.counted(unknownStatement) != 1 || last.operation != "SELECT" || last.resource != "" {
		t.Errorf("of a forgotten statement is known: %+v", last)
	}
	if memory.Used() > 1<<20 {
		t.Errorf("%d bytes are kept", memory.Used())
	}
}

// TestPortalBound: half-fetched portals that fall out end where they are.
func TestPortalBound(t *testing.T) {
	const n = 2 * maxPortals
	w := newWire(t, decoders.Env{})
	w.login()
	w.query("begin", message('C', "BEGIN"), ready('T'))
	w.client(parse("", "select * from a"), syncMessage)
	w.server(message('1'), ready('T'))
	for i := range n {
		name := fmt.Sprint("p", i)
		w.client(bind(name, ""), run(name, 1), syncMessage)
		w.server(message('2'), row, message('s'), ready('T'))
	}
	if got := w.counted(forgottenPortal); got != n-maxPortals {
		t.Errorf("%d portals were forgotten, want %d", got, n-maxPortals)
	}
	w.query("commit", message('C', "COMMIT"), ready('I'))
	if got := w.outcomes(); got != fmt.Sprint("ok ", n+2) {
		t.Error(got)
	}
}

// TestTooManyPending: a batch that is longer than what is remembered is counted, not matched; the next request is.
func TestTooManyPending(t *testing.T) {
	var memory decoders.Memory
	w := newWire(t, decoders.Env{Memory: &memory})
	w.login()
	const n = maxPending + 100
	for range n {
		w.client(bind("", ""), run("", 0))
	}
	w.client(syncMessage)
	for range n {
		w.server(message('2'), message('C', "SELECT 1"))
	}
	w.server(ready('I'))
	if got := w.outcomes(); got != fmt.Sprint("unknown ", n) {
		t.Error(got)
	}
	w.query("select 1", message('C', "SELECT 1"), ready('I'))
	if got := w.outcomes(); got != fmt.Sprint("ok 1 unknown ", n) || w.counted(tooManyPending) != 1 {
		t.Error(got, w.counted(tooManyPending))
	}
	if memory.Used() > 2<<20 {
		t.Errorf("%d bytes are kept", memory.Used())
	}
}

// TestLongStatement: of a long text the beginning is enough; the rest may be lost.
func TestLongStatement(t *testing.T) {
	long := message('Q', "insert into a values ("+strings.Repeat("1", 5*maxText)+")")
	for _, lost := range []bool{false, true} {
		w := newWire(t, decoders.Env{})
		w.login()
		w.client(long[:2*maxText])
		if held := len(w.feeder.Held(decoders.ToServer)); held > 0 {
			t.Errorf("%d bytes are held", held)
		}
		if lost {
			w.lose(decoders.ToServer, len(long)-2*maxText-10)
		} else {
			w.client(long[2*maxText : len(long)-10])
		}
		w.client(long[len(long)-10:])
		w.server(message('C', "INSERT 0 1"), ready('I'))
		if got := w.last(); got.resource != "a" || got.outcome != decoders.OK || got.in != uint64(len(long)) || got.requestEnd == got.start {
			t.Errorf("lost %v: %+v", lost, got)
		}
	}
}

// TestLongStatementCutOff: the end of a long statement is lost with what follows it.
func TestLongStatementCutOff(t *testing.T) {
	long := message('Q', "insert into a values ("+strings.Repeat("1", 5*maxText)+")")
	w := newWire(t, decoders.Env{})
	w.login()
	w.client(long[:2*maxText])
	w.lose(decoders.ToServer, len(long))
	w.server(message('C', "INSERT 0 1"), ready('I'))
	if got := w.last(); got.outcome != decoders.OK || got.requestEnd != 0 {
		t.Errorf("%+v", got)
	}
}

// TestGarbage: what makes no sense is dropped up to the next ReadyForQuery, but not for ever.
func TestGarbage(t *testing.T) {
	w := newWire(t, decoders.Env{})
	w.login()
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		w.client(ask("select 1"))
		err = w.feed(decoders.ToClient, []byte("\xff\x00\x00\x00\x04"))
		if err == nil {
			w.server(message('C', "SELECT 1"), ready('I'))
			w.query("select 2", message('C', "SELECT 1"), ready('I'))
			w.query("select 3", message('C', "SELECT 1"), ready('I'))
		}
	}
	if err != error(badMessage) || n != maxMisread+1 {
		t.Errorf("%v after %d", err, n)
	}
	if got := w.outcomes(); got != fmt.Sprintf("ok %d unknown %d", 2*maxMisread, maxMisread) {
		t.Error(got)
	}
}

// TestNameTaken: a Parse that is refused gives no name to a statement, nor to what was called by it before.
func TestNameTaken(t *testing.T) {
	w := newWire(t, decoders.Env{})
	w.login()
	w.client(parse("s", "select * from a"), syncMessage)
	w.server(message('1'), ready('I'))
	w.client(parse("t", "select * from c"), parse("s", "delete from b"), bind("", "s"), run("", 0), syncMessage)
	w.server(message('1'), refusal("42P05"), ready('I'))
	if got := w.last(); got.resource != "b" || got.code != "42P05" {
		t.Errorf("%+v", got)
	}
	w.client(bind("", "s"), run("", 0), syncMessage)
	w.server(message('2'), message('C', "SELECT 1"), ready('I'))
	if got := w.last(); got.operation != "SELECT" || got.resource != "" {
		t.Errorf("%+v", got)
	}
	w.client(bind("", "t"), run("", 0), syncMessage)
	w.server(message('2'), message('C', "SELECT 1"), ready('I'))
	if got := w.last(); got.resource != "c" {
		t.Errorf("%+v", got)
	}
}

// TestFewerCompletions: what the server does not answer was no statement.
func TestFewerCompletions(t *testing.T) {
	w := newWire(t, decoders.Env{})
	w.login()
	w.query("select 1; select 2", message('C', "SELECT 1"), ready('I'))
	if got := w.outcomes(); got != "ok 1" || w.counted(unansweredStatement) != 1 {
		t.Error(got, w.counts)
	}
	if n, _ := w.feeder.Conn().Waiting(); n != 0 {
		t.Errorf("%d are in flight", n)
	}
}

func TestSession(t *testing.T) {
	w := newWire(t, decoders.Env{})
	check := func(database string, want decoders.SessionState) {
		t.Helper()
		if got, state := w.feeder.Conn().(decoders.SessionConn).Session(); string(got) != database || state != want {
			t.Errorf("%q %v, want %q %v", got, state, database, want)
		}
	}
	check("", decoders.NoSession)
	w.login()
	check("shop", decoders.Idle)
	w.client(ask("begin"))
	check("shop", decoders.Active)
	w.server(message('C', "BEGIN"), ready('T'))
	check("shop", decoders.IdleInTransaction)
	w.client(ask("select 1/0"))
	check("shop", decoders.Active)
	w.server(refusal("22012"), ready('E'))
	check("shop", decoders.IdleInTransaction)
	w.lose(decoders.ToClient, 10)
	check("shop", decoders.NoSession)
	w.server(ready('I'))
	check("shop", decoders.Idle)
}

// TestWaiting: a portal that is half fetched waits for the client, not for the server, and a stream for nobody.
func TestWaiting(t *testing.T) {
	w := newWire(t, decoders.Env{})
	check := func(want int) {
		t.Helper()
		if n, since := w.feeder.Conn().Waiting(); n != want || (since != 0) != (want > 0) {
			t.Errorf("%d in flight since %v, want %d", n, since, want)
		}
	}
	w.login()
	w.client(parse("", "select * from a"), bind("p", ""), run("p", 1))
	check(1)
	w.server(message('1'), message('2'), row, message('s'))
	check(0)
	w.client(run("p", 1), run("p", 1))
	check(2)
	w.server(row, message('s'))
	check(1)
	w.server(message('C', "SELECT 0"))
	check(0)
	w.client(syncMessage)
	w.server(ready('I'))
	w.client(ask("START_REPLICATION 0/1"))
	check(1)
	w.server([]byte("W\x00\x00\x00\x07\x00\x00\x00"))
	check(0)
}

// TestRaw: texts are kept where they are asked for only.
func TestRaw(t *testing.T) {
	for _, raw := range []bool{false, true} {
		w := newWire(t, decoders.Env{Raw: raw})
		w.login()
		w.query(" select 'x' ; commit", message('C', "SELECT 1"), message('C', "COMMIT"), ready('I'))
		w.client(parse("s", "select 'y'"), bind("", "s"), run("", 0), syncMessage)
		w.server(message('1'), message('2'), message('C', "SELECT 1"), ready('I'))
		want := []string{"", "", ""}
		if raw {
			want = []string{"select 'x' ;", "commit", "select 'y'"}
		}
		var got []string
		for _, r := range w.requests() {
			got = append(got, r.statement)
		}
		if !slices.Equal(got, want) {
			t.Errorf("raw %v: %q", raw, got)
		}
	}
}

// TestSecrets: no password and no literal is in what comes out.
func TestSecrets(t *testing.T) {
	w := newWire(t, decoders.Env{})
	w.client(startupMessage)
	w.server([]byte("R\x00\x00\x00\x08\x00\x00\x00\x03"))
	w.client(message('p', "canary"))
	w.server([]byte("R\x00\x00\x00\x08\x00\x00\x00\x00"), ready('I'))
	w.query("alter user app password 'canary'", message('C', "ALTER ROLE"), ready('I'))
	w.query("alter user app password $$canary", message('E', "SERROR", "C42601", "Munterminated canary", ""), ready('I'))
	w.client(parse("", "select * from a where b = $1"), message('B', "", "", "canary"), run("", 0), syncMessage)
	w.server(message('1'), message('2'), message('D', "canary"), message('C', "SELECT 1"), ready('I'))
	if len(w.all) != 4 {
		t.Errorf("%d transactions, want 4", len(w.all))
	}
	for _, x := range w.all {
		if strings.Contains(x.everything, "canary") {
			t.Error(x.everything)
		}
	}
}
