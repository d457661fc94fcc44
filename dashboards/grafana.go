package main

import "fmt"

const tag = "wire_exporter"

// source is Prometheus or Thanos, whichever the person who looks has chosen.
var source = gSource{"prometheus", "${datasource}"}

// grafana is the board as Grafana imports it.
func (b Board) grafana() gDashboard {
	d := gDashboard{
		UID: b.UID, Title: "wire: " + b.Title, Description: b.Description, Tags: []string{tag}, Timezone: "browser", Editable: true,
		GraphTooltip: 1, Refresh: b.Refresh, SchemaVersion: 39, Time: gTime{"now-" + b.From, "now"},
		Links: []gLink{{Title: "wire", Type: "dashboards", Icon: "external link", Tags: []string{tag}, IncludeVars: true, KeepTime: true}},
	}
	d.Templating.List = append(d.Templating.List, gVariable{Name: "datasource", Label: "Data", Type: "datasource", Query: "prometheus", Refresh: 1})
	for _, v := range b.Variables {
		d.Templating.List = append(d.Templating.List, v.grafana())
	}
	d.Annotations.List = b.notes()
	y := 0
	for _, row := range b.Rows {
		y = row.grafana(&d, y)
	}
	return d
}

func (v Variable) grafana() gVariable {
	query := fmt.Sprintf("label_values(%s, %s)", v.Metric, v.Label)
	g := gVariable{
		Name: v.Name, Label: v.Title, Type: "query", Datasource: &source, Query: gVariableQuery{query, "values"}, Definition: query, Refresh: 2, Sort: 1,
		Multi: v.Multi, IncludeAll: v.Multi,
	}
	if v.Multi {
		g.AllValue = ".*"
	}
	return g
}

// notes are marks in all charts: what fired, and configurations that were loaded.
func (b Board) notes() []gNote {
	of := ""
	for _, v := range b.Variables {
		if v.Name == "service" && !v.Multi {
			of = `, service_name="$service"`
		}
		if v.Name == "signal" {
			of = `, signal="$signal"`
		}
	}
	return []gNote{
		{Name: "Alerts", Datasource: source, Enable: true, IconColor: Red, TitleFormat: "{{alertname}}", TextFormat: "{{service_name}} {{suspect}}", TagKeys: "severity",
			Target: noteTarget(`ALERTS{alertstate="firing", severity=~"page|ticket"` + of + `}`)},
		{Name: "Configuration", Datasource: source, Enable: true, IconColor: Purple, TitleFormat: "configuration loaded", TextFormat: "{{instance}}", TagKeys: "instance", UseValue: true,
			Target: noteTarget(`wire_exporter_config_last_reload_success_timestamp_seconds * 1000`)},
	}
}

func noteTarget(expr string) gNoteTarget { return gNoteTarget{"Anno", expr, "60s", true} }

// grafana adds the row from y on, and says where the next begins.
func (r Row) grafana(d *gDashboard, y int) int {
	at, height := r.place()
	var panels []gPanel
	id := func() int { return 1 + count(d.Panels) + len(panels) }
	var head *gPanel
	if r.Title != "" {
		head = &gPanel{ID: 1 + count(d.Panels), Type: "row", Title: r.Title, GridPos: gGrid{0, y, 24, 1}, Collapsed: &r.Closed, Panels: []gPanel{}}
		y++
	}
	for i, p := range r.Panels {
		g := p.grafana()
		g.ID = id()
		if head != nil {
			g.ID++
		}
		g.GridPos = gGrid{at[i][0], y + at[i][1], at[i][2], at[i][3]}
		panels = append(panels, g)
	}
	switch {
	case head == nil:
		d.Panels = append(d.Panels, panels...)
	case r.Closed:
		head.Panels = panels
		d.Panels = append(d.Panels, *head)
		return y
	default:
		d.Panels = append(append(d.Panels, *head), panels...)
	}
	return y + height
}

// count is the number of panels, those in closed rows among them.
func count(panels []gPanel) (n int) {
	for _, p := range panels {
		n += 1 + len(p.Panels)
	}
	return n
}

// gKinds are the names of Grafana's panels.
var gKinds = map[Kind]string{
	Lines: "timeseries", Band: "timeseries", Number: "stat", Tiles: "stat", Table: "table", Heat: "heatmap", Map: "nodeGraph", States: "state-timeline", Markdown: "text",
}

func (p Panel) grafana() gPanel {
	g := gPanel{Type: gKinds[p.Kind], Title: p.Title, Description: p.Description, Datasource: &source}
	for _, l := range p.Links {
		g.Links = append(g.Links, gLink{Title: l.Title, Type: "link", Tags: []string{}, URL: "/d/" + l.Board + "?${__url_time_range}&${__all_variables}"})
	}
	g.FieldConfig = &gFields{Defaults: p.defaults(), Overrides: []gOverride{}}
	p.targets(&g)
	switch p.Kind {
	case Lines:
		p.lines(&g)
	case Band:
		p.band(&g)
	case Number, Tiles:
		p.stat(&g)
	case Table:
		p.table(&g)
	case Heat:
		p.heat(&g)
	case Map:
		p.nodes(&g)
	case States:
		p.states(&g)
	}
	return g
}

func (p Panel) defaults() gDefaults {
	d := gDefaults{Unit: p.Unit.Grafana, NoValue: p.NoValue, Min: p.Min}
	if p.Unit.Grafana != "" && p.Unit.Decimals >= 0 { // the columns of a table have units of their own
		d.Decimals = &p.Unit.Decimals
	}
	if len(p.Steps) > 0 {
		d.Thresholds = thresholds(p.Steps)
		d.Color = &gColor{Mode: "thresholds"}
	}
	for i, t := range p.Texts {
		d.Mappings = append(d.Mappings, gMapping{"range", gMappingRange{t.From, t.To, gMappingResult{t.Text, t.Color, i}}})
	}
	return d
}

func thresholds(steps []Step) *gThresholds {
	t := &gThresholds{Mode: "absolute"}
	for i, s := range steps {
		step := gStep{Color: s.Color}
		if i > 0 {
			step.Value = &steps[i].From
		}
		t.Steps = append(t.Steps, step)
	}
	return t
}

func (p Panel) targets(g *gPanel) {
	for i, q := range p.asked() {
		if q.Role == Suspects || p.Kind == Tiles && q.Role != Value { // the nodes' own query colours them; a tile has one value
			continue
		}
		t := gTarget{RefID: string(rune('A' + i)), Datasource: source, Expr: q.Expr, LegendFormat: q.Legend, Format: "time_series", Range: true, EditorMode: "code"}
		switch p.Kind {
		case Table, Map:
			t.Format, t.Instant, t.Range = "table", true, false
		case Heat:
			t.Format, t.Exemplar = "heatmap", true
		}
		if p.Now { // a stat panel shows the last value of a series that ended, too
			t.Instant, t.Range = true, false
		}
		g.Targets = append(g.Targets, t)
	}
}
