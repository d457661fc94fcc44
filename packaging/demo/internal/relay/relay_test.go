package relay

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// seen is what an independent reader found in a capture of one connection.
type seen struct {
	toServer, toClient bytes.Buffer
	flags              []string // of segments without payload, client's in upper case
}

// read checks every frame (lengths, checksums, times, sequence numbers) and
// gives the connections by the client's port.
func read(t *testing.T, capture []byte, serverPort uint16) map[uint16]*seen {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	conns := map[uint16]*seen{}
	next := map[[2]uint16]uint32{}
	var last time.Time
	for n := 1; ; n++ {
		data, ci, err := r.ReadPacketData()
		if err == io.EOF {
			return conns
		}
		if err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
		if ci.Timestamp.Before(last) {
			t.Errorf("frame %d: time steps back", n)
		}
		last = ci.Timestamp
		ip, tcp := parse(t, n, data)
		if s := sum(0, data[14:34]); finish(s) != 0 {
			t.Errorf("frame %d: IP checksum", n)
		}
		pseudo := sum(uint32(6+len(tcp.Contents)+len(tcp.Payload)), data[26:34])
		if finish(sum(sum(pseudo, tcp.Contents), tcp.Payload)) != 0 {
			t.Errorf("frame %d: TCP checksum", n)
		}
		if int(ip.Length) != len(data)-14 {
			t.Errorf("frame %d: IP length %d of %d", n, ip.Length, len(data)-14)
		}
		key := [2]uint16{uint16(tcp.SrcPort), uint16(tcp.DstPort)}
		if want, ok := next[key]; ok && want != tcp.Seq {
			t.Errorf("frame %d: sequence %d, want %d", n, tcp.Seq, want)
		}
		next[key] = tcp.Seq + uint32(len(tcp.Payload))
		if tcp.SYN || tcp.FIN {
			next[key]++
		}
		if theirs, ok := next[[2]uint16{key[1], key[0]}]; ok && tcp.ACK && tcp.Ack != theirs {
			t.Errorf("frame %d: acknowledges %d, want %d", n, tcp.Ack, theirs)
		}
		note(conns, tcp, serverPort)
	}
}

func parse(t *testing.T, n int, data []byte) (*layers.IPv4, *layers.TCP) {
	t.Helper()
	p := gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.Default)
	ip, okIP := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	tcp, okTCP := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !okIP || !okTCP || p.ErrorLayer() != nil {
		t.Fatalf("frame %d: not TCP over IPv4: %v", n, p)
	}
	return ip, tcp
}

func note(conns map[uint16]*seen, tcp *layers.TCP, serverPort uint16) {
	toServer := uint16(tcp.DstPort) == serverPort
	port := uint16(tcp.DstPort)
	if toServer {
		port = uint16(tcp.SrcPort)
	}
	c := conns[port]
	if c == nil {
		c = &seen{}
		conns[port] = c
	}
	if toServer {
		c.toServer.Write(tcp.Payload)
	} else {
		c.toClient.Write(tcp.Payload)
	}
	if len(tcp.Payload) > 0 || !(tcp.SYN || tcp.FIN || tcp.RST) {
		return
	}
	f := ""
	for _, flag := range []struct {
		set  bool
		name string
	}{{tcp.SYN, "s"}, {tcp.FIN, "f"}, {tcp.RST, "r"}} {
		if flag.set {
			f += flag.name
		}
	}
	if toServer {
		f = strings.ToUpper(f)
	}
	c.flags = append(c.flags, f)
}

// only gives the one connection of a capture.
func only(t *testing.T, conns map[uint16]*seen) *seen {
	t.Helper()
	if len(conns) != 1 {
		t.Fatalf("%d connections in the capture, want 1", len(conns))
	}
	for _, c := range conns {
		return c
	}
	return nil
}

// listen serves exactly one connection with serve.
func listen(t *testing.T, serve func(net.Conn)) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if c, err := l.Accept(); err == nil {
			serve(c)
		}
	})
	t.Cleanup(func() { l.Close(); wg.Wait() })
	return l.Addr().(*net.TCPAddr).AddrPort()
}

func TestConversation(t *testing.T) {
	question, answer := bytes.Repeat([]byte("question"), 9000), bytes.Repeat([]byte("answer"), 20000)
	addr := listen(t, func(c net.Conn) {
		_, _ = io.CopyN(io.Discard, c, int64(len(question)))
		_, _ = c.Write(answer)
		_ = c.Close()
	})
	var capture bytes.Buffer
	r := New(&capture)
	c, err := (&Dialer{Relay: r, From: loopback}).DialContext(context.Background(), "tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(question); err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, answer) {
		t.Fatalf("read %d bytes, %v", len(got), err)
	}
	c.Close()
	c.Close() // shown once
	r.Close()

	got := only(t, read(t, capture.Bytes(), addr.Port()))
	if !bytes.Equal(got.toServer.Bytes(), question) || !bytes.Equal(got.toClient.Bytes(), answer) {
		t.Errorf("the capture has %d and %d bytes, want %d and %d",
			got.toServer.Len(), got.toClient.Len(), len(question), len(answer))
	}
	if flags := fmt.Sprint(got.flags); flags != "[S s f F]" {
		t.Errorf("flags %s", flags)
	}
	if r.Dropped() != 0 {
		t.Errorf("%d packets dropped", r.Dropped())
	}
}

