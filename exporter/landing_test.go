package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
)

// landingTexts name the label values of the tests below.
type landingTexts map[label.ID]string

func (n landingTexts) Text(id label.ID) string          { return n[id] }
func (n landingTexts) StatementText(id label.ID) string { return "text of " + n[id] }

const landingStart = decoders.Time(1_700_000_000e9)

// landingBench is a landing page over one worker, with a clock that the test moves.
type landingBench struct {
	t     *testing.T
	shard *metric.Shard
	input metric.Input
	now   time.Time
	page  *landing
}

func newLandingBench(t *testing.T) *landingBench {
	m := metric.New(landingTexts{10: "bank", 11: "<script>alert(1)</script>", 12: "GET", 13: "503", 14: "404", 15: "ledger", 16: "<fast>", 17: "slow"}, []string{"http"}, metric.Options{})
	b := &landingBench{t: t, shard: m.Shard(), now: time.Unix(0, int64(landingStart))}
	m.Attach(func(in *metric.Input) {
		b.shard.Flush()
		*in = b.input
		in.Now = decoders.Time(b.now.UnixNano())
	})
	b.page = newLanding(m, func() time.Time { return b.now })
	return b
}

// requests counts n requests that end now.
func (b *landingBench) requests(n int, service, code label.ID, outcome decoders.Outcome, duration time.Duration) {
	end := decoders.Time(b.now.UnixNano())
	for range n {
		b.shard.Transaction(
			&decoders.Txn{Outcome: outcome, Start: end - decoders.Time(duration), End: end, Session: 5},
			&label.Set{Service: service, Operation: 12, Code: code, Client: label.Other, Outcome: outcome})
	}
}

func (b *landingBench) get() string {
	b.t.Helper()
	w := httptest.NewRecorder()
	b.page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
		b.t.Fatalf("status %d, %s", w.Code, w.Header().Get("Content-Type"))
	}
	return w.Body.String()
}

func (b *landingBench) expect(page string, parts ...string) {
	b.t.Helper()
	for _, p := range parts {
		if !strings.Contains(page, p) {
			b.t.Errorf("the page does not show %q:\n%s", p, page[strings.Index(page, "<body>"):])
		}
	}
}

func TestLandingPageShowsServices(t *testing.T) {
	b := newLandingBench(t)
	b.now = b.now.Add(10 * time.Second)
	b.requests(90, 10, 0, decoders.OK, 20*time.Millisecond)
	b.requests(9, 10, 14, decoders.ClientError, 20*time.Millisecond)
	b.requests(1, 10, 13, decoders.ServerError, time.Second)
	b.input.Waiting = []metric.Waiting{{ID: 10, Requests: 2, Oldest: decoders.Time(b.now.Add(-90 * time.Second).UnixNano())}}
	b.expect(b.get(),
		`<meta http-equiv="refresh" content="5">`, "the last 10 s", ">bank <", `data-label="Requests/s">10<`, `data-label="p50">19 ms<`,
		`data-label="Errors" class="bad">1.00 %<`, `data-label="Client errors">9.00 %<`, `data-label="Users 5 m / 1 h">1 / 1<`,
		`data-label="In flight">2<`, `data-label="Oldest" class="warn">90 s<`, "503 · now", "404 × 9 · now",
		`href="metrics"`, `href="-/healthy"`)
}

// Numbers are of the last minute, however long the page was open.
func TestLandingPageForgetsTheMinuteBefore(t *testing.T) {
	b := newLandingBench(t)
	b.requests(6000, 10, 13, decoders.ServerError, time.Second)
	for range 24 {
		b.now = b.now.Add(5 * time.Second)
		b.get()
	}
	b.requests(60, 10, 0, decoders.OK, 30*time.Millisecond)
	b.now = b.now.Add(2 * time.Second)
	b.expect(b.get(), `data-label="Requests/s">1.0<`, `data-label="Errors">0 %<`, "the last 62 s", "503 × 6\u202f000 · 2 min ago")
	if n := len(b.page.history); n > 14 {
		t.Errorf("%d states are kept", n)
	}
}

func TestLandingPagePutsTheWorstFirst(t *testing.T) {
	b := newLandingBench(t)
	b.requests(10, 10, 0, decoders.OK, time.Second)
	b.requests(10, 11, 0, decoders.OK, time.Millisecond)
	b.requests(1, 11, 13, decoders.ServerError, time.Millisecond)
	b.now = b.now.Add(10 * time.Second)
	page := b.get()
	b.expect(page, "&lt;script&gt;")
	if strings.Contains(page, "<script") {
		t.Error("a name is not escaped")
	}
	if strings.Index(page, "&lt;script&gt;") > strings.Index(page, ">bank <") {
		t.Error("the failing service is not first")
	}
}

