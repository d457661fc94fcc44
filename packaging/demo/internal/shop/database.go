package shop

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

// database is a server that speaks a database's protocol, and knows a few statements by heart.
type database struct {
	name  string
	addr  netip.AddrPort
	shop  *Shop
	speak func(ctx context.Context, conn net.Conn) // until the connection ends

	mu       sync.Mutex
	listener net.Listener // nil while it is down
	cancel   context.CancelFunc
	conns    map[net.Conn]bool
	sessions sync.WaitGroup
}

// statement is what a database knows: it answers texts that begin with text (where the values stand in it) or are it.
type statement struct {
	text    string
	columns []string // none: it changes rows, one of them
	work    time.Duration
	rows    func(args []string) [][]string
}

// find is the statement that a text is; nil: none that is known.
func find(known []statement, text string) *statement {
	for i := range known {
		if strings.HasPrefix(text, known[i].text) {
			return &known[i]
		}
	}
	return nil
}

func (d *database) called() string { return d.name }

func (d *database) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp4", d.addr.String())
	if err != nil {
		return fmt.Errorf("%s: %w", d.name, err)
	}
	var ctx context.Context
	ctx, d.cancel = context.WithCancel(context.Background())
	d.listener, d.conns = l, map[net.Conn]bool{}
	d.sessions.Go(func() { d.accept(ctx, l) })
	return nil
}

func (d *database) accept(ctx context.Context, l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		if ctx.Err() != nil {
			conn.Close()
		} else {
			d.conns[conn] = true
			d.sessions.Go(func() { d.session(ctx, conn) })
		}
		d.mu.Unlock()
	}
}

func (d *database) session(ctx context.Context, conn net.Conn) {
	d.speak(ctx, conn)
	conn.Close()
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.conns, conn)
}

func (d *database) close() {
	d.mu.Lock()
	if d.listener == nil {
		d.mu.Unlock()
		return
	}
	d.cancel()
	d.listener.Close()
	for conn := range d.conns {
		conn.Close()
	}
	d.listener = nil
	d.mu.Unlock()
	d.sessions.Wait()
}

// work takes the time that a statement takes; false: the server is going down.
func (d *database) work(ctx context.Context, median time.Duration) bool {
	if t := d.shop.trouble.Load(); t.Service == d.name && t.Kind == "slowdb" {
		median += 100*time.Millisecond + rand.N(300*time.Millisecond)
	}
	return pause(ctx, workTime(median))
}

// unlucky is one statement in two hundred.
func unlucky() bool { return rand.Float64() < 0.005 }
