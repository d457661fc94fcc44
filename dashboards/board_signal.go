package main

import "fmt"

// Which label sets of the signal are asked for. A signal of a machine has no service, one of a service no instance: the choice of all takes both.
const chosen = `{signal="$signal", service_name=~"$service", instance=~"$instance"}`

// distance says how far each of them is from the center of its band, in half widths of the band on its side: 1 and -1 are the edges. At is an @ modifier.
func distance(at string) string {
	value, center, upper, lower := "wire:signal:value"+chosen+at, "wire:band:center"+chosen+at, "wire:band:upper"+chosen+at, "wire:band:lower"+chosen+at
	return fmt.Sprintf(`((%[1]s - %[2]s) / (%[3]s - %[2]s) >= 0 or (%[1]s - %[2]s) / (%[2]s - %[4]s) or 0 * (%[1]s - %[2]s))`, value, center, upper, lower)
}

// farthest leaves of a query those that are farthest from normal at the end of what is shown.
func farthest(n int, expr string) string {
	return fmt.Sprintf("(%s and topk(%d, abs(%s)))", expr, n, distance(" @ end()"))
}

// signalBoard shows any signal, one's own among them.
func signalBoard() Board {
	const each = "{{service_name}} {{client_name}} {{operation}} {{instance}} {{device}} {{mountpoint}}"
	inBand := Panel{
		Kind: Band, Title: "The one farthest from normal", Unit: Plain, W: 12, H: 9, NoValue: quiet,
		Description: "Of what is chosen, the one that is farthest from normal now; the first of the table below. " + ofLocal + ` No "lower" where only more than usual is a fault.`,
		Queries: []Query{
			{Expr: farthest(1, "wire:signal:value"+chosen), Legend: "now", Role: Value},
			{Expr: farthest(1, "wire:band:lower"+chosen), Legend: "lower", Role: Lower},
			{Expr: farthest(1, "wire:band:upper"+chosen), Legend: "upper", Role: Upper},
			{Expr: farthest(1, "wire:band:normal"+chosen), Legend: "normal", Role: Normal},
			{Expr: farthest(1, "wire:signal:value"+chosen+" offset 1w"), Legend: "last week", Role: LastWeek},
		},
	}
	return Board{
		UID: "wire-signal", Title: "Signal", From: "6h", Refresh: "30s",
		Description: "Any signal in its normal band, of services, callers and machines, one's own among them.",
		Variables: []Variable{
			{Name: "signal", Title: "Signal", Metric: "wire:signal:value", Label: "signal"},
			{Name: "service", Title: "Service", Metric: `wire:signal:value{signal="$signal"}`, Label: "service_name", Multi: true},
			{Name: "instance", Title: "Instance", Metric: `wire:signal:value{signal="$signal", service_name=~"$service"}`, Label: "instance", Multi: true},
		},
		Rows: []Row{
			{Panels: []Panel{
				inBand,
				lines("Distance from normal", Factor, "How far each is from what is usual, in half widths of its band: between -1 and 1 is normal. The twenty that are farthest.",
					q(farthest(20, distance("")), each)).wide(12, 9).empty(noBand),
			}},
			{Title: "All of them", Panels: []Panel{
				rows("Now", "Each with its normal range; distance is in half widths of the band, 1 and -1 are its edges.", "away", []Column{
					service, {Label: "client_name", Title: "caller"}, {Label: "operation", Title: "operation"}, {Label: "instance", Title: "instance"},
					{Label: "device", Title: "device"}, {Label: "mountpoint", Title: "mountpoint"}, {Label: "datname", Title: "database"},
				},
					cell("away", Factor, farthest(50, "abs("+distance("")+")")),
					cell("now", Plain, "wire:signal:value"+chosen),
					cell("lower", Plain, "wire:band:lower"+chosen),
					cell("normal", Plain, "wire:band:normal"+chosen),
					cell("upper", Plain, "wire:band:upper"+chosen),
				).wide(24, 10).empty(noBand),
				lines("Values", Plain, "The twenty that are farthest from normal, in the signal's own unit.",
					q(farthest(20, "wire:signal:value"+chosen), each)).wide(24, 9),
			}},
		},
	}
}
