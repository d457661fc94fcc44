package main

import (
	"fmt"
	"strings"
)

// far is how far each service's worst signal is out of its band, in half widths of the band; 0: all is normal.
const far = `max by (service_name) (wire:band:unusual{tier="now", service_name!=""}) or 0 * wire:service:measured`

// suspects are those of the end of the time that is looked at, and how anomalous they were before.
const suspects = `max by (service_name) (wire:service:suspect{hops="0"}) and on (service_name) wire:service:suspect{hops="0"} @ end()`

// ranked is far with each service's rank at the end of the time that is looked at: the suspects first, then what is far outside, what is outside,
// and what is normal. Series come sorted by their labels, and Grafana puts its tiles in that order. A suspect is as anomalous as it is said to be,
// which lasts longer than a signal may be outside.
var ranked = func() string {
	at := func(end string) string {
		return `(max by (service_name) (wire:band:unusual{tier="now", service_name!=""}` + end + ` or wire:service:suspect{hops="0"}` + end + `) or 0 * wire:service:measured` + end + `)`
	}
	ranks := []string{`wire:service:suspect{hops="0"} @ end()`, `(` + at(" @ end()") + ` >= 3)`, `(` + at(" @ end()") + ` >= 1)`, at(" @ end()")}
	for i, which := range ranks {
		ranks[i] = fmt.Sprintf(`label_replace(%s and on (service_name) %s, "rank", "%d", "", "")`, at(""), which, i+1)
	}
	return strings.Join(ranks, "\nor on (service_name) ")
}()

// shown picks the signal that a service's tile is about: the one that is furthest out of its band; of a suspect the one that was in the last
// minutes; or the request rate while all are normal.
const shown = `and ignoring (tier, side) (topk by (service_name) (1, wire:band:unusual{tier="now", service_name!=""})` +
	` or on (service_name) topk by (service_name) (1, max_over_time(wire:band:unusual[5m]) and on (service_name) wire:service:suspect{hops="0"})` +
	` or on (service_name) topk by (service_name) (1, wire:signal:value{signal="request_rate"}))`

// about are the queries by which a tile of the viewer says what it is about.
var about = []Query{
	{Role: Shown, Expr: `wire:signal:value ` + shown, Legend: "now"},
	{Role: Lower, Expr: `last_over_time(wire:band:lower[10m]) ` + shown, Legend: "lower"},
	{Role: Upper, Expr: `last_over_time(wire:band:upper[10m]) ` + shown, Legend: "upper"},
}

const bySignal = `max by (service_name, signal, client_name, operation, instance, device, mountpoint, datname) (`

func wall() Board {
	return Board{
		UID: "wire-wall", Title: "Wall", From: "3h", Refresh: "30s",
		Description: "Every service at a glance: is anything wrong, where, and since when.",
		Rows: []Row{{Panels: []Panel{
			number("Pages", Count, "Alerts that wake somebody up, firing now.",
				`count(ALERTS{alertstate="firing", severity="page"}) or vector(0)`, bad...).wide(3, 5).linked("Alerts", "wire-alerts"),
			number("Tickets", Count, "Alerts that wait for the morning, firing now.",
				`count(ALERTS{alertstate="firing", severity="ticket"}) or vector(0)`, warn...).wide(3, 5).linked("Alerts", "wire-alerts"),
			{
				Kind: Tiles, Title: "Suspects: the services that others suffer from", W: 18, H: 5, Now: true, Unit: Factor, NoValue: "nobody", Steps: outside,
				Description: "An anomalous service none of whose dependencies is anomalous. The number is how far it is out of normal: 1 is the edge of the band. Empty while nobody is to blame.",
				Queries:     append([]Query{{Expr: suspects, Legend: "{{service_name}}"}}, about...),
				Links:       []Link{{"Map", "wire-map"}},
			},
			{
				Kind: Tiles, Title: "Worst signal of each service: 1 is the edge of normal, from 3 on far outside", W: 24, H: 17, Unit: Factor, NoValue: "no service yet", Steps: outside,
				Texts:       []Text{{From: 0, To: 0.999, Text: "normal", Color: Blue}},
				Description: "Colour and number say how far the worst signal of a service is out of its band: normal, from 1 on outside of it, from 3 on far outside. Below it the signal with its value and its normal range: the worst one, or the request rate while all are normal.",
				Queries:     append([]Query{{Expr: ranked, Legend: "{{service_name}}"}}, about...),
				Links:       []Link{{"Service", "wire-service"}},
			},
			number("Out of normal", Count, "Services of which a signal is outside of what is normal for this hour of this weekday.",
				`count(group by (service_name) (wire:band:unusual{tier="now", service_name!=""})) or vector(0)`, warn...).wide(6, 6),
			number("Services", Count, "Services that were measured within the hour.", `count(wire:service:measured)`).wide(6, 6).empty("none"),
			number("Requests/s", Plain, "All requests, of all services.", `sum(wire:signal:value{signal="request_rate"})`).wide(6, 6),
			number("Users", Count, "People who were active in the last five minutes, summed over services.", `sum(wire:signal:value{signal="active_users"})`).wide(6, 6),
		}}, {Title: "Values", Panels: []Panel{
			rows("Out of normal", "Every signal that is outside of what is normal now, with its value and the edges of what is normal: seconds, shares, or how many (a second). Empty while all is normal.", "out of normal",
				[]Column{service, {Label: "signal", Title: "signal", Board: "wire-signal", Variable: "signal"}, {Label: "client_name", Title: "caller"}, {Label: "operation", Title: "operation"},
					{Label: "instance", Title: "instance"}, {Label: "device", Title: "device"}, {Label: "mountpoint", Title: "mountpoint"}, {Label: "datname", Title: "database"}},
				cell("out of normal", Factor, bySignal+`wire:band:unusual{tier="now"})`),
				cell("now", Plain, bySignal+`wire:signal:value and ignoring (tier, side) wire:band:unusual{tier="now"})`),
				cell("from", Plain, bySignal+`last_over_time(wire:band:lower[10m]) and ignoring (tier, side) wire:band:unusual{tier="now"})`),
				cell("to", Plain, bySignal+`last_over_time(wire:band:upper[10m]) and ignoring (tier, side) wire:band:unusual{tier="now"})`),
			).wide(24, 8).empty("all is normal"),
			rows("Now and normally", "The values now beside what is normal for this hour of this weekday.", "out of normal",
				[]Column{service},
				cell("out of normal", Factor, far),
				cell("requests/s", PerSec, `sum by (service_name) (wire:signal:value{signal="request_rate"})`),
				cell("normally", PerSec, `sum by (service_name) (last_over_time(wire:band:normal{signal="request_rate"}[10m]))`),
				cell("errors", Ratio, `max by (service_name) (wire:signal:value{signal="error_ratio"})`),
				cell("errors up to", Ratio, `clamp_max(max by (service_name) (last_over_time(wire:band:upper{signal="error_ratio"}[10m])), 1)`),
				cell("p95", Seconds, `max by (service_name) (wire:signal:value{signal="duration_p95"})`),
				cell("p95 up to", Seconds, `max by (service_name) (last_over_time(wire:band:upper{signal="duration_p95"}[10m]))`),
				cell("users", Count, `max by (service_name) (wire:signal:value{signal="active_users"})`),
				cell("users normally", Count, `max by (service_name) (last_over_time(wire:band:normal{signal="active_users"}[10m]))`),
			).wide(24, 12).empty("no service yet"),
		}}},
	}
}
