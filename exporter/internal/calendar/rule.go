package calendar

import "time"

// Rule says on which days something falls. Exactly one of the forms is filled in.
type Rule struct {
	Month time.Month // a day of the year: Month and Day
	Day   int
	Year  int // of that year only; 0: every year

	Weekday   time.Weekday // with OnOrAfter: the first such weekday on or after Month and Day
	OnOrAfter bool

	Easter bool // Days from Easter Sunday
	Days   int

	Monthly bool // Day of every month; 0 the last one
}

// in are the days of a year.
func (r *Rule) in(year int) []date {
	switch {
	case r.Monthly:
		return r.monthly(year)
	case r.Easter:
		return []date{plus(easter(year), r.Days)}
	case r.Year != 0 && r.Year != year:
		return nil
	}
	d := day(year, r.Month, r.Day)
	if r.OnOrAfter {
		return []date{plus(d, int(r.Weekday-d.Weekday()+7)%7)}
	}
	if d.Month() != r.Month {
		return nil // February 29
	}
	return []date{d}
}

// monthly are the days of all months; a month that is too short has its last day.
func (r *Rule) monthly(year int) (all []date) {
	for m := time.January; m <= time.December; m++ {
		last := day(year, m+1, 0)
		if r.Day == 0 || r.Day > last.Day() {
			all = append(all, last)
			continue
		}
		all = append(all, day(year, m, r.Day))
	}
	return all
}

// easter is Easter Sunday of the Gregorian calendar (J.-M. Oudin, 1940; Explanatory Supplement to the
// Astronomical Almanac, section 12.9).
func easter(year int) date {
	golden, century := year%19, year/100
	skipped := century - century/4 - (8*century+13)/25 + 19*golden + 15
	moon := skipped % 30
	moon -= moon / 28 * (1 - moon/28*(29/(moon+1))*((21-golden)/11))
	weekday := (year + year/4 + moon + 2 - century + century/4) % 7
	after := moon - weekday
	month := 3 + (after+40)/44
	return day(year, time.Month(month), after+28-31*(month/4))
}

// Shift says where a day goes that falls on one that is not worked on.
type Shift uint8

// The shifts.
const (
	Stay    Shift = iota
	Before        // to the last free place before
	After         // to the next one after
	Nearest       // Saturday's before, Sunday's after
)

// from is where d goes, by steps over what is taken. A run of days that are taken is never longer than a few weeks.
func (s Shift) from(d date, taken func(date) bool) date {
	step := 1
	switch {
	case s == Stay:
		return d
	case s == Before, s == Nearest && d.Weekday() == time.Saturday:
		step = -1
	}
	at := d
	for range MaxBack {
		if !taken(at) {
			return at
		}
		at = plus(at, step)
	}
	return d
}
