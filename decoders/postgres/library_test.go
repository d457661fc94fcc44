package postgres

import (
	"context"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"wire_exporter/decoders"
)

// TestProtocol32 listens to a client and a server of a library that speak protocol 3.2: the log-in, requests, and a CancelRequest with
// a key of 32 bytes.
func TestProtocol32(t *testing.T) {
	for name, newest := range map[string]uint32{"3.2": pgproto3.ProtocolVersion32, "negotiated down": pgproto3.ProtocolVersion30} {
		t.Run(name, func(t *testing.T) {
			var session, cancel recording
			server := librarian{newest: newest, record: []*recording{&session, &cancel}}
			client := server.connect(t)
			ctx := context.Background()
			if _, err := client.Exec(ctx, "select a from b; select 2").ReadAll(); err != nil {
				t.Fatal(err)
			}
			if r := client.ExecParams(ctx, "select c from d where e = $1", [][]byte{[]byte("canary")}, nil, nil, nil).Read(); r.Err != nil {
				t.Fatal(r.Err)
			}
			if err := client.CancelRequest(ctx); err != nil {
				t.Fatal(err)
			}
			if err := client.Close(ctx); err != nil {
				t.Fatal(err)
			}
			server.all.Wait()
			w := session.play(t)
			var got []string
			for _, x := range w.all {
				got = append(got, strings.Join([]string{x.kind.String(), x.operation, x.resource, x.code, x.outcome.String()}, " "))
			}
			want := "login   00000 ok, request SELECT b 00000 ok, request SELECT  00000 ok, request SELECT d 00000 ok"
			if strings.Join(got, ", ") != want || len(w.counts) > 0 {
				t.Errorf("%q %v", got, w.counts)
			}
			if w := cancel.play(t); len(w.all) > 0 || len(w.counts) > 0 || len(cancel.pieces) == 0 {
				t.Errorf("a CancelRequest gives %v %v", w.all, w.counts)
			}
		})
	}
}

// recording is what both sides of a connection have sent, in order.
type recording struct {
	mu     sync.Mutex
	pieces []piece
}

type piece struct {
	dir  decoders.Dir
	data []byte
}

// play feeds a decoder with what was recorded.
func (r *recording) play(t *testing.T) *wire {
	t.Helper()
	w := newWire(t, decoders.Env{})
	for _, p := range r.pieces {
		w.must(w.feed(p.dir, p.data))
	}
	w.feeder.Conn().Close(w.now, decoders.FIN)
	return w
}

// recorded is an end of a connection that remembers what it sends.
type recorded struct {
	net.Conn
	dir decoders.Dir
	in  *recording
}

func (c recorded) Write(b []byte) (int, error) {
	c.in.mu.Lock()
	c.in.pieces = append(c.in.pieces, piece{c.dir, append([]byte(nil), b...)})
	c.in.mu.Unlock()
	return c.Conn.Write(b)
}

// librarian is a server that answers everything with one row.
type librarian struct {
	newest uint32 // the newest protocol it speaks
	record []*recording
	dialed int
	all    sync.WaitGroup
}

// connect is a client of the server, which asks for protocol 3.2.
func (l *librarian) connect(t *testing.T) *pgconn.PgConn {
	t.Helper()
	config, err := pgconn.ParseConfig("postgres://app:canary@192.0.2.1/shop?sslmode=disable&min_protocol_version=3.0&max_protocol_version=3.2")
	if err != nil {
		t.Fatal(err)
	}
	config.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		near, far := net.Pipe()
		in := l.record[l.dialed]
		l.dialed++
		l.all.Go(func() {
			defer far.Close()
			l.serve(recorded{far, decoders.ToClient, in})
		})
		return recorded{near, decoders.ToServer, in}, nil
	}
	c, err := pgconn.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// serve answers until the client goes.
func (l *librarian) serve(c net.Conn) {
	b := pgproto3.NewBackend(c, c)
	m, err := b.ReceiveStartupMessage()
	start, ok := m.(*pgproto3.StartupMessage)
	if err != nil || !ok {
		return // a CancelRequest
	}
	key := make([]byte, 4)
	if start.ProtocolVersion > l.newest {
		b.Send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: l.newest})
	} else {
		key = make([]byte, 32)
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ParameterStatus{Name: "standard_conforming_strings", Value: "on"})
	b.Send(&pgproto3.BackendKeyData{ProcessID: 1, SecretKey: key})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	for b.Flush() == nil {
		m, err := b.Receive()
		if err != nil {
			return
		}
		answerTo(b, m)
	}
}

// answerTo answers one message.
func answerTo(b *pgproto3.Backend, m pgproto3.FrontendMessage) {
	row := func() {
		b.Send(&pgproto3.DataRow{Values: [][]byte{[]byte("canary")}})
		b.Send(&pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")})
	}
	columns := &pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("a"), DataTypeOID: 25}}}
	switch m := m.(type) {
	case *pgproto3.Query:
		for range strings.Split(m.String, ";") {
			b.Send(columns)
			row()
		}
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	case *pgproto3.Parse:
		b.Send(&pgproto3.ParseComplete{})
	case *pgproto3.Bind:
		b.Send(&pgproto3.BindComplete{})
	case *pgproto3.Describe:
		b.Send(columns)
	case *pgproto3.Execute:
		row()
	case *pgproto3.Sync:
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	}
}
