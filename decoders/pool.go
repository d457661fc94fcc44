package decoders

// DefaultLimit is the most bytes one direction may hold for a message that is not complete.
const DefaultLimit = 64 << 10

// Pool is what the Feeders of one worker share: the Streams they lend out and the buffers for incomplete messages.
type Pool struct {
	Limit  int     // the most bytes one direction may hold; DefaultLimit when zero
	Memory *Memory // where held bytes are accounted

	streams []*Stream // free ones; as many as Feeders are nested
	slots   []*held   // all buffers; a slot is an index into it plus one
	free    []slot    // slots that nobody uses: their buffers are kept, or nil when they were too large
	wake    func(f *Flow, at Time)
}

// slot names a buffer of the Pool in half the room of a pointer: a Feeder has two of them. Zero: none.
type slot uint32

// keepBytes is the size up to which an unused buffer is kept: large enough that ordinary heads allocate nothing, small
// enough that a burst of large ones is given back.
const keepBytes = 16 << 10

// OnWake sets who is told of Flow.Wake's wishes.
func (p *Pool) OnWake(want func(f *Flow, at Time)) { p.wake = want }

func (p *Pool) limit() int {
	if p.Limit == 0 {
		return DefaultLimit
	}
	return p.Limit
}

// at is the buffer of s; nil for none.
func (p *Pool) at(s slot) *held {
	if s == 0 {
		return nil
	}
	return p.slots[s-1]
}

// get finds an empty buffer.
func (p *Pool) get() slot {
	if n := len(p.free); n > 0 {
		s := p.free[n-1]
		p.free = p.free[:n-1]
		if p.slots[s-1] == nil {
			p.slots[s-1] = newHeld(p)
		}
		return s
	}
	p.slots = append(p.slots, newHeld(p))
	return slot(len(p.slots))
}

// keepHeld is how many unused buffers a worker keeps.
const keepHeld = 1024

func (p *Pool) put(s slot) {
	h := p.slots[s-1]
	h.data, h.marks, h.want, h.scanned = h.data[:0], h.marks[:0], 0, 0
	if h.size() > keepBytes || len(p.free) >= keepHeld {
		p.Memory.Add(-h.size())
		p.slots[s-1] = nil
	}
	p.free = append(p.free, s)
}

func (p *Pool) stream() *Stream {
	if n := len(p.streams); n > 0 {
		s := p.streams[n-1]
		p.streams = p.streams[:n-1]
		return s
	}
	return new(Stream)
}
