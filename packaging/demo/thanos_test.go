package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestThanosDemo: make run-thanos, by its parts: what the exporter has seen arrives at Thanos' query, whose page is there, and
// nothing listens elsewhere than on loopback addresses.
func TestThanosDemo(t *testing.T) {
	if os.Getenv("WIRE_TEST_THANOS") == "" {
		t.Skip("WIRE_TEST_THANOS is not set")
	}
	runtime.LockOSThread() // the child processes die with this thread
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Minute, fmt.Errorf("the test takes too long"))
	defer cancel()
	programs := buildStack(t)
	ctx, end := context.WithCancelCause(ctx)
	d := &demo{
		cache: defaultCache(), data: t.TempDir(), repository: repository,
		exporter: os.Getenv("WIRE_EXPORTER"), capture: "relay", thanos: true, out: t.Output(), end: end,
	}
	defer d.close()
	for _, step := range []func() error{
		func() error { return d.open(ctx) },
		func() error { return d.startPrometheus(ctx, programs) },
		func() error { return d.openThanos(ctx) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	awaitPage(ctx, t, "/api/v1/query?query="+url.QueryEscape(`histogram_quantile(0.95, sum(rate(wire_request_duration_seconds{service_name="ledger"}[1m]))) > 0`), `"value":[`)
	awaitPage(ctx, t, "/graph", "<title>Thanos")
	for _, part := range d.thanosParts() {
		for _, elsewhere := range []string{"127.0.0.2", "[::1]"} { // where 0.0.0.0 and [::] would answer too
			if c, err := net.Dial("tcp", strings.Replace(part.http, "127.0.0.1", elsewhere, 1)); err == nil {
				c.Close()
				t.Errorf("%s answers at %s", part.name, elsewhere)
			}
		}
	}
}

// awaitPage asks Thanos until the answer holds what is wanted.
func awaitPage(ctx context.Context, t *testing.T, path, want string) {
	t.Helper()
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	var got []byte
	for !strings.Contains(string(got), want) {
		select {
		case <-ctx.Done():
			t.Fatalf("%v, and %s still says %.500s", context.Cause(ctx), path, got)
		case <-ticker.C:
		}
		got = page(t, path)
	}
}

func page(t *testing.T, path string) []byte {
	t.Helper()
	res, err := http.Get("http://" + thanosAddr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		t.Fatal(err)
	}
	return body
}
