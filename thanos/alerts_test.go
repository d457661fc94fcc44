package thanos

import (
	"bufio"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// alertExpr are the shipped alerts' expressions.
func alertExpr(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var file rulefmt.RuleGroups
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			if _, err := parser.ParseExpr(r.Expr); err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] != "ticket" {
				t.Errorf("%s says too little", r.Alert)
			}
			checkRunbook(t, r)
			all[r.Alert] = r.Expr
		}
	}
	return all
}

var promql = regexp.MustCompile("(?s)```promql\n(.*?)```")

// checkRunbook: there is one, with its four parts, and with queries that can be read.
func checkRunbook(t *testing.T, r rulefmt.Rule) {
	t.Helper()
	if want := "https://wire.example.com/runbooks/" + r.Alert; r.Annotations["runbook_url"] != want {
		t.Errorf("%s: runbook_url is %q, not %s", r.Alert, r.Annotations["runbook_url"], want)
	}
	b, err := os.ReadFile("runbooks/" + r.Alert + ".md")
	must(t, err)
	text, rest := string(b), string(b)
	for _, part := range []string{"# " + r.Alert, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"} {
		_, after, found := strings.Cut(rest, part+"\n\n")
		if !found || len(after) < 40 {
			t.Fatalf("%s: the runbook has no %q in its place", r.Alert, part)
		}
		rest = after
	}
	queries := promql.FindAllStringSubmatch(text, -1)
	for _, q := range queries {
		if _, err := parser.ParseExpr(q[1]); err != nil {
			t.Errorf("%s: %v", r.Alert, err)
		}
	}
	if len(queries) == 0 {
		t.Errorf("%s: the runbook has no query", r.Alert)
	}
}

// TestAlerts: they can be read, and say what to do; each has a runbook, and no runbook is left of an alert that is gone.
func TestAlerts(t *testing.T) {
	all := alertExpr(t)
	for _, file := range glob(t, "runbooks/*.md", 9) {
		if name := strings.TrimSuffix(filepath.Base(file), ".md"); all[name] == "" {
			t.Errorf("%s is about no alert", file)
		}
	}
}

// TestThanosAlertRules: promtool sees each alert be silent, fire, and end.
func TestThanosAlertRules(t *testing.T) {
	needPrograms(t)
	file, err := filepath.Abs("testdata/alerts.yml")
	must(t, err)
	text, err := os.ReadFile(file)
	must(t, err)
	for name := range alertExpr(t) {
		if !strings.Contains(string(text), "alertname: "+name+"\n") {
			t.Errorf("testdata/alerts.yml has no test of %s", name)
		}
	}
	t.Log(mustRun(t, "promtool", "test", "rules", file))
}

// TestThanosAlerts: what the alerts read is there, as the components have it before anything has gone wrong.
func TestThanosAlerts(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	b := filesystem(t)
	s := startSite(t, sensor(t), "{site: oslo, replica: a}", b.config, twoMinutes...)
	s.sidecar.waitReady(t, http.DefaultClient, "http://"+s.sideHTTP+"/-/ready")
	compact := free(t, 1)[0]
	startThanos(t, "compact", compact, "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config).waitReady(t, http.DefaultClient, "http://"+compact+"/-/ready")
	for alert, text := range alertExpr(t) {
		expr, err := parser.ParseExpr(text)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
			v, ok := n.(*parser.VectorSelector)
			if !ok || v.Name == "up" || strings.HasPrefix(v.Name, "thanos_receive_") { // TestThanosTenants and TestThanosLimits look for those
				return nil
			}
			await(t, readyLimit, alert+" finds "+v.Name, func() error {
				for _, address := range []string{s.sideHTTP, compact, strings.TrimPrefix(s.api.base, "http://")} {
					if _, found := metric(t, address, v.Name); found {
						return nil
					}
				}
				return errors.New("nobody has it")
			})
			return nil
		})
	}
}

// metric is the sum of a component's series whose line begins so, and whether there is one.
func metric(t *testing.T, address, prefix string) (sum float64, found bool) {
	t.Helper()
	res, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		return 0, false
	}
	defer res.Body.Close()
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		if !strings.HasPrefix(s.Text(), prefix) {
			continue
		}
		fields := strings.Fields(s.Text())
		v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum, found = sum+v, true
	}
	return sum, found
}
