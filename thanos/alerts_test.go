package thanos

import (
	"bufio"
	"errors"
	"net/http"
	"os"
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
			all[r.Alert] = r.Expr
		}
	}
	return all
}

// TestAlerts: they can be read, and say what to do.
func TestAlerts(t *testing.T) {
	if n := len(alertExpr(t)); n < 6 {
		t.Errorf("%d alerts", n)
	}
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
			if !ok || strings.HasPrefix(v.Name, "thanos_receive_") { // TestThanosTenants looks for those
				return nil
			}
			await(t, readyLimit, alert+" finds "+v.Name, func() error {
				for _, address := range []string{s.sideHTTP, compact} {
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
