package pipeline

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Transaction implements flow.Observer.
func (w *worker) Transaction(plugin int, t *decoders.Txn) { w.count(plugin, t, label.Wire) }

// Count implements flow.Observer.
func (w *worker) Count(_ int, f *decoders.Flow, reason decoders.Malformed) {
	w.shard.Unmatched(label.ID(f.Tag), reason)
}

// Server implements flow.Observer.
func (w *worker) Server(server decoders.Endpoint, answered bool) (uint32, bool) {
	id, measured := w.labels.Server(server, answered)
	return uint32(id), measured
}

// Handshake implements flow.Observer.
func (w *worker) Handshake(tag uint32, ns int64) { w.shard.Handshake(label.ID(tag), ns) }

// RTT implements flow.Observer.
func (w *worker) RTT(tag uint32, side decoders.Dir, ns int64) { w.shard.RTT(label.ID(tag), side, ns) }
