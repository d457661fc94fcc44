package decoders

// held is the unread bytes of one direction between two segments, with the capture time of each stretch.
type held struct {
	data    []byte
	marks   []mark
	want    int // Feed is not worth while before so many bytes are here
	scanned int // so many bytes hold no LF
}

// mark says that the bytes before end (and after the mark before it) came at.
type mark struct {
	end int
	at  Time
}

const markSize = 16

func newHeld(p *Pool) *held {
	h := &held{data: make([]byte, 0, 2048), marks: make([]mark, 0, 4)}
	p.Memory.Add(h.size())
	return h
}

func (h *held) size() int { return cap(h.data) + cap(h.marks)*markSize }

// add appends b, which came at now.
func (h *held) add(p *Pool, b []byte, now Time) {
	if len(b) == 0 {
		return
	}
	before := h.size()
	h.data = append(h.data, b...)
	if n := len(h.marks); n > 0 && h.marks[n-1].at == now {
		h.marks[n-1].end = len(h.data)
	} else {
		h.marks = append(h.marks, mark{len(h.data), now})
	}
	if grown := h.size() - before; grown != 0 {
		p.Memory.Add(grown)
	}
}

// cut drops the first n bytes.
func (h *held) cut(n int) {
	h.data = h.data[:copy(h.data, h.data[n:])]
	past := 0
	for past < len(h.marks) && h.marks[past].end <= n {
		past++
	}
	h.marks = h.marks[:copy(h.marks, h.marks[past:])]
	for i := range h.marks {
		h.marks[i].end -= n
	}
}

// stampAt is the capture time of byte i; now when i lies beyond what is held.
func (h *held) stampAt(i int, now Time) Time {
	for _, m := range h.marks {
		if i < m.end {
			return m.at
		}
	}
	return now
}
