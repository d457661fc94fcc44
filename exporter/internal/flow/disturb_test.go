package flow

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/packet"
)

// What a capture does to packets, other than to lose them.

func byTime(packets []packet.Segment) []packet.Segment {
	slices.SortStableFunc(packets, func(a, b packet.Segment) int { return cmp.Compare(a.Time, b.Time) })
	return packets
}

// twice shows each packet with that probability a second time, a little later, one hop further on.
func twice(rng *rand.Rand, packets []packet.Segment, probability float64) (all []packet.Segment, copies uint64) {
	all = slices.Clone(packets)
	for _, s := range packets {
		if rng.Float64() >= probability {
			continue
		}
		within := int64(plainCopyWithin)
		if s.IPID != 0 || s.Options != 0 {
			within = copyWithin
		}
		s.Time += rng.Int64N(within)
		s.TTL -= uint8(rng.IntN(2))
		all = append(all, s)
		copies++
	}
	return byTime(all), copies
}

// disorder moves packets up to so much time up or down the capture, with their time stamps: they come from several rings.
func disorder(rng *rand.Rand, packets []packet.Segment, within int64) []packet.Segment {
	at := map[int64]int64{}
	for _, s := range packets {
		at[s.Time] = s.Time + rng.Int64N(within)
	}
	packets = slices.Clone(packets)
	slices.SortStableFunc(packets, func(a, b packet.Segment) int { return cmp.Compare(at[a.Time], at[b.Time]) })
	return packets
}

// legs moves what the server sends up or down the capture by so much time: it comes from the other leg of a TAP, which is read sooner or later.
func legs(packets []packet.Segment, by int64) []packet.Segment {
	at := func(s packet.Segment) int64 {
		if s.Src == packets[0].Dst {
			return s.Time + by
		}
		return s.Time
	}
	return slices.SortedStableFunc(slices.Values(packets), func(a, b packet.Segment) int { return cmp.Compare(at(a), at(b)) })
}

// skew stamps what the server sends with another clock.
func skew(packets []packet.Segment, by int64) []packet.Segment {
	packets = slices.Clone(packets)
	server := packets[0].Dst
	for i := range packets {
		if packets[i].Src == server {
			packets[i].Time += by
		}
	}
	return byTime(packets)
}

func reset(packets []packet.Segment) bool {
	return slices.ContainsFunc(packets, func(s packet.Segment) bool { return s.Flags&packet.RST != 0 })
}

// lose takes packets out. Of a segment that was sent again the second is not left alone: its time would be that of the bytes, as far as anybody
// can know.
func lose(rng *rand.Rand, packets []packet.Segment, probability float64) []packet.Segment {
	type place struct {
		src packet.Endpoint
		seq uint32
	}
	lost := map[place]bool{}
	return slices.DeleteFunc(slices.Clone(packets), func(s packet.Segment) bool {
		at := place{s.Src, s.Seq}
		is := rng.Float64() < probability || len(s.Payload) > 0 && lost[at]
		lost[at] = lost[at] || is && len(s.Payload) > 0
		return is
	})
}

var dialects = map[string]struct {
	dialect
	pipelining bool
}{"echo": {echoDialect, false}, "http": {httpDialect, false}, "http, pipelined": {httpDialect, true}}

