package pipeline

import (
	"sync"
	"sync/atomic"

	"wire_exporter/exporter/internal/packet"
)

// Bounds of an inbox.
const (
	maxHandedOver      = 1024
	maxHandedOverBytes = 1 << 20
)

// inbox holds the segments that other workers have found for one. Frames are shared out by what is in them, but the fragments of a packet are
// not by what it carries: only the worker that has put it together knows whose connection it is. Segments in fragments are rare, so this is the
// one place where workers meet, and they lock it.
type inbox struct {
	filled   atomic.Bool // looked at without the lock
	mu       sync.Mutex
	segments []packet.Segment
	payload  []byte // of all segments, one behind the other
	closed   bool
	lost     uint64 // payload bytes for which there was no room
}

// put copies s into the inbox.
func (b *inbox) put(s *packet.Segment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || len(b.segments) == maxHandedOver || len(b.payload)+len(s.Payload) > maxHandedOverBytes {
		b.lost += uint64(len(s.Payload))
		return
	}
	b.payload = append(b.payload, s.Payload...)
	b.segments = append(b.segments, *s)
	b.filled.Store(true)
}

// take calls f with each segment, and empties the inbox.
func (b *inbox) take(f func(s *packet.Segment)) {
	if !b.filled.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	at := 0
	for i := range b.segments {
		s := &b.segments[i]
		n := len(s.Payload)
		s.Payload = b.payload[at : at+n : at+n]
		at += n
		f(s)
	}
	b.segments, b.payload = b.segments[:0], b.payload[:0]
	b.filled.Store(false)
}

// close refuses what comes from now on.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
}

// refused is how many payload bytes were lost.
func (b *inbox) refused() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lost
}

// handOver gives the segment that w has put together from fragments to the worker of its connection. False: that is w.
func (w *worker) handOver() bool {
	s := &w.segment
	src, dst := [18]byte(s.Src), [18]byte(s.Dst)
	owner := w.p.workers[w.p.owner(&src, &dst, s.Proto == packet.TCP)]
	if owner == w {
		return false
	}
	owner.inbox.put(s)
	return true
}

// tunnels are the UDP ports of tunnels that the configuration names.
func (p *Pipeline) tunnels() (all []packet.Tunnel) {
	vxlan, geneve := p.setup.Capture.Tunnels()
	for _, port := range vxlan {
		all = append(all, packet.Tunnel{Port: port, Kind: packet.VXLAN})
	}
	for _, port := range geneve {
		all = append(all, packet.Tunnel{Port: port, Kind: packet.GENEVE})
	}
	return all
}
