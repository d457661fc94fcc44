// Package http1 decodes HTTP/1.0 and HTTP/1.1 (RFC 9110, RFC 9112) as it passes by: in go both directions of a connection, out
// comes one transaction a request, when it ends. It reads heads, line by line, and skips bodies; it never looks into a body,
// never copies a cookie or a credential, and never matches a response of which it is not sure.
package http1

import (
	"fmt"
	"unsafe"

	"wire_exporter/decoders"
)

// Plugin is HTTP/1.x. The ports are those of web servers, proxies and application servers as shipped.
var Plugin = decoders.Plugin{
	Name: "http1",
	Ports: []decoders.Port{
		{Number: 80}, {Number: 8080}, {Number: 8000}, {Number: 8008}, {Number: 8081}, {Number: 8088}, {Number: 8888}, {Number: 3128},
		{Number: 5000}, {Number: 9080}, {Number: 9200},
	},
	Detect: detect,
	New:    newDecoder,
}

// Config is the block http1 of the configuration.
type Config struct {
	// MaxHeadBytes is the largest head, and the largest run of trailers, that is read: start line and fields together. It
	// bounds work, not memory (lines are dropped as they are read): a connection with a larger one is given up.
	MaxHeadBytes int `yaml:"max_head_bytes"`
}

func newDecoder(env decoders.Env, unmarshal func(any) error) (decoders.Decoder, error) {
	cfg := Config{MaxHeadBytes: 256 << 10} // servers take 8 to 64 KiB
	if unmarshal != nil {
		if err := unmarshal(&cfg); err != nil {
			return nil, err
		}
	}
	if cfg.MaxHeadBytes < 1<<10 || cfg.MaxHeadBytes > 16<<20 {
		return nil, fmt.Errorf("max_head_bytes: %d is not between 1024 and 16777216", cfg.MaxHeadBytes)
	}
	d := &decoder{maxHead: uint64(cfg.MaxHeadBytes), sessions: env.Sessions.Prepared(), memory: env.Memory}
	d.conns, d.works = decoders.Free[conn]{Memory: env.Memory, Max: decoders.FreeConns}, decoders.Free[work]{Memory: env.Memory}
	d.wanted = newWanted(d.sessions)
	d.headers = d.sessions != nil && len(d.sessions.Headers) > 0
	return d, nil
}

// decoder is what the connections of one worker share.
type decoder struct {
	maxHead  uint64
	wanted   [2]wanted // by direction
	sessions *decoders.Sessions
	headers  bool // sessions are told by header fields, too
	memory   *decoders.Memory
	out      decoders.Sink

	callers [64]caller   // seen lately, by the last bits of their address
	txn     decoders.Txn // reused for every transaction
	conns   decoders.Free[conn]
	works   decoders.Free[work]
}

const slotSize = int(unsafe.Sizeof(request{}))

// Open implements decoders.Decoder.
func (d *decoder) Open(f *decoders.Flow, out decoders.Sink) decoders.Conn {
	d.out = out
	c := d.conns.Get()
	*c = conn{d: d, f: f}
	if f.Midstream {
		c.state = [2]state{lost, lost}
	}
	return c
}

func (d *decoder) close(c *conn) {
	*c = conn{}
	d.conns.Put(c, 0)
}

// work is what a connection needs while a message is read or a response awaited; an idle one has none.
type work struct {
	requests decoders.Pending[request]
	response response
	message  [2]message
	owns     int // bytes: the slots and texts
}

func (d *decoder) freeWork(w *work) {
	w.requests.Reset()
	d.works.Put(w, w.owns)
}

// grown accounts for n more bytes that belong to w.
func (d *decoder) grown(w *work, n int) {
	if n != 0 {
		w.owns += n
		d.memory.Add(n)
	}
}

// set copies b into t, which belongs to w.
func (d *decoder) set(w *work, t *decoders.Text, b []byte, max int) {
	before := t.Cap()
	t.Set(b, max)
	d.grown(w, t.Cap()-before)
}

// caller is an address and the session it stands for.
type caller struct {
	addr    [16]byte
	session uint64 // 0: the entry is empty
}

// session is the keyed hash of who asks; that of an address is remembered, because many requests have no better mark.
func (d *decoder) session(u *decoders.User, client *decoders.Endpoint) uint64 {
	if u.Found() {
		return u.Sum(d.sessions, client.Addr())
	}
	x := &d.callers[(client[15]^client[13])%64]
	if addr := [16]byte(client[:16]); x.session == 0 || x.addr != addr {
		*x = caller{addr, d.sessions.HashAddr(client.Addr())}
	}
	return x.session
}
