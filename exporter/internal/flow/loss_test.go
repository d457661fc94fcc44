package flow

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/decoders/http1"
	"wire_exporter/exporter/internal/packet"
)

// heard is what a table says of some packets.
type heard struct {
	txns     map[string]txn // by name, which is different for each
	counted  uint64         // what decoders could not match
	stats    Stats
	counters Counters
	problem  string
}

// txn is a transaction without what dies.
type txn struct {
	operation, code               string
	outcome                       decoders.Outcome
	start, requestEnd, first, end decoders.Time
	in, out                       uint64
}

func (h *heard) Transaction(_ int, t *decoders.Txn) {
	name := string(t.Target)
	if name == "" {
		name = string(t.Operation)
	}
	if _, twice := h.txns[name]; twice {
		h.problem = name + " comes twice"
	}
	h.txns[name] = txn{string(t.Operation), string(t.Code), t.Outcome, t.Start, t.RequestEnd, t.FirstByte, t.End, t.BytesIn, t.BytesOut}
}
func (h *heard) Count(int, *decoders.Flow, decoders.Malformed) { h.counted++ }
func (h *heard) Server(decoders.Endpoint, bool) (uint32, bool) { return 1, true }
func (h *heard) Handshake(uint32, int64)                       {}
func (h *heard) RTT(uint32, decoders.Dir, int64)               {}

// listen gives packets to a new table, and ends the capture.
func listen(t testing.TB, packets []packet.Segment) *heard {
	t.Helper()
	h := &heard{txns: map[string]txn{}}
	var m decoders.Memory
	web, err := http1.Plugin.New(decoders.Env{Memory: &m}, nil)
	if err != nil {
		t.Fatal(err)
	}
	table := New(Config{Plugins: []decoders.Plugin{echo, http1.Plugin}}, []decoders.Decoder{&echoDecoder{}, web}, &m, h)
	table.index.seed = [3]uint64{0x9e3779b97f4a7c15, 0xd1b54a32d192ed03, 0x8cb92ba72f3d8dd7} // the same in every run
	for i := range packets {
		s := packets[i]
		s.Payload = bytes.Clone(s.Payload) // nobody may keep it
		table.Segment(&s)
		clear(s.Payload)
	}
	table.Close()
	h.stats = table.Stats()
	table.Counters(func(_ uint32, k *Counters) { h.counters = *k })
	return h
}

// contradicts says what of got is not in all; a difference in what is not known is none.
func (h *heard) contradicts(all *heard) string {
	for name, g := range h.txns {
		w, known := all.txns[name]
		switch {
		case !known:
			return fmt.Sprintf("%s was never said: %+v", name, g)
		case g.outcome != w.outcome && g.outcome != decoders.Unknown,
			g.start != w.start,
			g.requestEnd != 0 && g.requestEnd != w.requestEnd,
			g.first != 0 && g.first != w.first,
			g.end != 0 && g.end != w.end,
			g.outcome != decoders.Unknown && (g.code != w.code || g.out != w.out),
			g.requestEnd != 0 && g.in != w.in:
			return fmt.Sprintf("%s\n got %+v\nwant %+v", name, g, w)
		}
	}
	return h.problem
}

// missing is how many bytes of the packets that were lost can be known to be missing: those before the end of what was
// captured of their direction, or what was acknowledged.
func missing(all, captured []packet.Segment) (n int) {
	client := all[0].Src
	var top [2]uint32
	var has [2]map[uint32]bool
	dir := func(s *packet.Segment) int {
		if s.Src == client {
			return 0
		}
		return 1
	}
	isn, finished := [2]uint32{}, [2]bool{}
	for i := range all {
		if s := &all[i]; s.Flags&packet.SYN != 0 {
			isn[dir(s)] = s.Seq
		}
	}
	for i := range captured {
		s := &captured[i]
		d := dir(s)
		if has[d] == nil {
			has[d] = map[uint32]bool{}
		}
		if len(s.Payload) > 0 {
			has[d][s.Seq] = true
			top[d] = max(top[d], s.Seq+uint32(len(s.Payload))-isn[d])
		}
		if s.Flags&packet.RST != 0 {
			top[d] = max(top[d], s.Seq-isn[d])
		}
		if s.Flags&packet.FIN != 0 {
			finished[d] = true
			top[d] = max(top[d], s.Seq+uint32(len(s.Payload))+1-isn[d])
		}
		if s.Flags&packet.ACK != 0 {
			top[1-d] = max(top[1-d], s.Ack-isn[1-d])
		}
	}
	for i := range all {
		s := &all[i]
		d := dir(s)
		if !has[d][s.Seq] && s.Seq-isn[d] < top[d] {
			n += len(s.Payload)
		}
		if fin := s.Seq + uint32(len(s.Payload)); s.Flags&packet.FIN != 0 && !finished[d] && fin-isn[d] < top[d] {
			n++ // nobody knows that it was none
		}
	}
	return n
}

// Whatever part of the packets the capture loses: no transaction is invented and none says anything that is not so, and the bytes that were lost
// are counted, to the byte where the beginning of the connection was seen.
func TestLossySamples(t *testing.T) {
	for name, c := range map[string]struct {
		dialect
		pipelining bool
	}{"echo": {echoDialect, false}, "http": {httpDialect, false}, "http, pipelined": {httpDialect, true}} {
		t.Run(name, func(t *testing.T) {
			for _, rate := range []float64{0.001, 0.01, 0.05, 0.1} {
				requests, measured := 0, 0
				for seed := range uint64(200) {
					all := converse(seed, c.dialect, c.pipelining, 0)
					whole := listen(t, all)
					rng := rand.New(rand.NewPCG(seed, uint64(rate*1000)))
					captured := slices.DeleteFunc(slices.Clone(all), func(packet.Segment) bool { return rng.Float64() < rate })
					got := listen(t, captured)
					if problem := got.contradicts(whole); problem != "" {
						t.Fatalf("seed %d, %v lost: %s", seed, rate, problem)
					}
					requests += len(whole.txns)
					for name, g := range got.txns {
						if g.outcome == whole.txns[name].outcome && g.end == whole.txns[name].end {
							measured++
						}
					}
					if len(got.txns) < len(whole.txns) && got.stats.MissingBytes == 0 && got.counted == 0 && len(captured) > 0 && captured[0].Flags&packet.SYN != 0 && captured[len(captured)-1].Seq == all[len(all)-1].Seq {
						t.Fatalf("seed %d, %v lost: %d of %d requests, and nothing is said of the others: %+v", seed, rate, len(got.txns), len(whole.txns), got.stats)
					}
					if want := uint64(missing(all, captured)); len(captured) > 1 && captured[0].Flags == packet.SYN && captured[1].Flags&packet.SYN != 0 && got.stats.MissingBytes != want {
						t.Fatalf("seed %d, %v lost: %d bytes are missing, %d said", seed, rate, want, got.stats.MissingBytes)
					}
				}
				t.Logf("%v lost: %d of %d requests are measured", rate, measured, requests)
			}
		})
	}
}
