package decoders

import "testing"

// TestFree: what is given back is used again, what is too much or too large is let go, and all of it is accounted.
func TestFree(t *testing.T) {
	var memory Memory
	list := Free[[4]int64]{Memory: &memory, Max: 2}
	a, b, c := list.Get(), list.Get(), list.Get()
	if memory.Used() != 3*32 {
		t.Errorf("three in use: %d bytes, want 96", memory.Used())
	}
	list.Put(a, 0)
	if got := list.Get(); got != a {
		t.Error("the one that was given back is not the next")
	}
	memory.Add(keepBytes + 1)
	list.Put(a, keepBytes+1)
	if memory.Used() != 2*32 {
		t.Errorf("a large one was kept: %d bytes, want 64", memory.Used())
	}
	list.Put(b, 0)
	list.Put(c, 0)
	list.Put(new([4]int64), 0)
	if memory.Used() != 32 {
		t.Errorf("one too many was kept: %d bytes, want 32", memory.Used())
	}
}

// TestUnfinished: who ended the connection decides, and only the connection itself does.
func TestUnfinished(t *testing.T) {
	for _, test := range []struct {
		why                      Why
		clientFirst, serverEnded bool
		cut, none                Outcome
	}{
		{FIN, false, true, ServerError, Unanswered},
		{FIN, true, true, Aborted, Aborted},
		{ResetByServer, false, false, ServerError, Unanswered},
		{ResetByServer, true, false, Aborted, Aborted},
		{ResetByClient, false, false, Aborted, Aborted},
		{ResetByClient, false, true, Aborted, Unanswered}, // the client's answer to a response that never came
		{Evicted, true, true, Unknown, Unknown},
		{CaptureEnd, true, false, Unknown, Unknown},
		{GaveUp, false, false, Unknown, Unknown},
		{HandedOver, true, true, Unknown, Unknown},
	} {
		if cut, none := test.why.Unfinished(test.clientFirst, test.serverEnded); cut != test.cut || none != test.none {
			t.Errorf("%d, client first %t, server ended %t: %s and %s, want %s and %s",
				test.why, test.clientFirst, test.serverEnded, cut, none, test.cut, test.none)
		}
	}
}
