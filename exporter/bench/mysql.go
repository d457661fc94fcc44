package main

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
)

// mysql speaks the client/server protocol of MySQL 8 (its source code documentation, chapter "Client/Server Protocol"), with
// CLIENT_DEPRECATE_EOF as new clients do or without as old ones.
type mysql struct {
	random *rand.Rand
	b      bytes.Buffer
	seq    byte
	old    bool // EOF packets
	inside bool // of a transaction
}

// The commands.
const (
	comQuit        = 1
	comQuery       = 3
	comStmtPrepare = 22
	comStmtExecute = 23
)

// packet adds a packet with parts: strings and []byte as they are, numbers little endian.
func (m *mysql) packet(parts ...any) {
	at := m.b.Len()
	m.b.Write(make([]byte, 4))
	for _, part := range parts {
		switch v := part.(type) {
		case string:
			m.b.WriteString(v)
		case []byte:
			m.b.Write(v)
		default:
			binary.Write(&m.b, binary.LittleEndian, v)
		}
	}
	binary.LittleEndian.PutUint32(m.b.Bytes()[at:], uint32(m.b.Len()-at-4))
	m.b.Bytes()[at+3] = m.seq
	m.seq++
}

// take is what was written since the last call.
func (m *mysql) take() net.Buffers {
	b := bytes.Clone(m.b.Bytes())
	m.b.Reset()
	return net.Buffers{b}
}

// lenenc is a string with its length in front (less than 251 bytes).
func lenenc(s string) []byte { return append([]byte{byte(len(s))}, s...) }

// login is a log-in with caching_sha2_password, whose secret the server has cached.
func (m *mysql) login() []func(x *exchange) {
	const capabilities = 0x01ef_a28d // protocol 4.1, plugins, multi-results, transactions, session tracking, DEPRECATE_EOF and what else is usual
	m.old = m.random.IntN(2) == 0
	caps := uint32(capabilities)
	if m.old {
		caps &^= 1 << 24
	}
	return []func(x *exchange){
		func(x *exchange) {
			m.packet(byte(10), "8.0.36\x00", m.random.Uint32(), "abcdefgh\x00", uint16(0xffff), byte(255), uint16(2), uint16(0xdfff), byte(21),
				make([]byte, 10), "ijklmnopqrst\x00", "caching_sha2_password\x00")
			x.response = m.take()
		},
		func(x *exchange) {
			m.packet(caps, uint32(1<<24), byte(255), make([]byte, 23), "shop\x00", lenenc("0123456789abcdef0123456789abcdef"), "shop\x00", "caching_sha2_password\x00")
			x.request = m.take()
			m.packet(byte(1), byte(3))
			m.ok(0, 0)
			x.response = m.take()
			x.counts.Logins = 1
		},
	}
}

// status is the server's status flags.
func (m *mysql) status() uint16 {
	if m.inside {
		return 3
	}
	return 2
}

// ok adds an OK packet with its header.
func (m *mysql) ok(header byte, affected int) {
	m.packet(header, byte(affected), byte(0), m.status(), uint16(0))
}

// eof ends the definitions of columns, for old clients only, or the rows.
func (m *mysql) eof(rows bool) {
	switch {
	case m.old:
		m.packet(byte(0xfe), uint16(0), m.status())
	case rows:
		m.ok(0xfe, 0)
	}
}

// command starts over with a command.
func (m *mysql) command(parts ...any) net.Buffers {
	m.seq = 0
	m.packet(parts...)
	return m.take()
}

func (m *mysql) control(x *exchange, verb string, inside bool) {
	x.request = m.command(byte(comQuery), verb)
	m.inside = inside
	m.ok(0, 0)
	x.response = m.take()
	x.counts.OK = 1
}

// column adds the definition of a column, or parameter.
func (m *mysql) column(name string) {
	m.packet(lenenc("def"), lenenc("shop"), lenenc("t"), lenenc("table"), lenenc(name), lenenc(name),
		byte(12), uint16(255), uint32(1020), byte(0xfd), uint16(0), byte(0), uint16(0))
}

func (m *mysql) prepare(x *exchange, i int) {
	q := &queries[i]
	x.request = m.command(byte(comStmtPrepare), q.text)
	m.packet(byte(0), uint32(i+1), uint16(len(q.columns)), uint16(q.params()), byte(0), uint16(0))
	for range q.params() {
		m.column("?")
	}
	m.eof(false)
	for _, c := range q.columns {
		m.column(c)
	}
	if len(q.columns) > 0 {
		m.eof(false)
	}
	x.response = m.take()
	x.counts.OK = 1 // a request of its own
}

func (m *mysql) run(x *exchange, i int, how mode, rows int, f fault) {
	q := &queries[i]
	binaryRows := how == prepared
	if binaryRows {
		parts := []any{byte(comStmtExecute), uint32(i + 1), byte(0), uint32(1), byte(0), byte(1)}
		for range q.params() {
			parts = append(parts, uint16(3)) // a number of four bytes
		}
		for range q.params() {
			parts = append(parts, uint32(1+m.random.IntN(1e6)))
		}
		x.request = m.command(parts...)
	} else {
		x.request = m.command(byte(comQuery), q.withLiterals(m.random))
	}
	x.counts = f.counts(rows)
	switch {
	case f == callers:
		m.packet(byte(0xff), uint16(1062), "#23000Duplicate entry '42' for key 'accounts.PRIMARY'")
	case f == servers:
		m.packet(byte(0xff), uint16(1213), "#40001Deadlock found when trying to get lock; try restarting transaction")
	case len(q.columns) == 0:
		m.ok(0, rows)
	default:
		m.rows(q, rows, binaryRows)
	}
	x.response = m.take()
}

// rows adds a result set.
func (m *mysql) rows(q *query, n int, binaryRows bool) {
	m.packet(byte(len(q.columns)))
	for _, c := range q.columns {
		m.column(c)
	}
	m.eof(false)
	for range n {
		var parts []any
		if binaryRows {
			parts = append(parts, make([]byte, 1+(len(q.columns)+9)/8)) // header and no NULL
		}
		for _, c := range q.columns {
			parts = append(parts, lenenc(value(m.random, c)))
		}
		m.packet(parts...)
	}
	m.eof(true)
}

func (m *mysql) bye() []byte { return m.command(byte(comQuit))[0] }
