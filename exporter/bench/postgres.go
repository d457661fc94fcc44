package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
)

// postgres speaks PostgreSQL's protocol 3.0 (its manual, chapter "Frontend/Backend Protocol").
type postgres struct {
	random *rand.Rand
	b      bytes.Buffer
	inside bool // of a transaction
}

// message adds a message of the given type with parts: strings end with a zero, []byte do not, int16 and int32 are big endian.
func (p *postgres) message(kind byte, parts ...any) {
	p.b.WriteByte(kind)
	p.body(parts...)
}

func (p *postgres) body(parts ...any) {
	at := p.b.Len()
	p.b.Write(make([]byte, 4))
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			p.b.WriteString(v)
			p.b.WriteByte(0)
		case []byte:
			p.b.Write(v)
		default:
			binary.Write(&p.b, binary.BigEndian, v)
		}
	}
	binary.BigEndian.PutUint32(p.b.Bytes()[at:], uint32(p.b.Len()-at))
}

// take is what was written since the last call.
func (p *postgres) take() net.Buffers {
	b := bytes.Clone(p.b.Bytes())
	p.b.Reset()
	return net.Buffers{b}
}

// login is a start-up with SCRAM-SHA-256.
func (p *postgres) login() []func(x *exchange) {
	secret := make([]byte, 92)
	for i := range secret {
		secret[i] = 'A' + byte(p.random.IntN(26))
	}
	return []func(x *exchange){
		func(x *exchange) {
			p.body(int32(3<<16), "user", "shop", "database", "shop", "application_name", "shop-api", "client_encoding", "UTF8", []byte{0})
			x.request = p.take()
			p.message('R', int32(10), "SCRAM-SHA-256", []byte{0})
			x.response = p.take()
		},
		func(x *exchange) {
			p.message('p', "SCRAM-SHA-256", int32(32), secret[:32])
			x.request = p.take()
			p.message('R', int32(11), secret[:84])
			x.response = p.take()
		},
		func(x *exchange) {
			p.message('p', secret[:92])
			x.request = p.take()
			p.message('R', int32(12), secret[:46])
			p.message('R', int32(0))
			for _, name := range []string{"application_name", "client_encoding", "DateStyle", "integer_datetimes", "server_encoding", "server_version", "TimeZone"} {
				p.message('S', name, "UTF8")
			}
			p.message('K', p.random.Int32(), p.random.Int32())
			x.response = p.ready()
			x.counts.Logins = 1
		},
	}
}

// ready ends an answer.
func (p *postgres) ready() net.Buffers {
	status := byte('I')
	if p.inside {
		status = 'T'
	}
	p.message('Z', []byte{status})
	return p.take()
}

func (p *postgres) control(x *exchange, verb string, inside bool) {
	p.message('Q', verb)
	x.request = p.take()
	p.inside = inside
	p.message('C', verb)
	x.response = p.ready()
	x.counts.OK = 1
}

func name(i int) string { return fmt.Sprintf("S_%d", i+1) }

// text is a query with $1, $2.
func (p *postgres) text(q *query) string {
	text := q.text
	for i := range q.params() {
		text = strings.Replace(text, "?", fmt.Sprintf("$%d", i+1), 1)
	}
	return text
}

func (p *postgres) prepare(x *exchange, i int) {
	q := &queries[i]
	p.message('P', name(i), p.text(q), int16(0))
	p.message('D', []byte{'S'}, name(i))
	p.message('S')
	x.request = p.take()
	p.message('1')
	parts := []any{int16(q.params())}
	for range q.params() {
		parts = append(parts, int32(23))
	}
	p.message('t', parts...)
	p.describe(q)
	x.response = p.ready()
}

// describe writes a RowDescription, or NoData.
func (p *postgres) describe(q *query) {
	if len(q.columns) == 0 {
		p.message('n')
		return
	}
	parts := []any{int16(len(q.columns))}
	for i, column := range q.columns {
		parts = append(parts, column, int32(16384), int16(i+1), int32(25), int16(-1), int32(-1), int16(0))
	}
	p.message('T', parts...)
}

func (p *postgres) run(x *exchange, i int, m mode, rows int, f fault) {
	q := &queries[i]
	if m == simple {
		p.message('Q', q.withLiterals(p.random))
	} else {
		statement := ""
		if m == prepared {
			statement = name(i)
		} else {
			p.message('P', statement, p.text(q), int16(0))
		}
		parts := []any{"", statement, int16(0), int16(q.params())}
		for range q.params() {
			n := fmt.Append(nil, 1+p.random.IntN(1e6))
			parts = append(parts, int32(len(n)), n)
		}
		p.message('B', append(parts, int16(0))...)
		p.message('D', []byte{'P'}, "")
		p.message('E', "", int32(0))
		p.message('S')
	}
	x.request = p.take()
	x.counts = f.counts(rows)
	if m == unnamed {
		p.message('1')
	}
	if m != simple {
		p.message('2')
	}
	if m != simple || len(q.columns) > 0 && f == fine {
		p.describe(q)
	}
	p.finish(q, rows, f)
	x.response = p.ready()
}

// finish writes the rows and how the statement ended.
func (p *postgres) finish(q *query, rows int, f fault) {
	switch f {
	case callers:
		p.fail("23505", "duplicate key value violates unique constraint \"accounts_pkey\"")
		return
	case servers:
		p.fail("40P01", "deadlock detected")
		return
	}
	verb, _, _ := strings.Cut(q.text, " ")
	if verb == "INSERT" {
		verb = "INSERT 0"
	}
	if len(q.columns) > 0 {
		for range rows {
			parts := []any{int16(len(q.columns))}
			for _, column := range q.columns {
				v := value(p.random, column)
				parts = append(parts, int32(len(v)), []byte(v))
			}
			p.message('D', parts...)
		}
	}
	p.message('C', fmt.Sprintf("%s %d", verb, rows))
}

func (p *postgres) fail(state, text string) {
	p.message('E', []byte("SERROR\x00VERROR\x00C"), state, []byte("M"), text, []byte("Fnbtinsert.c\x00L434\x00R_bt_check_unique\x00\x00"))
}

func (p *postgres) bye() []byte {
	p.message('X')
	return p.take()[0]
}
