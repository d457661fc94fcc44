package main

import (
	"container/heap"
	"math/rand/v2"
)

// profile is what a capture file is to hold.
type profile struct {
	name        string
	packets     int // at least so many
	connections int // at a time
	kinds       []kind
}

// kind is a kind of traffic.
type kind struct {
	share     int    // of the connections
	exchanges [2]int // of a connection: at least, at most
	servers   []endpoint
	speak     func(r *rand.Rand, client int) speaker
}

var (
	apiCalls  = kind{12, [2]int{10, 150}, webServers, func(r *rand.Rand, client int) speaker { return newUser(r, client, small) }}
	downloads = kind{1, [2]int{2, 20}, webServers, func(r *rand.Rand, client int) speaker { return newUser(r, client, large) }}
	pgClients = kind{8, [2]int{20, 400}, pgServers, func(r *rand.Rand, _ int) speaker { return newSession(r, &postgres{random: r}) }}
	myClients = kind{8, [2]int{20, 400}, mysqlServers, func(r *rand.Rand, _ int) speaker { return newSession(r, &mysql{random: r}) }}
)

// profiles are the captures that are measured: many small answers, where requests cost most, large ones, where packets do, the two databases,
// and all at once.
var profiles = []profile{
	{"small", 450e3, 300, []kind{apiCalls}},
	{"large", 370e3, 40, []kind{downloads}},
	{"pgsql", 420e3, 100, []kind{pgClients}},
	{"mysql", 420e3, 100, []kind{myClients}},
	{"mix", 500e3, 300, []kind{apiCalls, pgClients, myClients, downloads}},
}

const (
	seed    = 20240229
	begin   = 1_700_000_000e9 // capture time of the first packet, ns
	clients = 60
)

var (
	webServers   = []endpoint{{[4]byte{10, 1, 0, 10}, 8080}, {[4]byte{10, 1, 0, 11}, 8080}, {[4]byte{10, 1, 0, 12}, 80}}
	pgServers    = []endpoint{{[4]byte{10, 1, 0, 20}, 5432}, {[4]byte{10, 1, 0, 21}, 5432}}
	mysqlServers = []endpoint{{[4]byte{10, 1, 0, 30}, 3306}, {[4]byte{10, 1, 0, 31}, 3306}}
)

// generator keeps the connections in order of their next packet.
type generator struct {
	profile profile
	random  *rand.Rand
	conns   []*conn
	ports   [clients]uint16
	now     int64
	counts  counts
}

// generate writes p's packets to w: the same ones every time.
func generate(p profile, w *writer) counts {
	g := &generator{profile: p, random: rand.New(rand.NewPCG(seed, uint64(p.packets)))}
	for range p.connections {
		g.start(begin + g.random.Int64N(1e9))
	}
	heap.Init(g)
	room := make([]byte, maxFrame)
	for g.Len() > 0 {
		c := g.conns[0]
		g.now = c.due()
		c.write(w, room)
		if len(c.queue) == 0 {
			if c.over {
				heap.Pop(g)
				if w.packets < p.packets {
					g.start(g.now + g.random.Int64N(1e8))
					heap.Fix(g, len(g.conns)-1)
				}
				continue
			}
			g.goOn(c, w.packets < p.packets)
		}
		heap.Fix(g, 0)
	}
	return g.counts
}

// start opens a connection.
func (g *generator) start(at int64) {
	r, k := g.random, g.profile.pick(g.random)
	i := r.IntN(clients)
	g.ports[i]++
	client := endpoint{[4]byte{192, 0, 2, byte(1 + i)}, 32768 + g.ports[i]}
	c := newConn(r, client, k.servers[r.IntN(len(k.servers))], at)
	c.left = k.exchanges[0] + r.IntN(k.exchanges[1]-k.exchanges[0])
	c.speaker = k.speak(r, i)
	c.open()
	g.conns = append(g.conns, c)
}

// pick is a kind, each as often as its share.
func (p *profile) pick(r *rand.Rand) *kind {
	all := 0
	for _, k := range p.kinds {
		all += k.share
	}
	at := r.IntN(all)
	for i := range p.kinds {
		if at -= p.kinds[i].share; at < 0 {
			return &p.kinds[i]
		}
	}
	panic("BUG: shares do not add up")
}

// goOn gives a connection something to send: the next exchange or, after its last one or when no more are wanted, its end.
func (g *generator) goOn(c *conn, more bool) {
	if c.ready && (!more || c.left <= 0) {
		c.close(g.random.Int64N(1e7))
		return
	}
	c.left--
	var x exchange
	c.ready = c.speaker.next(&x)
	g.counts.add(x.counts)
	c.ask(&x)
}

// Len implements heap.Interface.
func (g *generator) Len() int { return len(g.conns) }

// Less implements heap.Interface.
func (g *generator) Less(i, j int) bool { return g.conns[i].due() < g.conns[j].due() }

// Swap implements heap.Interface.
func (g *generator) Swap(i, j int) { g.conns[i], g.conns[j] = g.conns[j], g.conns[i] }

// Push implements heap.Interface.
func (g *generator) Push(x any) { g.conns = append(g.conns, x.(*conn)) }

// Pop implements heap.Interface.
func (g *generator) Pop() any {
	last := len(g.conns) - 1
	c := g.conns[last]
	g.conns = g.conns[:last]
	return c
}
