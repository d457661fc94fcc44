package main

import (
	"cmp"
	"fmt"
	"slices"
	"text/tabwriter"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/metric"
)

// statementRow is one line of the table of statements, and one object of --summary-json.
type statementRow struct {
	Service   string   `json:"service_name"`
	ID        string   `json:"statement_id"`
	Statement string   `json:"statement,omitempty"`
	Count     uint64   `json:"count"`
	Seconds   float64  `json:"seconds"` // in sum
	P50       *float64 `json:"p50_seconds,omitempty"`
	P95       *float64 `json:"p95_seconds,omitempty"`
}

func statementRows(rep *metric.Report) (rows []statementRow) {
	for i := range rep.Statements {
		s := &rep.Statements[i]
		r := statementRow{Service: s.Service, ID: s.ID, Statement: s.Text, Count: s.Count, Seconds: s.Seconds}
		if v, ok := s.Latency.Quantile(0.5); ok {
			r.P50 = &v
		}
		if v, ok := s.Latency.Quantile(0.95); ok {
			r.P95 = &v
		}
		rows = append(rows, r)
	}
	slices.SortStableFunc(rows, func(a, b statementRow) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return rows
}

// statements prints the SQL statements that took the longest in sum; no table when there are none.
func (r *replayer) statements(rep *metric.Report) {
	rows := statementRows(rep)
	if len(rows) == 0 {
		return
	}
	fmt.Fprintln(r.out, "SQL statements, most time first")
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  SERVICE\tCOUNT\tTIME\tP50\tP95\tSTATEMENT")
	for _, a := range rows[:min(len(rows), r.top)] {
		fmt.Fprintf(w, "  %s\t%d\t%s\t%s\t%s\t%s\n", a.Service, a.Count, seconds(&a.Seconds), seconds(a.P50), seconds(a.P95), cmp.Or(a.Statement, a.ID))
	}
	w.Flush()
	if more := len(rows) - r.top; more > 0 {
		fmt.Fprintf(r.out, "  … and %d more (--top)\n", more)
	}
	fmt.Fprintln(r.out)
}

// databaseRow is one object of --summary-json.
type databaseRow struct {
	Service      string            `json:"service_name"`
	Protocol     string            `json:"protocol"`
	Database     string            `json:"database"`
	Rows         uint64            `json:"rows"`
	Logins       map[string]uint64 `json:"logins"`
	Transactions uint64            `json:"transactions"`
	P95          *float64          `json:"transaction_p95_seconds,omitempty"`
}

func databaseRows(rep *metric.Report) (rows []databaseRow) {
	for i := range rep.Databases {
		d := &rep.Databases[i]
		r := databaseRow{Service: d.Service, Protocol: d.Protocol, Database: d.Database, Rows: d.Rows, Logins: map[string]uint64{}, Transactions: d.Transactions.Count()}
		for o, n := range d.Logins {
			r.Logins[decoders.Outcome(o).String()] = n
		}
		if v, ok := d.Transactions.Quantile(0.95); ok {
			r.P95 = &v
		}
		rows = append(rows, r)
	}
	return rows
}
