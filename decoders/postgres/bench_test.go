package postgres

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/decoders/decodertest"
)

func BenchmarkConversations(b *testing.B) { decodertest.Bench(b, subject) }

// exchange is what pgbench does most: a prepared statement that changes one row.
func exchange() (request, response []byte) {
	return join(bind("", "P0_5"), message('D', "P"), run("", 0), syncMessage), join(message('2'), message('n'), message('C', "UPDATE 1"), ready('I'))
}

func BenchmarkPrepared(b *testing.B) {
	request, response := exchange()
	benchmark(b, request, response, 1)
}

func BenchmarkQuery(b *testing.B) {
	benchmark(b, ask("UPDATE pgbench_accounts SET abalance = abalance + 2571 WHERE aid = 73412;"), join(message('C', "UPDATE 1"), ready('I')), 1)
}

// BenchmarkRows is a result of 100 rows of 75 bytes, in segments.
func BenchmarkRows(b *testing.B) {
	wide := grow(row, make([]byte, 64)...)
	response := join(message('T', strings.Repeat("x", 70)), bytes.Repeat(wide, 100), message('C', "SELECT 100"), ready('I'))
	benchmark(b, ask("select * from a where b > 5"), response, 1)
}

// BenchmarkBatch is fifty statements in front of one Sync.
func BenchmarkBatch(b *testing.B) {
	request := append(bytes.Repeat(join(bind("", "P0_5"), run("", 0)), 50), syncMessage...)
	response := append(bytes.Repeat(join(message('2'), message('C', "UPDATE 1")), 50), ready('I')...)
	benchmark(b, request, response, 50)
}

// benchmark feeds a request and its response, in segments of at most 1448 bytes, again and again.
func benchmark(b *testing.B, request, response []byte, statements int) {
	w := newWire(b, decoders.Env{})
	w.login()
	w.client(parse("P0_5", "UPDATE pgbench_accounts SET abalance = abalance + $1 WHERE aid = $2;"), syncMessage)
	w.server(message('1'), ready('I'))
	out := new(counter)
	w.feeder.Conn().(*conn).d.out = out
	b.ReportAllocs()
	b.SetBytes(int64(len(request) + len(response)))
	for b.Loop() {
		for piece := range slices.Chunk(request, 1448) {
			w.feed(decoders.ToServer, piece)
		}
		for piece := range slices.Chunk(response, 1448) {
			w.feed(decoders.ToClient, piece)
		}
	}
	if out.n != b.N*statements {
		b.Fatalf("%d transactions of %d", out.n, b.N*statements)
	}
}

// counter is a Sink that counts.
type counter struct{ n int }

func (x *counter) Transaction(*decoders.Txn)                { x.n++ }
func (x *counter) Count(*decoders.Flow, decoders.Malformed) {}
