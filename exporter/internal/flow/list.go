package flow

// Connections are linked in lists, each with the longest silent at its tail. They are moved to the front at most once
// a second: moving at every segment would touch two neighbours, two cache misses more.
const (
	listHalfOpen uint8 = iota
	listOpen           // TCP
	listUDP
	listClosed
	numLists
)

const nobody = ^uint32(0)

type list struct{ head, tail uint32 }

func (t *Table) link(c *conn, which uint8) {
	l := &t.lists[which]
	c.list, c.prev, c.next = which, nobody, l.head
	if l.head != nobody {
		t.conn(l.head).prev = c.number
	} else {
		l.tail = c.number
	}
	l.head = c.number
}

func (t *Table) unlink(c *conn) {
	l := &t.lists[c.list]
	if c.prev != nobody {
		t.conn(c.prev).next = c.next
	} else {
		l.head = c.next
	}
	if c.next != nobody {
		t.conn(c.next).prev = c.prev
	} else {
		l.tail = c.prev
	}
}

// move puts c at the front of a list.
func (t *Table) move(c *conn, which uint8) {
	t.unlink(c)
	t.link(c, which)
}

// touch notes that c was seen now.
func (t *Table) touch(c *conn) {
	if c.seen != t.second() {
		t.toFront(c)
	}
}

func (t *Table) toFront(c *conn) {
	c.seen = t.second()
	if t.lists[c.list].head != c.number {
		t.move(c, c.list)
	}
}

// second is the table's time in seconds since its first segment.
func (t *Table) second() uint32 { return uint32(int64(t.now-t.epoch) / 1e9) }

// oldest is the longest silent connection of a list; nil when it is empty.
func (t *Table) oldest(which uint8) *conn {
	if n := t.lists[which].tail; n != nobody {
		return t.conn(n)
	}
	return nil
}
