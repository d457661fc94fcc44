package main

import (
	"bytes"
	"encoding/json"
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
)

// TestCurrent: the committed files are what the descriptions say.
func TestCurrent(t *testing.T) {
	files, err := render()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is stale (%v); write it anew with: go run ./dashboards", name, err)
		}
	}
	for _, folder := range []string{"grafana", "perses"} {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if files[folder+"/"+e.Name()] == nil {
				t.Errorf("%s/%s belongs to no board", folder, e.Name())
			}
		}
	}
}

// TestGrafanaSchema: the files have no field but those of the types, which are Grafana's.
func TestGrafanaSchema(t *testing.T) {
	names, err := filepath.Glob("grafana/*.json")
	if err != nil || len(names) != len(Boards()) {
		t.Fatalf("%d files: %v", len(names), err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		var g gDashboard
		if err := d.Decode(&g); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		seen := map[int]bool{}
		for _, p := range g.Panels {
			for _, p := range append(p.Panels, p) {
				if seen[p.ID] || p.ID == 0 {
					t.Errorf("%s: two panels have the id %d", name, p.ID)
				}
				seen[p.ID] = true
			}
		}
	}
}

// TestPanels: every panel says what it shows, what stands there when there is nothing, and has a place of its own.
func TestPanels(t *testing.T) {
	uids := map[string]bool{}
	for _, b := range Boards() {
		uids[b.UID] = true
	}
	for _, b := range Boards() {
		titles := map[string]bool{}
		for _, r := range b.Rows {
			at, _ := r.place()
			for j, p := range r.Panels {
				where := b.UID + ": " + r.Title + ": " + p.Title
				if p.Title == "" || p.Description == "" || p.NoValue == "" || p.W < 1 || p.W > 24 || p.H < 1 || len(p.Queries) == 0 || p.Kind != Table && p.Unit.Grafana == "" {
					t.Errorf("%s lacks something: %+v", where, p)
				}
				if titles[r.Title+p.Title] {
					t.Errorf("%s is there twice", where)
				}
				titles[r.Title+p.Title] = true
				for k := range j {
					if overlap(at[j], at[k]) {
						t.Errorf("%s lies over %s", where, r.Panels[k].Title)
					}
				}
				for _, l := range p.Links {
					if !uids[l.Board] {
						t.Errorf("%s leads to %s, which does not exist", where, l.Board)
					}
				}
				for _, c := range p.Columns {
					if c.Board != "" && !uids[c.Board] {
						t.Errorf("%s leads to %s, which does not exist", where, c.Board)
					}
				}
				if p.Kind == Table && !slices.ContainsFunc(p.Queries, func(q Query) bool { return q.Column == p.Sort }) {
					t.Errorf("%s is sorted by a column that it does not have: %q", where, p.Sort)
				}
			}
		}
		if b.Description == "" || b.From == "" {
			t.Errorf("%s lacks something", b.UID)
		}
	}
}

func overlap(a, b [4]int) bool {
	return a[0] < b[0]+b[2] && b[0] < a[0]+a[2] && a[1] < b[1]+b[3] && b[1] < a[1]+a[3]
}

// TestOnlyMore: the signals whose bands have no lower edge are those of which the rules record none.
func TestOnlyMore(t *testing.T) {
	knobs, err := os.ReadFile("../rules/recording/knobs.yml")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\{signal="(\w+)"`)
	for _, b := range Boards() {
		for _, r := range b.Rows {
			for _, p := range r.Panels {
				if p.Kind != Band {
					continue
				}
				found := named.FindStringSubmatch(exprOf(p, Upper))
				if found == nil {
					continue // any signal
				}
				signal := found[1]
				less := !strings.Contains(string(knobs), "wire:knob:direction, expr: vector(1), labels: {signal: "+signal+"}")
				if less != (exprOf(p, Lower) != "") {
					t.Errorf("%s: %s: the lower edge of %s", b.UID, p.Title, signal)
				}
			}
		}
	}
}

// TestMeanings: the viewer gives names the colours that they have in Grafana.
func TestMeanings(t *testing.T) {
	palette, err := os.ReadFile("viewer/src/colors.ts")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("viewer/src/palette.ts")
	if err != nil {
		t.Fatal(err)
	}
	colors := map[string]string{}
	for _, m := range regexp.MustCompile(`const (\w+) = '(#\w+)'`).FindAllStringSubmatch(string(palette), -1) {
		colors[m[1]] = m[2]
	}
	_, text, _ = bytes.Cut(text, []byte("meanings: Record"))
	got := map[string]string{}
	for _, m := range regexp.MustCompile(`(\w+|'[^']+'): (\w+)[,\n]`).FindAllStringSubmatch(string(text), -1) {
		got[strings.Trim(m[1], "'")] = colors[m[2]]
	}
	n := 0
	for _, list := range meanings {
		for _, m := range list {
			n++
			if got[m.name] != m.color {
				t.Errorf("%s is %s in Grafana, and %q in the viewer", m.name, m.color, got[m.name])
			}
		}
	}
	if len(got) != n {
		t.Errorf("%d names in Grafana, %d in the viewer: %v", n, len(got), got)
	}
}

// exprOf is the query of a role; "": there is none.
func exprOf(p Panel, role Role) string {
	for _, q := range p.Queries {
		if q.Role == role {
			return q.Expr
		}
	}
	return ""
}

// values stand for what Grafana and Perses put in.
var values = strings.NewReplacer("$__rate_interval", "1m", "$__range", "1h", "$__interval", "1m", "$service", "shop", "$protocol", "http1", "$database", ".*", "$instance", ".*", "$signal", "request_rate")

// expressions are all there are, Grafana's own forms among them.
func expressions(t *testing.T) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for _, b := range Boards() {
		for _, p := range b.grafana().Panels {
			for _, p := range append(p.Panels, p) {
				for _, target := range p.Targets {
					all[b.UID+": "+p.Title] = append(all[b.UID+": "+p.Title], target.Expr)
				}
			}
		}
		for _, r := range b.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					all[b.UID+": "+p.Title] = append(all[b.UID+": "+p.Title], q.Expr)
				}
			}
		}
		for _, v := range b.Variables {
			all[b.UID+": $"+v.Name] = append(all[b.UID+": $"+v.Name], v.Metric)
		}
		for _, n := range b.notes() {
			all[b.UID+": mark "+n.Name] = append(all[b.UID+": mark "+n.Name], n.Target.Expr)
		}
	}
	return all
}

