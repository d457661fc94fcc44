package main

func alerts() Board {
	alert := []Column{
		{Label: "alertname", Title: "alert"}, service, {Label: "signal", Title: "signal", Board: "wire-signal", Variable: "signal"}, {Label: "client_name", Title: "caller"}, {Label: "operation", Title: "operation"}, {Label: "instance", Title: "instance"},
		{Label: "suspect", Title: "because of", Board: "wire-service", Variable: "service"},
	}
	since := func(severity, by string) string {
		return `time() - max by (` + by + `) (ALERTS_FOR_STATE and ignoring (alertstate) ALERTS{alertstate="firing", severity="` + severity + `"})`
	}
	return Board{
		UID: "wire-alerts", Title: "Alerts", From: "24h", Refresh: "30s",
		Description: "What fires now with its suspect, what fired before, and how much noise each alert makes.",
		Rows: []Row{
			{Panels: []Panel{
				number("Pages", Count, "Firing now.", `count(ALERTS{alertstate="firing", severity="page"}) or vector(0)`, bad...).wide(6, 4),
				number("Tickets", Count, "Firing now.", `count(ALERTS{alertstate="firing", severity="ticket"}) or vector(0)`, warn...).wide(6, 4),
				number("Pending", Count, "Alerts that will fire if it lasts.", `count(ALERTS{alertstate="pending", severity=~"page|ticket"}) or vector(0)`).wide(6, 4),
				number("Muted services", Count, "Services about which nothing is alerted: their measurement is not to be trusted, or they are under maintenance.", `count(group by (service_name) (wire:alerts:muted)) or vector(0)`, warn...).wide(6, 4),
			}},
			{Title: "Now", Panels: []Panel{
				rows("Pages now", "What wakes somebody up. It is about the service that is to blame. Empty while nothing fires.", "for",
					[]Column{{Label: "alertname", Title: "alert"}, service, {Label: "instance", Title: "sensor"}},
					cell("for", Seconds, since("page", "alertname, service_name, instance"))).wide(24, 5).empty("nothing fires"),
				rows("Tickets now", "What waits for the morning, with the service that it is because of. Empty while nothing fires.", "for", alert,
					cell("for", Seconds, since("ticket", "alertname, service_name, signal, client_name, operation, instance, suspect"))).wide(24, 10).empty("nothing fires"),
			}},
			{Title: "History", Panels: []Panel{
				{
					Kind: States, Title: "Pages", W: 24, H: 8, Unit: Count, NoValue: "none", Steps: bad, Texts: []Text{{From: 1, To: 1e9, Text: "firing", Color: Red}},
					Description: "When which page was firing. Empty while there was none.",
					Queries:     []Query{q(`max by (alertname, service_name) (ALERTS{alertstate="firing", severity="page"})`, "{{service_name}} {{alertname}}")},
				},
				lines("Firing", Count, "How many alerts were firing. Empty while there were none.", q(`count by (severity) (ALERTS{alertstate="firing", severity=~"page|ticket"})`, "{{severity}}")).wide(12, 9).fromZero().empty("none"),
				rows("Noise", "Minutes of the last week in which each alert was firing, over all services. Empty while nothing has fired for a week.", "minutes a week",
					[]Column{{Label: "alertname", Title: "alert"}, {Label: "severity", Title: "severity"}},
					cell("minutes a week", Count, `sum by (alertname, severity) (count_over_time(ALERTS{alertstate="firing", severity=~"page|ticket"}[1w:1m]))`)).empty("none"),
			}},
		},
	}
}
