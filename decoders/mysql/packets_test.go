package mysql

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"testing"

	"wire_exporter/decoders"
)

// What clients and servers send, for tests.

// packet is one packet, or several when the payload is too large for one.
func packets(seq byte, payload ...byte) (b []byte) {
	for ; len(payload) >= maxPayload; seq++ {
		b = append(append(b, 0xff, 0xff, 0xff, seq), payload[:maxPayload]...)
		payload = payload[maxPayload:]
	}
	n := len(payload)
	return append(append(b, byte(n), byte(n>>8), byte(n>>16), seq), payload...)
}

func say(cmd byte, body string) []byte { return packets(0, append([]byte{cmd}, body...)...) }

func query(text string) []byte { return say(comQuery, text) }

func number(n uint32) string { return string(binary.LittleEndian.AppendUint32(nil, n)) }

// lenenc is a length-encoded string.
func lenenc(s string) string {
	switch n := len(s); {
	case n < 251:
		return string(rune(n))[:1] + s
	case n < 1<<16:
		return "\xfc" + number(uint32(n))[:2] + s
	default:
		return "\xfd" + number(uint32(n))[:3] + s
	}
}

func okay(seq byte, affected byte, status uint16) []byte {
	return packets(seq, okPacket, affected, 0, byte(status), byte(status>>8), 0, 0)
}

func fails(seq byte, code uint16, state string) []byte {
	return packets(seq, append([]byte{errPacket, byte(code), byte(code >> 8), '#'}, state+"no"...)...)
}

func eof(seq byte) []byte { return packets(seq, eofPacket, 0, 0, 2, 0) }

// resultSet is one column and these rows.
func resultSet(rows ...string) []byte {
	seq := byte(3)
	b := append(packets(1, 1), packets(2, []byte("\x03def")...)...)
	b = append(b, eof(seq)...)
	for _, row := range rows {
		seq++
		payload := []byte(lenenc(row))
		b = append(b, packets(seq, payload...)...)
		seq += byte(len(payload) / maxPayload)
	}
	return append(b, eof(seq+1)...)
}

const (
	usual      = protocol41 | secureConn | withDatabase
	serverCaps = usual | withZlib | withZstd | withTLS | deprecateEOF
)

func greet() []byte {
	low, high := uint16(serverCaps&0xffff), uint16(serverCaps>>16)
	return packets(0, []byte("\x0a8.4.3\x00"+number(1)+"saltsalt\x00"+number(uint32(low))[:2]+"\x2d\x02\x00"+number(uint32(high))[:2]+"\x15"+"0123456789saltsaltsal\x00")...)
}

func respond(caps capabilities, database string) []byte {
	body := number(uint32(caps)) + number(1<<24) + "\x2d" + string(make([]byte, 23)) + "canary-user\x00" + lenenc("canary-password-hash")
	if caps&withDatabase != 0 {
		body += database + "\x00"
	}
	return packets(1, []byte(body)...)
}

// frameOf is what b looks like on a compressed connection.
func frameOf(seq byte, b []byte) []byte {
	var z bytes.Buffer
	w := zlib.NewWriter(&z)
	w.Write(b)
	w.Close()
	return append(append(append([]byte(number(uint32(z.Len())))[:3], seq), number(uint32(len(b)))[:3]...), z.Bytes()...)
}

// seen is a Sink that writes down what matters.
type seen struct {
	txns    []decoders.Txn
	reasons map[decoders.Malformed]int
}

func (x *seen) Transaction(t *decoders.Txn) {
	c := *t
	for _, b := range []*[]byte{&c.Operation, &c.Resource, &c.Code, &c.Database, &c.Statement} {
		*b = bytes.Clone(*b)
	}
	x.txns = append(x.txns, c)
}

func (x *seen) Count(_ *decoders.Flow, reason decoders.Malformed) {
	if x.reasons == nil {
		x.reasons = map[decoders.Malformed]int{}
	}
	x.reasons[reason]++
}

// requests is the transactions that are requests.
func (x *seen) requests() (all []decoders.Txn) {
	for _, t := range x.txns {
		if t.Kind == decoders.Request {
			all = append(all, t)
		}
	}
	return all
}

// line is a connection under test; times count its segments.
type line struct {
	tb     testing.TB
	pool   decoders.Pool
	memory decoders.Memory
	feeder decoders.Feeder
	out    *seen
	now    decoders.Time
	err    error
}

// connect opens a connection of a worker of its own; configure may be nil.
func connect(tb testing.TB, raw bool, configure func(*Config)) *line {
	tb.Helper()
	l := &line{tb: tb, out: new(seen)}
	d, err := Plugin.New(decoders.Env{Memory: &l.memory, Raw: raw}, func(v any) error {
		if configure != nil {
			configure(v.(*Config))
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	l.pool.Memory = &l.memory
	l.feeder.Attach(&l.pool, d.Open(&l.feeder.Flow, l.out))
	return l
}

// logIn brings the connection to where commands are.
func (l *line) logIn(caps capabilities, database string) *line {
	l.server(greet())
	l.client(respond(caps, database))
	return l.server(okay(2, 0, 2))
}

func (l *line) client(b []byte) *line { return l.feed(decoders.ToServer, b) }
func (l *line) server(b []byte) *line { return l.feed(decoders.ToClient, b) }

func (l *line) feed(dir decoders.Dir, b []byte) *line {
	const segment = 1448
	for l.err == nil && len(b) > 0 {
		l.now++
		n := min(len(b), segment)
		l.err = l.feeder.Segment(&l.pool, dir, b[:n], l.now)
		b = b[n:]
	}
	return l
}

func (l *line) close() {
	l.feeder.Conn().Close(l.now, decoders.CaptureEnd)
	l.feeder.Release(&l.pool)
}

func (l *line) session() (string, decoders.SessionState) {
	database, state := l.feeder.Conn().(decoders.SessionConn).Session()
	return string(database), state
}

func equal[T comparable](tb testing.TB, what string, got, want T) {
	tb.Helper()
	if got != want {
		tb.Errorf("%s: got %v, want %v", what, got, want)
	}
}
