package main

import "fmt"

// The types of Perses' dashboard JSON as far as they are used.

type pDashboard struct {
	Kind     string    `json:"kind"`
	Metadata pMetadata `json:"metadata"`
	Spec     pSpec     `json:"spec"`
}

type pMetadata struct {
	Name    string `json:"name"`
	Project string `json:"project"`
}

type pSpec struct {
	Display         pDisplay          `json:"display"`
	Duration        string            `json:"duration"`
	RefreshInterval string            `json:"refreshInterval,omitempty"`
	Variables       []pVariable       `json:"variables"`
	Panels          map[string]pPanel `json:"panels"`
	Layouts         []pLayout         `json:"layouts"`
}

type pDisplay struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

type pVariable struct {
	Kind string        `json:"kind"`
	Spec pVariableSpec `json:"spec"`
}

type pVariableSpec struct {
	Name          string   `json:"name"`
	Display       pDisplay `json:"display"`
	AllowMultiple bool     `json:"allowMultiple"`
	AllowAllValue bool     `json:"allowAllValue"`
	CustomAll     string   `json:"customAllValue,omitempty"`
	Default       any      `json:"defaultValue,omitempty"`
	Sort          string   `json:"sort"`
	Plugin        pPlugin  `json:"plugin"`
}

type pPlugin struct {
	Kind string `json:"kind"`
	Spec any    `json:"spec"`
}

type pPanel struct {
	Kind string     `json:"kind"`
	Spec pPanelSpec `json:"spec"`
}

type pPanelSpec struct {
	Display pDisplay `json:"display"`
	Plugin  pPlugin  `json:"plugin"`
	Queries []pQuery `json:"queries,omitempty"`
	Links   []pLink  `json:"links,omitempty"`
}

type pLink struct {
	Name            string `json:"name"`
	URL             string `json:"url"`
	RenderVariables bool   `json:"renderVariables"`
	TargetBlank     bool   `json:"targetBlank"`
}

type pQuery struct {
	Kind string     `json:"kind"`
	Spec pQuerySpec `json:"spec"`
}

type pQuerySpec struct {
	Plugin pPlugin `json:"plugin"`
}

type pPromQL struct {
	Query            string `json:"query"`
	SeriesNameFormat string `json:"seriesNameFormat,omitempty"`
}

type pLayout struct {
	Kind string      `json:"kind"`
	Spec pLayoutSpec `json:"spec"`
}

type pLayoutSpec struct {
	Display *pLayoutDisplay `json:"display,omitempty"`
	Items   []pItem         `json:"items"`
}

type pLayoutDisplay struct {
	Title    string    `json:"title"`
	Collapse pCollapse `json:"collapse"`
}

type pCollapse struct {
	Open bool `json:"open"`
}

type pItem struct {
	X       int  `json:"x"`
	Y       int  `json:"y"`
	Width   int  `json:"width"`
	Height  int  `json:"height"`
	Content pRef `json:"content"`
}

type pRef struct {
	Ref string `json:"$ref"`
}

// perses is the board as Perses, and the viewer, read it.
func (b Board) perses() pDashboard {
	d := pDashboard{Kind: "Dashboard", Metadata: pMetadata{b.UID, "wire"}, Spec: pSpec{
		Display: pDisplay{b.Title, b.Description}, Duration: b.From, RefreshInterval: b.Refresh, Variables: []pVariable{}, Panels: map[string]pPanel{},
	}}
	for _, v := range b.Variables {
		d.Spec.Variables = append(d.Spec.Variables, v.perses())
	}
	n := 0
	for _, row := range b.Rows {
		l := pLayout{Kind: "Grid"}
		if row.Title != "" {
			l.Spec.Display = &pLayoutDisplay{row.Title, pCollapse{!row.Closed}}
		}
		at, _ := row.place()
		for i, p := range row.Panels {
			n++
			key := fmt.Sprintf("panel%d", n)
			d.Spec.Panels[key] = p.perses()
			l.Spec.Items = append(l.Spec.Items, pItem{at[i][0], at[i][1], at[i][2], at[i][3], pRef{"#/spec/panels/" + key}})
		}
		d.Spec.Layouts = append(d.Spec.Layouts, l)
	}
	return d
}

func (v Variable) perses() pVariable {
	p := pVariable{Kind: "ListVariable", Spec: pVariableSpec{
		Name: v.Name, Display: pDisplay{Name: v.Title}, AllowMultiple: v.Multi, AllowAllValue: v.Multi, Sort: "alphabetical-asc",
		Plugin: pPlugin{"PrometheusLabelValuesVariable", map[string]any{"labelName": v.Label, "matchers": []string{v.Metric}}},
	}}
	if v.Multi {
		p.Spec.CustomAll, p.Spec.Default = ".*", "$__all"
	}
	return p
}

