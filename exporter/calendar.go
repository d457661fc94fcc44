package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/config"
)

// calendarCommand adds "calendar".
func calendarCommand(app *kingpin.Application) func() error {
	cmd := app.Command("calendar", "Print what the calendar of a configuration says: a line for each change, within these times.")
	file := cmd.Arg("file", "The configuration file.").Required().String()
	from := cmd.Flag("from", "From this time on (RFC 3339); now if not given.").String()
	to := cmd.Flag("to", "Until this time; 60 days later if not given.").String()
	asJSON := cmd.Flag("json", "Print one JSON object a line.").Bool()
	return func() error {
		begin, err := timeOr(*from, time.Now())
		if err != nil {
			return err
		}
		end, err := timeOr(*to, begin.AddDate(0, 0, 60))
		if err != nil {
			return err
		}
		cfg, err := config.Load(*file, all.Plugins)
		if err != nil {
			return err
		}
		return printCalendar(os.Stdout, cfg, begin, end, *asJSON)
	}
}

func timeOr(s string, otherwise time.Time) (time.Time, error) {
	if s == "" {
		return otherwise, nil
	}
	return time.Parse(time.RFC3339, s)
}

// calendarChange is from when on the calendar says something else; the fields are those of the metrics.
type calendarChange struct {
	At          time.Time       `json:"at"`
	Offset      float64         `json:"utc_offset_seconds"`
	Types       map[string]bool `json:"types"`
	LikeDay     int             `json:"like_day_offset_days"`
	Maintenance map[string]bool `json:"maintenance"`
}

// printCalendar looks at every minute: what the calendar says changes at none between.
func printCalendar(out io.Writer, cfg *config.Config, from, to time.Time, asJSON bool) error {
	var last calendarChange
	for t := from.UTC().Truncate(time.Minute); t.Before(to); t = t.Add(time.Minute) {
		d, ok := cfg.Calendar.At(t)
		if !ok {
			return errors.New("the configuration has no calendar")
		}
		now := calendarChange{last.At, d.UTCOffset.Seconds(), d.Types, d.LikeDay, d.Maintenance}
		if reflect.DeepEqual(now, last) {
			continue
		}
		now.At = t
		last = now
		if err := now.print(out, asJSON); err != nil {
			return err
		}
	}
	return nil
}

func (c calendarChange) print(out io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(out).Encode(c)
	}
	local := c.At.In(time.FixedZone("", int(c.Offset)))
	kinds := trueOnes(c.Types)
	_, err := fmt.Fprintf(out, "%s  %-20s like %d days ago", local.Format("Mon 2006-01-02 15:04 -07:00"), strings.Join(kinds, " "), c.LikeDay)
	if open := trueOnes(c.Maintenance); err == nil && len(open) > 0 {
		_, err = fmt.Fprintf(out, "  maintenance: %s", strings.Join(open, " "))
	}
	if err == nil {
		_, err = fmt.Fprintln(out)
	}
	return err
}

// trueOnes are the keys that are true; the empty one, which stands for every service, is "everything".
func trueOnes(m map[string]bool) (keys []string) {
	for _, k := range slices.Sorted(maps.Keys(m)) {
		switch {
		case m[k] && k == "":
			keys = append(keys, "everything")
		case m[k]:
			keys = append(keys, k)
		}
	}
	return keys
}
