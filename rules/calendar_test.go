package rules_test

import (
	"math"
	"testing"
	"time"
	_ "time/tzdata"
)

var oslo = func() *time.Location {
	l, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return l
}()

// Easter 2026: Thursday, April 2 to Monday, April 6; and a pay day.
func isHoliday(local time.Time) bool {
	return local.Year() == 2026 && local.Month() == time.April && (local.Day() == 2 || local.Day() == 3 || local.Day() == 5 || local.Day() == 6)
}

func isPayDay(local time.Time) bool { return local.Day() == 12 && !isWeekend(local) }

func isWeekend(local time.Time) bool {
	return local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
}

// likeDay is how many days ago the last day like this was, as the exporter says it.
func likeDay(local time.Time) float64 {
	back := func(days int) time.Time { return local.AddDate(0, 0, -days) }
	special := func(l time.Time) bool { return isHoliday(l) && l.Weekday() != time.Sunday || isPayDay(l) }
	for days := 1; days <= 35; days++ {
		then := back(days)
		switch {
		case isPayDay(local):
			if isPayDay(then) {
				return float64(days)
			}
		case special(local):
			if isHoliday(then) || then.Weekday() == time.Sunday {
				return float64(days)
			}
		case days%7 == 0 && !special(then):
			return float64(days)
		}
	}
	return math.NaN()
}

// branch is a bank in Oslo: a holiday is like a Sunday, and on pay day there is twice as much to do.
func branch(at time.Time) float64 {
	local := at.In(oslo)
	switch {
	case isHoliday(local):
		return bank(local.AddDate(0, 0, -int(local.Weekday())))
	case isPayDay(local):
		return 2 * bank(local)
	}
	return bank(local)
}

func noisyBranch(at time.Time) float64 { return branch(at) * (1 + 0.04*noise("branch", at)) }

// oslosCalendar is what a sensor says until it dies.
func oslosCalendar(death time.Time) map[string]history {
	alive := func(h history) history {
		return func(at time.Time) float64 {
			if at.Before(death) {
				return h(at)
			}
			return math.NaN()
		}
	}
	return map[string]history{
		"wire_calendar_utc_offset_seconds": alive(func(at time.Time) float64 {
			_, offset := at.In(oslo).Zone()
			return float64(offset)
		}),
		"wire_calendar_like_day_offset_days": alive(func(at time.Time) float64 { return likeDay(at.In(oslo)) }),
	}
}

// off is how far the season is from the truth on a local day, as a share of that day's level.
func (b bands) off(name string, day time.Time) float64 {
	var sum, level float64
	for _, s := range b.between("wire:band:season", name, day, day.AddDate(0, 0, 1)) {
		sum += math.Abs(s.v - branch(s.at))
		level += branch(s.at)
	}
	return sum / level
}

// outside is for how many minutes of a local day a signal was outside its band.
func (b bands) outside(name string, day time.Time) int {
	return len(b.between("wire:band:outside", name+"now", day, day.AddDate(0, 0, 1)))
}

func local(text string) time.Time {
	at, err := time.ParseInLocation(time.DateOnly, text, oslo)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return at
}

// TestClockChanges: with the calendar the season follows the clocks, and comes out of Easter as it went in; without, it is an
// hour off for days, and takes Easter for working days.
func TestClockChanges(t *testing.T) {
	never := local("2030-01-01")
	for _, tt := range []struct {
		name     string
		from, to string
		days     []string // on these the calendar makes the difference
		after    []string // on these it is to do no harm
	}{
		{"spring, Easter, pay day", "2026-02-09", "2026-04-15", []string{"2026-03-30", "2026-03-31", "2026-04-02", "2026-04-03", "2026-04-06", "2026-03-12"}, []string{"2026-04-07", "2026-04-08", "2026-04-09", "2026-04-10", "2026-04-13", "2026-04-14"}},
		{"autumn", "2026-09-14", "2026-11-04", []string{"2026-10-26", "2026-10-27"}, []string{"2026-10-28", "2026-10-31", "2026-11-01", "2026-11-02", "2026-11-03"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := world{from: local(tt.from), to: local(tt.to), signal: "own", services: map[string]history{"branch": noisyBranch}}
			metrics := []string{"wire:band:season", "wire:band:outside"}
			plain := w.run(t, metrics...)
			w.others = oslosCalendar(never)
			b := w.run(t, metrics...)
			for _, text := range append(tt.days, tt.after...) {
				day := local(text)
				off, was := b.off("branch", day), plain.off("branch", day)
				t.Logf("%s: off by %.3f, outside for %d minutes; without a calendar %.3f, %d", text, off, b.outside("branch", day), was, plain.outside("branch", day))
				if !(off < limit(day)) || b.outside("branch", day) > 2 {
					t.Error("that is not normal")
				}
			}
			for _, text := range tt.days {
				if day := local(text); !(plain.off("branch", day) > 2*b.off("branch", day)) {
					t.Errorf("%s: it would have been the same without a calendar", text)
				}
			}
		})
	}
}

// limit is how far off the season may be: on special days it stands on few others, and does not follow the clocks.
func limit(day time.Time) float64 {
	if isHoliday(day) || isPayDay(day) {
		return 0.12
	}
	return 0.02
}

// TestDeadCalendar: when nobody says any more what day it is, days are compared with plain weeks.
func TestDeadCalendar(t *testing.T) {
	w := world{from: local("2026-03-02"), to: local("2026-04-02"), signal: "own", services: map[string]history{"branch": noisyBranch}}
	plain := w.run(t, "wire:band:season")
	w.others = oslosCalendar(local("2026-03-30"))
	b := w.run(t, "wire:band:season")
	from := local("2026-03-30").Add(10 * time.Minute)
	want := plain.between("wire:band:season", "branch", from, w.to)
	got := b.between("wire:band:season", "branch", from, w.to)
	if len(got) != len(want) || len(got) < 2*288 {
		t.Fatalf("%d seasons, not %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("%s: %g, not %g", got[i].at, got[i].v, want[i].v)
		}
	}
}

// TestMaintenance: what happens during it is not learned.
func TestMaintenance(t *testing.T) {
	begin := day(8 + 10./24)
	w := world{from: start, to: day(9.5), signal: "own", services: map[string]history{"healthy": noisy, "maintained": outage(noisy, begin, 4*time.Hour)}}
	w.others = map[string]history{"wire_calendar_maintenance": func(at time.Time) float64 {
		if !at.Before(begin) && at.Before(begin.Add(4*time.Hour)) {
			return 1
		}
		return 0
	}}
	b := w.run(t, "wire:signal:avg5m")
	if n := len(b.between("wire:signal:avg5m", "maintained", begin.Add(time.Minute), begin.Add(4*time.Hour))); n > 0 {
		t.Errorf("%d times 5 minutes were learned", n)
	}
	if n := len(b.between("wire:signal:avg5m", "maintained", begin.Add(5*time.Hour), begin.Add(6*time.Hour))); n != 12 {
		t.Errorf("%d times 5 minutes were learned in the hour after", n)
	}
}
