package pipeline

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/flow"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
)

// sessions puts in what the clients of databases are doing.
func (w *worker) sessions(in *metric.Input) {
	type key struct {
		of       flow.Of
		database label.ID
	}
	all := map[key]*metric.Sessions{}
	w.table.Sessions(func(of flow.Of, database []byte, state decoders.SessionState) {
		k := key{of, w.labels.Database(label.ID(of.Tag), database)}
		if all[k] == nil {
			all[k] = &metric.Sessions{ID: label.ID(of.Tag), Protocol: of.Plugin, Database: k.database}
		}
		all[k].States[state]++
	})
	for _, s := range all {
		in.Sessions = append(in.Sessions, *s)
	}
}
