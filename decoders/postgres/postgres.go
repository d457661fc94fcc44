// Package postgres decodes PostgreSQL's frontend/backend protocol, versions 3.0 and 3.2, as it passes by: in go both
// directions of a connection, out come one transaction a statement, when it ends, the log-in and the SQL transactions. It reads
// the texts of statements, names, command tags and SQLSTATEs; rows, parameters, copied data and passwords are skipped, never read
// and never kept, and a response is matched only with a request to which it is sure to belong.
package postgres

import (
	"hash/maphash"
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/sql"
)

// Plugin is PostgreSQL. The ports are those of the server and of PgBouncer.
var Plugin = decoders.Plugin{
	Name:   "postgres",
	Ports:  []decoders.Port{{Number: 5432}, {Number: 6432}},
	Detect: detect,
	New:    newDecoder,
}

func newDecoder(env decoders.Env, unmarshal func(any) error) (decoders.Decoder, error) {
	if unmarshal != nil {
		var none struct{} // nothing can be set
		if err := unmarshal(&none); err != nil {
			return nil, err
		}
	}
	return &decoder{book: sql.NewBook(sql.PostgreSQL, env.Memory), seed: maphash.MakeSeed(), raw: env.Raw, memory: env.Memory}, nil
}

// decoder is what the connections of one worker share.
type decoder struct {
	book   *sql.Book
	seed   maphash.Seed // of the hashes that stand for names
	raw    bool
	memory *decoders.Memory
	out    decoders.Sink

	txn     decoders.Txn // reused for every transaction
	conns   []*conn      // free ones
	works   []*work      // free ones
	cursors []*cursor    // free ones
	tables  []*prepared  // free ones
}

// How many free ones are kept, and the largest among them in bytes: enough that ordinary traffic allocates nothing, little enough
// that a burst is given back.
const (
	keepConns   = 4096
	keepWorks   = 1024
	keepTables  = 1024
	keepCursors = 256
	keepSize    = 16 << 10

	connSize   = int(unsafe.Sizeof(conn{}))
	workSize   = int(unsafe.Sizeof(work{}))
	cursorSize = int(unsafe.Sizeof(cursor{}))
	tableSize  = int(unsafe.Sizeof(prepared{}))
	entrySize  = int(unsafe.Sizeof(entry{}))
	heldSize   = int(unsafe.Sizeof(held{}))
)

// Open implements decoders.Decoder.
func (d *decoder) Open(f *decoders.Flow, out decoders.Sink) decoders.Conn {
	d.out = out
	var c *conn
	if n := len(d.conns); n > 0 {
		c, d.conns = d.conns[n-1], d.conns[:n-1]
	} else {
		c = new(conn)
		d.memory.Add(connSize)
	}
	*c = conn{d: d, f: f, database: c.database, starting: !f.Midstream}
	c.database.Clear()
	if f.Midstream {
		c.lost, c.incomplete = [2]bool{true, true}, true
	}
	return c
}

func (d *decoder) close(c *conn) {
	if c.prepared != nil {
		d.freeTable(c.prepared)
	}
	*c = conn{database: c.database}
	if len(d.conns) >= keepConns {
		d.memory.Add(-connSize - c.database.Cap())
		return
	}
	d.conns = append(d.conns, c)
}

// work is what a connection needs while something is asked, answered or open; an idle one has none.
type work struct {
	queue    decoders.Pending[entry] // what the server has still to answer, in that order
	marks    int                     // entries that end with a ReadyForQuery
	flying   int                     // statements among them that are not reported
	response response
	portals  table[portal] // the named ones
	portal   portal        // the unnamed one
	bound    bool          // there is an unnamed one
	sent     uint32        // marks that were sent
	ready    uint32        // marks that were answered
	tailFrom uint64        // offset of the client's message whose end is being skipped
	copyFrom uint64        // offset behind the request whose CopyData the client sends
	login    login
	tx       transaction
	held     []held // what is on probation: see lost.go

	forsaken bool // nothing that is waiting in the queue can be matched
	fresh    bool // the server was silent before the first entry, see lost.go
	copying  bool // the server takes CopyData from the client

	failed   bool // a statement has failed, the rest up to the mark is skipped
	skipping bool // up to the next Sync
	failure  code

	size int // bytes, with all that it owns
}

func (d *decoder) newWork() *work {
	if n := len(d.works); n > 0 {
		w := d.works[n-1]
		d.works = d.works[:n-1]
		return w
	}
	d.memory.Add(workSize)
	return &work{size: workSize}
}

// freeWork takes back w, which holds nothing any more.
func (d *decoder) freeWork(w *work) {
	if len(d.works) >= keepWorks || w.size > keepSize {
		d.memory.Add(-w.size)
		return
	}
	w.queue.Reset()
	w.portals.clear()
	*w = work{queue: w.queue, portals: w.portals, held: w.held[:0], size: w.size}
	d.works = append(d.works, w)
}

// grown accounts for n more bytes that belong to w.
func (d *decoder) grown(w *work, n int) {
	if n != 0 {
		w.size += n
		d.memory.Add(n)
	}
}
