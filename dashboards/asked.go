package main

import (
	"fmt"
	"regexp"
	"strings"
)

// The labels by which the lines of one query are told from each other: those of a value and its band, and those of any other chart.
const (
	bandLabel = "band"
	lineLabel = "line"
)

// asked are a panel's queries as they are sent: all lines of a chart, and all that a tile says beside its state, are one, so that a screen full
// of charts is a dozen of requests.
func (p Panel) asked() []Query {
	switch p.Kind {
	case Band:
		return []Query{joined(bandLabel, p.Queries)}
	case Lines:
		if len(p.Queries) > 1 {
			return []Query{joined(lineLabel, p.Queries)}
		}
	case Tiles:
		var all, beside []Query
		for _, q := range p.Queries {
			if q.Role == Value {
				all = append(all, q)
			} else {
				beside = append(beside, q)
			}
		}
		if len(beside) > 0 {
			all = append(all, joined(bandLabel, beside))
			all[len(all)-1].Role = Shown
		}
		return all
	}
	return p.Queries
}

// joined is one query of several, each on a line of its own. What comes out has the legend of the one that it is from in a label.
func joined(label string, queries []Query) Query {
	parts := make([]string, len(queries))
	for i, q := range queries {
		parts[i] = q.line(label)
	}
	return Query{Expr: strings.Join(parts, "\nor "), Legend: "{{" + label + "}}"}
}

var legendLabel = regexp.MustCompile(`{{(\w+)}}`)

// line is a query whose results have their legend in a label. A legend may name one label, since more cannot be copied at once.
func (q Query) line(label string) string {
	named := legendLabel.FindAllStringSubmatch(q.Legend, -1)
	switch len(named) {
	case 0:
		return fmt.Sprintf(`label_replace(%s, "%s", "%s", "", "")`, q.Expr, label, q.Legend)
	case 1:
		return fmt.Sprintf(`label_replace(%s, "%s", "%s", "%s", "(.*)")`, q.Expr, label, legendLabel.ReplaceAllLiteralString(q.Legend, "$1"), named[0][1])
	}
	panic("BUG: a legend of several labels in a chart of several queries: " + q.Legend)
}
