package main

import (
	"fmt"
	"strings"

	"wire_exporter/packaging/demo/internal/shop"
	"wire_exporter/packaging/demo/internal/stack"
)

// explain prints what to open, what it uses, and how to end it.
func (d *demo) explain() {
	var ports []string
	for _, a := range shop.Addresses() {
		ports = append(ports, a.String())
	}
	var memory []string
	for _, p := range d.processes {
		memory = append(memory, fmt.Sprintf("%s %d MB", p.Name, p.Memory()>>20))
	}
	fmt.Fprintf(d.out, `
Open
  http://%[1]s/         the exporter
  http://%[2]s/query      Prometheus; ask it for example
    histogram_quantile(0.95, sum by (service_name) (rate(wire_request_duration_seconds[1m])))
    sum by (service_name, outcome) (rate(wire_requests_total[1m]))
    sum by (client_name, service_name) (rate(wire_calls_total[1m]))
    topk(5, histogram_sum(rate(wire_sql_statement_duration_seconds[1m]))) * on (service_name, statement_id) group_left (statement) wire_sql_statement_info
Break something
  make incident                 the ledger gets slow
  make incident KIND=slowdb     also: deaddb, dead, errors, hang, logins, unauthorized; off ends it
Uses
  ports    %[1]s, %[2]s, %[3]s
           shop: %[4]s
  folders  %[5]s (up to 4 GB, 40 days), %[6]s/bin (the built programs)
  memory   %[7]s, shop %[8]d MB
End
  Ctrl-C or make stop; make wipe deletes the data (make wipe ALL=1: the built programs too)
`, exporterAddr, prometheusAddr, controlAddr, strings.Join(ports, ", "), d.data, d.cache,
		strings.Join(memory, ", "), stack.OwnMemory()>>20)
}
