package main

import (
	"cmp"
	"fmt"
	"strings"

	"wire_exporter/exporter/internal/metric"
)

// sensor fills in how the sensor itself is doing, and warns when its numbers are not to be trusted.
func (v *landingView) sensor(before, now *metric.SensorReport, report *metric.Report, seconds float64) {
	b, n := capturedOf(before), capturedOf(now)
	packets, dropped := since(n.packets, b.packets), since(n.dropped, b.dropped)
	loss := share(dropped, packets+dropped)
	missing := since(now.Flow.Missing, before.Flow.Missing)
	memory := share(uint64(max(now.Flow.Memory, 0)), uint64(max(now.Flow.MemoryLimit, 0)))

	v.fact("Listening to", cmp.Or(n.names, "nothing"), n.names == "")
	v.fact("Packets", perSecond(packets, seconds)+", "+landingBytes(float64(since(n.bytes, b.bytes))/max(seconds, 1))+"/s", false)
	v.fact("Packets dropped", fmt.Sprintf("%s (%s of the last %s)", landingCount(n.dropped), landingPercent(loss), v.Window), loss > lossRatio)
	v.fact("Payload missed", fmt.Sprintf("%s (%s in the last %s)", landingBytes(float64(now.Flow.Missing)), landingBytes(float64(missing)), v.Window), missing > 0)
	v.fact("Memory for connections", fmt.Sprintf("%s of %s (%s)", landingBytes(float64(now.Flow.Memory)), landingBytes(float64(now.Flow.MemoryLimit)), landingPercent(memory)), memory > fullRatio)
	v.fact("Connections followed", landingCount(uint64(max(now.Flow.Active, 0))), false)
	v.reasons("Connections forgotten early", now.Flow.Evicted, landingCount)
	v.reasons("Payload not decoded", now.Undecoded, func(n uint64) string { return landingBytes(float64(n)) })
	v.reasons("Messages not matched", now.Unmatched, landingCount)
	for _, e := range now.Errors {
		v.fact("Gave up decoding", fmt.Sprintf("%s: %s × %s", e.Protocol, e.Reason, landingCount(e.N)), false)
	}
	if now.Duplicates > 0 {
		v.fact("Packets seen twice", landingCount(now.Duplicates), false)
	}
	if now.Elsewhere > 0 {
		v.fact("Left to other sensors", landingCount(now.Elsewhere)+" transactions", false)
	}
	v.reasons("Left out by ignore", now.Ignored, landingCount)
	for _, s := range now.Budgets {
		if s.Folded > 0 {
			v.fact("Counted as _other ("+s.Family+")", fmt.Sprintf("%s times; %s of %s in use", landingCount(s.Folded), landingCount(uint64(s.Used)), landingCount(uint64(s.Limit))), s.Used >= s.Limit)
		}
	}
	v.warn(loss, memory, since(countOf(now.Flow.Evicted, "memory"), countOf(before.Flow.Evicted, "memory")))
	if len(report.Services) == 0 {
		v.Empty = emptyBecause(n.packets, now)
	}
}

func (v *landingView) fact(name, value string, bad bool) {
	v.Sensor = append(v.Sensor, landingFact{name, value, bad})
}

func (v *landingView) reasons(name string, reasons []metric.Reason, write func(uint64) string) {
	var texts []string
	for _, r := range reasons {
		if r.N > 0 {
			texts = append(texts, strings.ReplaceAll(r.Reason, "_", " ")+" "+write(r.N))
		}
	}
	if len(texts) > 0 {
		v.fact(name, strings.Join(texts, ", "), false)
	}
}

// warn says in words what makes the numbers above wrong.
func (v *landingView) warn(loss, memory float64, evicted uint64) {
	if loss > lossRatio {
		v.Warnings = append(v.Warnings, fmt.Sprintf("The sensor loses %s of the packets. What it could not see is missing from the numbers, or counted as unknown.", landingPercent(loss)))
	}
	if evicted > 0 {
		v.Warnings = append(v.Warnings, fmt.Sprintf("The memory for connections is full: %s were forgotten in the last %s. Raise the memory limit, or look at less traffic.", landingCount(evicted), v.Window))
	} else if memory > fullRatio {
		v.Warnings = append(v.Warnings, "The memory for connections is almost full.")
	}
}

func emptyBecause(packets uint64, s *metric.SensorReport) string {
	switch {
	case packets == 0:
		return "No packet has arrived yet. If this stays so: is it the right interface, and does the mirror port send?"
	case s.Elsewhere > 0:
		return "Every transaction belongs to a server that another sensor measures (measure.servers in the configuration)."
	case len(s.Ignored) > 0:
		return "Every transaction is among those that the configuration leaves out (ignore)."
	case len(s.Undecoded) > 0:
		return "Packets arrive, but no request was recognised yet. Below is what became of the payload."
	}
	return "Packets arrive, but no request has ended yet."
}

// captured is what came in over all interfaces.
type captured struct {
	names                   string
	packets, bytes, dropped uint64
}

func capturedOf(s *metric.SensorReport) (c captured) {
	var names []string
	for _, i := range s.Interfaces {
		names = append(names, i.Name)
		c.packets += i.Packets
		c.bytes += i.Bytes
		for _, d := range i.Dropped {
			c.dropped += d.N
		}
	}
	c.names = strings.Join(names, ", ")
	return c
}

// countOf is how much there was for one reason.
func countOf(reasons []metric.Reason, of string) (n uint64) {
	for _, r := range reasons {
		if r.Reason == of {
			n += r.N
		}
	}
	return n
}

// share is part of whole, and 0 of nothing.
func share(part, whole uint64) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

func perSecond(n uint64, seconds float64) string {
	return landingRate(float64(n)/max(seconds, 1)) + "/s"
}
