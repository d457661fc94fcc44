package decoders

import "unsafe"

// Free is a free list: what the connections of one worker take for a while and give back. It keeps so many that ordinary traffic
// allocates nothing, and so few, and none that is large, that a burst is given back.
type Free[T any] struct {
	Memory *Memory // where all are accounted, those in use too
	Max    int     // how many unused ones are kept; DefaultFree when zero
	list   []*T
}

const (
	// DefaultFree is how many unused ones a Free keeps when Max does not say otherwise.
	DefaultFree = 1024
	// FreeConns is how many unused Conns a decoder keeps.
	FreeConns = 4096
)

// Get is one as its last user left it, or a new one.
func (l *Free[T]) Get() *T {
	if n := len(l.list); n > 0 {
		x := l.list[n-1]
		l.list = l.list[:n-1]
		return x
	}
	l.Memory.Add(l.size())
	return new(T)
}

// Put takes back x, which owns so many bytes beside itself. When x is too much or too large to be kept, neither it nor what it
// owns is accounted any more.
func (l *Free[T]) Put(x *T, owns int) {
	limit := l.Max
	if limit == 0 {
		limit = DefaultFree
	}
	if len(l.list) >= limit || owns > keepBytes {
		l.Memory.Add(-l.size() - owns)
		return
	}
	l.list = append(l.list, x)
}

func (l *Free[T]) size() int {
	var x T
	return int(unsafe.Sizeof(x))
}
