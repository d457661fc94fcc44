package pipeline

import (
	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
)

// tally labels the transactions of one goroutine and counts them.
type tally struct {
	labels *label.Labeler
	shard  *metric.Shard
	set    label.Set
	tap    func(int, *decoders.Txn, *label.Set, label.Verdict)
}

func (p *Pipeline) tally() tally {
	return tally{labels: p.setup.Book.Worker(), shard: p.setup.Metrics.Shard(), tap: p.setup.Tap}
}

// count counts a transaction, or finds that it is not to be counted here.
func (w *tally) count(plugin int, t *decoders.Txn, from label.Source) {
	v := w.labels.Label(t, uint8(plugin), from, &w.set)
	switch v {
	case label.Counted:
		w.shard.Transaction(t, &w.set)
		w.sql(t)
		w.users(t)
	default:
		w.shard.LeftOut(v)
	}
	if w.tap != nil {
		w.tap(plugin, t, &w.set, v)
	}
}

// sql counts what is special to databases.
func (w *tally) sql(t *decoders.Txn) {
	switch {
	case t.Kind == decoders.Request && (t.SQL != nil || len(t.Database) > 0):
		w.shard.SQL(t, &w.set, w.labels.Statement(t))
	case t.Kind == decoders.Login, t.Kind == decoders.SQLTransaction:
		w.shard.SQL(t, &w.set, label.None)
	}
}

// users counts log-ins and log-outs.
func (w *tally) users(t *decoders.Txn) {
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