// foreign are families that neither the exporter nor a rule makes: Prometheus' own, and those of the Go client.
var foreign = []string{"ALERTS", "ALERTS_FOR_STATE", "up", "process_cpu_seconds_total", "process_resident_memory_bytes"}

// withoutTraffic are families of the exporter that a capture of the demo does not have.
var withoutTraffic = []string{"wire_exporter_build_info"}

// TestExpressions: each parses, and reads what exists: families of the exporter's golden scrape with their labels, and families that a
// recording rule makes.
func TestExpressions(t *testing.T) {
	recorded, scraped := recordings(t), golden(t)
	for where, list := range expressions(t) {
		for _, text := range list {
			expr, err := parser.ParseExpr(values.Replace(text))
			if err != nil {
				t.Errorf("%s: %v\n%s", where, err, text)
				continue
			}
			parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
				if v, ok := n.(*parser.VectorSelector); ok {
					exists(t, where, v, recorded, scraped)
				}
				return nil
			})
		}
	}
}

func exists(t *testing.T, where string, v *parser.VectorSelector, recorded map[string]bool, scraped map[string]map[string]bool) {
	t.Helper()
	name := v.Name
	if slices.Contains(foreign, name) || slices.Contains(withoutTraffic, name) || recorded[name] {
		return
	}
	known := scraped[name]
	if known == nil {
		t.Errorf("%s reads %s, which does not exist", where, v)
		return
	}
	for _, m := range v.LabelMatchers {
		if m.Name != labels.MetricName && m.Name != "instance" && !known[m.Name] {
			t.Errorf("%s reads %s, which has no label %s", where, v, m.Name)
		}
	}
}

// recordings are the families that the shipped rules make.
func recordings(t *testing.T) map[string]bool {
	t.Helper()
	files, err := filepath.Glob("../rules/recording/*.yml")
	if err != nil || len(files) == 0 {
		t.Fatal("no recording rules: ", err)
	}
	all := map[string]bool{}
	for _, file := range files {
		groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for _, g := range groups.Groups {
			for _, r := range g.Rules {
				all[r.Record] = true
			}
		}
	}
	return all
}

var (
	documented = regexp.MustCompile("(?m)^\\| `(wire_\\w+)` \\|[^|]*\\|[^|]*\\|([^|]*)\\|")
	quoted     = regexp.MustCompile("`(\\w+)`")
)

// golden is what the exporter exposes, by the page that is written from it: families with the names of their labels.
func golden(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]bool{}
	for _, m := range documented.FindAllStringSubmatch(string(text), -1) {
		all[m[1]] = map[string]bool{}
		for _, l := range quoted.FindAllStringSubmatch(m[2], -1) {
			all[m[1]][l[1]] = true
		}
	}
	if len(all) < 40 {
		t.Fatalf("only %d families in docs/metrics.md", len(all))
	}
	return all
}

// TestLongTerm: over downsampled data only what survives is asked for (docs/design.md section 7).
func TestLongTerm(t *testing.T) {
	for _, b := range Boards() {
		if b.UID != "wire-longterm" {
			continue
		}
		for _, r := range b.Rows {
			for _, p := range r.Panels {
				for _, q := range p.Queries {
					survives(t, b.UID+": "+p.Title, q.Expr)
				}
			}
		}
	}
}

// survives fails the test where an expression breaks over downsampled data.
func survives(t *testing.T, where, text string) {
	t.Helper()
	expr, err := parser.ParseExpr(values.Replace(text))
	if err != nil {
		t.Fatal(err)
	}
	parser.Inspect(expr, func(n parser.Node, path []parser.Node) error {
		switch n := n.(type) {
		case *parser.Call:
			if slices.Contains([]string{"quantile_over_time", "stddev_over_time", "count_over_time", "histogram_count", "histogram_sum"}, n.Func.Name) {
				t.Errorf("%s: %s is wrong over downsampled data: %s", where, n.Func.Name, text)
			}
		case *parser.VectorSelector:
			within := false
			for _, parent := range path {
				_, matrix := parent.(*parser.MatrixSelector)
				within = within || matrix
			}
			if !within {
				t.Errorf("%s: %s is read without a range: %s", where, n, text)
			}
		}
		return nil
	})
}
