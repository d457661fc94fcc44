package thanos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"wire_exporter/rules"
)

// rulerGroups is what a ruler says of its rules.
type rulerGroups struct {
	Data struct {
		Groups []struct {
			Name  string
			Rules []struct{ Name, Query, Health, LastError string }
		}
	}
}

// TestThanosRuler: the ruler takes every shipped rule file, evaluates every rule without an error, records signals and bands of what a
// sensor shows, and loads the alerts.
func TestThanosRuler(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	files, err := filepath.Abs("../rules")
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"tools", "rules-check"}
	for _, name := range rules.Names() {
		args = append(args, "--rules="+filepath.Join(files, name))
	}
	if said := mustRun(t, "thanos", args...); strings.Count(said, "result=SUCCESS") != len(rules.Names()) {
		t.Errorf("rules-check says\n%s", said)
	}

	s := startSite(t, sensor(t), "{site: oslo, replica: a}", filesystem(t).config, twoMinutes...)
	s.sidecar.waitReady(t, http.DefaultClient, "http://"+s.sideHTTP+"/-/ready")
	a := free(t, 4)
	startThanos(t, "rule", a[0], "--grpc-address="+a[1], "--data-dir="+t.TempDir(), "--objstore.config-file=",
		"--rule-file="+quickRules(t, rules.Names()...), "--alertmanagers.config-file=", "--query="+a[2], `--label=rule_replica="a"`).
		waitReady(t, http.DefaultClient, "http://"+a[0]+"/-/ready")
	q := openQuery(t, "query", a[2], a[3], s.grpc, a[1])
	await(t, 3*time.Minute, "every rule is evaluated", func() error { return healthy(a[0]) })
	for _, family := range []string{`wire:signal:value{signal="request_rate"}`, `wire:band:upper{signal="request_rate"}`, "wire:service:measured"} {
		await(t, 2*time.Minute, "the ruler records "+family, func() error {
			got, err := q.instant(family, time.Now())
			if err == nil && len(got) == 0 {
				err = fmt.Errorf("nothing yet")
			}
			return err
		})
	}
	if err := healthy(a[0]); err != nil { // now that there is something to read
		t.Error(err)
	}
}

// healthy says which rule of a ruler is not.
func healthy(ruler string) error {
	res, err := http.Get("http://" + ruler + "/api/v1/rules")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var got rulerGroups
	if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
		return err
	}
	records, alerts := 0, 0
	for _, g := range got.Data.Groups {
		for _, r := range g.Rules {
			if r.Health != "ok" || r.LastError != "" {
				return fmt.Errorf("%s: %s is %s: %s", g.Name, r.Name, r.Health, r.LastError)
			}
			if strings.HasPrefix(r.Name, "wire:") {
				records++
			} else {
				alerts++
			}
		}
	}
	if records < 200 || alerts < 25 {
		return fmt.Errorf("%d recording rules and %d alerts", records, alerts)
	}
	return nil
}
