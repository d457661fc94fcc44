package main

import (
	"fmt"
	"io"
)

// table prints rows as Markdown.
func table(out io.Writer, rows []row) {
	fmt.Fprintln(out, "| capture | packets | MB | requests | exporter CPU s | tcpdump CPU s | ratio | ns a packet | Gbit/s a core | peak MiB |")
	fmt.Fprintln(out, "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, r := range rows {
		e, t := r.exporter.Seconds(), r.tcpdump.Seconds()
		fmt.Fprintf(out, "| %s | %d | %.0f | %d | %.3f | %.3f | **%.2f** | %.0f | %.1f | %.0f |\n", r.Name, r.Packets, float64(r.Bytes)/1e6, r.Counts.total(),
			e, t, e/t, e*1e9/float64(r.Packets), float64(r.Bytes)*8/1e9/e, float64(r.rss)/(1<<20))
	}
}
