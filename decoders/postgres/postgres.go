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
	return &decoder{
		book: sql.NewBook(sql.PostgreSQL, env.Memory), seed: maphash.MakeSeed(), raw: env.Raw, memory: env.Memory,
		conns: decoders.Free[conn]{Memory: env.Memory, Max: decoders.FreeConns}, works: decoders.Free[work]{Memory: env.Memory},
		cursors: decoders.Free[cursor]{Memory: env.Memory}, tables: decoders.Free[prepared]{Memory: env.Memory},
	}, nil
}

// decoder is what the connections of one worker share.
type decoder struct {
	book   *sql.Book
	seed   maphash.Seed // of the hashes that stand for names
	raw    bool
	memory *decoders.Memory
	out    decoders.Sink

	txn     decoders.Txn // reused for every transaction
	conns   decoders.Free[conn]
	works   decoders.Free[work]
	cursors decoders.Free[cursor]
	tables  decoders.Free[prepared]
}

const (
	entrySize = int(unsafe.Sizeof(entry{}))
	heldSize  = int(unsafe.Sizeof(held{}))
)

// Open implements decoders.Decoder.
func (d *decoder) Open(f *decoders.Flow, out decoders.Sink) decoders.Conn {
	d.out = out
	c := d.conns.Get()
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
	d.conns.Put(c, c.database.Cap())
}

// work is what a connection needs while something is asked, answered or open; an idle one has none.
type work struct {
	queue    decoders.Pending[entry] // what the server has still to answer, in that order
	response response
	portals  table[portal] // the named ones
	portal   portal        // the unnamed one; zero while there is none
	held     []held        // what is on probation: see lost.go
	owns     int           // bytes: entries, portals and what is held
	situation
}

// situation is where a connection stands. It has no pointers, so that clearing it is quick.
type situation struct {
	marks    int    // entries that end with a ReadyForQuery
	flying   int    // statements among them that are not reported
	sent     uint32 // marks that were sent
	ready    uint32 // marks that were answered
	tailFrom uint64 // offset of the client's message whose end is being skipped
	copyFrom uint64 // offset behind the request whose CopyData the client sends
	login    login
	tx       transaction

	bound    bool // there is an unnamed portal
	forsaken bool // nothing that is waiting in the queue can be matched
	fresh    bool // the server was silent before the first entry, see lost.go
	copying  bool // the server takes CopyData from the client

	failed   bool // a statement has failed, the rest up to the mark is skipped
	skipping bool // up to the next Sync
	failure  code
}

// freeWork takes back w, which holds nothing any more.
func (d *decoder) freeWork(w *work) {
	w.queue.Reset()
	w.portals.clear()
	w.response.reset()
	w.situation = situation{}
	d.works.Put(w, w.owns)
}

// grown accounts for n more bytes that belong to w.
func (d *decoder) grown(w *work, n int) {
	if n != 0 {
		w.owns += n
		d.memory.Add(n)
	}
}
