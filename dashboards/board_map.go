package main

func mapBoard() Board {
	return Board{
		UID: "wire-map", Title: "Map", From: "15m", Refresh: "30s",
		Description: "Who calls whom: services and clients, rates, durations and errors of their calls; the suspect is marked.",
		Rows: []Row{{Panels: []Panel{
			{
				Kind: Map, Title: "Calls a second", W: 24, H: 18, Unit: PerSec, NoValue: "no calls", Steps: outside,
				Description: "An arrow leads from the caller to the service; it is dashed where there were calls within the hour and are none now. Blue is normal, orange out of its band, red the suspect. No \"suspect\" while nobody is to blame.",
				Queries: []Query{
					{Role: Nodes, Expr: far, Legend: "{{service_name}}"},
					{Role: Edges, Expr: calls("client_name, service_name", ""), Legend: "{{client_name}} > {{service_name}}"},
					{Role: Suspects, Expr: suspects, Legend: "suspect"},
				},
			},
			rows("Edges", "Every caller of every service.", "calls/s",
				[]Column{{Label: "client_name", Title: "caller", Board: "wire-service", Variable: "service"}, service},
				cell("calls/s", PerSec, calls("client_name, service_name", "")),
				cell("p95", Seconds, `max by (client_name, service_name) (wire:signal:value{signal="call_p95"})`),
				cell("errors", Ratio, `max by (client_name, service_name) (wire:signal:value{signal="call_error_ratio"})`),
			).wide(16, 12),
			rows("Suspects", "Who is to blame, and who suffers: hops says how far a service is from the suspect. Empty while nobody is to blame.", "out of normal",
				[]Column{service, {Label: "suspect", Title: "because of", Board: "wire-service", Variable: "service"}, {Label: "hops", Title: "hops"}},
				cell("out of normal", Factor, `wire:service:suspect`),
			).wide(8, 12).empty("nobody"),
		}}},
	}
}
