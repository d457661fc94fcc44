package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// Calendar is what the exporter's configuration says of each hour.
type Calendar struct{ changes []change }

// change is a line of "wire_exporter calendar": from then on it is so.
type change struct {
	At          time.Time       `json:"at"`
	Offset      float64         `json:"utc_offset_seconds"`
	Types       map[string]bool `json:"types"`
	LikeDay     float64         `json:"like_day_offset_days"`
	Maintenance map[string]bool `json:"maintenance"`
}

// ReadCalendar asks the exporter.
func ReadCalendar(exporter, config string, from, to time.Time) (*Calendar, error) {
	out, err := exec.Command(exporter, "calendar", "--json", "--from="+from.UTC().Format(time.RFC3339), "--to="+to.UTC().Format(time.RFC3339), config).Output()
	if exit := (&exec.ExitError{}); errors.As(err, &exit) { // it has said why
		return nil, fmt.Errorf("%s calendar: %s", exporter, strings.TrimSpace(string(exit.Stderr)))
	}
	if err != nil {
		return nil, err
	}
	c := &Calendar{}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var one change
		if err := d.Decode(&one); err != nil {
			return nil, err
		}
		c.changes = append(c.changes, one)
	}
	if len(c.changes) == 0 {
		return nil, fmt.Errorf("%s has no calendar", config)
	}
	return c, nil
}

// At is what the calendar says of t.
func (c *Calendar) At(t time.Time) Day {
	i, found := slices.BinarySearchFunc(c.changes, t, func(c change, t time.Time) int { return c.At.Compare(t) })
	if !found {
		i = max(i-1, 0)
	}
	now := c.changes[i]
	d := Day{Offset: time.Duration(now.Offset) * time.Second, Types: now.Types, LikeDay: now.LikeDay}
	local := t.UTC().Add(d.Offset)
	d.Weekday, d.SinceMid = local.Weekday(), local.Sub(local.Truncate(24*time.Hour))
	return d
}
