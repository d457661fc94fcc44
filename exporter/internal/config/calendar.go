package config

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"wire_exporter/exporter/internal/calendar"
)

// countries are calendar files of public holidays, by ISO 3166 code.
//
//go:embed countries
var countries embed.FS

const maxWindows = 1000 // maintenance windows, holidays and own days: every scrape asks all of them

// calendar reads the time zone and what kinds of days there are.
func (p *parser) calendar(n node) {
	c := new(calendar.Config)
	n.fields(
		// The zone whose midnight begins a day, by its name in the IANA database.
		field{"time_zone", func(n node) { c.Zone = timeZone(n) }},
		// Adds a country's public holidays: `DE` (those of all states), `DK`, `FI`, `GB` (England and Wales), `NO`, `SE`, `US` (federal).
		field{"country", func(n node) { p.country(n, c) }},
		// Adds the `holidays`, `days` and `maintenance` of another file, which several sensors may share. A relative name is looked for beside the
		// configuration file. It is read at start and at a reload.
		field{"file", func(n node) { p.calendarFile(n, c) }},
		holidaysField(c), daysField(c), maintenanceField(c),
	)
	n.need("time_zone", "time_zone: Europe/Oslo")
	if len(c.Holidays) > maxWindows || len(c.Days) > maxWindows || len(c.Windows) > maxWindows {
		n.wrong("more than %d holidays, days or windows", maxWindows)
	}
	p.cfg.Calendar = c
}

// The keys that the configuration and a calendar file share.
func holidaysField(c *calendar.Config) field {
	// Days that are like Sundays; see below.
	return field{"holidays", func(n node) { holidays(n, c) }}
}
func daysField(c *calendar.Config) field {
	// Own kinds of days with a shape of their own: pay day, month end.
	return field{"days", func(n node) { ownDays(n, c) }}
}
func maintenanceField(c *calendar.Config) field {
	// Windows in which alerts are silent, and from which the bands do not learn.
	return field{"maintenance", func(n node) { maintenance(n, c) }}
}

func timeZone(n node) *time.Location {
	s, ok := n.text("Europe/Oslo")
	if !ok {
		return nil
	}
	zone, err := time.LoadLocation(s)
	if err != nil || s == "" || s == "Local" {
		n.wrong("there is no time zone %s; write it like Europe/Oslo or UTC", quote(s))
		return nil
	}
	return zone
}

// country adds the public holidays of a country.
func (p *parser) country(n node, c *calendar.Config) {
	s, ok := n.text("NO")
	if !ok {
		return
	}
	known := countryCodes()
	if !slices.Contains(known, s) {
		n.wrong("the holidays of %s are not known; write one of %s, or its holidays under calendar.holidays", quote(s), list(known))
		return
	}
	text, err := countries.ReadFile("countries/" + strings.ToLower(s) + ".yml")
	if err != nil {
		panic("BUG: " + err.Error())
	}
	p.calendarText(text, "the holidays of "+s, c)
}

func countryCodes() (codes []string) {
	files, _ := countries.ReadDir("countries")
	for _, f := range files {
		codes = append(codes, strings.ToUpper(strings.TrimSuffix(f.Name(), ".yml")))
	}
	return codes
}

// calendarFile adds what another file says.
func (p *parser) calendarFile(n node, c *calendar.Config) {
	name, ok := n.text("calendar.yml")
	if !ok {
		return
	}
	if name == "" {
		n.wrong("the name is empty; write it like /etc/wire_exporter/calendar.yml")
		return
	}
	name = p.beside(name)
	text, err := p.read(name)
	if err != nil {
		n.wrong("%s", err)
		return
	}
	p.calendarText(text, name, c)
}

// calendarText reads a calendar file; its mistakes are named by its own lines.
func (p *parser) calendarText(text []byte, name string, c *calendar.Config) {
	if root := p.report.named(name).document(text); root.y != nil {
		root.fields(holidaysField(c), daysField(c), maintenanceField(c))
	}
}

func holidays(n node, c *calendar.Config) {
	n.items(maxWindows, "- {name: Labour Day, date: 05-01}", func(item node) {
		var h calendar.Holiday
		r := ruleReader{at: item, rule: &h.Rule}
		item.fields(append(r.fields(),
			// What the holiday is called.
			field{"name", func(n node) { h.Name = labelText(n, "Labour Day") }},
			// Where one goes that falls on a weekend: `nearest` is Saturday's before, Sunday's after. It stays a holiday and is observed on that day,
			// too. Default: `stay`.
			field{"weekend", func(n node) { h.Weekend = shift(n) }},
		)...)
		item.need("name", "name: Labour Day")
		r.check("date: 05-01, easter: -2, or weekday: monday with from: 05-25")
		c.Holidays = append(c.Holidays, h)
	})
}

