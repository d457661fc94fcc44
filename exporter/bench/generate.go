package main

import (
	"container/heap"
	"math/rand/v2"
)

// profile is what a capture file is to hold.
type profile struct {
	name        string
	packets     int    // at least so many
	connections int    // at a time
	exchanges   [2]int // of a connection: at least, at most
	exchange    func(r *rand.Rand, u *user, x *exchange)
}

// profiles are the captures that are measured: many small answers, where requests cost most, and large ones, where packets do.
var profiles = []profile{
	{name: "small", packets: 450e3, connections: 300, exchanges: [2]int{10, 150}, exchange: small},
	{name: "large", packets: 370e3, connections: 40, exchanges: [2]int{2, 20}, exchange: large},
}

const (
	seed    = 20240229
	begin   = 1_700_000_000e9 // capture time of the first packet, ns
	clients = 60
)

var servers = []endpoint{{[4]byte{10, 1, 0, 10}, 8080}, {[4]byte{10, 1, 0, 11}, 8080}, {[4]byte{10, 1, 0, 12}, 80}}

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
	r := g.random
	i := r.IntN(clients)
	g.ports[i]++
	client := endpoint{[4]byte{192, 0, 2, byte(1 + i)}, 32768 + g.ports[i]}
	c := newConn(r, client, servers[r.IntN(len(servers))], at)
	c.left = g.profile.exchanges[0] + r.IntN(g.profile.exchanges[1]-g.profile.exchanges[0])
	c.user = newUser(r, i)
	c.open()
	g.conns = append(g.conns, c)
}

// goOn gives a connection something to send: the next exchange or, after its last one or when no more are wanted, its end.
func (g *generator) goOn(c *conn, more bool) {
	if !more || c.left == 0 {
		c.close(g.random.Int64N(1e7))
		return
	}
	c.left--
	var x exchange
	g.profile.exchange(g.random, &c.user, &x)
	switch x.status / 100 {
	case 4:
		g.counts.ClientError++
	case 5:
		g.counts.ServerError++
	default:
		g.counts.OK++
	}
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
