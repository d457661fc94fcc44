package main

import (
	"fmt"
	"slices"
	"strings"
)

// Words that stand in many panels.
const (
	quiet   = "nothing"
	noBand  = "no history yet"
	ofLocal = "Shaded: what is normal for this hour of this weekday. Dotted: a week ago."
)

// in is a selector of the chosen service in its protocol.
func in(extra ...string) string {
	return "{" + strings.Join(append([]string{`service_name="$service"`, `protocol="$protocol"`}, extra...), ", ") + "}"
}

// band is a signal of the chosen service in its normal band.
func band(title, signal string, unit Unit, description string) Panel {
	return bandOf(title, fmt.Sprintf(`signal="%s", service_name="$service", protocol="$protocol"`, signal), unit, description)
}

// bandOf is a signal with other labels. Where less than usual is no fault (rules/recording/knobs.yml), the band has no lower edge.
func bandOf(title, labels string, unit Unit, description string) Panel {
	p := Panel{Kind: Band, Title: title, Unit: unit, W: 8, H: 9, NoValue: quiet, Description: description + " " + ofLocal}
	p.Queries = append(p.Queries, Query{Expr: "wire:signal:value{" + labels + "}", Legend: "now", Role: Value})
	if signal, _, _ := strings.Cut(strings.TrimPrefix(labels, `signal="`), `"`); !slices.Contains(onlyMore, signal) {
		p.Queries = append(p.Queries, Query{Expr: "wire:band:lower{" + labels + "}", Legend: "lower", Role: Lower})
	}
	upper := "wire:band:upper{" + labels + "}"
	if unit == Ratio {
		upper = "clamp_max(" + upper + ", 1)" // a band knows nothing of shares, of which there is no more than all
	}
	p.Queries = append(p.Queries, Query{Expr: upper, Legend: "upper", Role: Upper},
		Query{Expr: "wire:band:normal{" + labels + "}", Legend: "normal", Role: Normal},
		Query{Expr: "wire:signal:value{" + labels + "} offset 1w", Legend: "last week", Role: LastWeek})
	return p
}

// onlyMore are the signals here of which only more than usual is a fault.
var onlyMore = []string{
	"error_ratio", "aborted_ratio", "client_error_ratio", "duration_p50", "duration_p95", "duration_p99", "in_flight", "oldest_request_age",
	"connect_p95", "tcp_retransmission_ratio",
}

// inBand draws the query called now over the band between those called lower and upper.
func (p Panel) inBand() Panel {
	p.Kind = Band
	for i, q := range p.Queries {
		p.Queries[i].Role = map[string]Role{"lower": Lower, "upper": Upper}[q.Legend]
	}
	return p
}

// lines are values over time.
func lines(title string, unit Unit, description string, queries ...Query) Panel {
	return Panel{Kind: Lines, Title: title, Unit: unit, W: 8, H: 9, NoValue: quiet, Description: description, Queries: queries}
}

// number is one large value.
func number(title string, unit Unit, description, expr string, steps ...Step) Panel {
	return Panel{Kind: Number, Title: title, Unit: unit, W: 4, H: 4, NoValue: "0", Description: description, Queries: []Query{{Expr: expr, Legend: title}}, Steps: steps, Calm: len(steps) == 0}
}

// rows is a table.
func rows(title, description, sort string, columns []Column, queries ...Query) Panel {
	return Panel{Kind: Table, Title: title, W: 12, H: 9, NoValue: quiet, Description: description, Columns: columns, Queries: queries, Sort: sort}
}

// cell is a column of values in a table.
func cell(title string, unit Unit, expr string) Query {
	return Query{Expr: expr, Column: title, Unit: &unit}
}

// calls are the calls a second between services and clients, by labels. Those that there were within the hour stay, as none: whoever calls a
// dead service is to be seen.
func calls(by, of string) string {
	now := `wire:signal:value{signal="call_rate"` + of + `}`
	hour := `max_over_time(` + now + `[1h])`
	return fmt.Sprintf(`sum by (%s) (%s or 0 * %s) and sum by (%s) (%s) > 0`, by, now, hour, by, hour)
}

// heat is a native histogram over time.
func heat(title, description, expr string) Panel {
	return Panel{Kind: Heat, Title: title, Unit: Seconds, W: 24, H: 9, NoValue: quiet, Description: description, Log: true, Queries: []Query{{Expr: expr, Legend: "{{le}}"}}}
}

func q(expr, legend string) Query { return Query{Expr: expr, Legend: legend} }

// wide gives a panel another size.
func (p Panel) wide(w, h int) Panel {
	p.W, p.H = w, h
	return p
}

func (p Panel) fromZero() Panel {
	zero := 0.0
	p.Min = &zero
	return p
}

func (p Panel) stacked() Panel {
	p.Stack = true
	return p
}

func (p Panel) empty(text string) Panel {
	p.NoValue = text
	return p
}

// saying puts words instead of values.
func (p Panel) saying(texts ...Text) Panel {
	p.Texts = texts
	return p
}

func (p Panel) linked(title, board string) Panel {
	p.Links = append(p.Links, Link{title, board})
	return p
}

// outside colours how far out of its band a signal is, in half widths of the band.
var outside = []Step{{0, Blue}, {1, Orange}, {3, Red}}

// bad colours a count of what should not be.
var bad = []Step{{0, Blue}, {1, Red}}

// warn is the same, milder.
var warn = []Step{{0, Blue}, {1, Orange}}

// service is the column that leads to the service's page.
var service = Column{Label: "service_name", Title: "service", Board: "wire-service", Variable: "service"}

// Variables that several boards have.
var (
	ofService  = Variable{Name: "service", Title: "Service", Metric: "wire_requests_total", Label: "service_name"}
	ofProtocol = Variable{Name: "protocol", Title: "Protocol", Metric: `wire_requests_total{service_name="$service"}`, Label: "protocol"}
)
