package metric

import (
	"time"

	"wire_exporter/exporter/internal/calendar"
)

// Calendar says what kind of day it is from now on; nil: nothing is said.
func (m *Metrics) Calendar(c *calendar.Config) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calendar = c
}

// passCalendar goes by the newest capture time, so that a capture file gives the same each time. Before the first packet it
// says nothing.
func (m *Metrics) passCalendar() {
	if m.input.Now == 0 {
		return
	}
	p := &m.plain
	d, ok := m.calendar.At(time.Unix(0, int64(m.input.Now)))
	if !ok {
		return
	}
	p.utcOffset.pass(d.UTCOffset.Seconds())
	for kind, is := range d.Types {
		p.dayType.pass(oneIf(is), kind)
	}
	if d.LikeDay > 0 {
		p.likeDay.pass(float64(d.LikeDay))
	}
	for service, open := range d.Maintenance {
		p.maintenance.pass(oneIf(open), service)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
