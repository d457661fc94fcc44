package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"wire_exporter/packaging/demo/internal/history"
)

// TestIncidents runs the demo with its history, breaks its servers one after another, and follows each fault through Prometheus and
// Alertmanager as a user would: a ticket, one page about the service that is to blame, and the end. It takes hours: make
// test-incident runs it, KIND=slowdb,dead only some of them.
func TestIncidents(t *testing.T) {
	if os.Getenv("WIRE_TEST_INCIDENT") == "" {
		t.Skip("WIRE_TEST_INCIDENT is not set")
	}
	runtime.LockOSThread() // the child processes die with this thread
	defer runtime.UnlockOSThread()
	ctx, end := context.WithCancelCause(t.Context())
	heard := make(chan notification, 1000)
	d := &demo{
		cache: defaultCache(), data: dataIn(defaultCache()), repository: repository, exporter: os.Getenv("WIRE_EXPORTER"),
		capture: "relay", history: true, zone: busiest(time.Now()), out: t.Output(), end: end, heard: func(n notification) { heard <- n },
	}
	defer d.close()
	if err := d.start(ctx); err != nil {
		t.Fatal(err)
	}
	select { // until the five-minute means are of the live shop alone
	case <-ctx.Done():
		t.Fatal(context.Cause(ctx))
	case <-time.After(10 * time.Minute):
	}
	only := strings.FieldsFunc(os.Getenv("KIND"), func(r rune) bool { return r == ',' })
	for _, incident := range []struct{ kind, suspect string }{
		{"slowdb", "bankdb"}, {"dead", "payments"}, {"deaddb", "shopdb"}, {"errors", "accounts"}, {"hang", "catalog"},
		{"logins", "accounts"}, {"unauthorized", "web"},
	} {
		if len(only) == 0 || slices.Contains(only, incident.kind) {
			t.Run(incident.kind, func(t *testing.T) { follow(ctx, t, heard, incident.kind, incident.suspect) })
		}
	}
}

// busiest is a time zone in which the shop has most to do an hour from now. A bank's people are few at night: what 14 log-ins a
// minute do, half of them missing, is chance, and no test of the rules.
func busiest(now time.Time) (zone string) {
	most := 0.0
	for east := -12; east <= 14; east++ {
		offset := time.Duration(east) * time.Hour
		local := now.UTC().Add(offset + time.Hour)
		day := history.Day{
			Offset: offset, Weekday: local.Weekday(), SinceMid: local.Sub(local.Truncate(24 * time.Hour)),
			Types: map[string]bool{strings.ToLower(local.Weekday().String()): true},
		}
		if level := history.Level(day); level > most {
			most, zone = level, fmt.Sprintf("Etc/GMT%+d", -east) // POSIX counts to the west
		}
	}
	return zone
}

const (
	ticketLimit  = 3 * time.Minute
	pageLimit    = 12 * time.Minute
	resolveLimit = 20 * time.Minute
)

// follow breaks something and repairs it.
func follow(ctx context.Context, t *testing.T, heard <-chan notification, kind, suspect string) {
	begin := time.Now()
	if err := tell("/incident/"+kind, t.Output()); err != nil {
		t.Fatal(err)
	}
	// What began before is not of this incident.
	is := func(a alertNote, severity, status string) bool {
		return a.Labels["severity"] == severity && a.Status == status && a.StartsAt.After(begin)
	}
	hear(ctx, t, heard, ticketLimit, "a ticket", func(a alertNote) bool { return is(a, "ticket", "firing") })
	t.Logf("ticket after %s", time.Since(begin).Round(time.Second))
	page := func(a alertNote, status string) bool {
		if is(a, "page", "firing") && a.Labels["service_name"] != suspect {
			t.Errorf("a page about %v, not %s", a.Labels, suspect)
		}
		return is(a, "page", status) && a.Labels["service_name"] == suspect
	}
	hear(ctx, t, heard, pageLimit-time.Since(begin), "the page", func(a alertNote) bool { return page(a, "firing") })
	t.Logf("page after %s", time.Since(begin).Round(time.Second))
	repaired := time.Now()
	if err := tell("/incident/off", t.Output()); err != nil {
		t.Fatal(err)
	}
	hear(ctx, t, heard, resolveLimit, "the end", func(a alertNote) bool { return page(a, "resolved") })
	t.Logf("over %s after the repair", time.Since(repaired).Round(time.Second))
}

// hear waits for an alert that is like it.
func hear(ctx context.Context, t *testing.T, heard <-chan notification, limit time.Duration, what string, is func(alertNote) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("not within %s", limit.Round(time.Second)))
	defer cancel()
	for {
		select {
		case n := <-heard:
			for _, a := range n.Alerts {
				if is(a) {
					return
				}
			}
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, context.Cause(ctx))
		}
	}
}