func ownDays(n node, c *calendar.Config) {
	n.items(maxWindows, "- {name: pay_day, day: 12, weekend: before}", func(item node) {
		var d calendar.OwnDay
		r := ruleReader{at: item, rule: &d.Rule}
		item.fields(append(r.fields(),
			// A value of `wire_calendar_day_type{type}`, beside `workday`, `saturday`, `sunday` and `holiday`.
			field{"name", func(n node) { d.Name = dayName(n) }},
			// A day of every month; a month that is too short has its last day.
			field{"day", r.day},
			// Where one goes that falls on a weekend; it moves on over holidays, to a day that is worked on. Default: `stay`.
			field{"weekend", func(n node) { d.Weekend = shift(n) }},
			// Compare it with every day of this type, for a `workday` of its weekday, instead of with the last day of its own name. Default: its own
			// name.
			field{"like", func(n node) { d.Like, _ = oneOf(n, calendar.Workday, calendar.Saturday, calendar.Sunday) }},
		)...)
		item.need("name", "name: pay_day")
		r.check("day: 12, day: last, date: 12-24, easter: -2, or weekday: friday with from: 11-22")
		c.Days = append(c.Days, d)
	})
}

// dayName is a value of the label type.
func dayName(n node) string {
	s := labelText(n, "pay_day")
	if slices.Contains(calendar.BaseTypes, s) {
		n.wrong("every day is or is not a %s already; write another name", s)
	}
	return s
}

func shift(n node) calendar.Shift {
	s, ok := oneOf(n, "stay", "before", "after", "nearest")
	if !ok {
		return calendar.Stay
	}
	return map[string]calendar.Shift{"stay": calendar.Stay, "before": calendar.Before, "after": calendar.After, "nearest": calendar.Nearest}[s]
}

// oneOf reads one of a few words.
func oneOf(n node, words ...string) (string, bool) {
	s, ok := n.text(words[0])
	if !ok {
		return "", false
	}
	if !slices.Contains(words, s) {
		n.wrong("%s is not allowed; %s", quote(s), suggest(s, words))
		return "", false
	}
	return s, true
}

// maintenance reads when something is worked on.
func maintenance(n node, c *calendar.Config) {
	n.items(maxWindows, `- {every: [sunday], from: "02:00", to: "04:00"}`, func(item node) {
		w, from, to := calendar.Window{}, node{}, node{}
		repeats := item.has("every")
		item.fields(
			// It repeats on these days of the week; `day` is each. Default: once.
			field{"every", func(n node) { w.Every = weekdays(n) }},
			// When it begins: a local time like `2026-11-28 22:00`, with `every` a time of day like `"22:00"`.
			field{"from", func(n node) { from = n }},
			// When it ends. A time of day that is not later than `from` is on the next day.
			field{"to", func(n node) { to = n }},
			// Names of services. Default: everything.
			field{"services", func(n node) { w.Services = texts(n, "[shop]", checkLabel) }},
		)
		item.need("from", `from: 2026-11-28 22:00, or with every: "22:00"`)
		item.need("to", `to: 2026-11-29 04:00, or with every: "04:00"`)
		if from.y == nil || to.y == nil {
			return
		}
		if repeats {
			w.Begin, w.End = clock(from), clock(to)
		} else if w.From, w.To = wallTime(from), wallTime(to); !w.From.IsZero() && !w.To.IsZero() && !w.From.Before(w.To) {
			to.wrong("the window ends before it begins; write a later time")
		}
		c.Windows = append(c.Windows, w)
	})
}

// clock reads a time of day.
func clock(n node) time.Duration {
	s, ok := n.text(`"22:00"`)
	if !ok {
		return 0
	}
	t, err := time.Parse("15:04", s)
	if err != nil {
		n.wrong(`%s is no time of day; write it like "22:00"`, quote(s))
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// wallTime reads a local time.
func wallTime(n node) time.Time {
	s, ok := n.text("2026-11-28 22:00")
	if !ok {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02 15:04", s)
	if err != nil {
		n.wrong("%s is no local time; write it like 2026-11-28 22:00", quote(s))
	}
	return t
}

var weekdayNames = func() (names []string) {
	for d := time.Sunday; d <= time.Saturday; d++ {
		names = append(names, strings.ToLower(d.String()))
	}
	return names
}()

// weekdays reads days of the week; day stands for all.
func weekdays(n node) (days []time.Weekday) {
	texts(n, "[sunday]", func(s string) error {
		i := slices.Index(weekdayNames, s)
		switch {
		case s == "day":
			for d := time.Sunday; d <= time.Saturday; d++ {
				days = append(days, d)
			}
		case i < 0:
			return fmt.Errorf("%s is no day of the week; %s", quote(s), suggest(s, append([]string{"day"}, weekdayNames...)))
		default:
			days = append(days, time.Weekday(i))
		}
		return nil
	})
	return days
}
