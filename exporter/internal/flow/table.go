package flow

import (
	"maps"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// Table holds the connections of one worker.
type Table struct {
	cfg       Config
	observer  Observer
	decoders  []decoders.Decoder // one a plugin; nil: switched off
	sinks     []sink
	memoryOf  *decoders.Memory
	udpWanted bool // some plugin decodes UDP
	pool      decoders.Pool

	slab    [][]conn
	free    []uint32
	index   index
	copies  copies
	lists   [numLists]list
	servers servers

	queues   [numQueues]queue // of all open holes
	spare    []*hole
	buffers  [][]byte
	heldSize int64
	wakes    wakes

	now, epoch, nextTick decoders.Time
	stats                Stats
}

// New makes a table. Each of the decoders belongs to the plugin with the same index and accounts for what it keeps in memory;
// nil switches a plugin off.
func New(cfg Config, ds []decoders.Decoder, memory *decoders.Memory, o Observer) *Table {
	t := &Table{cfg: cfg.WithDefaults(), observer: o, decoders: ds, memoryOf: memory, index: newIndex(), copies: newCopies(), wakes: wakes{of: map[*decoders.Flow]wake{}}}
	t.pool.Memory = memory
	t.pool.OnWake(t.wake)
	t.stats.Errors = map[DecoderError]uint64{}
	for i := range cfg.Plugins {
		t.stats.Errors[DecoderError{i, panicked}] = 0 // so that every protocol has one before it happens
	}
	t.servers = newServers()
	for i := range t.lists {
		t.lists[i] = list{nobody, nobody}
	}
	for i := range ds {
		t.sinks = append(t.sinks, sink{o, i})
		t.udpWanted = t.udpWanted || ds[i] != nil && speaksUDP(&cfg.Plugins[i])
	}
	return t
}

// Segment takes the next segment or datagram of the capture; what s points to is not kept.
func (t *Table) Segment(s *packet.Segment) {
	t.Advance(decoders.Time(s.Time))
	if s.Proto == packet.UDP {
		t.datagram(s)
		return
	}
	src, dst := (*decoders.Endpoint)(&s.Src), (*decoders.Endpoint)(&s.Dst)
	h := t.index.hash(src, dst, decoders.TCP)
	if t.isCopy(h, s) {
		return
	}
	c, d := t.find(h, src, dst, decoders.TCP)
	if c != nil && s.Flags&packet.SYN != 0 && t.reused(c, src, s) {
		t.shut(c, decoders.Evicted)
		if c.list != listClosed {
			panic("BUG: shut left a connection open")
		}
		t.release(c)
		c = nil
	}
	if c == nil {
		if c = t.meet(h, src, dst, s); c == nil {
			return
		}
		if d = decoders.ToServer; !equal(&c.Flow.Client, src) {
			d = decoders.ToClient
		}
	}
	t.touch(c)
	t.tcp(c, d, s)
}

// Advance tells the table what time it is: holes are given up, silent connections forgotten, wishes to be woken granted. It
// never goes back.
func (t *Table) Advance(now decoders.Time) {
	if now > t.now {
		if t.now = now; now >= t.nextTick {
			t.tick()
		}
	}
}

// tick is how often the clocks are looked at, ns: well below Config.Grace.
const tick = 50e6

func (t *Table) tick() {
	if t.epoch == 0 {
		t.epoch = t.now
	}
	t.nextTick = t.now + tick
	t.overdue()
	t.grantWakes()
	t.forget()
	for i := 0; i < maxEvictions && t.memory() > t.cfg.Memory && t.evictOldest(nil); i++ {
	}
}

// maxEvictions bounds the work of one tick.
const maxEvictions = 1000

// Now is the newest capture time.
func (t *Table) Now() decoders.Time { return t.now }

// memory is what counts towards the budget.
func (t *Table) memory() int64 {
	return copyBytes + int64(len(t.slab))*(chunkSize+4*chunkLen) + t.index.bytes() + t.heldSize + t.servers.bytes() + t.wakes.bytes() + t.memoryOf.Used()
}

// Stats is what happened so far.
func (t *Table) Stats() Stats {
	s := t.stats
	s.Errors = maps.Clone(s.Errors)
	s.Active = int64(t.index.n)
	s.Memory, s.MemoryLimit = t.memory(), t.cfg.Memory
	return s
}

// Sessions calls f with every open session of a protocol that has such, of the servers that this sensor counts for. database is
// valid during the call only. It looks at every connection.
func (t *Table) Sessions(f func(of Of, database []byte, state decoders.SessionState)) {
	for i := range t.slab {
		for j := range t.slab[i] {
			c := &t.slab[i][j]
			if c.state != decoding || !c.server.measured {
				continue
			}
			if s, ok := c.Conn().(decoders.SessionConn); ok {
				if database, state := s.Session(); state != decoders.NoSession {
					f(Of{c.server.tag, int(c.plugin)}, database, state)
				}
			}
		}
	}
}

// Waiting adds what is in flight now to into; what a known server speaks is there as 0 when nothing is. It looks at every connection.
func (t *Table) Waiting(into map[Of]Waiting) {
	for _, v := range t.servers.byAddress {
		if v.measured && v.plugin != noPlugin {
			k := Of{v.tag, int(v.plugin)}
			into[k] = into[k]
		}
	}
	for i := range t.slab {
		for j := range t.slab[i] {
			c := &t.slab[i][j]
			if c.state != decoding || !c.server.measured {
				continue
			}
			n, since := c.Conn().Waiting()
			if n == 0 {
				continue
			}
			k := Of{c.server.tag, int(c.plugin)}
			w := into[k]
			w.Requests += n
			if w.Oldest == 0 || since < w.Oldest {
				w.Oldest = since
			}
			into[k] = w
		}
	}
}

// Close ends the capture: holes are given up and every connection closed. The table is empty afterwards.
func (t *Table) Close() {
	for i := range t.slab {
		for j := range t.slab[i] {
			if c := &t.slab[i][j]; c.state != free {
				t.shut(c, decoders.CaptureEnd)
				t.release(c)
			}
		}
	}
}
