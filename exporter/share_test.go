package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// sensorAt is one of several sensors: what it can see, and for which servers it counts.
type sensorAt struct {
	filter  string // empty: everything
	servers string
}

// scrapeOf is what the sensor says of the recording of the shop.
func (s sensorAt) scrapeOf(t *testing.T) scrape {
	t.Helper()
	demo, err := os.ReadFile("../packaging/demo/wire_exporter.yml")
	if err != nil {
		t.Fatal(err)
	}
	const all = "servers: [127.0.10.0/29]"
	if !strings.Contains(string(demo), all) {
		t.Fatalf("the demo's configuration has no %q", all)
	}
	args := []string{"--metrics", configFlag(t, strings.Replace(string(demo), all, "servers: ["+s.servers+"]", 1)), shopCapture}
	if s.filter != "" {
		args = append(args, "--capture.filter="+s.filter)
	}
	return parseScrape(t, []byte(replay(t, args...)))
}

// ofTheSensor says that a family is about the sensor, and not about services.
func ofTheSensor(family string) bool {
	return slices.ContainsFunc([]string{"wire_capture_", "wire_flow_", "wire_series", "wire_exporter_", "wire_decoder_errors", "wire_transactions_elsewhere", "wire_transactions_ignored"},
		func(prefix string) bool { return strings.HasPrefix(family, prefix) })
}

// values are the values of all series about services, by name and labels; of a histogram its count and its sum, in µs. Series with 0 are left out.
// Resources and statements are added up: which of them earn a name of their own depends on what else a sensor sees.
func (s scrape) values() map[string]float64 {
	all := map[string]float64{}
	for name, family := range s {
		if !strings.HasPrefix(name, "wire_") || ofTheSensor(name) || name == "wire_sql_statement_info" {
			continue
		}
		for _, m := range family.GetMetric() {
			key := name
			for _, l := range m.GetLabel() {
				if l.GetName() != "resource" && l.GetName() != "statement_id" {
					key += fmt.Sprintf(" %s=%q", l.GetName(), l.GetValue())
				}
			}
			if h := m.GetHistogram(); h != nil {
				all[key+" count"] += float64(h.GetSampleCount())
				all[key+" sum"] += float64(int64(h.GetSampleSum()*1e6 + 0.5))
				continue
			}
			all[key] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	maps.DeleteFunc(all, func(_ string, v float64) bool { return v == 0 })
	return all
}

// counted is how many transactions of all kinds are in it.
func (s scrape) counted() float64 {
	return s.sum("wire_requests_total") + s.sum("wire_sql_logins_total") + s.sum("wire_sql_transaction_duration_seconds")
}

// Sensors that share the servers among them say together what one says that counts for all: at mirror ports that show the same, on each host, and both. What each leaves to the others is counted.
func TestSensorsShareTheServers(t *testing.T) {
	one := sensorAt{"", "127.0.10.0/29"}.scrapeOf(t)
	want := one.values()
	seen := one.counted() + one.sum("wire_transactions_elsewhere_total")
	if len(want) < 200 || seen == 0 {
		t.Fatalf("only %d series", len(want))
	}
	onHosts := func(first, last int) (all []sensorAt) {
		for i := first; i <= last; i++ {
			host := fmt.Sprint("127.0.10.", i)
			all = append(all, sensorAt{"host " + host, host})
		}
		return all
	}
	for name, sensors := range map[string][]sensorAt{
		"two at mirror ports":                {{"", "127.0.10.0/30"}, {"", "127.0.10.4/30"}},
		"one on each host":                   onHosts(1, 7),
		"a mirror port and sensors on hosts": append(onHosts(1, 3), sensorAt{"", "127.0.10.4/30"}),
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]float64{}
			for _, s := range sensors {
				scraped := s.scrapeOf(t)
				for key, v := range scraped.values() {
					got[key] += v
				}
				if s.filter != "" {
					continue
				}
				if elsewhere := scraped.sum("wire_transactions_elsewhere_total"); scraped.counted()+elsewhere != seen || elsewhere == 0 {
					t.Errorf("%+v: %v counted and %v elsewhere, of %v", s, scraped.counted(), elsewhere, seen)
				}
			}
			compareValues(t, got, want)
		})
	}
}

// compareValues allows a µs for each rounded sum.
func compareValues(t *testing.T, got, want map[string]float64) {
	t.Helper()
	wrong := 0
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if d := got[key] - want[key]; d > 7 && strings.HasSuffix(key, " sum") || d != 0 && !strings.HasSuffix(key, " sum") {
			if wrong++; wrong < 10 {
				t.Errorf("%s: %v, want %v", key, got[key], want[key])
			}
		}
	}
	for key := range got {
		if _, known := want[key]; !known {
			t.Errorf("%s is said by the parts only", key)
		}
	}
}
