package label

import "sync/atomic"

// table maps 64-bit hashes to values. Reading takes no lock and may happen at any time; writing is for one at a time. An
// entry is never changed once its key is stored: growing and removing build a new array.
type table[T any] struct {
	current atomic.Pointer[entries[T]]
	n       int
}

type entries[T any] []entry[T]

type entry[T any] struct {
	key   atomic.Uint64 // 0: free
	value *T            // written before key
}

const minEntries = 256

// find is the value of key, or nil.
func (t *table[T]) find(key uint64) *T {
	p := t.current.Load()
	if p == nil {
		return nil
	}
	key = max(key, 1)
	es := *p
	mask := uint64(len(es) - 1)
	for i := key & mask; ; i = (i + 1) & mask {
		switch es[i].key.Load() {
		case key:
			return es[i].value
		case 0:
			return nil
		}
	}
}

// add puts value in; key must not be there.
func (t *table[T]) add(key uint64, value *T) {
	p := t.current.Load()
	if p == nil || 2*(t.n+1) > len(*p) {
		t.rebuild(func(*T) bool { return true })
		p = t.current.Load()
	}
	p.put(max(key, 1), value)
	t.n++
}

// rebuild builds the array anew, with room to double, from the values that keep approves of.
func (t *table[T]) rebuild(keep func(*T) bool) {
	size := minEntries
	for size < 4*(t.n+1) {
		size *= 2
	}
	next := make(entries[T], size)
	t.n = 0
	if p := t.current.Load(); p != nil {
		for i := range *p {
			if e := &(*p)[i]; e.value != nil && keep(e.value) {
				next.put(e.key.Load(), e.value)
				t.n++
			}
		}
	}
	t.current.Store(&next)
}

func (es entries[T]) put(key uint64, value *T) {
	mask := uint64(len(es) - 1)
	i := key & mask
	for es[i].key.Load() != 0 {
		i = (i + 1) & mask
	}
	es[i].value = value
	es[i].key.Store(key)
}