func TestLandingPageShowsTheSensor(t *testing.T) {
	b := newLandingBench(t)
	b.now = b.now.Add(10 * time.Second)
	b.input = metric.Input{
		Flow: metric.Flow{
			Active: 1234, Memory: 95 << 20, MemoryLimit: 100 << 20, Missing: 3000,
			Evicted: []metric.Reason{{Reason: "memory", N: 4}, {Reason: "idle", N: 0}},
		},
		Interfaces: []metric.Interface{{Name: "eth0", Packets: 900, Bytes: 1 << 20, Dropped: []metric.Reason{{Reason: "kernel", N: 100}}}},
		Undecoded:  []metric.Reason{{Reason: "unknown_protocol", N: 2048}},
		Errors:     []metric.Error{{Reason: "bad_chunk_size", N: 2}},
	}
	b.expect(b.get(), "eth0", "90/s", "The sensor loses 10 % of the packets", "The memory for connections is full: 4 were forgotten",
		"95 MiB of 100 MiB (95 %)", "1\u202f234", "unknown protocol 2 KiB", "http: bad_chunk_size × 2",
		"no request was recognised yet")
}

func TestLandingPageBeforeTheFirstPacket(t *testing.T) {
	b := newLandingBench(t)
	b.expect(b.get(), "No packet has arrived yet")
}

// However many people look, the workers are asked every two seconds at most.
func TestLandingPageIsCheap(t *testing.T) {
	b := newLandingBench(t)
	b.get()
	b.requests(1, 10, 0, decoders.OK, time.Second)
	if page := b.get(); strings.Contains(page, ">bank <") {
		t.Error("the workers were asked again at once")
	}
	b.now = b.now.Add(landingAtMost)
	b.expect(b.get(), ">bank <")
}

func TestLandingTexts(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{landingSeconds(0), "0 s"}, {landingSeconds(0.000_25), "250 µs"}, {landingSeconds(0.0012), "1.2 ms"}, {landingSeconds(0.35), "350 ms"},
		{landingSeconds(2.5), "2.5 s"}, {landingSeconds(90), "90 s"}, {landingSeconds(600), "10 min"}, {landingSeconds(4 * 3600), "4 h"},
		{landingSeconds(3 * 86400), "3 days"},
		{landingCount(0), "0"}, {landingCount(1234567), "1\u202f234\u202f567"},
		{landingPercent(0.00001), "< 0.01 %"}, {landingPercent(0.0123), "1.23 %"}, {landingPercent(0.5), "50 %"},
		{landingRate(0.05), "0.05"}, {landingRate(3.14), "3.1"}, {landingRate(1500), "1\u202f500"},
		{landingBytes(512), "512 B"}, {landingBytes(1536), "1.5 KiB"}, {landingBytes(3 << 40), "3 TiB"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestLandingPageShowsDatabases(t *testing.T) {
	b := newLandingBench(t)
	b.now = b.now.Add(10 * time.Second)
	end := decoders.Time(b.now.UnixNano())
	statement := func(id label.ID, took time.Duration, n int) {
		for range n {
			x := &decoders.Txn{Start: end - decoders.Time(took), End: end, Rows: 3}
			set := &label.Set{Service: 10, Operation: 12, Database: 15}
			b.shard.Transaction(x, set)
			b.shard.SQL(x, set, id)
		}
	}
	statement(16, 10*time.Millisecond, 30)
	statement(17, 70*time.Millisecond, 10)
	b.shard.SQL(&decoders.Txn{Kind: decoders.Login, Outcome: decoders.ClientError}, &label.Set{Service: 10, Database: 15, Outcome: decoders.ClientError}, 0)
	b.input.Sessions = []metric.Sessions{{ID: 10, Database: 15, States: [decoders.NumSessionStates]int64{decoders.Active: 1, decoders.Idle: 7, decoders.IdleInTransaction: 2}}}
	page := b.get()
	b.expect(page, "<h2>Databases</h2>", `data-label="Statements/s">4.0<`, `data-label="Rows/s">12<`, `data-label="Active / idle">1 / 7<`,
		`data-label="Idle in transaction" class="warn">2<`, `data-label="Refused log-ins" class="warn">1<`,
		"<b>70 %</b> <code>text of slow</code> <span class=\"dim\">70 ms, 1.0/s</span>", "<b>30 %</b> <code>text of &lt;fast&gt;</code>")
	if strings.Index(page, "text of slow") > strings.Index(page, "text of &lt;fast") {
		t.Error("what took the most time is not first")
	}
}
