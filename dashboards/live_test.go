package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// TestEveryPanelHasData asks a running Prometheus (WIRE_TEST_PANELS, its address; a Thanos query for the long-term board alone:
// WIRE_TEST_PANELS_THANOS) all that the committed files of Grafana and of Perses ask, as they would, and lists what has no answer for
// any choice of the variables. What is rightly empty says so in its description: "Empty while nothing fires." for a panel,
// `No "a year before" until …` for one of its queries.
func TestEveryPanelHasData(t *testing.T) {
	prometheus, thanos := os.Getenv("WIRE_TEST_PANELS"), os.Getenv("WIRE_TEST_PANELS_THANOS")
	if prometheus == "" && thanos == "" {
		t.Skip("WIRE_TEST_PANELS is not set")
	}
	for _, b := range committed(t) {
		if prometheus != "" {
			t.Run(b.kind+" "+b.name, func(t *testing.T) { askAll(t, server{prometheus, false}, b) })
		}
		if thanos != "" && b.name == "wire-longterm" {
			t.Run("Thanos "+b.kind+" "+b.name, func(t *testing.T) { askAll(t, server{thanos, true}, b) })
		}
	}
}

// sent is a committed dashboard, as far as it asks.
type sent struct {
	kind, name string // Grafana or Perses
	from       time.Duration
	variables  []sentVariable
	queries    []sentQuery
}

type sentVariable struct {
	name, label, selector string
	all                   bool
}

type sentQuery struct {
	panel, description, expr, legend string
	instant                          bool
}

var named = regexp.MustCompile(`^label_replace\((?s:.*), "(?:band|line)", "([^"]*)", "\w*", "[^"]*"\)$`)

// lines are a query and, where it asks for the lines of a chart together, each of them: one that is empty is not to hide behind the others.
func (q sentQuery) lines() []sentQuery {
	all := []sentQuery{q}
	if q.legend != "{{"+bandLabel+"}}" && q.legend != "{{"+lineLabel+"}}" {
		return all
	}
	for _, part := range strings.Split(q.expr, "\nor ") {
		one := q
		one.expr, one.legend = part, named.FindStringSubmatch(part)[1]
		all = append(all, one)
	}
	return all
}

// committed reads the files of both kinds.
func committed(t *testing.T) (all []sent) {
	t.Helper()
	for kind, read := range map[string]func(*testing.T, string) sent{"grafana": readGrafana, "perses": readPerses} {
		names, err := filepath.Glob(kind + "/wire-*.json")
		if err != nil || len(names) != len(Boards()) {
			t.Fatalf("%d files of %s: %v", len(names), kind, err)
		}
		for _, name := range names {
			b := read(t, name)
			b.kind, b.name = kind, strings.TrimSuffix(filepath.Base(name), ".json")
			all = append(all, b)
		}
	}
	return all
}

var labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)

func readGrafana(t *testing.T, name string) (b sent) {
	var g gDashboard
	decodeFile(t, name, &g)
	b.from = parseDuration(t, strings.TrimPrefix(g.Time.From, "now-"))
	for _, v := range g.Templating.List {
		if found := labelValues.FindStringSubmatch(v.Definition); found != nil {
			b.variables = append(b.variables, sentVariable{v.Name, found[2], found[1], v.IncludeAll})
		}
	}
	for _, p := range g.Panels {
		for _, p := range append(p.Panels, p) {
			for _, q := range p.Targets {
				b.queries = append(b.queries, sentQuery{p.Title, p.Description, q.Expr, q.LegendFormat, q.Instant}.lines()...)
			}
		}
	}
	return b
}

func readPerses(t *testing.T, name string) (b sent) {
	var p struct{ Spec pSpec }
	decodeFile(t, name, &p)
	b.from = parseDuration(t, p.Spec.Duration)
	for _, v := range p.Spec.Variables {
		var of struct {
			LabelName string
			Matchers  []string
		}
		recode(t, v.Spec.Plugin.Spec, &of)
		b.variables = append(b.variables, sentVariable{v.Spec.Name, of.LabelName, of.Matchers[0], v.Spec.AllowAllValue})
	}
	for _, panel := range p.Spec.Panels {
		for _, q := range panel.Spec.Queries {
			var of pPromQL
			recode(t, q.Spec.Plugin.Spec, &of)
			b.queries = append(b.queries, sentQuery{panel.Spec.Display.Name, panel.Spec.Display.Description, of.Query, of.SeriesNameFormat, panel.Spec.Plugin.Kind == "Table"}.lines()...)
		}
	}
	return b
}

