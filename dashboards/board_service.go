package main

func serviceBoard() Board {
	return Board{
		UID: "wire-service", Title: "Service", From: "6h", Refresh: "30s",
		Description: "One service: its signals in their normal bands, what is slow or fails in it, who calls it and whom it calls.",
		Variables:   []Variable{ofService, ofProtocol},
		Rows: []Row{
			{Panels: []Panel{
				band("Requests/s", "request_rate", PerSec, "Requests a second that have ended.").fromZero(),
				band("Errors", "error_ratio", Ratio, "The share of requests that the server failed, or did not answer.").fromZero(),
				band("p95 duration", "duration_p95", Seconds, "From the first byte of the request to the last byte of the response; 95 of 100 are faster. Answered requests only.").fromZero(),
			}},
			{Title: "Users", Panels: []Panel{
				bandOf("Users", `signal="active_users", service_name="$service"`, Count, "Distinct sessions of the last five minutes.").fromZero(),
				bandOf("Log-ins/s", `signal="logins", service_name="$service"`, Events, "Log-ins a second that succeeded.").fromZero(),
				lines("The last hour against earlier ones", Percent, "Each signal's last hour as a share of the same hour of earlier days like this: 100 % is as usual.",
					q(`wire:trend:hour_ratio{service_name="$service", protocol=~"$protocol|", signal=~"request_rate|duration_p95|active_users"}`, "{{signal}}")).empty(noBand),
			}},
			{Title: "Durations", Panels: []Panel{
				band("p50 duration", "duration_p50", Seconds, "Half of the answered requests are faster.").fromZero(),
				band("p99 duration", "duration_p99", Seconds, "99 of 100 answered requests are faster.").fromZero(),
				lines("Phases, p95", Seconds, "Request: its bytes arrive. Wait: the server works. Response: its bytes arrive.",
					q(`histogram_quantile(0.95, sum by (phase) (rate(wire_request_phase_duration_seconds`+in()+`[$__rate_interval])))`, "{{phase}}")).fromZero(),
				heat("Durations", "Each column is a moment, the darker the more requests took so long. Points are requests with a trace.",
					`sum(rate(wire_request_duration_seconds`+in(`outcome=~"ok|client_error|server_error"`)+`[$__rate_interval]))`),
			}},
			{Title: "How requests end", Panels: []Panel{
				lines("Not ok, by outcome (1/s)", PerSec, "client_error: the caller's fault. server_error and unanswered: the server's. aborted: the client went away. unknown: the capture lost the end. Empty while all are ok.",
					q(`sum by (outcome) (rate(wire_requests_total`+in(`outcome!="ok"`)+`[$__rate_interval])) > 0`, "{{outcome}}")).stacked().fromZero(),
				lines("Not ok, by code (1/s)", PerSec, "Responses by their code, without those that went well. Empty while all did.",
					q(`sum by (code) (rate(wire_responses_total`+in(`code!~"2..|3..|00000|0"`)+`[$__rate_interval])) > 0`, "{{code}}")).stacked().fromZero(),
				band("Client errors", "client_error_ratio", Ratio, "The share of requests that were refused as the caller's fault. A deploy that answers 401 to everybody shows here.").fromZero(),
				band("In flight", "in_flight", Plain, "Requests that have begun and not ended.").fromZero(),
				band("Oldest request", "oldest_request_age", Seconds, "Age of the oldest request that has not ended: what hangs is in no duration yet.").fromZero(),
				band("Aborted", "aborted_ratio", Ratio, "The share of requests whose client went away first.").fromZero(),
			}},
			{Title: "Operations and resources", Panels: []Panel{
				rows("Slowest", "Where the time goes, by operation and resource.", "p95", []Column{{Label: "operation", Title: "operation"}, {Label: "resource", Title: "resource"}},
					cell("p95", Seconds, `topk(20, histogram_quantile(0.95, sum by (operation, resource) (rate(wire_operation_duration_seconds`+in(`outcome=~"ok|client_error"`)+`[$__range]))) >= 0)`),
					cell("requests/s", PerSec, `histogram_count(sum by (operation, resource) (rate(wire_operation_duration_seconds`+in()+`[$__range]))) > 0`),
				),
				rows("Failing", "What fails, by operation and resource.", "failed/s", []Column{{Label: "operation", Title: "operation"}, {Label: "resource", Title: "resource"}},
					cell("failed/s", Events, `topk(20, histogram_count(sum by (operation, resource) (rate(wire_operation_duration_seconds`+in(`outcome="server_error"`)+`[$__range]))) > 0)`),
				),
			}},
			{Title: "Callers and dependencies", Panels: []Panel{
				rows("Who calls it", "Each caller with its rate, its p95 and the share of its calls that failed.", "calls/s", []Column{{Label: "client_name", Title: "caller", Board: "wire-service", Variable: "service"}},
					cell("calls/s", PerSec, calls("client_name", `, service_name="$service"`)),
					cell("p95", Seconds, `max by (client_name) (wire:signal:value{signal="call_p95", service_name="$service"})`),
					cell("errors", Ratio, `max by (client_name) (wire:signal:value{signal="call_error_ratio", service_name="$service"})`),
				),
				rows("What it calls", "Each dependency with the rate, the p95 and the share of failed calls.", "calls/s", []Column{service},
					cell("calls/s", PerSec, calls("service_name", `, client_name="$service"`)),
					cell("p95", Seconds, `max by (service_name) (wire:signal:value{signal="call_p95", client_name="$service"})`),
					cell("errors", Ratio, `max by (service_name) (wire:signal:value{signal="call_error_ratio", client_name="$service"})`),
				),
			}},
		},
	}
}
