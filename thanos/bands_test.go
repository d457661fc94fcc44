package thanos

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/tsdb"
)

// bandSignals are the signals of the two services that bands are made of: their normal height.
var bandSignals = map[string]float64{"request_rate": 40, "duration_p95": 0.2}

// signalAt is what a signal of a service is at a moment: the same for everybody who asks.
func signalAt(signal, service string, at time.Time) float64 {
	v := bandSignals[signal] * level(at)
	if service == "ledger" {
		v /= 2
	}
	return v * (1 + 0.03*math.Sin(float64(at.Unix())/700))
}

// liveSignals serves what the rules for signals would record. (Native histograms and counters are TestThanosHistory's.)
func liveSignals(t *testing.T) (address string) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for signal := range bandSignals {
			for _, service := range []string{"web", "ledger"} {
				l := fmt.Sprintf("{signal=%q,service_name=%q,protocol=\"http\"}", signal, service)
				fmt.Fprintf(w, "wire:signal:value%s %g\nwire:signal:count%s %g\n", l, signalAt(signal, service, time.Now()), l, 60*signalAt("request_rate", service, time.Now()))
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// writeBandHistory writes five weeks, until now, of what the band rules read of the past.
func writeBandHistory(t *testing.T, dir string) {
	t.Helper()
	now := time.Now().Truncate(time.Minute)
	w, err := tsdb.NewBlockWriter(slog.New(slog.DiscardHandler), dir, (50 * day).Milliseconds())
	if err != nil {
		t.Fatal(err)
	}
	app := w.Appender(t.Context())
	for at := now.Add(-36 * day); at.Before(now); at = at.Add(5 * time.Minute) {
		for signal := range bandSignals {
			for _, service := range []string{"web", "ledger"} {
				v := signalAt(signal, service, at)
				for family, value := range map[string]float64{
					"wire:signal:avg5m": v, "wire:signal:max5m": 1.1 * v, "wire:signal:min5m": 0.9 * v, "wire:signal:hour": v, "wire:band:season": v,
					"wire:band:above": 0.1 * v, "wire:band:below": 0.1 * v, "wire:band:away": 0.05 * v, "wire:band:ratio": 1, "wire:band:residual": 0,
				} {
					l := labels.FromStrings("__name__", family, "signal", signal, "service_name", service, "protocol", "http")
					if _, err := app.Append(0, l, at.UnixMilli(), value); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if err := app.Commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// quickRules are shipped rule files, evaluated more often: a test has not got five minutes for each.
func quickRules(t *testing.T, files ...string) (pattern string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range files {
		text, err := os.ReadFile("../rules/" + name)
		if err != nil {
			t.Fatal(err)
		}
		text = regexp.MustCompile(`(?m)^    interval: \w+$`).ReplaceAll(text, []byte("    interval: 10s"))
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(name, "/", "-")), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "*.yml")
}

// TestThanosBands: the shipped band rules give the same bands in a Prometheus that keeps five weeks itself, and in a ruler whose
// history is in the bucket. When all of Thanos is gone, Prometheus goes on.
func TestThanosBands(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	target, rules := liveSignals(t), quickRules(t, "recording/bands.yml", "recording/knobs.yml")
	const scrape = "scrape_configs: [{job_name: wire, static_configs: [{targets: [%q]}], metric_relabel_configs: [{action: labeldrop, regex: job|instance}]}]\n"
	own := filepath.Join(t.TempDir(), "data")
	if err := os.MkdirAll(own, 0o755); err != nil {
		t.Fatal(err)
	}
	writeBandHistory(t, own)
	b := filesystem(t)
	b.upload(t, own, `site="oslo"`, `replica="a"`)
	if err := os.Remove(filepath.Join(own, "thanos.shipper.json")); err != nil {
		t.Fatal(err)
	}

	a := free(t, 10)
	alone := asker{http.DefaultClient, "http://" + a[0]}
	start(t, program(t, "prometheus"), "--storage.tsdb.path="+own, "--storage.tsdb.retention.time=40d", "--web.listen-address="+a[0],
		"--config.file="+write(t, "prometheus.yml", fmt.Sprintf("global: {scrape_interval: 5s}\nrule_files: [%q]\n"+scrape, rules, target))).
		waitReady(t, http.DefaultClient, alone.base+"/-/ready")

	live := filepath.Join(t.TempDir(), "data")
	start(t, program(t, "prometheus"), append([]string{"--storage.tsdb.path=" + live, "--web.listen-address=" + a[1],
		"--config.file=" + write(t, "prometheus.yml", fmt.Sprintf("global: {scrape_interval: 5s, external_labels: {site: oslo, replica: a}}\n"+scrape, target))}, twoMinutes...)...).
		waitReady(t, http.DefaultClient, "http://"+a[1]+"/-/ready")
	parts := []*process{
		startThanos(t, "sidecar", a[2], "--grpc-address="+a[3], "--prometheus.url=http://"+a[1], "--tsdb.path="+live, "--objstore.config-file=", "--hash-func="),
		startThanos(t, "store", a[4], "--grpc-address="+a[5], "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config),
		startThanos(t, "rule", a[6], "--grpc-address="+a[7], "--data-dir="+t.TempDir(), "--objstore.config-file=", "--rule-file="+rules,
			"--alertmanagers.config-file=", "--query="+a[8], `--label=rule_replica="a"`),
	}
	for i, p := range parts {
		p.waitReady(t, http.DefaultClient, "http://"+a[2+2*i]+"/-/ready")
	}
	q := openQuery(t, "query", a[8], a[9], a[3], a[5], a[7])
	// Durations have no lower bound: nobody is called because a service is fast.
	for family, n := range map[string]int{"wire:band:season": 4, "wire:band:center": 4, "wire:band:upper": 4, "wire:band:lower": 2} {
		await(t, 4*time.Minute, family+" is the same in Prometheus and in the ruler", func() error { return same(alone, q, family, n, time.Now().Add(-10*time.Second)) })
	}
	for _, p := range parts {
		p.kill()
	}
	gone := time.Now().Add(15 * time.Second)
	await(t, 2*time.Minute, "Prometheus makes bands without Thanos", func() error {
		got, err := alone.instant(`timestamp(wire:band:upper) > `+fmt.Sprint(gone.Unix()), time.Now())
		if err == nil && len(got) == 0 {
			err = fmt.Errorf("none yet")
		}
		return err
	})
}

// same compares n series of a family at one instant: within 1 %.
func same(a, b asker, family string, n int, at time.Time) error {
	query := `max by (signal, service_name) (` + family + `)`
	var answers [2]map[string]float64
	for i, who := range []asker{a, b} {
		got, err := who.instant(query, at)
		if err != nil {
			return err
		}
		answers[i] = map[string]float64{}
		for _, s := range got {
			answers[i][s.Metric["service_name"]+" "+s.Metric["signal"]] = only([]series{s})
		}
	}
	if len(answers[0]) != n || len(answers[1]) != n {
		return fmt.Errorf("Prometheus has %v, the ruler %v", answers[0], answers[1])
	}
	for name, v := range answers[0] {
		if math.Abs(answers[1][name]/v-1) > .01 {
			return fmt.Errorf("%s: Prometheus has %g, the ruler %g", name, v, answers[1][name])
		}
	}
	return nil
}
