package postgres

import (
	"hash/maphash"
	"unsafe"

	"wire_exporter/decoders"
)

// table maps the hashes of names to values: open addressing with linear probing, so that what was put in and taken out leaves
// no allocation behind. Its zero value is empty.
type table[V any] struct {
	slots []slot[V] // a power of two
	n     int
	hand  int // where unused looked last
}

type slot[V any] struct {
	hash  uint64 // zero: empty
	used  bool   // since unused passed by
	value V
}

// bytes is the room that t occupies.
func (t *table[V]) bytes() int { return len(t.slots) * int(unsafe.Sizeof(slot[V]{})) }

// find is the value of the name; nil when it is not there. Valid until the next put.
func (t *table[V]) find(hash uint64) *V {
	i := t.at(hash)
	if i < 0 || t.slots[i].hash != hash {
		return nil
	}
	t.slots[i].used = true
	return &t.slots[i].value
}

// at is the slot of the hash, or the empty one where it would be; -1 when there are no slots.
func (t *table[V]) at(hash uint64) int {
	if len(t.slots) == 0 {
		return -1
	}
	mask := len(t.slots) - 1
	i := int(hash) & mask
	for t.slots[i].hash != 0 && t.slots[i].hash != hash {
		i = (i + 1) & mask
	}
	return i
}

// put is the value of the name, made if it is not there, as its last user left it. There must be room.
func (t *table[V]) put(hash uint64) *V {
	if 4*(t.n+1) > 3*len(t.slots) {
		t.grow()
	}
	i := t.at(hash)
	if t.slots[i].hash == 0 {
		t.slots[i].hash = hash
		t.n++
	}
	return &t.slots[i].value
}

func (t *table[V]) grow() {
	old := t.slots
	t.slots = make([]slot[V], max(8, 2*len(old)))
	for _, s := range old {
		if s.hash != 0 {
			t.slots[t.at(s.hash)] = s
		}
	}
}

// remove takes the name out, if it is there.
func (t *table[V]) remove(hash uint64) {
	i := t.at(hash)
	if i < 0 || t.slots[i].hash == 0 {
		return
	}
	t.n--
	mask := len(t.slots) - 1
	for j := (i + 1) & mask; t.slots[j].hash != 0; j = (j + 1) & mask {
		if home := int(t.slots[j].hash) & mask; (j-home)&mask >= (j-i)&mask {
			t.slots[i] = t.slots[j]
			i = j
		}
	}
	t.slots[i] = slot[V]{}
}

// unused is a name that was not used lately, in a table that is not empty: the hand of a clock goes round until it meets one that
// was not used since it came by (the second chance algorithm).
func (t *table[V]) unused() (hash uint64) {
	for {
		t.hand = (t.hand + 1) & (len(t.slots) - 1)
		switch s := &t.slots[t.hand]; {
		case s.hash == 0:
		case s.used:
			s.used = false
		default:
			return s.hash
		}
	}
}

// clear empties t and keeps its room.
func (t *table[V]) clear() {
	if t.n > 0 {
		clear(t.slots)
		t.n = 0
	}
}

// known is a statement as far as it is known.
type known struct {
	sql *decoders.Statement // nil: its text was not seen
	raw string              // the text; with decoders.Env.Raw only
}

// prepared are the named statements of a connection.
type prepared struct{ table[statement] }

type statement struct {
	known
	parsed uint32 // how many Parse and Close messages had been sent with it
}

// maxPrepared is how many named statements of a connection are remembered: drivers that prepare on their own keep a few hundred.
const maxPrepared = 1024

// hash stands for a name.
func (d *decoder) hash(name []byte) uint64 { return max(1, maphash.Bytes(d.seed, name)) }

func (d *decoder) freeTable(p *prepared) {
	p.clear()
	d.tables.Put(p, p.bytes())
}

// prepare remembers the statement that was parsed under a name.
func (c *conn) prepare(name []byte, k known) {
	c.parsed++
	if len(name) == 0 {
		c.unnamed = k
		return
	}
	if c.prepared == nil {
		c.prepared = c.d.tables.Get()
	}
	p := c.prepared
	hash, before := c.d.hash(name), p.bytes()
	if p.n >= maxPrepared && p.find(hash) == nil {
		p.remove(p.unused())
		c.d.out.Count(c.f, forgottenStatement)
	}
	*p.put(hash) = statement{k, c.parsed}
	c.d.memory.Add(p.bytes() - before)
}

// statement is what is known of a prepared statement.
func (c *conn) statement(name []byte) known {
	if len(name) == 0 {
		return c.unnamed
	}
	if c.prepared != nil {
		if s := c.prepared.find(c.d.hash(name)); s != nil {
			return s.known
		}
	}
	return known{}
}

// unprepare forgets a statement that was closed.
func (c *conn) unprepare(name []byte) {
	if len(name) == 0 {
		c.unnamed = known{}
	} else if c.prepared != nil {
		c.prepared.remove(c.d.hash(name))
	}
}

// distrust forgets what the statements are that no ParseComplete has confirmed: an error has stopped the batch, and what the
// server knows by these names, if anything, is not what was sent.
func (c *conn) distrust() {
	if c.prepared == nil || c.confirmed == c.parsed {
		return
	}
	for i := range c.prepared.slots {
		if s := &c.prepared.slots[i]; s.hash != 0 && int32(s.value.parsed-c.confirmed) > 0 {
			s.value.known = known{}
		}
	}
}

// confirm counts a ParseComplete or a CloseComplete. One more than was asked for, after a loss, belongs to a message that was
// lost: it may have given a known name to another statement, or to none. Where both directions were lost nobody sees that; but few
// drivers use a name again, and then contradicts may.
func (c *conn) confirm() {
	if c.confirmed != c.parsed {
		c.confirmed++
	} else if c.prepared != nil && c.lost[decoders.ToServer] {
		c.prepared.clear()
	}
}
