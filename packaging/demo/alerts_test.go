package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"wire_exporter/packaging/demo/internal/stack"
)

func buildAlertmanager(t *testing.T) (programs string) {
	t.Helper()
	programs, err := stack.Alertmanager(repository).Build(t.Context(), defaultCache(), func(elapsed time.Duration) {
		t.Logf("building Alertmanager: %.0f s", elapsed.Seconds())
	})
	if err != nil {
		t.Fatal(err)
	}
	return programs
}

// TestStackAlertmanagerConfig: amtool accepts the shipped configuration, and routes what is shipped.
func TestStackAlertmanagerConfig(t *testing.T) {
	needStack(t)
	amtool := filepath.Join(buildAlertmanager(t), "amtool")
	file := filepath.Join(repository, "rules/alertmanager/alertmanager.yml")
	if out, err := exec.Command(amtool, "check-config", file).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for labels, want := range map[string]string{
		"severity=page alertname=WireServiceFault service_name=ledger": "pages", "severity=ticket alertname=WireLatencyHigh": "tickets", "alertname=other": "tickets",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=" + file}, strings.Fields(labels)...)
		out, err := exec.Command(amtool, args...).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("%s goes to %s, not to %s (%v)", labels, out, want, err)
		}
	}
}

// delivery is what Alertmanager posts to a webhook.
type delivery struct {
	Receiver, Status string
	Alerts           []struct {
		Status              string
		Labels, Annotations map[string]string
	}
}

// TestStackAlerts: the shipped alerts go through a real Prometheus and a real Alertmanager, with the shipped configuration, to a
// webhook. Only their times are shortened and the addresses replaced.
func TestStackAlerts(t *testing.T) {
	needStack(t)
	prometheus, alertmanager := buildStack(t), buildAlertmanager(t)
	runtime.LockOSThread() // the child processes die with this thread
	defer runtime.UnlockOSThread()
	ctx, cancel := context.WithTimeoutCause(t.Context(), 3*time.Minute, fmt.Errorf("the test takes too long"))
	defer cancel()
	dir := t.TempDir()

	var broken atomic.Bool
	broken.Store(true)
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if broken.Load() {
			_, _ = io.WriteString(w, brokenLedger)
		}
	}))
	defer exporter.Close()
	delivered := make(chan delivery, 100)
	webhook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var d delivery
		if err := json.NewDecoder(r.Body).Decode(&d); err != nil {
			t.Error(err)
		}
		delivered <- d
	}))
	defer webhook.Close()

	am := startAlertmanager(ctx, t, alertmanager, dir, webhook.URL)
	startRules(ctx, t, prometheus, dir, am, strings.TrimPrefix(exporter.URL, "http://"))
	await(ctx, t, delivered, "the page", func(d delivery) bool {
		if d.Receiver != "pages" {
			t.Errorf("delivered to %s: %+v", d.Receiver, d) // the ticket of web waits, and is inhibited
		}
		return d.Status == "firing" && len(d.Alerts) == 1 && d.Alerts[0].Labels["suspect"] == "ledger" &&
			strings.HasPrefix(d.Alerts[0].Annotations["summary"], "ledger is in trouble (latency) and brings down web")
	})
	broken.Store(false)
	await(ctx, t, delivered, "its end", func(d delivery) bool { return d.Receiver == "pages" && d.Status == "resolved" })
}

// brokenLedger is what rules/recording/faults.yml records of a ledger that brings down web.
const brokenLedger = `wire:service:page{service_name="ledger",suspect="ledger"} 9
wire:service:kind{service_name="ledger",kind="latency"} 9
wire:service:suspect{service_name="ledger",suspect="ledger",hops="0"} 9
wire:service:suspect{service_name="web",suspect="ledger",hops="1"} 9
wire:alerts:ticket{signal="duration_p95",service_name="web",protocol="http1",tier="now",side="above",suspect="ledger"} 4
`

func await(ctx context.Context, t *testing.T, delivered <-chan delivery, what string, is func(delivery) bool) {
	t.Helper()
	for {
		select {
		case d := <-delivered:
			if is(d) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("%s was not delivered: %v", what, context.Cause(ctx))
		}
	}
}

// adapt copies files to a folder with all that matches replaced.
func adapt(t *testing.T, pattern, dir string, replace [][2]string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repository, pattern))
	if err != nil || len(names) == 0 {
		t.Fatal(pattern, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range replace {
			text = regexp.MustCompile(r[0]).ReplaceAll(text, []byte(r[1]))
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func startAlertmanager(ctx context.Context, t *testing.T, programs, dir, webhook string) (address string) {
	t.Helper()
	adapt(t, "rules/alertmanager/*", dir, [][2]string{
		{`http://127\.0\.0\.1:9095`, webhook},
		{`group_wait: 10m`, "group_wait: 20s"}, // longer than the page takes
		{`(group_wait|group_interval): (30s|10s|15m|5m)`, "$1: 1s"},
		{`(?m)^    email_configs:\n(      .*\n)+`, ""},
		{`(?m)^  - name: tickets$`, "  - name: tickets\n    webhook_configs: [{url: " + webhook + "}]"},
		{`smtp_.*`, ""},
	})
	address = freeAddress(t)
	p, err := stack.Start("alertmanager", dir, dir, nil, filepath.Join(programs, "alertmanager"), "--config.file=alertmanager.yml",
		"--storage.path="+filepath.Join(dir, "alertmanager"), "--cluster.listen-address=", "--web.listen-address="+address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	if err := p.WaitReady(ctx, "http://"+address+"/-/ready"); err != nil {
		t.Fatal(err)
	}
	return address
}

func startRules(ctx context.Context, t *testing.T, programs, dir, alertmanager, exporter string) {
	t.Helper()
	adapt(t, "rules/alerts/*.yml", dir, [][2]string{{`(interval|for|keep_firing_for): [0-9]+[mh]`, "$1: 1s"}})
	config := fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [faults.yml, tickets.yml, sensor.yml]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs: [{job_name: recorded, fallback_scrape_protocol: PrometheusText0.0.4, static_configs: [{targets: [%q]}]}]
`, alertmanager, exporter)
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	address := freeAddress(t)
	p, err := stack.Start("prometheus", dir, dir, nil, filepath.Join(programs, "prometheus"), "--config.file=prometheus.yml",
		"--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	if err := p.WaitReady(ctx, "http://"+address+"/-/ready"); err != nil {
		t.Fatal(err)
	}
}
