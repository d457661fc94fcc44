// Package calendar knows what kind of day it is. In go a time zone, rules for holidays and own days, and maintenance windows;
// out comes, for a moment, the offset from UTC, the types of the day, how many days back a day like it lies, and what is under
// maintenance. It never reads a clock, and knows nothing of files or metrics.
package calendar

import (
	"slices"
	"time"
	_ "time/tzdata" // a container may have no zones of its own
)

// Config is a calendar. It is never changed after it is in use.
type Config struct {
	Zone     *time.Location // nil: there is no calendar
	Holidays []Holiday
	Days     []OwnDay
	Windows  []Window
}

// Holiday is a day that is like a Sunday.
type Holiday struct {
	Name    string
	Rule    Rule
	Weekend Shift // where a holiday on a weekend is observed, too
}

// OwnDay is a kind of day with a shape of its own, like a pay day.
type OwnDay struct {
	Name    string // value of the label type
	Rule    Rule
	Weekend Shift  // where it moves from a weekend or a holiday
	Like    string // Workday, Saturday or Sunday: it is to be compared with these; "": with the last one of its own name
}

// The types that every day has exactly one of.
const (
	Workday  = "workday"
	Saturday = "saturday"
	Sunday   = "sunday"
	HolidayT = "holiday"
)

// BaseTypes are the types that every day has exactly one of.
var BaseTypes = []string{Workday, Saturday, Sunday, HolidayT}

// Day is what the calendar says of a moment.
type Day struct {
	UTCOffset   time.Duration   // local time is UTC plus this
	Types       map[string]bool // every type there is, and whether the day is of it
	LikeDay     int             // so many days ago was the last day like this one; 0: none within MaxBack days
	Maintenance map[string]bool // every service that has windows ("": those for all), and whether it is in one
}

// At is what the calendar says of t. Without a zone it says nothing: ok is false.
func (c *Config) At(t time.Time) (d Day, ok bool) {
	if c == nil || c.Zone == nil {
		return Day{}, false
	}
	local := t.In(c.Zone)
	_, offset := local.Zone()
	years := yearBook{c: c}
	today := dateOf(local)
	d = Day{
		UTCOffset: time.Duration(offset) * time.Second,
		Types:     map[string]bool{}, LikeDay: years.likeDay(today), Maintenance: c.maintenance(local),
	}
	for _, b := range BaseTypes {
		d.Types[b] = years.base(today) == b
	}
	for i := range c.Days {
		d.Types[c.Days[i].Name] = d.Types[c.Days[i].Name] || years.own(i, today)
	}
	return d, true
}

// date is midnight UTC of a day in local time: days are counted by it, not by hours, which a change of the clocks takes or adds.
type date = time.Time

func dateOf(t time.Time) date { return day(t.Year(), t.Month(), t.Day()) }

func day(year int, month time.Month, d int) date {
	return time.Date(year, month, d, 0, 0, 0, 0, time.UTC)
}

func plus(d date, days int) date { return d.AddDate(0, 0, days) }

func weekend(d date) bool { return d.Weekday() == time.Saturday || d.Weekday() == time.Sunday }

// yearBook works out holidays and own days a year at a time, and each year once.
type yearBook struct {
	c     *Config
	years map[int][]date // holidays
	owns  map[ownYear][]date
}

// ownYear is a year of one of the own days.
type ownYear struct{ day, year int }

// holidays are those of a year. One that moves to the year before or after is found there as well.
func (b *yearBook) holidays(year int) []date {
	if all, known := b.years[year]; known {
		return all
	}
	var fixed, moving []date
	var shifts []Shift
	for y := year - 1; y <= year+1; y++ {
		for _, h := range b.c.Holidays {
			for _, d := range h.Rule.in(y) {
				fixed = append(fixed, d)
				if h.Weekend != Stay && weekend(d) {
					moving, shifts = append(moving, d), append(shifts, h.Weekend)
				}
			}
		}
	}
	for i, d := range moving { // when all that stay are known: two days of Christmas on a weekend move to two days
		fixed = append(fixed, shifts[i].from(d, func(d date) bool { return weekend(d) || slices.Contains(fixed, d) }))
	}
	if b.years == nil {
		b.years = map[int][]date{}
	}
	b.years[year] = fixed
	return fixed
}

func (b *yearBook) holiday(d date) bool { return slices.Contains(b.holidays(d.Year()), d) }

// base is the type that d has beside those of its own days.
func (b *yearBook) base(d date) string {
	switch {
	case b.holiday(d):
		return HolidayT
	case d.Weekday() == time.Saturday:
		return Saturday
	case d.Weekday() == time.Sunday:
		return Sunday
	}
	return Workday
}

// own says whether d is the calendar's i-th own day.
func (b *yearBook) own(i int, d date) bool { return slices.Contains(b.ownDays(i, d.Year()), d) }

// ownDays are the i-th own days of a year, and those of its neighbours: one may move across the end of a year.
func (b *yearBook) ownDays(i, year int) []date {
	k := ownYear{i, year}
	if all, known := b.owns[k]; known {
		return all
	}
	o, all := &b.c.Days[i], []date{}
	for y := year - 1; y <= year+1; y++ {
		for _, d := range o.Rule.in(y) {
			all = append(all, o.Weekend.from(d, func(d date) bool { return weekend(d) || b.holiday(d) }))
		}
	}
	if b.owns == nil {
		b.owns = map[ownYear][]date{}
	}
	b.owns[k] = all
	return all
}
