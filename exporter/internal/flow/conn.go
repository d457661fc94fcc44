package flow

import (
	"unsafe"

	"wire_exporter/decoders"
)

// conn is one connection: 216 bytes, so that with an idle decoders.Conn of at most 40 a million of them take 256 MB.
type conn struct {
	decoders.Feeder
	server *server
	side   [2]side // by the direction its segments go

	rttAt  decoders.Time // when the segment was seen whose acknowledgment is waited for; the first SYN until the handshake is done
	rttEnd uint32        // the acknowledgment waited for

	hash       uint32
	prev, next uint32 // neighbours in its list
	seen       uint32 // second of the last segment, since the table's epoch
	number     uint32 // its place in the slab

	plugin  int8      // index of the plugin that decodes it; noPlugin
	rttDir  uint8     // direction of the timed segment; noRTT
	opaque  Undecoded // why it is not decoded, in state opaque
	state   state
	list    uint8
	becomes uint8 // hand-overs so far
	flags   uint8
}

// side is one direction's place in its sequence space.
type side struct {
	next uint32 // the next byte expected
	lost uint32 // the peer acknowledged up to here, beyond next (valid while the hole has holeAcked)
	hole *hole  // segments that wait for those before them; nil when there is none
}

type state uint8

const (
	free     state = iota
	halfOpen       // SYN, no established connection yet
	choosing       // open; the protocol is not known yet
	decoding       // open; a Conn reads it
	opaque         // open; nobody reads it
	closed         // over; remembered for its last segments
)

const (
	noPlugin = -1
	noRTT    = 0xff
	maxHands = 8 // hand-overs from decoder to decoder in one connection: a CONNECT in a CONNECT is rare, a hundred an attack
)

// Flags of a conn; those of a direction are shifted left by it.
const (
	synced   uint8 = 1 << iota // side.next is known
	_                          //
	ended                      // FIN passed
	_                          //
	counted                    // in Counters.Connections
	synAcked                   // the server answered the SYN
	answered                   // the server was seen to send
)

func (c *conn) has(flag uint8, d decoders.Dir) bool { return c.flags&(flag<<d) != 0 }
func (c *conn) set(flag uint8, d decoders.Dir)      { c.flags |= flag << d }

// open says that the connection is established.
func (c *conn) open() bool { return c.state == choosing || c.state == decoding || c.state == opaque }

const (
	connSize  = int64(unsafe.Sizeof(conn{}))
	chunkLen  = 256 // connections a chunk of the slab: 54 KiB
	chunkSize = chunkLen * connSize
)

// conn is the connection with the given number.
func (t *Table) conn(number uint32) *conn { return &t.slab[number/chunkLen][number%chunkLen] }

// newConn takes a connection from the slab; it makes room by forgetting the oldest when the slab has grown to three quarters of
// the budget: the rest is for what connections hold.
func (t *Table) newConn(h uint32) *conn {
	if len(t.free) == 0 && (len(t.slab) == 0 || t.memory()+chunkSize <= t.cfg.Memory/4*3) {
		t.slab = append(t.slab, make([]conn, chunkLen))
		for i := chunkLen - 1; i >= 0; i-- {
			t.free = append(t.free, uint32((len(t.slab)-1)*chunkLen+i))
		}
	}
	for len(t.free) == 0 {
		if !t.evictOldest(nil) {
			panic("BUG: no connection is free and none is in use")
		}
	}
	n := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	c := t.conn(n)
	*c = conn{number: n, hash: h, plugin: noPlugin, rttDir: noRTT, state: halfOpen}
	t.index.insert(h, n)
	return c
}

// release forgets c, which is closed.
func (t *Table) release(c *conn) {
	t.unlink(c)
	t.dropHole(c, decoders.ToServer)
	t.dropHole(c, decoders.ToClient)
	c.Release(&t.pool)
	t.index.remove(c.hash, c.number)
	c.state = free
	c.server = nil
	t.free = append(t.free, c.number)
}
