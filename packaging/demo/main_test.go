package main

import (
	"errors"
	"net"
	"os/signal"
	"syscall"
	"testing"
)

// A server that writes to a client that has left goes on, and so does the demo.
func TestClientThatLeftIsNoEnd(t *testing.T) {
	ctx, cancel := untilTold()
	defer cancel()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	client.Close()
	for err == nil { // the answer to the first write is the reset
		_, err = server.Write([]byte("too late"))
	}
	for !errors.Is(err, syscall.EPIPE) {
		if _, err = server.Write([]byte("too late")); err == nil {
			t.Fatal("a connection that was reset takes more")
		}
	}
	if !signal.Ignored(syscall.SIGPIPE) || ctx.Err() != nil {
		t.Error("the demo ends")
	}
}
