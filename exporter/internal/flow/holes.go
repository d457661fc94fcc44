package flow

import (
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// hole is what is missing of a direction, and what waits behind it.
type hole struct {
	c      *conn
	dir    decoders.Dir
	since  decoders.Time // when it was noticed
	asked  bool          // the peer said that it has not got what is missing, either
	window uint16        // of its last acknowledgment
	ack    uint32        // that acknowledgment
	acked  bool          // the peer has what is missing, up to side.lost
	first  uint32        // what it acknowledged at first
	ackAt  decoders.Time // and when
	lastAt decoders.Time // when it acknowledged side.lost
	pieces []piece       // by seq; those before head are gone
	head   int
	bytes  int // held in pieces

	queue         uint8
	before, after *hole // in its queue
}

const (
	// maxPieces bounds the segments behind one hole, whatever they hold.
	maxPieces = 1024

	pieceSize = 64
	holeSize  = int64(unsafe.Sizeof(hole{}))
)

// Holes wait in queues, by what they wait for, so that only those whose time is over are looked at.
const (
	queueAcked   uint8 = iota // for the other ring or leg: Config.Grace since the acknowledgment
	queueBlind                // for anything: the other direction is not seen, so nothing will be acknowledged
	queuePatient              // for the retransmission: Config.Patience
	numQueues
)

// queue is a list of holes, those that wait longest first.
type queue struct {
	first, last *hole
	n           int
}

// hole is the hole of c's direction d, made if there is none.
func (t *Table) hole(c *conn, d decoders.Dir, at decoders.Time) *hole {
	e := &c.side[d]
	if e.hole != nil {
		return e.hole
	}
	var h *hole
	if n := len(t.spare); n > 0 {
		h = t.spare[n-1]
		t.spare = t.spare[:n-1]
	} else {
		h = new(hole)
	}
	*h = hole{c: c, dir: d, since: at, pieces: h.pieces[:0]}
	t.heldSize += holeSize
	t.enqueue(h)
	e.hole = h
	return h
}

// dropHole forgets the hole and what waits behind it.
func (t *Table) dropHole(c *conn, d decoders.Dir) {
	h := c.side[d].hole
	if h == nil {
		return
	}
	for i := range h.waiting() {
		t.giveBack(h, &h.waiting()[i])
	}
	t.dequeue(h)
	t.heldSize -= holeSize
	h.c = nil
	if len(t.spare) < 1024 && cap(h.pieces) <= 64 {
		t.spare = append(t.spare, h)
	}
	c.side[d].hole = nil
}

// waitsFor is the queue that h belongs to.
func (h *hole) waitsFor() uint8 {
	switch {
	case h.acked:
		return queueAcked
	case h.c.state != halfOpen && !h.c.has(synced, h.dir.Other()):
		return queueBlind
	}
	return queuePatient
}

// enqueue puts h at the end of the queue it belongs to.
func (t *Table) enqueue(h *hole) {
	h.queue = h.waitsFor()
	q := &t.queues[h.queue]
	q.n++
	h.before, h.after = q.last, nil
	if q.last != nil {
		q.last.after = h
	} else {
		q.first = h
	}
	q.last = h
}

func (t *Table) dequeue(h *hole) {
	q := &t.queues[h.queue]
	q.n--
	if h.before != nil {
		h.before.after = h.after
	} else {
		q.first = h.after
	}
	if h.after != nil {
		h.after.before = h.before
	} else {
		q.last = h.before
	}
	h.before, h.after = nil, nil
}

func (t *Table) requeue(h *hole) {
	t.dequeue(h)
	t.enqueue(h)
}

// overdue gives up the holes whose time is over.
func (t *Table) overdue() {
	for i := range t.queues {
		q := &t.queues[i]
		for n := q.n; n > 0 && q.first != nil; n-- {
			h := q.first
			if h.waitsFor() == h.queue {
				if !t.due(h) {
					break
				}
				if h.c.state == halfOpen { // data in the SYN
					h.since = t.now
				} else {
					t.lose(h.c, h.dir, t.now)
				}
			}
			if q.first == h { // still there, or elsewhere
				t.requeue(h)
			}
		}
	}
}

// due says that h is waited for no longer.
func (t *Table) due(h *hole) bool {
	switch h.queue {
	case queueAcked:
		return t.now-h.ackAt >= decoders.Time(t.cfg.Grace)
	case queueBlind:
		return t.now-h.since >= 5*decoders.Time(t.cfg.Grace)
	}
	return t.now-h.since >= decoders.Time(t.cfg.Patience)
}

// waiting is what waits behind h.
func (h *hole) waiting() []piece { return h.pieces[h.head:] }

// pop takes the first piece away.
func (h *hole) pop() piece {
	p := h.pieces[h.head]
	h.pieces[h.head] = piece{}
	if h.head++; h.head == len(h.pieces) {
		h.pieces, h.head = h.pieces[:0], 0
	}
	return p
}

// insert puts p before the i-th of those that wait.
func (h *hole) insert(i int, p piece) {
	if len(h.pieces) == cap(h.pieces) && h.head > len(h.pieces)/2 {
		n := copy(h.pieces, h.waiting())
		clear(h.pieces[n:])
		h.pieces, h.head = h.pieces[:n], 0
	}
	h.pieces = append(h.pieces, piece{})
	w := h.waiting()
	copy(w[i+1:], w[i:])
	w[i] = p
}

// acked notes that the peer has everything of d before upTo.
func (t *Table) acked(c *conn, d decoders.Dir, upTo uint32, at decoders.Time) {
	h := t.hole(c, d, at)
	if !h.acked {
		h.acked, h.first, h.ackAt, h.lastAt = true, upTo, at, at
		c.side[d].lost = upTo
		t.requeue(h)
	} else if int32(upTo-c.side[d].lost) > 0 {
		h.lastAt, c.side[d].lost = at, upTo
	}
}

// come notes that what was missing has come as far as e.next: the other leg of a TAP may lag behind all the time.
func (t *Table) come(h *hole, e *side) {
	switch {
	case !h.acked:
		return
	case int32(e.lost-e.next) <= 0:
		h.acked = false
	case int32(h.first-e.next) <= 0:
		h.first, h.ackAt = e.lost, h.lastAt
	default:
		return
	}
	t.requeue(h)
}

// by is when the bytes before the number to were there at the latest, if h is given up at a time; 0: when those around them were. Bytes that
// only the capture lost came in their order. But what the network lost was sent again later, and that was not seen.
func (h *hole) by(to uint32, at decoders.Time) decoders.Time {
	switch {
	case !h.acked || int32(to-h.c.side[h.dir].lost) > 0:
		return at + 1
	case !h.asked:
		return 0
	case int32(to-h.first) > 0:
		return h.lastAt
	}
	return h.ackAt
}

// ask looks whether an acknowledgment says that the receiver has a hole, too: it repeats that of all before for each segment behind (RFC 5681
// section 2), or says at once which it has (RFC 2018), in options that data does not come with.
func (h *hole) ask(s *packet.Segment) {
	if len(h.waiting()) == 0 || len(s.Payload) > 0 || s.Flags&(packet.SYN|packet.FIN|packet.RST) != 0 {
		return
	}
	h.asked = h.asked || s.Options > h.waiting()[0].options || s.Ack == h.ack && s.Window == h.window
	h.ack, h.window = s.Ack, s.Window
}