func decodeFile(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(name, err)
	}
}

// recode gives what was decoded as any its type.
func recode(t *testing.T, from, into any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func parseDuration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := model.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(d)
}

// server is a Prometheus or a Thanos query.
type server struct {
	address string
	thanos  bool
}

// get asks the API and decodes what its answer holds.
func (s server) get(t *testing.T, path string, form url.Values, into any) {
	t.Helper()
	if s.thanos {
		form.Set("max_source_resolution", "auto")
	}
	res, err := http.PostForm(s.address+path, form)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer := struct {
		Error string
		Data  any
	}{Data: into}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Error != "" {
		t.Fatalf("%s: %s: %v %s", path, form, err, answer.Error)
	}
}

// choices are all there are of the variables, each narrowed by those before it.
func (s server) choices(t *testing.T, variables []sentVariable, before []string) (all []*strings.Replacer) {
	t.Helper()
	if len(variables) == 0 {
		return []*strings.Replacer{strings.NewReplacer(before...)}
	}
	v := variables[0]
	values := []string{".*"}
	if !v.all {
		form := url.Values{"match[]": {strings.NewReplacer(before...).Replace(v.selector)}}
		res, err := http.Get(s.address + "/api/v1/label/" + v.label + "/values?" + form.Encode())
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct{ Data []string }
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(err)
		}
		values = answer.Data
	}
	for _, value := range values {
		all = append(all, s.choices(t, variables[1:], append(slices.Clone(before), "$"+v.name, value))...)
	}
	return all
}

// askAll lists the queries of a dashboard that have no answer.
func askAll(t *testing.T, s server, b sent) {
	choices := s.choices(t, b.variables, nil)
	if len(choices) == 0 {
		t.Fatal("its variables have no values")
	}
	begin := time.Now()
	empty := 0
	for _, q := range b.queries {
		found := slices.ContainsFunc(choices, func(c *strings.Replacer) bool { return s.answers(t, c.Replace(q.expr), b.from, q.instant) })
		if found {
			continue
		}
		empty++
		if reason := q.excuse(); reason != "" {
			t.Logf("%s (%s): %s", q.panel, q.legend, reason)
		} else {
			t.Errorf("%s (%s) is empty, and its description does not say when: %s", q.panel, q.legend, q.expr)
		}
	}
	t.Logf("%d queries, %d of them empty, %d choices of variables, %s", len(b.queries), empty, len(choices), time.Since(begin).Round(time.Millisecond))
}

var (
	emptyPanel = regexp.MustCompile(`(?:^| )(Empty (?:while|where|until) [^.]+\.)`)
	emptyQuery = regexp.MustCompile(`(?:^| )(No "([^"]+)" (?:while|where|until) [^.]+\.)`)
)

// excuse is the sentence of the description that says when there is nothing.
func (q sentQuery) excuse() string {
	if found := emptyPanel.FindStringSubmatch(q.description); found != nil {
		return found[1]
	}
	for _, found := range emptyQuery.FindAllStringSubmatch(q.description, -1) {
		if found[2] == q.legend {
			return found[1]
		}
	}
	return ""
}

// answers says whether there is a value that is a number, or a histogram.
func (s server) answers(t *testing.T, expr string, from time.Duration, instant bool) bool {
	t.Helper()
	step := max(from/300, 15*time.Second)
	expr = strings.NewReplacer("$__rate_interval", fmt.Sprintf("%ds", int(max(step+15*time.Second, time.Minute).Seconds())),
		"$__range", fmt.Sprintf("%ds", int(from.Seconds())), "$__interval", fmt.Sprintf("%ds", int(step.Seconds()))).Replace(expr)
	now := time.Now()
	form, path := url.Values{"query": {expr}}, "/api/v1/query"
	if !instant {
		path = "/api/v1/query_range"
		form.Set("start", strconv.FormatInt(now.Add(-from).Unix(), 10))
		form.Set("end", strconv.FormatInt(now.Unix(), 10))
		form.Set("step", strconv.Itoa(int(step.Seconds())))
	}
	var found struct {
		Result []struct {
			Value                 model.SamplePair
			Values                []model.SamplePair
			Histogram, Histograms json.RawMessage
		}
	}
	s.get(t, path, form, &found)
	for _, r := range found.Result {
		if len(r.Histogram)+len(r.Histograms) > 0 {
			return true
		}
		if instant {
			r.Values = append(r.Values, r.Value)
		}
		if slices.ContainsFunc(r.Values, func(p model.SamplePair) bool { return !math.IsNaN(float64(p.Value)) }) {
			return true
		}
	}
	return false
}