func (p Panel) perses() pPanel {
	d := pPanel{Kind: "Panel"}
	d.Spec.Display = pDisplay{p.Title, p.Description}
	for _, q := range p.asked() {
		d.Spec.Queries = append(d.Spec.Queries, pQuery{"TimeSeriesQuery", pQuerySpec{pPlugin{"PrometheusTimeSeriesQuery", pPromQL{q.Expr, q.Legend}}}})
	}
	for _, l := range p.Links {
		d.Spec.Links = append(d.Spec.Links, pLink{Name: l.Title, URL: "?d=" + l.Board})
	}
	d.Spec.Plugin = p.plugin()
	return d
}

func (u Unit) perses() map[string]any {
	f := map[string]any{"unit": u.Perses}
	if u.Decimals >= 0 {
		f["decimalPlaces"] = u.Decimals
	}
	return f
}

// plugin is how the panel draws. Map is a kind of the viewer's own, which also colours the column "out of normal" of a table.
func (p Panel) plugin() pPlugin {
	axis := map[string]any{"format": p.Unit.perses()}
	if p.Min != nil {
		axis["min"] = *p.Min
	}
	switch p.Kind {
	case Lines, Band:
		visual := map[string]any{"lineWidth": 2, "display": "line"}
		if p.Stack {
			visual["stack"], visual["areaOpacity"] = "all", 0.4
		}
		return pPlugin{"TimeSeriesChart", map[string]any{"legend": map[string]any{"position": "bottom", "mode": "list", "size": "small"}, "yAxis": axis, "visual": visual}}
	case Number, Tiles:
		spec := map[string]any{"calculation": "last-number", "format": p.Unit.perses(), "sparkline": map[string]any{"width": 1}, "valueFontSize": 48}
		if len(p.Steps) > 0 {
			spec["thresholds"] = pThresholds(p.Steps)
		}
		if len(p.Texts) > 0 {
			spec["mappings"] = pMappings(p.Texts)
		}
		return pPlugin{"StatChart", spec}
	case Table:
		return pPlugin{"Table", p.pTable()}
	case Heat:
		return pPlugin{"HeatMapChart", map[string]any{"yAxisFormat": p.Unit.perses(), "countFormat": Plain.perses(), "showVisualMap": true}}
	case Map:
		return pPlugin{"ServiceMap", map[string]any{"format": p.Unit.perses(), "thresholds": pThresholds(p.Steps)}}
	case States:
		return pPlugin{"StatusHistoryChart", map[string]any{"legend": map[string]any{"position": "bottom"}, "mappings": pMappings(p.Texts)}}
	}
	return pPlugin{"Markdown", map[string]any{"text": p.Markdown}}
}

func pThresholds(steps []Step) map[string]any {
	t := map[string]any{"mode": "absolute", "defaultColor": steps[0].Color}
	var list []map[string]any
	for _, s := range steps[1:] {
		list = append(list, map[string]any{"value": s.From, "color": s.Color})
	}
	t["steps"] = list
	return t
}

func pMappings(texts []Text) (list []map[string]any) {
	for _, t := range texts {
		list = append(list, map[string]any{"kind": "Range", "spec": map[string]any{"from": t.From, "to": t.To, "result": map[string]any{"value": t.Text, "color": t.Color}}})
	}
	return list
}

// pTable names the columns and hides what is not named: a column of values is called value, or value #1 and so on.
func (p Panel) pTable() map[string]any {
	columns := []map[string]any{{"name": "timestamp", "hide": true}, {"name": "__name__", "hide": true}}
	for _, c := range p.Columns {
		columns = append(columns, map[string]any{"name": c.Label, "header": c.Title, "enableSorting": true})
	}
	for i, q := range p.Queries {
		name := "value"
		if len(p.Queries) > 1 {
			name = fmt.Sprintf("value #%d", i+1)
		}
		column := map[string]any{"name": name, "header": q.Column, "format": q.Unit.perses(), "enableSorting": true, "align": "right"}
		if q.Column == p.Sort {
			column["sort"] = "desc"
		}
		columns = append(columns, column)
	}
	spec := map[string]any{"density": "compact", "defaultColumnHidden": true, "columnSettings": columns}
	if len(p.Queries) > 1 {
		spec["transforms"] = []map[string]any{{"kind": "MergeSeries", "spec": map[string]any{}}}
	}
	return spec
}
