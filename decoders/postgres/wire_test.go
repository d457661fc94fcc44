package postgres

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"wire_exporter/decoders"
)

// wire is a connection under test: it remembers what comes out.
type wire struct {
	t      testing.TB
	pool   decoders.Pool
	feeder decoders.Feeder
	now    decoders.Time
	all    []seen
	counts map[decoders.Malformed]int
}

// seen is what is compared of a transaction.
type seen struct {
	kind                decoders.Kind
	outcome             decoders.Outcome
	operation, resource string
	code, statement     string
	start, requestEnd   decoders.Time
	in                  uint64
	everything          string // all its texts
}

func newWire(t testing.TB, env decoders.Env) *wire {
	t.Helper()
	d, err := Plugin.New(env, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{t: t, counts: map[decoders.Malformed]int{}}
	w.pool.Memory = env.Memory
	w.feeder.Attach(&w.pool, d.Open(&w.feeder.Flow, w))
	return w
}

// Transaction implements decoders.Sink.
func (w *wire) Transaction(t *decoders.Txn) {
	x := seen{
		kind: t.Kind, outcome: t.Outcome, operation: string(t.Operation), resource: string(t.Resource), code: string(t.Code),
		statement: string(t.Statement), start: t.Start, requestEnd: t.RequestEnd, in: t.BytesIn,
	}
	x.everything = fmt.Sprintf("%s %s %s %s %s", t.Operation, t.Resource, t.Code, t.Database, t.Statement)
	if t.SQL != nil {
		x.everything += fmt.Sprintf(" %s %s %s", t.SQL.Operation, t.SQL.Resource, t.SQL.Text)
	}
	w.all = append(w.all, x)
}

// Count implements decoders.Sink.
func (w *wire) Count(_ *decoders.Flow, reason decoders.Malformed) { w.counts[reason]++ }

func (w *wire) counted(reason decoders.Malformed) int { return w.counts[reason] }

// feed sends a segment, a millisecond after the last one.
func (w *wire) feed(dir decoders.Dir, b []byte) error {
	w.now += 1e6
	return w.feeder.Segment(&w.pool, dir, b, w.now)
}

// client sends a segment of messages.
func (w *wire) client(messages ...[]byte) { w.must(w.feed(decoders.ToServer, join(messages...))) }

// server sends a segment of messages.
func (w *wire) server(messages ...[]byte) { w.must(w.feed(decoders.ToClient, join(messages...))) }

func (w *wire) lose(dir decoders.Dir, n int) {
	w.now += 1e6
	w.must(w.feeder.Lost(&w.pool, dir, uint64(n), w.now))
}

func (w *wire) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *wire) login() {
	w.client(startupMessage)
	w.server([]byte("R\x00\x00\x00\x08\x00\x00\x00\x00"), message('S', "standard_conforming_strings", "on"), ready('I'))
}

// query asks and is answered.
func (w *wire) query(text string, answer ...[]byte) {
	w.client(ask(text))
	w.server(answer...)
}

// requests are what came out but log-ins and SQL transactions.
func (w *wire) requests() (all []seen) {
	for _, x := range w.all {
		if x.kind == decoders.Request {
			all = append(all, x)
		}
	}
	return all
}

// last is the last request.
func (w *wire) last() seen {
	all := w.requests()
	if len(all) == 0 {
		w.t.Fatal("no request came out")
	}
	return all[len(all)-1]
}

// outcomes counts the requests by outcome.
func (w *wire) outcomes() string {
	var n [decoders.NumOutcomes]int
	for _, x := range w.requests() {
		n[x.outcome]++
	}
	var parts []string
	for o, n := range n {
		if n > 0 {
			parts = append(parts, fmt.Sprint(decoders.Outcome(o), " ", n))
		}
	}
	return strings.Join(parts, " ")
}

func join(messages ...[]byte) (all []byte) {
	for _, m := range messages {
		all = append(all, m...)
	}
	return all
}

// message is a message of a type with these strings in it.
func message(kind byte, text ...string) []byte {
	var body []byte
	for _, s := range text {
		body = append(append(body, s...), 0)
	}
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body))), body...)
}

var (
	startupMessage = []byte("\x00\x00\x00\x20\x00\x03\x00\x00user\x00app\x00database\x00shop\x00\x00")
	syncMessage    = message('S')
	row            = []byte("D\x00\x00\x00\x0b\x00\x01\x00\x00\x00\x011")
)

func ask(text string) []byte           { return message('Q', text) }
func refusal(state string) []byte      { return grow(message('E', "SERROR", "C"+state, "Mno"), 0) }
func ready(status byte) []byte         { return []byte{'Z', 0, 0, 0, 5, status} }
func parse(name, text string) []byte   { return grow(message('P', name, text), 0, 0) }
func bind(portal, of string) []byte    { return grow(message('B', portal, of), 0, 0, 0, 0, 0, 0) }
func run(portal string, n byte) []byte { return grow(message('E', portal), 0, 0, 0, n) }

// grow puts bytes at the end of a message.
func grow(m []byte, more ...byte) []byte {
	m = append(m, more...)
	binary.BigEndian.PutUint32(m[1:], uint32(len(m)-1))
	return m
}
