// Package mysql decodes the client/server protocol of MySQL and MariaDB as it passes by: in go both directions of a connection,
// out comes one transaction a command, log-in and SQL transaction, when it ends. It reads the heads of packets and the
// beginning of SQL texts, and skips rows and parameters; it never keeps a password, an authentication byte or a literal, and
// never matches a response of which it is not sure.
//
// The protocol is described in the MySQL source code documentation, "MySQL Client/Server Protocol", and in the MariaDB knowledge
// base, "Clients & Utilities: Client/Server Protocol".
package mysql

import (
	"fmt"
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/decompress"
	"wire_exporter/decoders/internal/sql"
)

// Plugin is the MySQL protocol.
var Plugin = decoders.Plugin{
	Name:   "mysql",
	Ports:  []decoders.Port{{Number: 3306}},
	Detect: detect,
	New:    newDecoder,
}

// Config is the block mysql of the configuration.
type Config struct {
	// MaxStatementBytes is how much of an SQL text is read; the rest of a longer one is skipped, and its fingerprint is that of
	// its beginning. A direction holds so many bytes until they are there; up to the default that costs no allocation.
	MaxStatementBytes int `yaml:"max_statement_bytes"`
	// MaxPreparedStatements is how many prepared statements of one connection are remembered; the one that was not used for the
	// longest time is forgotten, and counted.
	MaxPreparedStatements int `yaml:"max_prepared_statements"`
}

func newDecoder(env decoders.Env, unmarshal func(any) error) (decoders.Decoder, error) {
	cfg := Config{MaxStatementBytes: 10 << 10, MaxPreparedStatements: 1024}
	if unmarshal != nil {
		if err := unmarshal(&cfg); err != nil {
			return nil, err
		}
	}
	if cfg.MaxStatementBytes < 256 || cfg.MaxStatementBytes > 32<<10 {
		return nil, fmt.Errorf("max_statement_bytes: %d is not between 256 and 32768", cfg.MaxStatementBytes)
	}
	if cfg.MaxPreparedStatements < 1 || cfg.MaxPreparedStatements > 16<<10 {
		return nil, fmt.Errorf("max_prepared_statements: %d is not between 1 and 16384", cfg.MaxPreparedStatements)
	}
	return &decoder{
		cfg: cfg, raw: env.Raw, memory: env.Memory, allowance: maxAllowance,
		book: sql.NewBook(sql.MySQL, env.Memory), unpack: decompress.Reader{Memory: env.Memory}, names: map[string]*name{},
		conns: decoders.Free[conn]{Memory: env.Memory, Max: decoders.FreeConns}, works: decoders.Free[work]{Memory: env.Memory},
		prepare: decoders.Free[prepared]{Memory: env.Memory}, frames: decoders.Free[compressed]{Memory: env.Memory},
	}, nil
}

// decoder is what the connections of one worker share.
type decoder struct {
	cfg       Config
	raw       bool
	memory    *decoders.Memory
	book      *sql.Book
	unpack    decompress.Reader
	piece     []byte // of what is decompressed
	large     []byte // a buffer for a large frame
	allowance int64  // bytes that frames may claim beyond what is usual
	names     map[string]*name
	out       decoders.Sink

	txn     decoders.Txn // reused for every transaction
	code    [5]byte      // of it
	conns   decoders.Free[conn]
	works   decoders.Free[work]
	prepare decoders.Free[prepared]
	frames  decoders.Free[compressed]
}

const slotSize = int(unsafe.Sizeof(command{}))

// Open implements decoders.Decoder.
func (d *decoder) Open(f *decoders.Flow, out decoders.Sink) decoders.Conn {
	d.out = out
	c := d.conns.Get()
	*c = conn{d: d, f: f, caps: unknownCaps}
	if f.Midstream {
		c.state, c.turn, c.quoting = [2]state{lost, lost}, unproven, sql.Unsure
	} else {
		c.state = [2]state{handshake, greeting}
	}
	return c
}

func (d *decoder) close(c *conn) {
	c.forgetPrepared()
	if c.z != nil {
		c.z.in.Close()
		c.dropLarge(decoders.ToServer)
		c.dropLarge(decoders.ToClient)
		d.frames.Put(c.z, 0)
	}
	*c = conn{}
	d.conns.Put(c, 0)
}

// work is what a connection needs while a command is read or a response awaited; an idle one has none.
type work struct {
	commands decoders.Pending[command]
	response response
	owns     int // bytes: the slots and texts
}

func (d *decoder) freeWork(w *work) {
	w.commands.Reset()
	w.response = response{}
	d.works.Put(w, w.owns)
}

// grown accounts for n more bytes that belong to w.
func (d *decoder) grown(w *work, n int) {
	if n != 0 {
		w.owns += n
		d.memory.Add(n)
	}
}

// name is the name of a database. It is made once, shared by the connections that use it, and never changed.
type name struct{ b []byte }

// maxName is the longest name there is: 64 characters. maxNames is how many are shared before all are forgotten; the connections
// keep those that they use.
const (
	maxName  = 64 * 4
	maxNames = 1024
	nameSize = 128
)

// name is the one for b; nil when b is empty.
func (d *decoder) name(b []byte) *name {
	b = b[:min(len(b), maxName)]
	if len(b) == 0 {
		return nil
	}
	if n := d.names[string(b)]; n != nil {
		return n
	}
	if len(d.names) >= maxNames {
		d.memory.Add(-len(d.names) * nameSize)
		clear(d.names)
	}
	n := &name{append([]byte(nil), b...)}
	d.names[string(b)] = n
	d.memory.Add(nameSize)
	return n
}

func (n *name) bytes() []byte {
	if n == nil {
		return nil
	}
	return n.b
}
