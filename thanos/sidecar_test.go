package thanos

import (
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// sensor is a stand-in for an exporter: a counter, a native and a classic histogram that grow steadily with the time, and the number
// of the answer, by which every sample can be found again.
func sensor(t *testing.T) (address string) {
	t.Helper()
	return sensorOn(t, "127.0.0.1:0").Listener.Addr().String()
}

// sensorOn listens on a given address.
func sensorOn(t *testing.T, address string) *httptest.Server {
	t.Helper()
	l, err := net.Listen("tcp4", address)
	must(t, err)
	registry := prometheus.NewRegistry()
	registry.MustRegister(&steady{begin: time.Now()})
	s := httptest.NewUnstartedServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s
}

// steady is a service with ten requests a second.
type steady struct {
	begin   time.Time
	answers atomic.Int64
}

var (
	answersOf   = prometheus.NewDesc("wire_answers", "The number of this answer.", nil, nil)
	usersOf     = prometheus.NewDesc("wire_active_users", "40 or 41.", []string{"service_name", "window"}, nil)
	requestsOf  = prometheus.NewDesc("wire_requests_total", "Ten a second.", []string{"service_name", "outcome"}, nil)
	durationsOf = prometheus.NewDesc("wire_request_duration_seconds", "The same, as a native histogram.", []string{"service_name", "outcome"}, nil)
	classicOf   = prometheus.NewDesc("wire_classic_duration_seconds", "The same, as a classic one.", []string{"service_name", "outcome"}, nil)
)

func (s *steady) Describe(c chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{answersOf, usersOf, requestsOf, durationsOf, classicOf} {
		c <- d
	}
}

func (s *steady) Collect(c chan<- prometheus.Metric) {
	n := s.answers.Add(1)
	done := time.Since(s.begin).Seconds() * 10
	whole := uint64(done)
	c <- prometheus.MustNewConstMetric(answersOf, prometheus.GaugeValue, float64(n))
	c <- prometheus.MustNewConstMetric(usersOf, prometheus.GaugeValue, float64(40+n%2), "web", "5m")
	c <- prometheus.MustNewConstMetric(requestsOf, prometheus.CounterValue, done, "web", "ok")
	slow := whole / 10
	c <- prometheus.MustNewConstNativeHistogram(durationsOf, whole, done*.02, map[int]int64{-46: int64(whole - slow), -20: int64(slow)}, nil, 0, schema, 1e-6,
		s.begin, "web", "ok")
	c <- prometheus.MustNewConstHistogram(classicOf, whole, done*.02, map[float64]uint64{.025: whole - slow, .25: whole}, "web", "ok")
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
	config := fmt.Sprintf("global: {scrape_interval: 1s, scrape_native_histograms: true, external_labels: %s}\nscrape_configs: [{job_name: wire_exporter, static_configs: [{targets: [%q]}]}]\n", labels, target)
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
	for _, one := range []struct {
		query       string
		want, about float64
		adds        bool // twice as much without deduplication
	}{
		{`sum(rate(wire_requests_total[30s]))`, 10, 1, true},
		{`histogram_count(sum(rate(wire_request_duration_seconds[30s])))`, 10, 1, true},
		{`histogram_sum(sum(rate(wire_request_duration_seconds[30s])))`, .2, .02, true},
		{`histogram_quantile(0.99, sum(rate(wire_request_duration_seconds[30s])))`, .175, .005, false},
		{`sum(rate(wire_classic_duration_seconds_count[30s]))`, 10, 1, true},
		{`histogram_quantile(0.99, sum by (le) (rate(wire_classic_duration_seconds_bucket[30s])))`, .2275, .01, false},
	} {
		await(t, 2*time.Minute, "twins show as one: "+one.query, func() error {
			now := time.Now()
			alone, err := valueOf(twins[0].api, one.query, now)
			if err != nil {
				return err
			}
			both, err := valueOf(q, one.query, now, "dedup", "true")
			if err != nil {
				return err
			}
			doubled, err := valueOf(q, one.query, now, "dedup", "false")
			if err != nil {
				return err
			}
			times := 1.0
			if one.adds {
				times = 2
			}
			if math.Abs(alone-one.want) > one.about || math.Abs(both/alone-1) > .05 || math.Abs(doubled/alone-times) > .1 {
				return fmt.Errorf("one twin says %.4f, the query %.4f of both, %.4f without deduplication", alone, both, doubled)
			}
			return nil
		})
	}
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
	for query, want := range map[string]float64{
		`max_over_time(sum(rate(wire_requests_total[30s]))[15m:15s])`:                                          10,
		`max_over_time(histogram_count(sum(rate(wire_request_duration_seconds[30s])))[15m:15s])`:               10,
		`max_over_time(histogram_quantile(0.99, sum(rate(wire_request_duration_seconds[30s])))[15m:15s]) * 10`: 1.75,
	} {
		await(t, time.Minute, "the bucket alone answers", func() error {
			both, err := valueOf(stored, query, until)
			if err == nil && math.Abs(both/want-1) > .1 {
				err = fmt.Errorf("%s is %v, want %v", query, both, want)
			}
			return err
		})
	}
}

// valueOf is the answer to a question that has one.
func valueOf(q asker, query string, at time.Time, more ...string) (float64, error) {
	got, err := q.instant(query, at, more...)
	if err != nil || len(got) != 1 {
		return 0, fmt.Errorf("%s: %v %v", query, got, err)
	}
	return only(got), nil
}

// only is the value of an instant answer with one series.
func only(all []series) float64 {
	for _, v := range all[0].Values {
		return v
	}
	return math.NaN()
}
