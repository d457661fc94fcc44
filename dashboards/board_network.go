package main

func network() Board {
	side := func(metric string) string {
		return `sum by (side) (rate(` + metric + `{service_name="$service"}[$__rate_interval]))`
	}
	return Board{
		UID: "wire-network", Title: "Network", From: "6h", Refresh: "30s",
		Description: "What TCP shows of a service: connections, round trips, retransmissions, resets.",
		Variables:   []Variable{{Name: "service", Title: "Service", Metric: "wire_tcp_segments_total", Label: "service_name"}},
		Rows: []Row{
			{Panels: []Panel{
				bandOf("Connect time, p95", `signal="connect_p95", service_name="$service"`, Seconds, "From the first SYN to the end of the handshake.").fromZero(),
				bandOf("Retransmitted", `signal="tcp_retransmission_ratio", service_name="$service"`, Ratio, "The share of segments that had to be sent again.").fromZero(),
				lines("Round trip, p95", Seconds, "Between the capture point and each side.",
					q(`histogram_quantile(0.95, sum by (side) (rate(wire_tcp_rtt_seconds{service_name="$service"}[$__rate_interval])))`, "{{side}}")).fromZero(),
			}},
			{Title: "Connections", Panels: []Panel{
				lines("Attempts/s", Events, "Attempts to connect by how they ended: refused is a server without the program, unanswered a firewall or a full queue. Empty while nobody connects.",
					q(`sum by (outcome) (rate(wire_tcp_connection_attempts_total{service_name="$service"}[$__rate_interval])) > 0`, "{{outcome}}")).stacked().fromZero(),
				lines("Open", Count, "Connections that are open.", q(`sum(wire_tcp_connections{service_name="$service"})`, "open")).fromZero(),
				lines("Payload", ByteRate, "Payload, without what was sent again.", q(`sum(rate(wire_service_bytes_total{service_name="$service"}[$__rate_interval]))`, "payload")).fromZero(),
			}},
			{Title: "Trouble", Panels: []Panel{
				lines("Retransmissions/s", Events, "Segments that were sent again, by the side that did.", q(side("wire_tcp_retransmitted_segments_total"), "{{side}}")).fromZero(),
				lines("Resets/s", Events, "Connections that were reset, by the side that did.", q(side("wire_tcp_resets_total"), "{{side}}")).fromZero(),
				lines("Zero windows/s", Events, "A side could take no more: it reads too slowly.", q(side("wire_tcp_zero_windows_total"), "{{side}}")).fromZero(),
				rows("Services by trouble", "All services.", "retransmitted", []Column{{Label: "service_name", Title: "service", Board: "wire-network", Variable: "service"}},
					cell("retransmitted", Ratio, `max by (service_name) (wire:signal:value{signal="tcp_retransmission_ratio"})`),
					cell("connect p95", Seconds, `max by (service_name) (wire:signal:value{signal="connect_p95"})`),
					cell("refused/s", Events, `sum by (service_name) (rate(wire_tcp_connection_attempts_total{outcome="refused"}[$__range]))`),
					cell("unanswered/s", Events, `sum by (service_name) (rate(wire_tcp_connection_attempts_total{outcome="unanswered"}[$__range]))`),
				).wide(24, 10),
			}},
		},
	}
}
