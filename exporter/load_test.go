package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// load is a simulated load: services with so many requests a second on average, for so long.
type load struct {
	rates  []float64
	length time.Duration
}

// message is a request or a response.
type message struct {
	at            uint64 // ns
	service, conn int
	byServer      bool
	text          string
}

// record is the load as a capture.
func (l load) record() *recording {
	r, rec := rand.New(rand.NewPCG(1, 2)), newRecording()
	var all []message
	for service, rate := range l.rates {
		all = append(all, l.requests(r, rec.now, service, rate)...)
	}
	slices.SortStableFunc(all, func(a, b message) int { return int(int64(a.at) - int64(b.at)) })
	next := map[[2]int]*[2]uint32{} // sequence numbers by connection
	for _, m := range all {
		id := [2]int{m.service, m.conn}
		ends := [2]netip.AddrPort{
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(m.service), 1}), uint16(10000+m.conn)),
			netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 2, 0, byte(m.service)}), 80),
		}
		send := func(from int, seq, ack uint32, flags byte, text string) {
			rec.now = max(rec.now+1, m.at) - 1e6 // packet adds 1 ms
			rec.packet(ends[from], ends[1-from], seq, ack, flags, text)
		}
		if next[id] == nil {
			next[id] = &[2]uint32{1001, 5001}
			send(0, 1000, 0, tcpSYN, "")
			send(1, 5000, 1001, tcpSYN|tcpACK, "")
			send(0, 1001, 5001, tcpACK, "")
		}
		from := 0
		if m.byServer {
			from = 1
		}
		send(from, next[id][from], next[id][1-from], tcpACK, m.text)
		next[id][from] += uint32(len(m.text))
	}
	return rec
}

// requests are those to one service and their responses: they come at random (Poisson), take 2 ms to seconds (log-normal), 1 in 50 fails, and
// the rate goes up and down by half within an hour.
func (l load) requests(r *rand.Rand, begin uint64, service int, rate float64) (all []message) {
	var free []float64 // when each connection is free again, s
	for at := 0.0; ; {
		at += r.ExpFloat64() / rate / (1 + 0.5*math.Sin(at/3600*2*math.Pi))
		if at > l.length.Seconds() {
			return all
		}
		took := min(0.002*math.Exp(float64(service%4))*math.Exp(r.NormFloat64()), 20)
		conn := slices.IndexFunc(free, func(f float64) bool { return f < at })
		if conn < 0 {
			conn, free = len(free), append(free, 0)
		}
		free[conn] = at + took + 0.01
		status := "200 OK"
		if r.IntN(50) == 0 {
			status = []string{"404 Not Found", "500 Internal Server Error"}[r.IntN(2)]
		}
		method, route := []string{"GET", "GET", "POST"}[r.IntN(3)], []string{"items", "orders", "search"}[r.IntN(3)]
		body := strings.Repeat("x", int(200*math.Exp(r.NormFloat64())))
		all = append(all,
			message{begin + uint64(at*1e9), service, conn, false, fmt.Sprintf("%s /%s/%d HTTP/1.1\r\nHost: a\r\nCookie: SESSIONID=%d\r\n\r\n", method, route, r.IntN(1e6), r.IntN(100))},
			message{begin + uint64((at+took)*1e9), service, conn, true, fmt.Sprintf("HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s", status, len(body), body)})
	}
}
