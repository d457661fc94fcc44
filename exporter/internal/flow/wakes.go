package flow

import (
	"unsafe"

	"wire_exporter/decoders"
)

// wakes are the wishes of decoders to be woken: of each connection the earliest, and a heap that says whose turn is next. An entry of the heap
// that is no wish any more is passed over when its time comes.
type wakes struct {
	of   map[*decoders.Flow]wake
	next []alarm
}

type wake struct {
	c  *conn
	at decoders.Time
}

type alarm struct {
	at   decoders.Time
	flow *decoders.Flow
}

// wakeSize is what a wish takes in the map, about.
const wakeSize = 48

func (w *wakes) bytes() int64 {
	return int64(len(w.of))*wakeSize + int64(cap(w.next))*int64(unsafe.Sizeof(alarm{}))
}

// wake takes a decoder's wish; the earliest wins.
func (t *Table) wake(f *decoders.Flow, at decoders.Time) {
	if w, ok := t.wakes.of[f]; ok && w.at <= at {
		return
	}
	if c, _ := t.find(t.index.hash(&f.Client, &f.Server, f.Transport), &f.Client, &f.Server, f.Transport); c != nil {
		t.wakes.of[f] = wake{c, at}
		t.wakes.push(alarm{at, f})
	}
}

// grantWakes wakes those whose time has come.
func (t *Table) grantWakes() {
	w := &t.wakes
	for len(w.next) > 0 && w.next[0].at <= t.now {
		a := w.pop()
		wish, ok := w.of[a.flow]
		if !ok || wish.at != a.at {
			continue
		}
		delete(w.of, a.flow)
		if wish.c.state == decoding {
			t.drive(wish.c, opWake, 0, nil, 0, t.now)
		}
	}
}

// forget drops the wish of a connection that is closed.
func (w *wakes) forget(f *decoders.Flow) { delete(w.of, f) }

// push adds an entry. When most are no wishes any more, the heap is made anew.
func (w *wakes) push(a alarm) {
	if len(w.next) > 2*len(w.of)+1024 {
		w.next = w.next[:0]
		for f, wish := range w.of {
			if f != a.flow {
				w.up(alarm{wish.at, f})
			}
		}
	}
	w.up(a)
}

func (w *wakes) up(a alarm) {
	w.next = append(w.next, a)
	i := len(w.next) - 1
	for i > 0 && w.next[(i-1)/2].at > a.at {
		w.next[i] = w.next[(i-1)/2]
		i = (i - 1) / 2
	}
	w.next[i] = a
}

func (w *wakes) pop() alarm {
	first, last := w.next[0], len(w.next)-1
	a := w.next[last]
	w.next[last] = alarm{}
	w.next = w.next[:last]
	i := 0
	for 2*i+1 < last {
		child := 2*i + 1
		if child+1 < last && w.next[child+1].at < w.next[child].at {
			child++
		}
		if w.next[child].at >= a.at {
			break
		}
		w.next[i] = w.next[child]
		i = child
	}
	if last > 0 {
		w.next[i] = a
	}
	return first
}
