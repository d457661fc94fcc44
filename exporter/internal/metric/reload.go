package metric

import (
	"sync"
	"time"
)

// reload is how the last attempt to load the configuration went.
type reload struct {
	mu sync.Mutex
	ok bool
	at time.Time // of the last success
}

// Reloaded notes that the configuration was loaded, or that an attempt at the time now failed.
func (m *Metrics) Reloaded(ok bool, now time.Time) {
	m.reload.mu.Lock()
	defer m.reload.mu.Unlock()
	m.reload.ok = ok
	if ok {
		m.reload.at = now
	}
}

func (r *reload) last() (ok, at float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ok {
		ok = 1
	}
	if !r.at.IsZero() {
		at = float64(r.at.UnixMilli()) / 1e3
	}
	return ok, at
}
