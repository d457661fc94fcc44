package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/metric"
)

// row is one line of the tables, and one object of --summary-json.
type row struct {
	Service   string            `json:"service_name"`
	Protocol  string            `json:"protocol"`
	Operation string            `json:"operation,omitempty"`
	Resource  string            `json:"resource,omitempty"`
	Requests  uint64            `json:"requests"`
	Outcomes  map[string]uint64 `json:"outcomes"`
	P50       *float64          `json:"p50_seconds,omitempty"`
	P95       *float64          `json:"p95_seconds,omitempty"`
	P99       *float64          `json:"p99_seconds,omitempty"`
	bad       uint64
}

func newRow(requests [decoders.NumOutcomes]uint64, latency *metric.Distribution) row {
	r := row{Requests: metric.Total(requests), Outcomes: map[string]uint64{}}
	for o, n := range requests {
		r.Outcomes[decoders.Outcome(o).String()] = n
	}
	r.bad = requests[decoders.ServerError] + requests[decoders.Unanswered] + requests[decoders.Aborted] + requests[decoders.ClientError]
	for q, p := range map[float64]**float64{0.5: &r.P50, 0.95: &r.P95, 0.99: &r.P99} {
		if v, ok := latency.Quantile(q); ok {
			*p = &v
		}
	}
	return r
}

func serviceRows(rep *metric.Report) (rows []row) {
	for i := range rep.Services {
		s := &rep.Services[i]
		r := newRow(s.Requests, &s.Latency)
		r.Service, r.Protocol = s.Service, s.Protocol
		if r.Requests > 0 {
			rows = append(rows, r)
		}
	}
	return rows
}

func operationRows(rep *metric.Report) (rows []row) {
	for i := range rep.Operations {
		o := &rep.Operations[i]
		r := newRow(o.Requests, &o.Latency)
		r.Service, r.Protocol, r.Operation, r.Resource = o.Service, o.Protocol, o.Operation, o.Resource
		rows = append(rows, r)
	}
	return rows
}

// tables prints what was busy, slow and failing.
func (r *replayer) tables() error {
	rep := r.metrics.Report()
	services, operations := serviceRows(rep), operationRows(rep)
	r.table("Services, busiest first", services, func(a row) float64 { return float64(a.Requests) })
	r.table("Operations, slowest first (p95)", operations, func(a row) float64 { return value(a.P95) })
	r.table("Operations, most failures first", operations, func(a row) float64 { return float64(a.bad) })
	r.statements(rep)
	r.sensorLines(rep)
	return nil
}

func value(p *float64) float64 {
	if p == nil {
		return 0
	}
	return *p
}

// table prints the rows with the highest worth; those without any are left out.
func (r *replayer) table(title string, rows []row, worth func(row) float64) {
	rows = slices.DeleteFunc(slices.Clone(rows), func(a row) bool { return worth(a) == 0 })
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(worth(b), worth(a)) })
	fmt.Fprintf(r.out, "%s\n", title)
	w := tabwriter.NewWriter(r.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "  SERVICE\tPROTOCOL\tOPERATION\tREQUESTS\tCLIENT ERR\tSERVER ERR\tABORTED\tUNANSWERED\tUNKNOWN\tP50\tP95\tP99")
	for _, a := range rows[:min(len(rows), r.top)] {
		fmt.Fprintf(w, "  %s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", a.Service, a.Protocol, a.Operation+" "+a.Resource, a.Requests,
			a.Outcomes["client_error"], a.Outcomes["server_error"], a.Outcomes["aborted"], a.Outcomes["unanswered"], a.Outcomes["unknown"],
			seconds(a.P50), seconds(a.P95), seconds(a.P99))
	}
	w.Flush()
	if more := len(rows) - r.top; more > 0 {
		fmt.Fprintf(r.out, "  … and %d more (--top)\n", more)
	}
	fmt.Fprintln(r.out)
}

func seconds(p *float64) string {
	if p == nil {
		return "-"
	}
	d := time.Duration(*p * 1e9)
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(10 * time.Nanosecond).String()
}

// sensorLines prints how far the figures are to be trusted.
func (r *replayer) sensorLines(rep *metric.Report) {
	fmt.Fprintln(r.out, "Capture")
	for _, i := range rep.Sensor.Interfaces {
		fmt.Fprintf(r.out, "  %s: %d packets, %d bytes%s\n", i.Name, i.Packets, i.Bytes, reasons(", lost: ", i.Dropped))
	}
	f := rep.Sensor.Flow
	fmt.Fprintf(r.out, "  %d holes, %d payload bytes missing, %d duplicate packets%s\n", f.Gaps, f.Missing, rep.Sensor.Duplicates, reasons("; connections forgotten early: ", f.Evicted))
	if s := reasons("", rep.Sensor.Undecoded); s != "" {
		fmt.Fprintf(r.out, "  bytes not decoded: %s\n", s)
	}
	if s := reasons("", rep.Sensor.Unmatched); s != "" {
		fmt.Fprintf(r.out, "  not matched: %s\n", s)
	}
	for _, e := range rep.Sensor.Errors {
		fmt.Fprintf(r.out, "  %s gave up %d times: %s\n", e.Protocol, e.N, e.Reason)
	}
}

// reasons lists what is not zero, after the lead.
func reasons(lead string, rs []metric.Reason) (text string) {
	for _, r := range rs {
		if r.N > 0 {
			text += fmt.Sprintf("%s%s %d", lead, r.Reason, r.N)
			lead = ", "
		}
	}
	return text
}

// summarise prints everything as one object.
func (r *replayer) summarise() error {
	rep := r.metrics.Report()
	enc := json.NewEncoder(r.out)
	enc.SetIndent("", "  ")
	return enc.Encode(map[string]any{
		"services": serviceRows(rep), "operations": operationRows(rep), "databases": databaseRows(rep), "statements": statementRows(rep), "users": rep.Users, "capture": rep.Sensor.Interfaces,
		"flow": rep.Sensor.Flow, "duplicates": rep.Sensor.Duplicates, "elsewhere": rep.Sensor.Elsewhere, "ignored": rep.Sensor.Ignored,
		"undecoded": rep.Sensor.Undecoded, "unmatched": rep.Sensor.Unmatched, "decoder_errors": rep.Sensor.Errors,
	})
}
