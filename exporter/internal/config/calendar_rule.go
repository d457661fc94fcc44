package config

import (
	"slices"
	"strconv"
	"time"

	"wire_exporter/exporter/internal/calendar"
)

// ruleReader reads the keys that say on which days something falls; exactly one kind of them may be there.
type ruleReader struct {
	at   node
	rule *calendar.Rule
}

func (r ruleReader) fields() []field {
	return []field{
		// A day of each year, `05-17`, or of one year only, `2026-06-05`.
		{"date", r.date},
		// So many days from Easter Sunday: `-2` is Good Friday.
		{"easter", func(n node) { r.rule.Easter = true; r.rule.Days, _ = n.number(-100, 100) }},
		// With `from`: the first such day of the week on or after a day of the year.
		{"weekday", r.weekday},
		// `weekday: monday` with `from: 05-25` is the last Monday of May.
		{"from", r.from},
	}
}

// check says when there is no rule, or more than one.
func (r ruleReader) check(example string) {
	given := 0
	for _, key := range []string{"date", "easter", "weekday", "day"} {
		if r.at.has(key) {
			given++
		}
	}
	switch y, ok := r.at.enter(); {
	case !ok || len(y.Content) == 0:
	case given == 0:
		r.at.wrong("nothing says when it is; write %s", example)
	case given > 1:
		r.at.wrong("%d keys say when it is; write one of them: %s", given, example)
	case r.at.has("weekday") != r.at.has("from"):
		r.at.wrong("weekday and from belong together; write it like weekday: monday with from: 05-25, the first Monday from then on")
	}
}

// date reads 05-17 or 2026-06-05.
func (r ruleReader) date(n node) {
	s, ok := n.text("05-17")
	if !ok {
		return
	}
	if d, err := time.Parse(time.DateOnly, s); err == nil {
		r.rule.Year, r.rule.Month, r.rule.Day = d.Year(), d.Month(), d.Day()
		return
	}
	r.dayOfYear(n, s)
}

// dayOfYear takes February 29, too: it is a day of some years.
func (r ruleReader) dayOfYear(n node, s string) {
	d, err := time.Parse(time.DateOnly, "2024-"+s)
	if err != nil {
		n.wrong("%s is no day of the year; write month and day like 05-17, or a date like 2026-06-05", quote(s))
		return
	}
	r.rule.Month, r.rule.Day = d.Month(), d.Day()
}

func (r ruleReader) from(n node) {
	if s, ok := n.text("11-22"); ok {
		r.dayOfYear(n, s)
	}
}

func (r ruleReader) weekday(n node) {
	s, ok := oneOf(n, weekdayNames...)
	if ok {
		r.rule.OnOrAfter, r.rule.Weekday = true, time.Weekday(slices.Index(weekdayNames, s))
	}
}

// day reads a day of every month.
func (r ruleReader) day(n node) {
	s, ok := n.text("12")
	if !ok {
		return
	}
	r.rule.Monthly = true
	if s == "last" {
		return
	}
	d, err := strconv.Atoi(s)
	if err != nil || d < 1 || d > 31 {
		n.wrong("%s is no day of the month; write a number from 1 to 31, or last", quote(s))
		return
	}
	r.rule.Day = d
}
