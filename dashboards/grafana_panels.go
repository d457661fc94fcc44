package main

import (
	"fmt"
	"slices"
)

// options are a panel's, which differ from kind to kind.
type options = map[string]any

func legend(show bool) options {
	return options{"showLegend": show, "displayMode": "list", "placement": "bottom", "calcs": []string{}}
}

func (p Panel) lines(g *gPanel) {
	stack := "none"
	if p.Stack {
		stack = "normal"
	}
	g.FieldConfig.Defaults.Custom = options{
		"drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 2, "fillOpacity": map[bool]int{true: 40, false: 0}[p.Stack], "showPoints": "never", "spanNulls": false,
		"stacking": options{"mode": stack, "group": "A"}, "axisPlacement": "auto", "scaleDistribution": options{"type": "linear"},
	}
	g.FieldConfig.Defaults.Color = &gColor{Mode: "palette-classic"}
	g.Options = options{"legend": legend(true), "tooltip": options{"mode": "multi", "sort": "desc"}}
	if p.Unit == Percent { // without decimals an axis has whole numbers only: 0 % and 100 %
		g.FieldConfig.Defaults.Decimals = nil
	}
	for _, q := range p.Queries {
		for _, m := range meanings[q.Legend] {
			p.set(g, m.name, fixed(m.color))
		}
	}
}

// meaning is the colour that a name has in every chart.
type meaning struct{ name, color string }

// meanings are those of the names that a legend may have, in the viewer, too (viewer/src/palette.ts). Grafana's own colours are green and red for
// whatever comes first.
var meanings = map[string][]meaning{
	"{{outcome}}":  {{"ok", Blue}, {"accepted", Blue}, {"client_error", Green}, {"aborted", Sky}, {"server_error", Red}, {"refused", Orange}, {"unanswered", Purple}, {"unknown", Neutral}},
	"{{side}}":     {{"client", Sky}, {"server", Orange}},
	"{{phase}}":    {{"request", Sky}, {"wait", Orange}, {"response", Blue}},
	"{{state}}":    {{"active", Blue}, {"idle", Sky}, {"idle_in_transaction", Orange}},
	"{{signal}}":   {{"request_rate", Blue}, {"duration_p95", Orange}, {"active_users", Purple}},
	"{{severity}}": {{"page", Red}, {"ticket", Orange}},

	"this day": {{"this day", Blue}}, "a week before": {{"a week before", Purple}}, "a year before": {{"a year before", Neutral}},
}

// set gives the series of a name properties of their own.
func (p Panel) set(g *gPanel, name string, properties ...gProperty) {
	g.FieldConfig.Overrides = append(g.FieldConfig.Overrides, gOverride{gMatcher{"byName", name}, properties})
}

func fixed(color string) gProperty { return gProperty{"color", gColor{"fixed", color}} }

// band draws the value over its band, which is filled between its edges.
func (p Panel) band(g *gPanel) {
	p.lines(g)
	set := func(name string, properties ...gProperty) { p.set(g, name, properties...) }
	thin := gProperty{"custom.lineWidth", 0}
	quietly := gProperty{"custom.hideFrom", options{"legend": true, "tooltip": false, "viz": false}}
	set("now", fixed(Blue), gProperty{"custom.lineWidth", 2})
	upper := []gProperty{fixed(Neutral), thin, {"custom.fillOpacity", 25}, {"displayName", "normal range"}}
	if slices.ContainsFunc(p.Queries, func(q Query) bool { return q.Role == Lower }) { // else it is filled down to the axis
		set("lower", fixed(Neutral), thin, quietly)
		upper = append(upper, gProperty{"custom.fillBelowTo", "lower"})
	}
	set("upper", upper...)
	set("normal", fixed(Neutral), gProperty{"custom.lineWidth", 1})
	set("last week", fixed(Purple), gProperty{"custom.lineWidth", 2}, gProperty{"custom.lineStyle", options{"fill": "dot", "dash": []int{0, 6}}})
}

