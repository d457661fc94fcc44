package thanos

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// quickAlerts are the shipped alerts for blocks of two minutes instead of two hours. What is counted in tries, as the shipper's every
// 30 s, keeps a window of several of them.
func quickAlerts(t *testing.T) (file string) {
	t.Helper()
	b, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, change := range [][2]string{
		{"interval: 1m", "interval: 1s"}, {"> 6 * 3600", "> 3 * 60"}, {"for: 4h", "for: 300s"}, {"[1d]", "[2m]"}, {"[15m]", "[90s]"}, {"[10m]", "[60s]"},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("alerts.yml has no %q any more", change[0])
		}
		text = strings.ReplaceAll(text, change[0], change[1])
	}
	text = regexp.MustCompile(`(for|keep_firing_for): \w+[mh]\b`).ReplaceAllString(text, "$1: 5s")
	return write(t, "alerts.yml", text)
}

// monitor is a Prometheus that scrapes components, by job, and evaluates the shipped alerts.
type monitor struct{ asker }

func startMonitor(t *testing.T, jobs map[string][]string) monitor {
	t.Helper()
	return startMonitorAt(t, free(t, 1)[0], jobs)
}

func startMonitorAt(t *testing.T, a string, jobs map[string][]string) monitor {
	t.Helper()
	var config strings.Builder
	fmt.Fprintf(&config, "global: {scrape_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n", quickAlerts(t))
	for job, addresses := range jobs {
		fmt.Fprintf(&config, "  - {job_name: %s, static_configs: [{targets: [%s]}]}\n", job, `"`+strings.Join(addresses, `", "`)+`"`)
	}
	start(t, program(t, "prometheus"), "--config.file="+write(t, "prometheus.yml", config.String()), "--storage.tsdb.path="+filepath.Join(t.TempDir(), "data"),
		"--web.listen-address="+a).waitReady(t, http.DefaultClient, "http://"+a+"/-/ready")
	return monitor{asker{http.DefaultClient, "http://" + a}}
}

// await waits until an alert fires, or does not any more.
func (m monitor) await(t *testing.T, limit time.Duration, alert string, fires bool) {
	t.Helper()
	begin := time.Now()
	await(t, limit, fmt.Sprintf("%s fires: %v", alert, fires), func() error {
		got, err := m.instant(fmt.Sprintf(`ALERTS{alertname=%q, alertstate="firing"}`, alert), time.Now())
		if err == nil && (len(got) > 0) != fires {
			err = fmt.Errorf("%v", got)
		}
		return err
	})
	t.Logf("%s fires: %v, after %v", alert, fires, time.Since(begin).Round(time.Second))
}

// only fails where an alert has fired that none of these is.
func (m monitor) only(t *testing.T, expected ...string) {
	t.Helper()
	got, err := m.instant(`count by (alertname) (max_over_time(ALERTS{alertstate="firing"}[1h]))`, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range got {
		if !slices.Contains(expected, s.Metric["alertname"]) {
			t.Errorf("%s has fired, too", s.Metric["alertname"])
		}
	}
}
