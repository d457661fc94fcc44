package decoders

// Pending is the queue of requests that wait for their response, oldest first. Its zero value is empty; it starts with one
// slot, grows only with pipelining, and is bounded by Max. Slots are reused with what they own (a Text keeps its bytes).
type Pending[T any] struct {
	Max  int // 0: DefaultPending
	ring []T
	head int
	n    int
}

// DefaultPending is how many requests of one connection may wait when Max does not say otherwise: more than any client
// pipelines, few enough that one connection cannot fill the memory.
const DefaultPending = 1024

// Len is the number of requests that wait.
func (p *Pending[T]) Len() int { return p.n }

// Cap is the number of slots that are allocated.
func (p *Pending[T]) Cap() int { return len(p.ring) }

// Push adds a slot at the end and returns it as its last user left it. nil: full, matching is not possible any more.
func (p *Pending[T]) Push() *T {
	limit := p.Max
	if limit == 0 {
		limit = DefaultPending
	}
	if p.n >= limit {
		return nil
	}
	if p.n == len(p.ring) {
		p.grow(limit)
	}
	p.n++
	return p.At(p.n - 1)
}

func (p *Pending[T]) grow(limit int) {
	ring := make([]T, min(max(1, 2*len(p.ring)), limit))
	for i := range p.n {
		ring[i] = *p.At(i)
	}
	p.ring, p.head = ring, 0
}

// At is the i-th oldest, 0 <= i < Len. The pointer is valid until the next Push.
func (p *Pending[T]) At(i int) *T {
	i += p.head
	if i >= len(p.ring) {
		i -= len(p.ring)
	}
	return &p.ring[i]
}

// Front is the oldest; nil when there is none.
func (p *Pending[T]) Front() *T {
	if p.n == 0 {
		return nil
	}
	return &p.ring[p.head]
}

// Back is the newest; nil when there is none.
func (p *Pending[T]) Back() *T {
	if p.n == 0 {
		return nil
	}
	return p.At(p.n - 1)
}

// Pop removes the oldest.
func (p *Pending[T]) Pop() {
	if p.n == 0 {
		panic("BUG: Pop of an empty Pending")
	}
	if p.head++; p.head == len(p.ring) {
		p.head = 0
	}
	p.n--
}

// Reset empties the queue and keeps its slots.
func (p *Pending[T]) Reset() { p.head, p.n = 0, 0 }
