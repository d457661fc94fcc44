package pipeline

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// Transaction implements flow.Observer.
func (w *worker) Transaction(plugin int, t *decoders.Txn) {
	v := w.labels.Label(t, uint8(plugin), label.Wire, &w.set)
	switch v {
	case label.Elsewhere:
		w.shard.Elsewhere()
	case label.Counted:
		w.shard.Transaction(t, &w.set)
		w.users(t)
	}
	if w.tap != nil {
		w.tap(plugin, t, &w.set, v)
	}
}

// users counts log-ins and log-outs.
func (w *worker) users(t *decoders.Txn) {
	event, outcome := w.labels.Login(t, &w.set)
	if event == label.NoUserEvent {
		return
	}
	set := w.set
	set.Outcome = outcome
	if event == label.UserLogin {
		w.shard.Login(&set)
	} else {
		w.shard.Logout(&set)
	}
}

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
