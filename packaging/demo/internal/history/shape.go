// Package history writes the weeks before the demo began: what a Prometheus would have stored of a shop that people visit by day more
// than by night, on pay day more than on others, and on a holiday less. In goes what the exporter shows of the running shop (its
// series, and how fast they grow), the shape of the weeks, and the rules; out come blocks in a Prometheus' storage. It invents
// no series, and ends where the real measurement begins.
package history

import (
	"math"
	"time"
)

// Day is what the calendar says of a time.
type Day struct {
	Offset   time.Duration // local time is UTC plus this
	Types    map[string]bool
	LikeDay  float64
	Weekday  time.Weekday
	SinceMid time.Duration // since local midnight
}

// Level is how busy the shop is, as a share of a working day's busiest hour: the same for the history and for the shop that runs.
func Level(d Day) float64 {
	hour := d.SinceMid.Hours()
	switch {
	case d.Types["holiday"] || d.Types["sunday"]:
		return 0.12 + 0.38*bump(hour, 14, 4.5)
	case d.Types["saturday"]:
		return 0.12 + 0.48*bump(hour, 13, 4)
	}
	level := 0.12 + 0.80*bump(hour, 10.5, 2.4) + 0.62*bump(hour, 15.5, 2.6) + 0.30*bump(hour, 20, 1.8)
	if d.Weekday == time.Friday {
		level *= 0.93
	}
	if d.Types["pay_day"] {
		level *= 1.35
	}
	return min(level, 1.35)
}

// bump is a bell around an hour, over midnight too.
func bump(hour, middle, width float64) float64 {
	away := math.Abs(hour - middle)
	away = min(away, 24-away)
	return math.Exp(-away * away / (2 * width * width))
}
