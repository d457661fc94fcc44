package decoders

import "testing"

func TestPending(t *testing.T) {
	var p Pending[int]
	if p.Front() != nil || p.Back() != nil || p.Cap() != 0 {
		t.Fatal("an empty queue has entries")
	}
	next, oldest := 0, 0
	push := func() { *p.Push() = next; next++ }
	pop := func() {
		equal(t, "front", *p.Front(), oldest)
		p.Pop()
		oldest++
	}
	push()
	equal(t, "slots", p.Cap(), 1)
	for range 100 { // the ring turns while it grows
		push()
		push()
		pop()
	}
	equal(t, "len", p.Len(), 101)
	for i := range p.Len() {
		equal(t, "at", *p.At(i), oldest+i)
	}
	equal(t, "back", *p.Back(), next-1)
	for p.Len() > 0 {
		pop()
	}
	push()
	p.Reset()
	equal(t, "after a reset", p.Len(), 0)
}

func TestPendingIsBounded(t *testing.T) {
	p := Pending[int]{Max: 3}
	for range 3 {
		if p.Push() == nil {
			t.Fatal("full too early")
		}
	}
	if p.Push() != nil {
		t.Fatal("not full")
	}
	equal(t, "slots", p.Cap(), 3)
	var q Pending[byte]
	for q.Push() != nil {
	}
	equal(t, "default", q.Len(), DefaultPending)
}

func TestPendingPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Fatal("Pop of an empty queue went through")
		}
	}()
	new(Pending[int]).Pop()
}

func TestPendingAllocs(t *testing.T) {
	var p Pending[Text]
	b := []byte("a text")
	if n := testing.AllocsPerRun(100, func() {
		p.Push().Set(b, 10)
		p.Push().Set(b, 10)
		p.Pop()
		p.Pop()
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func TestText(t *testing.T) {
	var x Text
	x.Set([]byte("abcdef"), 4)
	equal(t, "cut", string(x.Bytes()), "abcd")
	x.Append([]byte("efgh"), 6)
	equal(t, "appended", string(x.Bytes()), "abcdef")
	x.Append([]byte("gh"), 3)
	equal(t, "full", x.Len(), 6)
	x.Clear()
	equal(t, "cleared", x.Len(), 0)
	equal(t, "keeps its room", x.Cap() > 0, true)
	b := []byte("abcd")
	if n := testing.AllocsPerRun(100, func() { x.Set(b, 10) }); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
