package rules

import (
	"cmp"
	"os"
	"path/filepath"
	"regexp"
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

// others are metrics of other programs that rules read.
var others = []string{"up", "process_start_time_seconds", "ALERTS", "prometheus_tsdb_retention_limit_seconds"}

// TestExpressions: rules read what the exporter exports, what other rules
// record (wire:…), and few others; those of infrastructure.yml what others export.
func TestExpressions(t *testing.T) {
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		infrastructure := strings.Contains(t.Name(), "infrastructure.yml")
		expr, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range read(expr) {
			if !infrastructure && !slices.Contains(others, name) && !strings.HasPrefix(name, "wire_") && !strings.HasPrefix(name, "wire:") {
				t.Errorf("reads %q", name)
			}
		}
	})
}

// read are the metrics that an expression reads.
func read(expr parser.Expr) (names []string) {
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			for _, m := range selector.LabelMatchers {
				if m.Name == labels.MetricName {
					names = append(names, m.Value)
				}
			}
		}
		return nil
	})
	return names
}

// TestRecordedNames: what rules read of wire:… is recorded, or a knob.
func TestRecordedNames(t *testing.T) {
	recorded := map[string]bool{}
	for _, groups := range parse(t) {
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				recorded[r.Record] = true
			}
		}
	}
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		expr, err := parser.ParseExpr(r.Expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range read(expr) {
			if strings.HasPrefix(name, "wire:") && !strings.HasPrefix(name, "wire:knob:") && !strings.Contains(name, "[") && !recorded[name] {
				t.Errorf("reads %s, which nothing records", name)
			}
		}
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
		for _, name := range []string{"summary", "description", "runbook_url", "dashboard_url"} {
			if r.Annotations[name] == "" {
				t.Errorf("no %s", name)
			}
		}
		if want := site + "/runbooks/" + r.Alert; r.Annotations["runbook_url"] != want {
			t.Errorf("runbook_url %s, not %s", r.Annotations["runbook_url"], want)
		}
		if !strings.HasPrefix(r.Annotations["dashboard_url"], site+"/d/wire-") {
			t.Errorf("dashboard_url %s", r.Annotations["dashboard_url"])
		}
		checkRunbook(t, r.Alert)
	})
}

// site is what users replace by the address of their own.
const site = "https://wire.example.com"

var query = regexp.MustCompile("(?s)```promql\n(.*?)```")

// checkRunbook: four parts, and queries that Prometheus understands.
func checkRunbook(t *testing.T, alert string) {
	text, err := os.ReadFile("runbooks/" + alert + ".md")
	if err != nil {
		t.Error(err)
		return
	}
	at := 0
	for _, part := range []string{"# " + alert, "## Meaning", "## Impact", "## Diagnosis", "## Mitigation"} {
		i := strings.Index(string(text[at:]), part+"\n")
		if i < 0 {
			t.Errorf("the runbook has no %q in its place", part)
			return
		}
		at += i
	}
	queries := query.FindAllSubmatch(text, -1)
	if len(queries) == 0 {
		t.Error("the runbook has no query")
	}
	for _, q := range queries {
		if _, err := parser.ParseExpr(string(q[1])); err != nil {
			t.Errorf("%s: %v", q[1], err)
		}
	}
}

// TestRunbooksHaveAlerts: none is left of an alert that is gone.
func TestRunbooksHaveAlerts(t *testing.T) {
	alerts := map[string]bool{"README": true}
	for _, groups := range parse(t) {
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				alerts[r.Alert] = true
			}
		}
	}
	names, err := filepath.Glob("runbooks/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if !alerts[strings.TrimSuffix(filepath.Base(name), ".md")] {
			t.Errorf("%s is about no alert", name)
		}
	}
}

// testFile is a file for promtool test rules.
type testFile struct {
	Tests []struct {
		Name        string
		Alerts      []alertTest `yaml:"alert_rule_test"`
		Expressions []struct {
			Expr     string
			Expected []any `yaml:"exp_samples"`
		} `yaml:"promql_expr_test"`
	}
}

// alertTest says whether an alert fires at a time.
type alertTest struct {
	Name     string         `yaml:"alertname"`
	At       model.Duration `yaml:"eval_time"`
	Expected []any          `yaml:"exp_alerts"`
}

func testFiles(t *testing.T) (all []testFile) {
	names, err := filepath.Glob("tests/*.yml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var file testFile
		if err := yaml.Unmarshal(text, &file); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, file)
	}
	return all
}

// TestAlertsAreTested: for every alert there is a test in which it is silent, then fires, then is silent again.
func TestAlertsAreTested(t *testing.T) {
	recovered := map[string]bool{}
	for _, file := range testFiles(t) {
		for _, test := range file.Tests {
			stage := map[string]int{} // 1: was silent, 2: fired after that, 3: was silent after that
			slices.SortStableFunc(test.Alerts, func(a, b alertTest) int { return cmp.Compare(a.At, b.At) })
			for _, a := range test.Alerts {
				fires := len(a.Expected) > 0
				if s := stage[a.Name]; s == 0 && !fires || s == 1 && fires || s == 2 && !fires {
					stage[a.Name]++
				}
				recovered[a.Name] = recovered[a.Name] || stage[a.Name] == 3
			}
		}
	}
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		if r.Alert != "" && !recovered[r.Alert] {
			t.Error("no test has it silent, firing and silent again")
		}
	})
}

// TestRecordedHaveValues: what is recorded is checked by its value, signal by signal.
func TestRecordedHaveValues(t *testing.T) {
	checked := map[string]bool{} // by metric, or metric and signal
	for _, file := range testFiles(t) {
		for _, test := range file.Tests {
			for _, e := range test.Expressions {
				for _, sample := range e.Expected {
					named(t, e.Expr, sample.(map[string]any)["labels"].(string), checked)
				}
			}
		}
	}
	everyRule(t, func(t *testing.T, r rulefmt.Rule) {
		if r.Record != "" && !checked[r.Record+r.Labels["signal"]] {
			t.Error("no test has a value of it")
		}
	})
}

// named notes what an expected sample is of: the name is its own, or that of what the expression reads.
func named(t *testing.T, text, sample string, checked map[string]bool) {
	expr, err := parser.ParseExpr(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	of, err := parser.ParseMetric(sample)
	if err != nil {
		t.Fatalf("%s: %v", sample, err)
	}
	for _, name := range append(read(expr), of.Get(labels.MetricName)) {
		checked[name], checked[name+of.Get("signal")] = true, true
	}
}
