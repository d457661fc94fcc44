package decodertest

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"wire_exporter/decoders"
)

// record is a Sink that writes down what it is told, as the = lines of a conversation.
type record struct {
	lines []string
	txns  []txn
}

// txn is what is compared of a transaction when its line as a whole cannot be the same.
type txn struct {
	request         request
	code            string
	outcome         decoders.Outcome
	start           decoders.Time
	firstByte, last decoders.Time
	line            string
}

// request is what tells a transaction from others.
type request struct {
	kind  decoders.Kind
	start decoders.Time
	names [3]string // operation, resource, statement
}

// Transaction implements decoders.Sink.
func (r *record) Transaction(t *decoders.Txn) {
	l := line(t)
	r.lines = append(r.lines, l)
	r.txns = append(r.txns, txn{
		request: request{t.Kind, t.Start, [...]string{string(t.Operation), string(t.Resource), string(t.Statement)}},
		code:    string(t.Code), outcome: t.Outcome, start: t.Start, firstByte: t.FirstByte, last: t.End, line: l,
	})
}

// Count implements decoders.Sink.
func (r *record) Count(_ *decoders.Flow, reason decoders.Malformed) {
	r.lines = append(r.lines, "count "+string(reason))
}

// result writes down what ended a Conn.
func (r *record) result(err error) {
	switch err := err.(type) {
	case decoders.Become:
		r.lines = append(r.lines, fmt.Sprintf("become %q", string(err)))
	case decoders.Malformed:
		r.lines = append(r.lines, "malformed "+string(err))
	}
}

// line shows t: what is empty or not known is left out, times are those since the conversation began.
func line(t *decoders.Txn) string {
	var b strings.Builder
	if t.Kind != decoders.Request {
		fmt.Fprintf(&b, "%v ", t.Kind)
	}
	fmt.Fprintf(&b, "%s", t.Operation)
	text := func(name string, v []byte) {
		if len(v) > 0 {
			fmt.Fprintf(&b, " %s=%s", name, quoted(v))
		}
	}
	at := func(name string, v decoders.Time) {
		if v != 0 {
			fmt.Fprintf(&b, " %s=%v", name, time.Duration(v-epoch))
		}
	}
	number := func(name string, v uint64) {
		if v != 0 {
			fmt.Fprintf(&b, " %s=%d", name, v)
		}
	}
	text("resource", t.Resource)
	text("code", t.Code)
	fmt.Fprintf(&b, " outcome=%v", t.Outcome)
	at("start", t.Start)
	at("request_end", t.RequestEnd)
	at("first_byte", t.FirstByte)
	at("end", t.End)
	number("in", t.BytesIn)
	number("out", t.BytesOut)
	number("rows", t.Rows)
	text("database", t.Database)
	text("authority", t.Authority)
	text("type", t.ContentType)
	if string(t.Target) != string(t.Resource) {
		text("target", t.Target)
	}
	text("statement", t.Statement)
	if t.Session != 0 {
		fmt.Fprintf(&b, " session=%016x", t.Session)
	}
	if t.TraceID != [16]byte{} {
		fmt.Fprintf(&b, " trace=%s", hex.EncodeToString(t.TraceID[:]))
	}
	return b.String()
}

// quoted shows v, in quotes only where it needs them. Long ones are shortened.
func quoted(v []byte) string {
	const longest = 60
	rest := ""
	if len(v) > longest {
		rest = fmt.Sprintf("…%d", len(v))
		v = v[:longest]
	}
	if q := fmt.Sprintf("%q", v); strings.ContainsAny(q, ` \`) {
		return q + rest
	}
	return string(v) + rest
}