// eachConversation calls f with conversations in all dialects, in a network that loses some packets itself; but not where requests are
// pipelined: when the first byte of a response could be used then depends on the one before, of which a capture may have lost the rest.
func eachConversation(t *testing.T, n uint64, f func(t *testing.T, seed uint64, rng *rand.Rand, packets []packet.Segment)) {
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			for seed := range n {
				lossy := 0.02 * float64(seed%2)
				if d.pipelining {
					lossy = 0
				}
				f(t, seed, rand.New(rand.NewPCG(seed, 99)), converse(seed, d.dialect, d.pipelining, lossy))
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A capture in which packets come twice says what one says in which they come once.
func TestCopiesChangeNothing(t *testing.T) {
	eachConversation(t, 100, func(t *testing.T, seed uint64, rng *rand.Rand, packets []packet.Segment) {
		doubled, copies := twice(rng, packets, []float64{0.05, 1}[rng.IntN(2)])
		want, got := listen(t, packets), listen(t, doubled)
		if !maps.Equal(got.txns, want.txns) || got.counters != want.counters || got.stats.Duplicates != want.stats.Duplicates+copies {
			t.Errorf("seed %d: %d of %d copies\n got %+v %+v\nwant %+v %+v", seed, got.stats.Duplicates, copies, got.txns, got.counters, want.txns, want.counters)
		}
	})
}

// Packets that a capture with several rings brings out of order say the same.
func TestDisorderChangesNothing(t *testing.T) {
	eachConversation(t, 100, func(t *testing.T, seed uint64, rng *rand.Rand, packets []packet.Segment) {
		want := listen(t, packets)
		near := map[string][]packet.Segment{"100 µs": disorder(rng, packets, 1e5), "500 µs": disorder(rng, packets, 5e5),
			"a leg 1 ms late": legs(packets, 1e6), "a leg 1 ms early": legs(packets, -1e6)}
		if seed%2 == 0 { // else it is as with two clocks
			for _, by := range []int64{20e6, -20e6, 100e6, -100e6} {
				near[fmt.Sprint("a leg late by ", by)] = legs(packets, by)
			}
		}
		for name, disordered := range near {
			got := listen(t, disordered)
			same := maps.Equal(got.txns, want.txns) && got.stats.MissingBytes == 0 && got.counters.Bytes == want.counters.Bytes
			if reset(packets) { // which ends all, even when it comes too early
				same = got.contradicts(want) == ""
			}
			if !same {
				t.Errorf("seed %d, %s: %s\n got %+v\nwant %+v", seed, name, got.contradicts(want), got.txns, want.txns)
			}
		}
	})
}

// With two clocks, requests and responses are matched as with one; each has its own clock's times.
func TestClocksApart(t *testing.T) {
	eachConversation(t, 100, func(t *testing.T, seed uint64, rng *rand.Rand, packets []packet.Segment) {
		want := listen(t, packets)
		for _, by := range []int64{1e3, -1e3, 2e4, -2e4, 1e6, -1e6, 20e6, -20e6} {
			if max(by, -by) > 10e6 && seed%2 == 1 {
				continue // acknowledgments come before what they acknowledge, so what the network lost cannot be told
			}
			got := listen(t, skew(packets, by))
			for name, g := range got.txns {
				if g.first != 0 {
					g.first -= decoders.Time(by)
				}
				if g.end != 0 && g.outcome < decoders.Aborted {
					g.end -= decoders.Time(by)
				}
				got.txns[name] = g
			}
			lost := max(by, -by) < 10e6 && len(got.txns) != len(want.txns)
			if problem := got.contradicts(want); problem != "" || lost {
				t.Errorf("seed %d, %v apart: %s\n got %+v\nwant %+v", seed, by, problem, got.txns, want.txns)
			}
		}
	})
}

// Everything at once, and then the capture loses packets too.
func TestLossAndDisturbance(t *testing.T) {
	eachConversation(t, 100, func(t *testing.T, seed uint64, rng *rand.Rand, packets []packet.Segment) {
		whole := listen(t, packets)
		for _, rate := range []float64{0.001, 0.01, 0.05} {
			captured := lose(rng, packets, rate)
			doubled, _ := twice(rng, captured, 0.02)
			for name, packets := range map[string][]packet.Segment{"copies": doubled, "disorder": disorder(rng, captured, 2e6)} {
				if problem := listen(t, packets).contradicts(whole); problem != "" {
					t.Errorf("seed %d, %v lost, with %s: %s", seed, rate, name, problem)
				}
			}
		}
	})
}

// A capture that begins in the middle, ends there, or has one direction only, says nothing that is not so. (Where requests are pipelined a response in the
// middle may be taken for that of the first request that was seen.)
func TestPartsOfConversations(t *testing.T) {
	eachConversation(t, 100, func(t *testing.T, seed uint64, rng *rand.Rand, packets []packet.Segment) {
		whole := listen(t, packets)
		from := rng.IntN(len(packets))
		to := from + rng.IntN(len(packets)-from)
		client := packets[0].Src
		for name, part := range map[string][]packet.Segment{
			"from the middle": packets[from:], "to the middle": packets[:to], "the middle": packets[from:to],
			"requests":  slices.DeleteFunc(slices.Clone(packets), func(s packet.Segment) bool { return s.Src != client }),
			"responses": slices.DeleteFunc(slices.Clone(packets), func(s packet.Segment) bool { return s.Src == client }),
		} {
			if problem := listen(t, part).contradicts(whole); problem != "" {
				t.Errorf("seed %d, %s: %s", seed, name, problem)
			}
		}
	})
}
