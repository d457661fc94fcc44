// Package relay shows the traffic of a program's own connections as a packet
// capture, for machines where nobody may open a capture device.
//
// In: the connections that the program dials through a Relay. Out: a pcap
// stream (nanosecond stamps, Ethernet) with the packets that a sensor beside
// the client would have seen: the bytes, addresses, order and times are those
// of the real connections; MAC addresses, sequence numbers and the cutting
// into segments are the relay's own. It never invents a byte of payload, never
// sees connections of other programs, and never holds up the program: when
// the reader of the stream falls behind, whole packets are dropped and counted.
package relay

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

const (
	flushEvery = 50 * time.Millisecond
	maxBacklog = 8 << 20 // bytes of capture waiting for the reader
)

// Relay writes one capture stream. Its methods are safe for concurrent use.
type Relay struct {
	out     io.Writer
	start   time.Time
	dropped atomic.Uint64
	done    chan struct{}
	stopped chan struct{}

	mu      sync.Mutex
	backlog bytes.Buffer // guarded by mu: frames in the order of their stamps
	ipID    uint16       // guarded by mu
}

// New starts a relay that writes its capture to out until Close is called or
// out fails.
func New(out io.Writer) *Relay {
	r := &Relay{out: out, start: time.Now(), done: make(chan struct{}), stopped: make(chan struct{})}
	r.backlog.Write(pcapHeader())
	go r.flushLoop()
	return r
}

// Dropped returns how many packets the reader was too slow for.
func (r *Relay) Dropped() uint64 { return r.dropped.Load() }

// Close writes what is left and stops. Connections may go on; they are no
// longer shown.
func (r *Relay) Close() {
	close(r.done)
	<-r.stopped
}

// record stamps the packet and appends it, as one step and by the monotonic
// clock, so the capture's times never step back.
func (r *Relay) record(p packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.backlog.Len()+frameOverhead+len(p.payload) > maxBacklog {
		r.dropped.Add(1)
		return
	}
	r.ipID++
	p.ipID = r.ipID
	p.appendRecord(&r.backlog, r.start.Add(time.Since(r.start)))
}

func (r *Relay) flushLoop() {
	defer close(r.stopped)
	ticker := time.NewTicker(flushEvery)
	defer ticker.Stop()
	var spare bytes.Buffer
	for running := true; running; {
		select {
		case <-ticker.C:
		case <-r.done:
			running = false
		}
		r.mu.Lock()
		r.backlog, spare = spare, r.backlog
		r.mu.Unlock()
		if _, err := spare.WriteTo(r.out); err != nil {
			return // nobody reads any more; from now on packets count as dropped
		}
	}
}
