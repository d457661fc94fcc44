package sql

import (
	"fmt"
	"testing"

	"wire_exporter/decoders"
)

const sample = "SELECT a.id, a.balance, c.name FROM accounts a JOIN customers c ON c.id = a.customer WHERE a.id = 123456 AND c.name = 'Some Body'"

func TestNextAllocatesNothing(t *testing.T) {
	b, text := NewBook(PostgreSQL, new(decoders.Memory)), []byte(sample)
	b.Next(text, false)
	if n := testing.AllocsPerRun(100, func() { b.Next(text, false) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// However many fingerprints pass by, what is kept is bounded and accounted for, and what is in use stays.
func TestBookIsBounded(t *testing.T) {
	m := new(decoders.Memory)
	b := NewBook(MySQL, m)
	used, _ := b.Next([]byte("SELECT 1"), false)
	for i := range 5 * maxStatements {
		b.Next(fmt.Appendf(nil, "SELECT a%d", i), false)
		if s, _ := b.Next([]byte("SELECT 1"), false); s != used {
			t.Fatal("a statement in use was forgotten")
		}
	}
	if n := len(b.young.statements) + len(b.old.statements); n > 2*maxStatements {
		t.Errorf("%d statements", n)
	}
	if want := b.young.bytes + b.old.bytes; m.Used() != int64(want) || want > 2*(maxBytes+MaxText) {
		t.Errorf("%d bytes accounted for, %d kept", m.Used(), want)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, c := range []struct {
		name, text string
		d          Dialect
	}{{"join", sample, PostgreSQL}, {"join", sample, MySQL}} {
		b.Run(fmt.Sprintf("%s-%d", c.name, c.d), func(b *testing.B) {
			book, text := NewBook(c.d, nil), []byte(c.text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				book.Next(text, false)
			}
		})
	}
}
