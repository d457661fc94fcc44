package flow

import (
	"time"

	"wire_exporter/decoders"
)

// forget lets go of what has been silent for too long. Each list is in order of silence, so only its tail is looked at.
func (t *Table) forget() {
	for c := t.oldest(listClosed); c != nil && t.silent(c, t.cfg.Linger); c = t.oldest(listClosed) {
		t.release(c)
	}
	for c := t.oldest(listHalfOpen); c != nil && t.silent(c, t.cfg.SynTimeout); c = t.oldest(listHalfOpen) {
		if c.flags&synAcked != 0 {
			c.server.counters.Accepted++
		} else {
			c.server.counters.Unanswered++
		}
		t.shut(c, decoders.Evicted)
		t.release(c)
	}
	for c := t.oldest(listUDP); c != nil && t.silent(c, udpIdle); c = t.oldest(listUDP) {
		t.stats.Evicted[EvictedIdle]++
		t.shut(c, decoders.Evicted)
		t.release(c)
	}
	for range 100 { // a tick must not take long
		c := t.oldest(listOpen)
		if c == nil || !t.silent(c, t.cfg.Idle) {
			return
		}
		if c.state == decoding {
			if n, _ := c.Conn().Waiting(); n > 0 {
				c.seen = t.second() // a slow report is a slow report
				t.move(c, listOpen)
				continue
			}
		}
		t.stats.Evicted[EvictedIdle]++
		t.shut(c, decoders.Evicted)
		t.release(c)
	}
}

// udpIdle is how long a pair of UDP endpoints is remembered: some queries and their answers.
const udpIdle = time.Minute

// silent says that nothing was seen of c for d.
func (t *Table) silent(c *conn, d time.Duration) bool {
	return int64(t.second())-int64(c.seen) > int64(d/time.Second)
}

// evictOldest makes room: closed connections first, then half-open ones (a SYN flood must not push out those that do work), then pairs of UDP
// endpoints, then the longest silent. except is spared. False: there is nothing to evict.
func (t *Table) evictOldest(except *conn) bool {
	for _, which := range [...]uint8{listClosed, listHalfOpen, listUDP, listOpen} {
		c := t.oldest(which)
		if c == except && c != nil && c.prev != nobody {
			c = t.conn(c.prev)
		}
		if c == nil || c == except {
			continue
		}
		switch which {
		case listHalfOpen:
			t.stats.Evicted[EvictedSyn]++
		case listUDP, listOpen:
			t.stats.Evicted[EvictedMemory]++
		}
		t.shut(c, decoders.Evicted)
		t.release(c)
		return true
	}
	return false
}
