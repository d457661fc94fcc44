package flow

import (
	"time"

	"wire_exporter/decoders"
)

// server is what is known of one address and port that answers.
type server struct {
	at        decoders.Endpoint
	transport decoders.Transport
	tag       uint32
	measured  bool
	plugin    int8 // what it was heard to speak; noPlugin
	counters  *Counters
	conns     int32
	seen      decoders.Time
	shared    bool // stands for many
}

// servers are the known servers, and the counters of each service.
type servers struct {
	byAddress map[serverKey]*server
	byTag     map[uint32]*Counters
	elsewhere Counters              // of servers that another sensor counts; nobody reads it
	silent    map[silentKey]*server // stand for those that did not answer
	pruned    decoders.Time         // when there was no room last
}

type silentKey struct {
	tag      uint32
	measured bool
}

type serverKey struct {
	decoders.Endpoint
	decoders.Transport
}

// maxServers bounds the addresses that are remembered: more than a data centre's worth, 10 MB.
const maxServers = 65536

const pruneEvery = decoders.Time(time.Second)

const serverSize = 160 // with its key and its slot in the map

func newServers() servers {
	return servers{byAddress: map[serverKey]*server{}, byTag: map[uint32]*Counters{}, silent: map[silentKey]*server{}}
}

func (s *servers) bytes() int64 { return int64(len(s.byAddress)) * serverSize }

func (s *servers) knows(e *decoders.Endpoint, transport decoders.Transport) bool {
	return s.byAddress[serverKey{*e, transport}] != nil
}

func (s *servers) leave(v *server) {
	if v != nil {
		v.conns--
	}
}

// remember notes what the server speaks.
func (s *servers) remember(v *server, plugin int) {
	if !v.shared {
		v.plugin = int8(plugin)
	}
}

// counters are those of tag.
func (s *servers) counters(tag uint32, measured bool) *Counters {
	if !measured {
		return &s.elsewhere
	}
	k := s.byTag[tag]
	if k == nil {
		k = new(Counters)
		s.byTag[tag] = k
	}
	return k
}

// join ties c to its server. One that did not answer yet gets no entry of its own: a scan would fill the memory.
func (t *Table) join(c *conn, answered bool) {
	s := &t.servers
	key := serverKey{c.Flow.Server, c.Flow.Transport}
	v := s.byAddress[key]
	if v == nil {
		tag, measured := t.observer.Server(c.Flow.Server, answered)
		if answered && len(s.byAddress) >= maxServers {
			t.pruneServers()
		}
		if answered && len(s.byAddress) < maxServers {
			v = &server{at: c.Flow.Server, transport: c.Flow.Transport, tag: tag, measured: measured, plugin: noPlugin, counters: s.counters(tag, measured)}
			s.byAddress[key] = v
		} else {
			v = t.stand(tag, measured)
		}
	}
	v.seen = t.now
	if c.server == v {
		return
	}
	c.Flow.Tag = v.tag
	if c.state == closed { // it has left its server
		c.server = v
		return
	}
	if c.server != nil {
		c.server.conns--
		if c.flags&counted != 0 {
			c.server.counters.Connections--
			v.counters.Connections++
		}
	}
	v.conns++
	c.server = v
}

// stand is the entry that stands for all silent servers of a tag.
func (t *Table) stand(tag uint32, measured bool) *server {
	key := silentKey{tag, measured}
	v := t.servers.silent[key]
	if v == nil {
		v = &server{tag: tag, measured: measured, plugin: noPlugin, counters: t.servers.counters(tag, measured), shared: true}
		if len(t.servers.silent) < maxServers {
			t.servers.silent[key] = v
		}
	}
	return v
}

// pruneServers forgets the servers without a connection. That takes a while, so it is not tried at every connection.
func (t *Table) pruneServers() {
	if t.now-t.servers.pruned < pruneEvery {
		return
	}
	t.servers.pruned = t.now
	for k, v := range t.servers.byAddress {
		if v.conns <= 0 {
			delete(t.servers.byAddress, k)
		}
	}
}

// Counters calls f with the counters of each service that this sensor counts for.
func (t *Table) Counters(f func(tag uint32, c *Counters)) {
	for tag, c := range t.servers.byTag {
		f(tag, c)
	}
}

// Rename asks the Observer anew what every server is called, after its names have changed; forgotten tags lose their counters.
func (t *Table) Rename(forgotten ...uint32) {
	for _, tag := range forgotten {
		delete(t.servers.byTag, tag)
		delete(t.servers.silent, silentKey{tag, true})
		delete(t.servers.silent, silentKey{tag, false})
	}
	for k, v := range t.servers.byAddress {
		if v.conns <= 0 && t.now-v.seen > decoders.Time(t.cfg.Idle) {
			delete(t.servers.byAddress, k)
			continue
		}
		v.tag, v.measured = t.observer.Server(v.at, true)
		v.counters = t.servers.counters(v.tag, v.measured)
	}
	for _, v := range t.servers.silent {
		v.counters = t.servers.counters(v.tag, v.measured)
	}
	t.recount()
}

// recount counts the open connections of each service anew and puts the tags of the servers on their connections.
func (t *Table) recount() {
	for _, k := range t.servers.byTag {
		k.Connections = 0
	}
	for i := range t.slab {
		for j := range t.slab[i] {
			if c := &t.slab[i][j]; c.state != free {
				c.Flow.Tag = c.server.tag
				if c.flags&counted != 0 {
					c.server.counters.Connections++
				}
			}
		}
	}
}

// Reconfigure changes what servers are configured to speak and, unless ds is nil, the decoders, for connections that begin from
// now on.
func (t *Table) Reconfigure(protocol func(decoders.Endpoint, decoders.Transport) int, ds []decoders.Decoder) {
	t.cfg.Protocol = protocol
	t.cfg = t.cfg.WithDefaults()
	if ds != nil {
		t.decoders = ds
	}
}
