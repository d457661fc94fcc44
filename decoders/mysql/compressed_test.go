package mysql

import (
	"math/rand/v2"
	"strings"
	"testing"

	"wire_exporter/decoders"
)

func compressedLine(t *testing.T) *line { return connect(t, false, nil).logIn(usual|withZlib, "bank") }

// noise does not compress.
func noise(n int) string {
	b := make([]byte, n)
	random.Read(b)
	return string(b)
}

var random = rand.NewChaCha8([32]byte{})

// TestLargeFrames: frames that are larger than what a stream may hold, with many rows in them, with one that is larger than what
// is collected, and incompressible ones.
func TestLargeFrames(t *testing.T) {
	many := make([]string, 30000)
	for i := range many {
		many[i] = noise(20 + i%100)
	}
	for name, c := range map[string]struct {
		rows    []string
		unknown bool
	}{
		"small":     {[]string{"a", "b"}, false},
		"many rows": {many[:5000], false},
		"one large": {[]string{"a", noise(5 << 20), "b"}, false},
		"too many":  {many, true},
	} {
		l := compressedLine(t)
		plain := resultSet(c.rows...)
		l.client(frameOf(0, query("SELECT * FROM big")))
		if name == "one large" { // a server fills its buffer, then sends what is left in one piece, then what follows
			first, last := len(plain)-5<<20, len(plain)-20
			l.server(frameOf(1, plain[:first])).server(frameOf(2, plain[first:last])).server(frameOf(3, plain[last:]))
		} else {
			l.server(frameOf(1, plain))
		}
		l.client(frameOf(0, query("SELECT 1"))).server(frameOf(1, resultSet("1")))
		requests := l.out.requests()
		if len(requests) != 2 || l.err != nil {
			t.Fatalf("%s: %d requests, %v, %v", name, len(requests), l.out.reasons, l.err)
		}
		if c.unknown {
			equal(t, name, requests[0].Outcome, decoders.Unknown)
			equal(t, "counted", l.out.reasons[frameTooLarge], 1)
		} else {
			equal(t, name, requests[0].Rows, uint64(len(c.rows)))
			equal(t, "counted", len(l.out.reasons), 0)
		}
		equal(t, "the next", requests[1].Outcome, decoders.OK)
		if used := l.memory.Used(); used > 3<<20 {
			t.Errorf("%s: %d bytes are kept", name, used)
		}
	}
}

// TestCoveredFrame: of a long statement the beginning is decompressed, the rest is not.
func TestCoveredFrame(t *testing.T) {
	l := compressedLine(t)
	l.client(frameOf(0, query("INSERT INTO t VALUES ('"+strings.Repeat("canary", 20_000)+"')"))).server(frameOf(1, okay(1, 1, 2)))
	requests := l.out.requests()
	equal(t, "requests", len(requests), 1)
	equal(t, "outcome", requests[0].Outcome, decoders.OK)
	equal(t, "counted", len(l.out.reasons), 0)
}

// TestBomb: what compresses well is read for a while, not for ever; ordinary frames pay for more of it.
func TestBomb(t *testing.T) {
	l := compressedLine(t)
	bomb := frameOf(1, resultSet(strings.Repeat("a", 6<<20), strings.Repeat("b", 6<<20)))
	ask := func() decoders.Outcome {
		l.client(frameOf(0, query("SELECT * FROM big"))).server(bomb)
		all := l.out.requests()
		return all[len(all)-1].Outcome
	}
	n := 0
	for ask() == decoders.OK {
		if n++; n > 20 {
			t.Fatal("bombs are read for ever")
		}
	}
	equal(t, "the first one is read", n > 0, true)
	equal(t, "counted", l.out.reasons[frameBomb], 1)
	rows := make([]string, 5000)
	for i := range rows {
		rows[i] = noise(100)
	}
	usual := frameOf(1, resultSet(rows...))
	for range 20 {
		l.client(frameOf(0, query("SELECT * FROM t"))).server(usual)
	}
	equal(t, "afterwards", ask(), decoders.OK)
}

// TestFrameGarbage: whatever is in a frame, the memory that was taken for it is given back.
func TestFrameGarbage(t *testing.T) {
	l := compressedLine(t)
	large := frameOf(1, []byte(noise(200<<10)))
	before := l.memory.Used()
	for range 3 {
		l.client(frameOf(0, query("SELECT 1"))).server(large[:100<<10])
		l.feeder.Lost(&l.pool, decoders.ToClient, 1, l.now)
	}
	if used := l.memory.Used() - before; used > 1<<20 {
		t.Errorf("%d bytes are kept", used)
	}
	l.close()
}
