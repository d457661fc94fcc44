package main

// longTerm asks for nothing that downsampling breaks (docs/design.md section 7): rates of counters, quantiles of rates of native
// histograms, averages over time of gauges, over windows that are longer than the coarsest resolution.
func longTerm() Board {
	const of = `service_name="$service"`
	mean := func(family, signal, window string) string {
		return `sum(avg_over_time(` + family + `{signal="` + signal + `", ` + of + `}[` + window + `]))`
	}
	// growth is a week's requests as a share of an earlier one's, of which the first day must be there, too.
	growth := func(offset, first string) string {
		const total = `sum(rate(wire_requests_total{` + of + `}`
		return total + `[1w])) / (` + total + `[1w] offset ` + offset + `)) and ` + total + `[1d] offset ` + first + `)) > 0)`
	}
	return Board{
		UID: "wire-longterm", Title: "Long term", From: "90d",
		Description: "Months and years, from what Thanos has downsampled: growth, seasons, how often out of normal, objectives.",
		Variables:   []Variable{ofService},
		Rows: []Row{
			{Panels: []Panel{
				lines("Requests/s", PerSec, "Mean of a day, and of the same day a week and a year before. No \"a year before\" until there is more than a year of history.",
					q(`sum(rate(wire_requests_total{`+of+`}[1d]))`, "this day"),
					q(`sum(rate(wire_requests_total{`+of+`}[1d] offset 1w))`, "a week before"),
					q(`sum(rate(wire_requests_total{`+of+`}[1d] offset 364d))`, "a year before")).wide(12, 9).fromZero(),
				lines("Growth", Percent, "The week's requests as a share of those of the week before, and of a year before. No \"on the week before\" until there are two weeks of history. No \"on the year before\" until there is more than a year of history.",
					q(growth("1w", "13d"), "on the week before"),
					q(growth("364d", "370d"), "on the year before")).wide(12, 9).empty("less than two weeks of history"),
			}},
			{Title: "Durations and errors", Panels: []Panel{
				lines("Duration, p50 and p95", Seconds, "Of a day's answered requests.",
					q(`histogram_quantile(0.95, sum(rate(wire_request_duration_seconds{`+of+`, outcome=~"ok|client_error"}[1d])))`, "p95"),
					q(`histogram_quantile(0.5, sum(rate(wire_request_duration_seconds{`+of+`, outcome=~"ok|client_error"}[1d])))`, "p50")).fromZero(),
				lines("Errors", Ratio, "The share of a day's requests that the server failed, or did not answer.",
					q(`sum(rate(wire_requests_total{`+of+`, outcome=~"server_error|unanswered"}[1d])) / sum(rate(wire_requests_total{`+of+`, outcome!="unknown"}[1d]))`, "errors")).fromZero(),
				lines("Users", Count, "Mean of a day of the people active in five minutes.", q(mean("wire:signal:value", "active_users", "1d"), "users")).fromZero(),
			}},
			{Title: "Normal", Panels: []Panel{
				lines("Requests/s and what was normal", PerSec, "Means of six hours, over what was normal then.",
					q(mean("wire:signal:value", "request_rate", "6h"), "now"), q(mean("wire:band:lower", "request_rate", "6h"), "lower"),
					q(mean("wire:band:upper", "request_rate", "6h"), "upper")).inBand().wide(12, 9).fromZero(),
				lines("p95 and what was normal", Seconds, "Means of six hours, over what was normal then.",
					q(mean("wire:signal:value", "duration_p95", "6h"), "now"), q(mean("wire:band:upper", "duration_p95", "6h"), "upper")).inBand().wide(12, 9).fromZero(),
			}},
			{Title: "Objectives", Panels: []Panel{
				lines("Availability of 30 days", Unit{"percentunit", "percent-decimal", 3}, "The share of 30 days' requests that succeeded.",
					q(`avg_over_time(wire:slo:availability:30d{`+of+`}[1d])`, "availability")).wide(12, 8).empty("no objective"),
				lines("Fast minutes of 30 days", Ratio, "The share of 30 days' minutes whose p95 kept to the objective. Empty until the service has one: wire:knob:slo_latency_seconds.",
					q(`avg_over_time(wire:slo:latency:30d{`+of+`}[1d])`, "fast enough")).wide(12, 8).empty("no objective"),
			}},
		},
	}
}