func (p Panel) stat(g *gPanel) {
	mode := "background_solid" // the other one shades colours into each other: red into orange, orange into yellow
	if p.Calm {
		mode = "none"
	}
	text, sizes := "value", options{"valueSize": 48}
	if p.Kind == Tiles {
		text, sizes = "value_and_name", options{"valueSize": 48, "titleSize": 20}
	}
	g.Options = options{
		"colorMode": mode, "graphMode": "area", "justifyMode": "center", "orientation": "auto", "textMode": text, "wideLayout": false, "text": sizes,
		"showPercentChange": false, "percentChangeColorMode": "standard", "reduceOptions": options{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
	}
	if p.Kind == Tiles {
		g.FieldConfig.Defaults.Links = []gDataLink{{Title: "Service", URL: "/d/wire-service?var-service=${__field.labels.service_name}&${__url_time_range}"}}
	}
}

// table joins the queries by their labels, names the columns and hides what is not named.
func (p Panel) table(g *gPanel) {
	g.FieldConfig.Defaults.Custom = options{"align": "auto", "cellOptions": options{"type": "auto"}, "filterable": false, "inspect": false}
	order, names, hide := options{}, options{}, options{"Time": true, "__name__": true}
	dash := gProperty{"noValue", "–"} // else an empty cell says what an empty table does
	for i, c := range p.Columns {
		order[c.Label], names[c.Label] = i, c.Title
		properties := []gProperty{dash}
		if c.Board != "" {
			properties = append(properties, gProperty{"links", []gDataLink{{Title: c.Title, URL: fmt.Sprintf("/d/%s?var-%s=${__value.raw}&${__url_time_range}", c.Board, c.Variable)}}})
		}
		p.set(g, c.Title, properties...)
	}
	for i, q := range p.Queries {
		field := "Value"
		if len(p.Queries) > 1 {
			field = fmt.Sprintf("Value #%c", 'A'+i)
		}
		order[field], names[field] = len(p.Columns)+i, q.Column
		properties := []gProperty{dash, {"unit", q.Unit.Grafana}}
		if q.Unit.Decimals >= 0 {
			properties = append(properties, gProperty{"decimals", q.Unit.Decimals})
		}
		if q.Column == "out of normal" {
			properties = append(properties, gProperty{"thresholds", thresholds(outside)}, gProperty{"color", gColor{Mode: "thresholds"}},
				gProperty{"custom.cellOptions", options{"type": "color-background", "mode": "basic"}})
		}
		p.set(g, q.Column, properties...)
	}
	g.Transformations = []gTransform{
		{"merge", options{}},
		{"organize", options{"indexByName": order, "renameByName": names, "excludeByName": hide}},
	}
	g.Options = options{"frameIndex": 0, "showHeader": true, "cellHeight": "sm", "sortBy": []options{{"displayName": p.Sort, "desc": true}}}
}

func (p Panel) heat(g *gPanel) {
	g.FieldConfig.Defaults = gDefaults{NoValue: p.NoValue, Custom: options{"scaleDistribution": options{"type": "linear"}, "hideFrom": options{"legend": false, "tooltip": false, "viz": false}}}
	g.Options = options{
		"calculate": false, "cellGap": 0, "showValue": "never", "legend": options{"show": true}, "exemplars": options{"color": Purple}, "filterValues": options{"le": 1e-9},
		"color":   options{"mode": "scheme", "scheme": "Blues", "steps": 64, "scale": "exponential", "exponent": 0.5, "fill": Blue, "reverse": false},
		"yAxis":   options{"axisPlacement": "left", "unit": p.Unit.Grafana, "reverse": false},
		"tooltip": options{"mode": "single", "yHistogram": true, "showColorScale": false}, "rowsFrame": options{"layout": "auto"},
	}
}

// nodes is a graph: Grafana wants the identities as fields of certain names, which the expressions make labels of.
func (p Panel) nodes(g *gPanel) {
	for i := range g.Targets {
		q := p.Queries[i]
		if q.Role == Nodes {
			named := `label_replace(label_replace(` + q.Expr + `, "id", "$1", "service_name", "(.+)"), "title", "$1", "service_name", "(.+)")`
			g.Targets[i].Expr = `label_replace(` + named + ` < 1, "color", "` + Blue + `", "", "") or label_replace(` + named + ` >= 1 unless on (service_name) wire:service:suspect{hops="0"}, "color", "` + Orange +
				`", "", "") or label_replace(` + named + ` and on (service_name) wire:service:suspect{hops="0"}, "color", "` + Red + `", "", "")`
			// A caller that is no service is a node, too.
			g.Targets[i].Expr += ` or label_replace(label_replace(label_replace(0 * group by (client_name) (max_over_time(wire:signal:value{signal="call_rate"}[1h]) unless on (client_name) label_replace(wire:service:measured, "client_name", "$1", "service_name", "(.+)")),` +
				` "id", "$1", "client_name", "(.+)"), "title", "$1", "client_name", "(.+)"), "color", "` + Neutral + `", "", "")`
			continue
		}
		g.Targets[i].Expr = `label_join(label_replace(label_replace(` + q.Expr + `, "source", "$1", "client_name", "(.+)"), "target", "$1", "service_name", "(.+)"), "id", " > ", "client_name", "service_name")`
	}
	g.Transformations = []gTransform{{"organize", options{
		"renameByName":  options{"Value #A": "mainstat", "Value #B": "mainstat"},
		"excludeByName": options{"Time": true, "service_name": true, "client_name": true}, "indexByName": options{},
	}}}
	g.FieldConfig.Defaults.Decimals = nil
	g.Options = options{"nodes": options{"mainStatUnit": "none"}, "edges": options{"mainStatUnit": p.Unit.Grafana}, "zoomMode": "cooperative"}
}

func (p Panel) states(g *gPanel) {
	g.FieldConfig.Defaults.Custom = options{"fillOpacity": 80, "lineWidth": 0}
	g.Options = options{"showValue": "auto", "rowHeight": 0.8, "mergeValues": true, "alignValue": "left", "legend": legend(false), "tooltip": options{"mode": "single", "sort": "none"}}
}
