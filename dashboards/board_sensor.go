package main

func sensor() Board {
	const of = `{instance=~"$instance"}`
	ofLabels := func(more string) string { return `{instance=~"$instance", ` + more + `}` }
	return Board{
		UID: "wire-sensor", Title: "Sensor", From: "6h", Refresh: "30s",
		Description: "Is the measurement to be trusted: drops, missing bytes, unmatched responses; and what the sensor itself takes.",
		Variables:   []Variable{{Name: "instance", Title: "Sensor", Metric: "wire_capture_packets_total", Label: "instance", Multi: true}},
		Rows: []Row{
			{Panels: []Panel{
				number("Sensors", Count, "Sensors that answer.", `sum(up and on (instance) wire_exporter_build_info)`).wide(4, 5).empty("none"),
				number("Dropped", Ratio, "The share of packets that were lost before the sensor could read them.",
					`sum(rate(wire_capture_dropped_packets_total`+of+`[5m])) / (sum(rate(wire_capture_packets_total`+of+`[5m])) > 0)`, Step{0, Blue}, Step{0.001, Orange}, Step{0.01, Red}).wide(4, 5),
				number("Missing", Ratio, "The share of the payload that was sent and never captured.",
					`sum(rate(wire_service_missing_bytes_total`+of+`[5m])) / (sum(rate(wire_service_bytes_total`+of+`[5m])) > 0)`, Step{0, Blue}, Step{0.001, Orange}, Step{0.01, Red}).wide(4, 5),
				number("Not to be trusted", Count, "Services about which nothing is alerted, because their measurement is not to be trusted.",
					`count(group by (service_name) (wire:measurement:untrusted)) or vector(0)`, warn...).wide(4, 5),
				number("Configuration", Plain, "Whether every sensor's last reload succeeded.", `min(wire_exporter_config_last_reload_successful`+of+`)`, Step{0, Red}, Step{1, Blue}).
					saying(Text{From: 0, To: 0.5, Text: "refused", Color: Red}, Text{From: 0.5, To: 1, Text: "loaded", Color: Blue}).wide(4, 5),
				number("Fullest budget", Percent, "The label budget that is fullest. What is past it is counted as _other.",
					`max(wire_series`+of+` / wire_series_limit`+of+`)`, Step{0, Blue}, Step{0.8, Orange}, Step{1, Red}).wide(4, 5),
			}},
			{Title: "Traffic", Panels: []Panel{
				lines("Packets (1/s)", Events, "By interface.", q(`sum by (instance, interface) (rate(wire_capture_packets_total`+of+`[$__rate_interval]))`, "{{instance}} {{interface}}")).wide(12, 11).fromZero(),
				lines("Bytes", ByteRate, "On the wire, by interface.", q(`sum by (instance, interface) (rate(wire_capture_bytes_total`+of+`[$__rate_interval]))`, "{{instance}} {{interface}}")).wide(12, 11).fromZero(),
			}},
			{Title: "What could not be measured", Panels: []Panel{
				lines("Dropped and doubled (1/s)", Events, "Packets lost before they could be read, by reason; packets that were seen twice and counted once.",
					q(`sum by (reason) (rate(wire_capture_dropped_packets_total`+of+`[$__rate_interval]))`, "dropped: {{reason}}"),
					q(`sum(rate(wire_capture_duplicate_packets_total`+of+`[$__rate_interval]))`, "duplicates")).wide(12, 11).fromZero(),
				lines("Undecoded", ByteRate, "Payload that went through no decoder, by reason. Empty while all went through one.", q(`sum by (reason) (rate(wire_capture_undecoded_bytes_total`+of+`[$__rate_interval])) > 0`, "{{reason}}")).wide(12, 11).stacked().fromZero(),
				lines("Unmatched (1/s)", Events, "Messages that could not be made part of a transaction, by reason. Empty while there are none.", q(`sum by (reason) (rate(wire_transactions_unmatched_total`+of+`[$__rate_interval])) > 0`, "{{reason}}")).stacked().fromZero(),
				lines("Given up (1/s)", Events, "Connections that a decoder gave up, by reason. Empty while there are none.", q(`sum by (protocol, reason) (rate(wire_decoder_errors_total`+of+`[$__rate_interval])) > 0`, "{{protocol}}: {{reason}}")).stacked().fromZero(),
				lines("Gaps and evictions (1/s)", Events, "Holes that were given up waiting for, and connections forgotten early.",
					q(`sum(rate(wire_flow_gaps_total`+of+`[$__rate_interval]))`, "gaps"), q(`sum by (reason) (rate(wire_flow_evicted_total`+of+`[$__rate_interval]))`, "evicted: {{reason}}")).fromZero(),
				lines("Left out (1/s)", Events, "Transactions left to another sensor, and those that the configuration ignores, by its key.",
					q(`sum(rate(wire_transactions_elsewhere_total`+of+`[$__rate_interval]))`, "elsewhere"),
					q(`sum by (reason) (rate(wire_transactions_ignored_total`+of+`[$__rate_interval]))`, "ignored: {{reason}}")).fromZero(),
				lines("Folded (1/s)", Events, "Values counted as _other because their budget is full. Empty while no budget is.", q(`sum by (family) (rate(wire_series_folded_total`+of+`[$__rate_interval])) > 0`, "{{family}}")).fromZero(),
			}},
			{Title: "What it takes", Panels: []Panel{
				lines("Processor", Plain, "Processors in use.", q(`sum by (instance) (rate(process_cpu_seconds_total`+of+`[$__rate_interval]) and on (instance) wire_exporter_build_info)`, "{{instance}}")).fromZero(),
				lines("Processor per Gbit/s", Plain, "Processors in use for each Gbit/s of traffic.",
					q(`sum by (instance) (rate(process_cpu_seconds_total`+of+`[$__rate_interval])) / on (instance) (sum by (instance) (rate(wire_capture_bytes_total`+of+`[$__rate_interval])) * 8 / 1e9 > 0)`, "{{instance}}")).fromZero(),
				lines("Memory", Bytes, "Of the process, and of it for connections with its limit.",
					q(`sum by (instance) (process_resident_memory_bytes`+of+` and on (instance) wire_exporter_build_info)`, "{{instance}} all"),
					q(`sum by (instance) (wire_flow_memory_bytes`+of+`)`, "{{instance}} connections"), q(`sum by (instance) (wire_flow_memory_limit_bytes`+of+`)`, "{{instance}} limit")).fromZero(),
				lines("Connections", Count, "That are followed.", q(`sum by (instance) (wire_flow_active`+of+`)`, "{{instance}}")).fromZero(),
				lines("Budgets", Percent, "How full the budgets of the labels are.", q(`max by (family) (wire_series`+of+` / wire_series_limit`+of+`)`, "{{family}}")).fromZero(),
				rows("Not to be trusted", "Services about which nothing is alerted, and why. Empty while all are trusted.", "lost", []Column{service, {Label: "reason", Title: "reason"}},
					cell("lost", Ratio, `max by (service_name, reason) (wire:measurement:untrusted)`)).wide(8, 9).empty("all are"),
			}},
			{Title: "Versions", Closed: true, Panels: []Panel{
				rows("Sensors", "What runs where.", "up", []Column{{Label: "instance", Title: "sensor"}, {Label: "version", Title: "version"}, {Label: "goversion", Title: "Go"}},
					cell("up", Count, `count by (instance, version, goversion) (wire_exporter_build_info`+ofLabels(`version=~".*"`)+`)`)).wide(24, 8),
			}},
		},
	}
}
