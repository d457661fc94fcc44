package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// parse reads every shipped rule file.
func parse(t *testing.T) map[string]*rulefmt.RuleGroups {
	t.Helper()
	files := map[string]*rulefmt.RuleGroups{}
	for _, pattern := range []string{"alerts/*.yml", "recording/*.yml"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			groups, errs := rulefmt.ParseFile(name, false, model.UTF8Validation)
			for _, err := range errs {
				t.Errorf("%s: %v", name, err)
			}
			if len(errs) == 0 {
				files[name] = groups
			}
		}
	}
	if len(files) == 0 {
		t.Fatal("no rules found")
	}
	return files
}

func everyRule(t *testing.T, check func(t *testing.T, r rulefmt.Rule)) {
	t.Helper()
	for file, groups := range parse(t) {
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				t.Run(file+"/"+r.Alert+r.Record, func(t *testing.T) { check(t, r) })
			}
		}
	}
}

// TestExpressions: rules read what the exporter exports, what other rules
// record (wire:…), and up; those of infrastructure.yml what others export.
func TestExpressions(t *testing.T) {
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		infrastructure := strings.Contains(t.Name(), "infrastructure.yml")
		expr, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
			selector, ok := node.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			name := selector.Name
			for _, m := range selector.LabelMatchers {
				if m.Name == labels.MetricName && m.Type == labels.MatchEqual {
					name = m.Value
				}
			}
			if !infrastructure && name != "up" && !strings.HasPrefix(name, "wire_") && !strings.HasPrefix(name, "wire:") {
				t.Errorf("reads %q", selector)
			}
			return nil
		})
	})
}

// TestAlertsSayWhatToDo: somebody who was woken up reads them.
func TestAlertsSayWhatToDo(t *testing.T) {
	severities := []string{"page", "ticket"}
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		if r.Alert == "" {
			return
		}
		if !strings.HasPrefix(r.Alert, "Wire") {
			t.Error("the name does not start with Wire")
		}
		if !slices.Contains(severities, r.Labels["severity"]) {
			t.Errorf("severity %q", r.Labels["severity"])
		}
		for _, name := range []string{"summary", "description"} {
			if r.Annotations[name] == "" {
				t.Errorf("no %s", name)
			}
		}
	})
}

// TestAlertsAreTested: in rules/tests every alert is expected to be silent
// at one time and to fire at another.
func TestAlertsAreTested(t *testing.T) {
	var file struct {
		Tests []struct {
			Alerts []struct {
				Name     string `yaml:"alertname"`
				Expected []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	silent, firing := map[string]bool{}, map[string]bool{}
	names, err := filepath.Glob("tests/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file.Tests = nil
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, test := range file.Tests {
			for _, a := range test.Alerts {
				silent[a.Name] = silent[a.Name] || len(a.Expected) == 0
				firing[a.Name] = firing[a.Name] || len(a.Expected) > 0
			}
		}
	}
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		if r.Alert != "" && (!silent[r.Alert] || !firing[r.Alert]) {
			t.Errorf("tested silent: %v, firing: %v", silent[r.Alert], firing[r.Alert])
		}
	})
}
