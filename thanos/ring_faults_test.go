package thanos

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"
)

// startAgent starts a Prometheus agent that scrapes a sensor, and writes to the first receiver as a tenant.
func (r *ring) startAgent(t *testing.T, target, tenant string) *process {
	t.Helper()
	cert, key := r.tenants.sign(t, t.TempDir(), tenant, tenant)
	config := fmt.Sprintf(`global: {scrape_interval: 1s, external_labels: {site: oslo}}
scrape_configs: [{job_name: wire_exporter, static_configs: [{targets: [%q]}]}]
remote_write:
  - url: "https://%s/api/v1/receive"
    tls_config: {cert_file: %q, key_file: %q, ca_file: %q}
    queue_config: {min_backoff: 100ms, max_backoff: 2s}
`, target, r.write[0], cert, key, r.internal.file)
	a := free(t, 1)[0]
	p := start(t, program(t, "prometheus"), "--agent", "--storage.agent.path="+t.TempDir(), "--web.listen-address="+a, "--config.file="+write(t, "agent.yml", config))
	p.waitReady(t, http.DefaultClient, "http://"+a+"/-/ready")
	return p
}

// TestThanosFaultNodes: of three receivers with replication 3 one is killed, then a second. With one away everything goes on; with two
// the sender is refused, keeps what it has, and sends it when they are back. Each node starts again by itself with what it had.
func TestThanosFaultNodes(t *testing.T) {
	needFaults(t)
	t.Parallel()
	r := startRing(t, 3, "")
	agent := r.startAgent(t, sensor(t), "bank-a")
	m := startMonitor(t, map[string][]string{"thanos-receive": r.http})
	grows := func(limit, by time.Duration) (a audit) {
		begin, _ := r.operator.audit("", false)
		await(t, limit, fmt.Sprintf("%v more are there", by), func() (err error) {
			a, err = r.operator.audit("", false)
			if err == nil && a.last < begin.last+int(by.Seconds()) {
				err = errors.New(a.String())
			}
			return err
		})
		return a
	}
	grows(readyLimit, 20*time.Second)

	r.nodes[2].kill()
	begin := time.Now()
	one := grows(readyLimit, 30*time.Second)
	t.Logf("one node away: %v, %v later", one, time.Since(begin).Round(time.Second))
	m.await(t, time.Minute, "ThanosDown", true)

	r.nodes[1].kill()
	m.await(t, 2*time.Minute, "ThanosReceiveReplicationFails", true)
	wait(t, 30*time.Second)
	two, err := r.operator.audit("", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("two nodes away: %v", two)
	for _, i := range []int{1, 2} {
		r.nodes[i] = r.nodes[i].again(t)
		r.nodes[i].waitReady(t, http.DefaultClient, "http://"+r.http[i]+"/-/ready")
	}
	begin = time.Now()
	all := grows(2*time.Minute, 90*time.Second)
	t.Logf("both are back: %v after %v", all, time.Since(begin).Round(time.Second))
	for _, alert := range []string{"ThanosDown", "ThanosReceiveReplicationFails"} {
		m.await(t, 3*time.Minute, alert, false)
	}
	agent.kill()
	all, err = r.operator.audit("", false)
	if err != nil {
		t.Fatal(err)
	}
	all.expectLost(t)
	merged, err := r.operator.instant(`wire_answers[1h]`, time.Now(), "dedup", "true", "max_source_resolution", "0s")
	if err != nil || len(merged) != 1 {
		t.Fatalf("three copies show as %d series, %v", len(merged), err)
	}
	if seen := auditOf(merged); len(seen.doubled) > 0 || len(seen.lost) > 0 {
		t.Errorf("the copies together show as %v", seen)
	}
	copies, err := r.operator.instant(`wire_answers[1h]`, time.Now(), "dedup", "false", "max_source_resolution", "0s")
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(copies, func(a, b series) int { return len(b.Values) - len(a.Values) })
	for _, c := range copies {
		t.Logf("copy %s: %d answers", c.Metric["receive_replica"], len(c.Values))
	}
	m.only(t, "ThanosDown", "ThanosReceiveReplicationFails")
}
