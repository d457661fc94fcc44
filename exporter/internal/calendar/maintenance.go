package calendar

import (
	"slices"
	"time"
)

// Window is a time of planned maintenance, in local time.
type Window struct {
	Services []string // none: everything

	From, To time.Time // once, when Every is empty; as if in UTC: the zone is the calendar's

	Every []time.Weekday // on these days
	Begin time.Duration  // after midnight
	End   time.Duration  // after midnight; not after Begin: of the next day
}

// maintenance says for every service that has windows whether it is in one.
func (c *Config) maintenance(local time.Time) map[string]bool {
	all := map[string]bool{}
	for _, w := range c.Windows {
		services := w.Services
		if len(services) == 0 {
			services = []string{""}
		}
		open := w.open(local)
		for _, s := range services {
			all[s] = all[s] || open
		}
	}
	return all
}

// open compares wall clocks: a window from 2 to 3 is gone in the night in which that hour is, and twice as long when it comes
// twice.
func (w *Window) open(local time.Time) bool {
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), 0, time.UTC)
	if len(w.Every) == 0 {
		return !wall.Before(w.From) && wall.Before(w.To)
	}
	since := wall.Sub(dateOf(wall))
	today, yesterday := slices.Contains(w.Every, wall.Weekday()), slices.Contains(w.Every, (wall.Weekday()+6)%7)
	if w.Begin < w.End {
		return today && since >= w.Begin && since < w.End
	}
	return today && since >= w.Begin || yesterday && since < w.End
}
