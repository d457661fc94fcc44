package main

// Board is a dashboard.
type Board struct {
	UID, Title, Description string
	From                    string // how far it looks back: 6h
	Refresh                 string // 30s; empty: not by itself
	Variables               []Variable
	Rows                    []Row
}

// Variable is what the person who looks may choose.
type Variable struct {
	Name, Title string
	Metric      string // a selector; the values are those of Label in its series, so that one choice narrows the next
	Label       string
	Multi       bool // several, or all
}

// Row is a stretch of panels under a heading, from left to right and then below.
type Row struct {
	Title  string
	Closed bool // folded away until somebody asks: its queries do not run before
	Panels []Panel
}

// Panel is one picture.
type Panel struct {
	Title, Description string
	Kind               Kind
	Unit               Unit
	W, H               int // of 24 columns; rows of 30 pixels
	Queries            []Query
	Steps              []Step // of colours by value; the first without a value
	Texts              []Text // instead of values
	Columns            []Column
	NoValue            string // what stands there when there is nothing
	Sort               string // column of a table, largest first
	Log                bool   // logarithmic axis
	Stack              bool
	Min                *float64
	Links              []Link
	Markdown           string
	Calm               bool // a number without a colour of its own
	Now                bool // tiles of what is there now, and not of what has been in the range
}

// Kind is how a panel draws.
type Kind uint8

// The kinds of panels.
const (
	Lines    Kind = iota // values over time
	Band                 // one value over time in its normal band; the roles of its queries say which is which
	Number               // the last value, large
	Tiles                // the last value of each series, large, with its course: a wall
	Table                // the last values, a row for each label set
	Heat                 // a native histogram over time
	Map                  // services and who calls whom
	States               // states over time, a row for each series
	Markdown             // text
)

// Query is one expression.
type Query struct {
	Expr   string
	Legend string // with {{label}}
	Role   Role
	Column string // of a table: the heading of its value
	Unit   *Unit  // of a table's column
}

// Role is what a query is in a Band, in Tiles or in a Map.
type Role uint8

// The roles.
const (
	Value    Role = iota
	Lower         // of the band; of Tiles in the viewer: of the signal that is Shown
	Upper         // the same
	Normal        // the line that people know
	LastWeek      // the same time a week ago
	Nodes         // of a Map
	Edges         // of a Map
	Suspects      // of a Map in the viewer: those that are marked
	Shown         // of Tiles in the viewer: the value of the signal that a service's tile is about
)

// Column is one of a table that is a label: where it is not named here, it is hidden.
type Column struct {
	Label, Title string
	Board        string // the dashboard that its cells lead to, with the label's value as the variable of its name
	Variable     string
}

// Step is a colour from a value on.
type Step struct {
	From  float64
	Color string
}

// Text stands for the values of a range.
type Text struct {
	From, To float64
	Text     string
	Color    string
}

// Link leads to another dashboard and keeps time and variables.
type Link struct{ Title, Board string }

// Unit is how a value is written, in Grafana's and in Perses' words.
type Unit struct {
	Grafana, Perses string
	Decimals        int // -1: as many as fit
}

// The units.
var (
	Seconds  = Unit{"s", "seconds", -1}
	Ratio    = Unit{"percentunit", "percent-decimal", 1}
	PerSec   = Unit{"reqps", "decimal", -1}
	Events   = Unit{"short", "decimal", -1} // a second, as the title says
	Bytes    = Unit{"bytes", "bytes", -1}
	ByteRate = Unit{"Bps", "bytes/sec", -1}
	Count    = Unit{"short", "decimal", 0}
	Plain    = Unit{"short", "decimal", -1}
	Factor   = Unit{"none", "decimal", 1}
	Percent  = Unit{"percentunit", "percent-decimal", 0}
	Days     = Unit{"d", "days", 1}
)

// Colours that people who do not tell red from green can tell apart (M. Okabe, K. Ito: Color Universal Design).
const (
	Blue    = "#0072B2"
	Sky     = "#56B4E9"
	Orange  = "#E69F00"
	Red     = "#D55E00"
	Purple  = "#CC79A7"
	Green   = "#009E73"
	Neutral = "#8E8E8E"
)

// place gives every panel of a row its place: x, y, w, h from the row's top.
func (r Row) place() (at [][4]int, height int) {
	x, y, tallest := 0, 0, 0
	for _, p := range r.Panels {
		if x+p.W > 24 {
			x, y, tallest = 0, y+tallest, 0
		}
		at = append(at, [4]int{x, y, p.W, p.H})
		x += p.W
		tallest = max(tallest, p.H)
		height = max(height, y+p.H)
	}
	return at, height
}
