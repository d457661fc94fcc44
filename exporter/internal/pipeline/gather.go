package pipeline

import (
	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/flow"
	"wire_exporter/exporter/internal/label"
	"wire_exporter/exporter/internal/metric"
	"wire_exporter/exporter/internal/packet"
)

// gather puts what all stages have counted into in. What one worker counted is of one moment.
func (p *Pipeline) gather(in *metric.Input) {
	for _, w := range p.workers {
		w.visit(func() {
			w.shard.Flush()
			in.Now = max(in.Now, w.table.Now())
			w.services(in)
			w.flow(in)
			w.unread(in)
		})
	}
	for _, w := range p.logs {
		w.gather(in)
	}
	for _, s := range p.setup.Capture.Stats() {
		in.Interfaces = append(in.Interfaces, received(s))
	}
}

func received(s capture.InterfaceStats) metric.Interface {
	i := metric.Interface{Name: s.Name, Packets: s.Packets, Bytes: s.Bytes}
	for r := range capture.DropReason(capture.NumDropReasons) {
		i.Dropped = append(i.Dropped, metric.Reason{Reason: r.String(), N: s.Dropped[r]})
	}
	return i
}

// unread puts in what gave no segment. A fragment is counted when it is known that it never will.
func (w *worker) unread(in *metric.Input) {
	for r := range packet.Reason(packet.NumReasons) {
		if r != packet.OK && r != packet.Fragment {
			in.Undecoded = append(in.Undecoded, metric.Reason{Reason: r.String(), N: w.unparsed[r]})
		}
	}
	s := w.parser.Fragments()
	in.Duplicates += s.Duplicates
	for l := range packet.FragmentLoss(packet.NumFragmentLosses) {
		n := s.Lost[l]
		if l == packet.FragmentNoRoom {
			n += w.inbox.refused()
		}
		in.Undecoded = append(in.Undecoded, metric.Reason{Reason: l.String(), N: n})
	}
}

// services puts in what TCP shows of each service, and what is in flight there.
func (w *worker) services(in *metric.Input) {
	w.table.Counters(func(tag uint32, c *flow.Counters) {
		in.Services = append(in.Services, metric.Service{
			ID: label.ID(tag), Segments: c.Segments, Retransmitted: c.Retransmitted, Resets: c.Resets, ZeroWindows: c.ZeroWindows,
			Accepted: c.Accepted, Refused: c.Refused, Unanswered: c.Unanswered, Connections: c.Connections, Bytes: c.Bytes, Missing: c.Missing,
		})
	})
	w.sessions(in)
	waiting := map[flow.Of]flow.Waiting{}
	w.table.Waiting(waiting)
	for of, n := range waiting {
		in.Waiting = append(in.Waiting, metric.Waiting{ID: label.ID(of.Tag), Protocol: of.Plugin, Requests: n.Requests, Oldest: n.Oldest})
	}
}

// flow puts in what the flow table says of itself.
func (w *worker) flow(in *metric.Input) {
	s := w.table.Stats()
	f := &in.Flow
	in.Duplicates += s.Duplicates
	f.Active += s.Active
	f.Memory += s.Memory
	f.MemoryLimit += s.MemoryLimit
	f.Gaps += s.Gaps
	f.Missing += s.MissingBytes
	for r := range flow.Eviction(flow.NumEvictions) {
		f.Evicted = append(f.Evicted, metric.Reason{Reason: r.String(), N: s.Evicted[r]})
	}
	for r := range flow.Undecoded(flow.NumUndecoded) {
		in.Undecoded = append(in.Undecoded, metric.Reason{Reason: r.String(), N: s.Undecoded[r]})
	}
	for e, n := range s.Errors {
		in.Errors = append(in.Errors, metric.Error{Protocol: e.Plugin, Reason: string(e.Reason), N: n})
	}
}
