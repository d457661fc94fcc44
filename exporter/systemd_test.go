package main

import (
	"context"
	"net"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"wire_exporter/exporter/internal/pipeline"
)

// TestSystemd is told like systemd is: ready, and alive twice in the watchdog's time.
func TestSystemd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", strconv.FormatInt((20*time.Millisecond).Microseconds(), 10))
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	s := &server{}
	s.pipeline = new(pipeline.Pipeline)
	go s.tellSystemd(ctx)
	for _, want := range []string{"READY=1", "WATCHDOG=1", "WATCHDOG=1"} {
		if got := receive(t, socket); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	stop()
	got := receive(t, socket)
	for got == "WATCHDOG=1" {
		got = receive(t, socket)
	}
	if got != "STOPPING=1" {
		t.Errorf("got %q, want STOPPING=1", got)
	}
}

func receive(t *testing.T, socket *net.UnixConn) string {
	t.Helper()
	message := make([]byte, 100)
	n, err := socket.Read(message)
	if err != nil {
		t.Fatal(err)
	}
	return string(message[:n])
}
