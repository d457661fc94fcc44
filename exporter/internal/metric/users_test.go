package metric

import (
	"math"
	"math/rand/v2"
	"testing"

	"wire_exporter/decoders"
)

// visit makes a request of each session at a time.
func visit(s *Shard, at decoders.Time, sessions ...uint64) {
	for _, session := range sessions {
		x := txn(decoders.OK)
		x.Start, x.RequestEnd, x.FirstByte, x.End, x.Session = at, at, at, at, session
		s.Transaction(x, set(decoders.OK))
	}
}

func sessionsFrom(seed uint64, n int) (sessions []uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	for range n {
		sessions = append(sessions, max(1, rng.Uint64()))
	}
	return sessions
}

// users scrapes with capture time at now.
func usersAt(t *testing.T, m *Metrics, now decoders.Time, shards ...*Shard) (short, long float64) {
	t.Helper()
	m.Attach(func(in *Input) {
		for _, s := range shards {
			s.Flush()
		}
		in.Now = now
	})
	all := scrape(t, m)
	return all[`wire_active_users{service_name="bank",source="wire",window="5m"}`].GetGauge().GetValue(),
		all[`wire_active_users{service_name="bank",source="wire",window="1h"}`].GetGauge().GetValue()
}

// Sessions leave a window when it has passed, to within a slot, whether anything else happens or not.
func TestUsersLeaveTheWindows(t *testing.T) {
	m, s := setup(Options{})
	const origin = start - start%(300*second) // a slot of both windows begins
	visit(s, origin, sessionsFrom(1, 10)...)
	visit(s, origin+120*second, sessionsFrom(2, 5)...)
	for _, c := range []struct {
		after       decoders.Time
		short, long float64
	}{
		{120 * second, 15, 15},
		{300*second - 1, 15, 15},
		{360 * second, 5, 15},
		{480*second - 1, 5, 15},
		{480 * second, 0, 15},
		{3600*second - 1, 0, 15},
		{3900 * second, 0, 0},
	} {
		short, long := usersAt(t, m, origin+c.after, s)
		if short != c.short || long != c.long {
			t.Errorf("after %d s: %g and %g users, want %g and %g", c.after/second, short, long, c.short, c.long)
		}
	}
}

// Several workers that see the same users count each once.
func TestUsersOfSeveralWorkers(t *testing.T) {
	m, a := setup(Options{})
	b := m.Shard()
	visit(a, start, sessionsFrom(1, 40)...)
	visit(b, start, sessionsFrom(1, 20)...)
	visit(b, start+61*second, sessionsFrom(2, 7)...)
	visit(a, start+61*second, sessionsFrom(1, 40)...)
	if short, long := usersAt(t, m, start+62*second, a, b); short != 47 || long != 47 {
		t.Errorf("%g and %g users, want 47", short, long)
	}
}

func TestUsersAccuracy(t *testing.T) {
	for _, n := range []int{1, 100, 1000, 3000, 20_000, 200_000} {
		m, s := setup(Options{})
		visit(s, start, sessionsFrom(uint64(n), n)...)
		short, _ := usersAt(t, m, start, s)
		if miss := math.Abs(short-float64(n)) / float64(n); miss > 0.05 {
			t.Errorf("%g users, want %d: %.1f %% off", short, n, miss*100)
		}
	}
}

// The clock was set back: users are still counted.
func TestUsersAfterAClockStep(t *testing.T) {
	m, s := setup(Options{})
	visit(s, start+86400*second, sessionsFrom(1, 3)...)
	visit(s, start, sessionsFrom(2, 4)...)
	if short, long := usersAt(t, m, start, s); short != 4 || long != 4 {
		t.Errorf("%g and %g users, want 4", short, long)
	}
}

func TestUsersWithoutASession(t *testing.T) {
	m, s := setup(Options{})
	visit(s, start, 0, 0)
	if all := scrape(t, m); all[`wire_active_users{service_name="bank",source="wire",window="5m"}`] != nil {
		t.Error("users of a service whose users are not known")
	}
}
