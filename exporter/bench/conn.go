package main

import (
	"cmp"
	"math/rand/v2"
	"net"
	"slices"
)

// The directions of a segment.
const (
	toServer = iota
	toClient
)

// packet is a segment that is to be sent.
type packet struct {
	at    int64 // ns
	dir   int
	flags uint8
	n     int // bytes of payload, taken from conn.out
	acks  int // bytes that it acknowledges anew
}

const (
	delayedAck = 40e6  // ns until a single segment is acknowledged
	wireTime   = 12e3  // ns of a full frame at 1 Gbit/s
	window     = 48    // segments in flight
	opening    = 120e3 // ns that a server takes to accept
)

// conn is one connection as it is captured beside the server: it has segments in a queue, and when that is empty it goes on
// with the next exchange.
type conn struct {
	ends  [2]endpoint // by the direction they send
	seq   [2]uint32   // next byte to send
	acked [2]uint32   // of the direction, by the other side
	stamp [2]uint32   // the last TSval sent
	clock [2]uint32   // where the TSvals begin
	id    [2]uint16
	out   [2]net.Buffers // bytes to send

	rtt     int64 // between the capture and the client, ns
	now     int64 // when the last exchange was over for the client
	owed    int   // bytes of the last segments that the client has not acknowledged yet
	left    int   // exchanges to come
	speaker speaker
	queue   []packet
	next    int
	ready   bool // the last exchange may be the last
	over    bool
}

// speaker is who speaks on a connection.
type speaker interface {
	// next makes the next exchange, the first ones to open a session. False: it should not be the last one.
	next(x *exchange) (done bool)
	// bye is what the client says before it closes.
	bye() []byte
}

// exchange is a request and its response. A server that speaks first answers no request.
type exchange struct {
	request, response net.Buffers
	counts            counts
	think             int64 // how long the client waits before it asks, ns
	wait              int64 // how long the server takes, ns
}

func size(b net.Buffers) (n int) {
	for _, part := range b {
		n += len(part)
	}
	return n
}

func (c *conn) add(p packet) { c.queue = append(c.queue, p) }

// open puts the handshake into the queue.
func (c *conn) open() {
	c.add(packet{at: c.now, dir: toServer, flags: syn})
	c.add(packet{at: c.now + opening, dir: toClient, flags: syn | ack, acks: 1})
	c.add(packet{at: c.now + opening + c.rtt, dir: toServer, flags: ack, acks: 1})
	c.now += opening + c.rtt
}

// ask puts an exchange into the queue.
func (c *conn) ask(x *exchange) {
	at := c.settle(c.now + x.think)
	request, response := size(x.request), size(x.response)
	c.out[toServer], c.out[toClient] = append(c.out[toServer], x.request...), append(c.out[toClient], x.response...)
	for n := request; n > 0; n -= mss {
		c.add(packet{at: at, dir: toServer, flags: last(n), n: min(n, mss), acks: c.owed})
		c.owed = 0
		at += wireTime
	}
	answer, owed := at+x.wait, request
	if x.wait > delayedAck {
		c.add(packet{at: at + delayedAck, dir: toClient, flags: ack, acks: owed})
		owed = 0
	}
	c.answer(answer, response, owed)
}

// last is the flags of a segment that has n bytes left to send.
func last(n int) uint8 {
	if n <= mss {
		return ack | psh
	}
	return ack
}

// answer sends n bytes to the client, which acknowledges every second segment; no more than window are in flight.
func (c *conn) answer(at int64, n, owed int) {
	first := len(c.queue)
	var acks [window]int64 // when the acknowledgment of a segment comes in
	for i := 0; n > 0; i++ {
		k := min(n, mss)
		at = max(at, acks[i%window])
		c.add(packet{at: at, dir: toClient, flags: last(n), n: k, acks: owed})
		owed = 0
		c.owed += k
		n -= k
		if i%2 == 1 {
			came := at + c.rtt
			c.add(packet{at: came, dir: toServer, flags: ack, acks: c.owed})
			acks[i%window], acks[(i-1)%window] = came, came
			c.owed = 0
		}
		at += wireTime
	}
	c.now = at + c.rtt
	slices.SortStableFunc(c.queue[first:], func(a, b packet) int { return cmp.Compare(a.at, b.at) })
}

// settle acknowledges what is owed when the client stays silent until at.
func (c *conn) settle(at int64) int64 {
	if c.owed > 0 && at > c.now+delayedAck {
		c.add(packet{at: c.now + delayedAck, dir: toServer, flags: ack, acks: c.owed})
		c.owed = 0
	}
	return at
}

// close puts the end into the queue.
func (c *conn) close(think int64) {
	c.over = true
	at := c.settle(c.now + think)
	if bye := c.speaker.bye(); len(bye) > 0 {
		c.out[toServer] = append(c.out[toServer], bye)
		c.add(packet{at: at, dir: toServer, flags: ack | psh, n: len(bye), acks: c.owed})
		c.owed = 0
		at += wireTime
	}
	c.add(packet{at: at, dir: toServer, flags: fin | ack, acks: c.owed})
	c.add(packet{at: at + wireTime, dir: toClient, flags: fin | ack, acks: 1})
	c.add(packet{at: at + wireTime + c.rtt, dir: toServer, flags: ack, acks: 1})
}

// write writes the next packet of the queue. b is room for its frame.
func (c *conn) write(w *writer, b []byte) {
	p := &c.queue[c.next]
	d, other := p.dir, 1-p.dir
	c.acked[other] += uint32(p.acks)
	c.stamp[d] = c.clock[d] + uint32(p.at/1e6)
	c.id[d]++
	s := segment{
		src: c.ends[d], dst: c.ends[other], seq: c.seq[d], ack: c.acked[other], flags: p.flags, id: c.id[d],
		stamp: c.stamp[d], echo: c.stamp[other], payload: p.n, fromRight: d == toClient,
		fill: func(b []byte) { c.out[d].Read(b) },
	}
	if p.flags == syn {
		s.ack = 0
	}
	w.frame(p.at, encode(b, &s))
	c.seq[d] += uint32(p.n)
	if p.flags&(syn|fin) != 0 {
		c.seq[d]++
	}
	if c.next++; c.next == len(c.queue) {
		c.queue, c.next = c.queue[:0], 0
	}
}

// due is when the next packet of the queue is to be sent.
func (c *conn) due() int64 { return c.queue[c.next].at }

// newConn makes a connection between two ends that has not been opened.
func newConn(r *rand.Rand, client, server endpoint, at int64) *conn {
	c := &conn{ends: [2]endpoint{client, server}, now: at, rtt: 200e3 + r.Int64N(15e6)}
	for d := range c.ends {
		c.seq[d], c.clock[d], c.id[d] = r.Uint32(), r.Uint32(), uint16(r.Uint32())
		c.acked[d] = c.seq[d]
	}
	return c
}