func TestEndings(t *testing.T) {
	hangUp := make(chan struct{})
	tests := []struct {
		name   string
		dialer Dialer
		serve  func(net.Conn)
		client func(net.Conn)
		flags  string
	}{
		{"client closes first", Dialer{}, func(c net.Conn) { _, _ = io.Copy(c, c); c.Close() }, func(c net.Conn) {
			_, _ = c.Write([]byte("hello"))
			_, _ = io.ReadFull(c, make([]byte, 5))
		}, "[S s F f]"},
		{"client leaves an outstanding request", Dialer{}, func(c net.Conn) { _, _ = io.Copy(io.Discard, c); c.Close() }, func(c net.Conn) {
			_, _ = c.Write([]byte("hello"))
		}, "[S s R]"},
		{"client says goodbye", Dialer{Goodbye: true}, func(c net.Conn) { _, _ = io.Copy(io.Discard, c); c.Close() }, func(c net.Conn) {
			_, _ = c.Write([]byte("goodbye"))
		}, "[S s F f]"},
		{"server resets", Dialer{}, func(c net.Conn) {
			_, _ = c.Read(make([]byte, 5))
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
			close(hangUp)
		}, func(c net.Conn) {
			_, _ = c.Write([]byte("hello"))
			<-hangUp
			_, _ = c.Read(make([]byte, 1))
		}, "[S s r]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			addr := listen(t, tt.serve)
			var capture bytes.Buffer
			r := New(&capture)
			tt.dialer.Relay, tt.dialer.From = r, loopback
			c, err := tt.dialer.DialContext(context.Background(), "tcp", addr.String())
			if err != nil {
				t.Fatal(err)
			}
			tt.client(c)
			c.Close()
			r.Close()
			got := only(t, read(t, capture.Bytes(), addr.Port()))
			if flags := fmt.Sprint(got.flags); flags != tt.flags {
				t.Errorf("flags %s, want %s", flags, tt.flags)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	var capture bytes.Buffer
	r := New(&capture)
	if c, err := (&Dialer{Relay: r, From: loopback}).DialContext(context.Background(), "tcp", addr.String()); err == nil {
		c.Close()
		t.Skip("somebody else listens there by now")
	}
	r.Close()
	got := only(t, read(t, capture.Bytes(), addr.Port()))
	if flags := fmt.Sprint(got.flags); flags != "[S r]" {
		t.Errorf("flags %s", flags)
	}
}

// TestConcurrentHTTP drives the relay as the shop does: many keep-alive
// connections at once, with the transport's two goroutines each.
func TestConcurrentHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body)
	}))
	var capture bytes.Buffer
	r := New(&capture)
	transport := &http.Transport{DialContext: (&Dialer{Relay: r, From: loopback}).DialContext}
	client := http.Client{Transport: transport}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				res, err := client.Post(server.URL, "text/plain", strings.NewReader(strings.Repeat("x", 5000)))
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
	}
	wg.Wait()
	transport.CloseIdleConnections()
	server.Close()
	r.Close()
	responses := 0
	for _, c := range read(t, capture.Bytes(), server.Listener.Addr().(*net.TCPAddr).AddrPort().Port()) {
		responses += bytes.Count(c.toClient.Bytes(), []byte("HTTP/1.1 200 OK"))
	}
	if responses != 200 {
		t.Errorf("%d responses in the capture, want 200", responses)
	}
}

type stuckWriter chan struct{}

func (w stuckWriter) Write(b []byte) (int, error) { <-w; return len(b), nil }

// TestSlowReader: the program goes on, memory stays bounded, the loss is counted.
func TestSlowReader(t *testing.T) {
	stuck := make(stuckWriter)
	r := New(stuck)
	p := packet{src: netip.AddrPortFrom(loopback, 1), dst: netip.AddrPortFrom(loopback, 2), payload: make([]byte, maxSegment)}
	for range 2*maxBacklog/maxSegment + 100 {
		r.record(p)
	}
	if r.Dropped() == 0 {
		t.Error("no packet was dropped")
	}
	if got := r.backlog.Len(); got > maxBacklog {
		t.Errorf("backlog of %d bytes", got)
	}
	close(stuck)
	r.Close()
}
