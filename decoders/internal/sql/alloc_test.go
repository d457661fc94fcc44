package sql

import (
	"bytes"
	"fmt"
	"testing"

	"wire_exporter/decoders"
)

const sample = "SELECT a.id, a.balance, c.name FROM accounts a JOIN customers c ON c.id = a.customer WHERE a.id = 123456 AND c.name = 'Some Body'"

func TestNextAllocatesNothing(t *testing.T) {
	b, text := NewBook(PostgreSQL, new(decoders.Memory)), []byte(sample)
	b.Next(text, false)
	id := bytes.Index(text, []byte("123456")) // other literals: texts that were not seen, of a shape that was
	if n := testing.AllocsPerRun(100, func() { text[id]++; b.Next(text, false); text[id]-- }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { b.read(text, false, Plain) }); n != 0 {
		t.Errorf("%v allocations when it is read", n)
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

// BenchmarkNext reads a text that was not seen before, of a statement that was; finds it by its shape; and finds the very same text again.
func BenchmarkNext(b *testing.B) {
	const insert = "INSERT INTO payments (id, account, amount, note) VALUES (1, 4711, 12.50, 'first'), (2, 4712, 99.00, 'second''s'), (3, 4713, -1, NULL)"
	for _, c := range []struct{ name, text string }{{"join", sample}, {"insert", insert}} {
		for d := range MySQL + 1 {
			book, text := NewBook(d, nil), []byte(c.text)
			b.Run(fmt.Sprintf("%s/new/%d", c.name, d), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					book.read(text, false, Plain)
				}
			})
			b.Run(fmt.Sprintf("%s/shape/%d", c.name, d), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					book.shapeOf(text, false, Plain)
				}
			})
			b.Run(fmt.Sprintf("%s/again/%d", c.name, d), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					book.Next(text, false)
				}
			})
		}
	}
}
