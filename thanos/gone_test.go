package thanos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// alertsAt are the names of what an Alertmanager has got.
func alertsAt(address string) (names []string, err error) {
	res, err := http.Get("http://" + address + "/api/v2/alerts?active=true")
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var all []struct{ Labels map[string]string }
	if err := json.NewDecoder(res.Body).Decode(&all); err != nil {
		return nil, err
	}
	for _, a := range all {
		names = append(names, a.Labels["alertname"]+" "+a.Labels["job"])
	}
	return names, nil
}

// TestThanosGone: when all of Thanos is away, Prometheus says so, and goes on with the alerts about the sensors: both reach Alertmanager.
func TestThanosGone(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	text, err := os.ReadFile("../rules/alerts/sensor.yml")
	must(t, err)
	sensors := write(t, "sensor.yml", regexp.MustCompile(`(for|interval): \w+m\b`).ReplaceAllString(string(text), "$1: 5s"))

	a := free(t, 8)
	target := free(t, 1)[0]
	scraped := sensorOn(t, target)
	start(t, program(t, "alertmanager"), "--storage.path="+t.TempDir(), "--cluster.listen-address=", "--web.listen-address="+a[0],
		"--config.file="+write(t, "alertmanager.yml", "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")).
		waitReady(t, http.DefaultClient, "http://"+a[0]+"/-/ready")
	b := filesystem(t)
	config := fmt.Sprintf(`global: {scrape_interval: 1s, scrape_native_histograms: true, external_labels: {site: oslo, replica: a}}
rule_files: [%q, %q]
alerting: {alertmanagers: [{static_configs: [{targets: [%q]}]}]}
scrape_configs:
  - {job_name: wire_exporter, static_configs: [{targets: [%q]}]}
  - {job_name: thanos-store, static_configs: [{targets: [%q]}]}
  - {job_name: thanos-query, static_configs: [{targets: [%q]}]}
  - {job_name: thanos-compact, static_configs: [{targets: [%q]}]}
`, quickAlerts(t), sensors, a[0], target, a[1], a[3], a[5])
	s := startSiteIn(t, t.TempDir(), config, b.config, twoMinutes...)
	parts := []*process{
		s.sidecar,
		startThanos(t, "store", a[1], "--grpc-address="+a[2], "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config),
		startThanos(t, "query", a[3], "--grpc-address="+a[4], "--endpoint.sd-config-file="+write(t, "endpoints.yml", fmt.Sprintf("endpoints: [{address: %q}, {address: %q}]\n", s.grpc, a[2]))),
		startThanos(t, "compact", a[5], "--data-dir="+filepath.Join(t.TempDir(), "compact"), "--objstore.config-file="+b.config),
	}
	for i, address := range []string{s.sideHTTP, a[1], a[3], a[5]} {
		parts[i].waitReady(t, http.DefaultClient, "http://"+address+"/-/ready")
	}
	arrives := func(names ...string) {
		await(t, readyLimit, fmt.Sprintf("%v reach Alertmanager", names), func() error {
			got, err := alertsAt(a[0])
			for _, name := range names {
				if err == nil && !strings.Contains(strings.Join(got, ", "), name) {
					err = fmt.Errorf("it has %q", got)
				}
			}
			return err
		})
	}
	await(t, readyLimit, "everything is scraped", func() error {
		up, err := valueOf(s.api, `sum(up)`, time.Now())
		if err == nil && up != 4 {
			err = fmt.Errorf("%v of 4 are up", up)
		}
		return err
	})
	for _, p := range parts {
		p.kill()
	}
	arrives("ThanosDown thanos-store", "ThanosDown thanos-query", "ThanosDown thanos-compact")
	scraped.Close()
	arrives("WireExporterDown wire_exporter")
}
