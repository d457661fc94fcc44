package thanos

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// sensor is a stand-in for an exporter: a counter that grows steadily with the time, and the number of the answer, by which every
// sample can be found again.
func sensor(t *testing.T) (address string) {
	t.Helper()
	begin := time.Now()
	var users, answers atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := time.Since(begin).Seconds() * 10
		fmt.Fprintf(w, "# TYPE wire_answers gauge\nwire_answers %d\n", answers.Add(1))
		fmt.Fprintf(w, "# TYPE wire_requests_total counter\nwire_requests_total{service_name=\"web\",outcome=\"ok\"} %f\n", n)
		fmt.Fprintf(w, "# TYPE wire_active_users gauge\nwire_active_users{service_name=\"web\",window=\"5m\"} %d\n", 40+users.Add(1)%2)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// site is a Prometheus with its sidecar.
type site struct {
	prometheus, sidecar *process
	api                 asker
	grpc, sideHTTP      string
}

// startSite starts a Prometheus that scrapes a sensor every second, and a sidecar; flags are Prometheus' block durations.
func startSite(t *testing.T, target, labels, bucket string, flags ...string) site {
	t.Helper()
	config := fmt.Sprintf("global: {scrape_interval: 1s, external_labels: %s}\nscrape_configs: [{job_name: wire_exporter, static_configs: [{targets: [%q]}]}]\n", labels, target)
	return startSiteIn(t, t.TempDir(), config, bucket, flags...)
}

// startSiteIn starts a Prometheus with that configuration, its data below dir.
func startSiteIn(t *testing.T, dir, config, bucket string, flags ...string) site {
	t.Helper()
	a := free(t, 3)
	data := filepath.Join(dir, "data")
	s := site{api: asker{http.DefaultClient, "http://" + a[0]}, grpc: a[1], sideHTTP: a[2]}
	s.prometheus = start(t, program(t, "prometheus"), append([]string{"--config.file=" + write(t, "prometheus.yml", config),
		"--storage.tsdb.path=" + data, "--web.listen-address=" + a[0]}, flags...)...)
	s.prometheus.waitReady(t, http.DefaultClient, s.api.base+"/-/ready")
	s.sidecar = startThanos(t, "sidecar", a[2], "--grpc-address="+a[1], "--prometheus.url="+s.api.base, "--tsdb.path="+data, "--objstore.config-file="+bucket)
	return s
}

var twoMinutes = []string{"--storage.tsdb.min-block-duration=2m", "--storage.tsdb.max-block-duration=2m"}

// TestThanosSidecar: twins scrape the same sensor, and upload blocks of two minutes. The query shows one of them: the same sums as of
// one alone, live, and out of the bucket when both are gone.
func TestThanosSidecar(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	b := filesystem(t)
	target := sensor(t)
	var twins []site
	for _, replica := range []string{"a", "b"} {
		s := startSite(t, target, "{site: oslo, replica: "+replica+"}", b.config, twoMinutes...)
		s.sidecar.waitReady(t, http.DefaultClient, "http://"+s.sideHTTP+"/-/ready")
		twins = append(twins, s)
	}
	a := free(t, 2)
	q := openQuery(t, "query", a[0], a[1], twins[0].grpc, twins[1].grpc)
	const rate = `sum(rate(wire_requests_total[30s]))`
	await(t, 2*time.Minute, "twins show as one", func() error {
		now := time.Now()
		alone, err := twins[0].api.instant(rate, now)
		if err != nil || len(alone) == 0 {
			return fmt.Errorf("%v %v", alone, err)
		}
		both, err := q.instant(rate, now, "dedup", "true")
		if err != nil || len(both) == 0 {
			return fmt.Errorf("%v %v", both, err)
		}
		doubled, err := q.instant(rate, now, "dedup", "false")
		if err != nil || len(doubled) == 0 {
			return fmt.Errorf("%v %v", doubled, err)
		}
		if one, two, four := only(alone), only(both), only(doubled); math.Abs(one-10) > 1 || math.Abs(two-one) > .5 || math.Abs(four-2*one) > 1 {
			return fmt.Errorf("one twin sees %.2f a second, the query %.2f of both, %.2f without deduplication", one, two, four)
		}
		return nil
	})
	await(t, 8*time.Minute, "both twins have uploaded a block", func() error {
		n := map[string]int{}
		for _, block := range b.blocks(t) {
			n[block["LABELS"]]++
		}
		if len(n) < 2 {
			return fmt.Errorf("blocks: %v", n)
		}
		return nil
	})
	until := time.Now()
	for _, s := range twins {
		s.sidecar.kill()
		s.prometheus.kill()
	}
	stored := b.open(t)
	await(t, time.Minute, "the bucket alone answers", func() error {
		both, err := stored.instant(`max_over_time(sum(rate(wire_requests_total[30s]))[15m:15s])`, until)
		if err != nil || len(both) != 1 || math.Abs(only(both)-10) > 1 {
			return fmt.Errorf("%v %v, want 10 a second", both, err)
		}
		return nil
	})
}

// only is the value of an instant answer with one series.
func only(all []series) float64 {
	for _, v := range all[0].Values {
		return v
	}
	return math.NaN()
}
