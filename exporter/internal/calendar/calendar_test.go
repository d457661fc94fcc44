package calendar

import (
	"testing"
	"time"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The dates are those of the tables that churches and almanacs print, the earliest and the latest possible one among them.
func TestEaster(t *testing.T) {
	for _, want := range []string{
		"1818-03-22", "1943-04-25", "1954-04-18", "1961-04-02", "1981-04-19", "2000-04-23", "2008-03-23", "2011-04-24", "2015-04-05",
		"2016-03-27", "2017-04-16", "2018-04-01", "2019-04-21", "2020-04-12", "2021-04-04", "2022-04-17", "2023-04-09", "2024-03-31",
		"2025-04-20", "2026-04-05", "2027-03-28", "2028-04-16", "2029-04-01", "2030-04-21", "2031-04-13", "2032-03-28", "2033-04-17",
		"2034-04-09", "2035-03-25", "2038-04-25", "2049-04-18", "2076-04-19", "2285-03-22",
	} {
		d, _ := time.Parse(time.DateOnly, want)
		if got := easter(d.Year()); !got.Equal(d) {
			t.Errorf("%d: %s, not %s", d.Year(), got.Format(time.DateOnly), want)
		}
	}
	for year := 1600; year < 5000; year++ {
		if d := easter(year); d.Weekday() != time.Sunday || d.Before(day(year, 3, 22)) || d.After(day(year, 4, 25)) {
			t.Fatalf("%d: %s", year, d)
		}
	}
}

// oslo is a bank's calendar: some of Norway's holidays, pay day on the 12th or before, the last working day of each month.
func oslo(t *testing.T) *Config {
	return &Config{
		Zone: zone(t, "Europe/Oslo"),
		Holidays: []Holiday{
			{Name: "Maundy Thursday", Rule: Rule{Easter: true, Days: -3}}, {Name: "Good Friday", Rule: Rule{Easter: true, Days: -2}},
			{Name: "Easter Sunday", Rule: Rule{Easter: true}}, {Name: "Easter Monday", Rule: Rule{Easter: true, Days: 1}},
			{Name: "Labour Day", Rule: Rule{Month: 5, Day: 1}}, {Name: "Constitution Day", Rule: Rule{Month: 5, Day: 17}},
			{Name: "Christmas Day", Rule: Rule{Month: 12, Day: 25}}, {Name: "Boxing Day", Rule: Rule{Month: 12, Day: 26}},
		},
		Days: []OwnDay{
			{Name: "pay_day", Rule: Rule{Monthly: true, Day: 12}, Weekend: Before},
			{Name: "month_end", Rule: Rule{Monthly: true}, Weekend: Before},
			{Name: "christmas_eve", Rule: Rule{Month: 12, Day: 24}, Like: Sunday},
		},
	}
}

func TestDayTypes(t *testing.T) {
	c := oslo(t)
	for _, tt := range []struct {
		at   string // local time
		base string
		own  string
		like int
	}{
		{"2026-11-17T12:00", Workday, "", 7},
		{"2026-11-21T12:00", Saturday, "", 7},
		{"2026-11-22T00:00", Sunday, "", 7},
		{"2026-04-01T12:00", Workday, "", 7},
		{"2026-04-02T12:00", HolidayT, "", 4}, // Maundy Thursday, as Palm Sunday
		{"2026-04-03T12:00", HolidayT, "", 1}, // Good Friday, as Thursday
		{"2026-04-05T12:00", HolidayT, "", 7}, // Easter Sunday, as any
		{"2026-04-06T12:00", HolidayT, "", 1},
		{"2026-04-09T12:00", Workday, "", 14}, // last Thursday was a holiday
		{"2026-04-13T12:00", Workday, "", 14},
		{"2026-04-12T12:00", Sunday, "", 7},
		{"2026-05-01T12:00", HolidayT, "", 5},
		{"2026-05-17T12:00", HolidayT, "", 7},          // a Sunday, and a holiday: nothing special
		{"2026-11-12T12:00", Workday, "pay_day", 31},   // a Thursday; the last one was Monday, October 12
		{"2026-12-11T23:59", Workday, "pay_day", 29},   // the 12th is a Saturday
		{"2026-12-12T00:00", Saturday, "", 7},          //
		{"2026-12-18T12:00", Workday, "", 14},          // last Friday was pay day
		{"2026-10-30T12:00", Workday, "month_end", 30}, // the 31st is a Saturday
		{"2027-04-30T12:00", Workday, "month_end", 30}, // the last one was Wednesday, March 31
		{"2026-12-24T12:00", Workday, "christmas_eve", 4},
		{"2026-12-25T12:00", HolidayT, "", 1},
	} {
		local, err := time.ParseInLocation("2006-01-02T15:04", tt.at, c.Zone)
		if err != nil {
			t.Fatal(err)
		}
		d, ok := c.At(local)
		if !ok || d.LikeDay != tt.like {
			t.Errorf("%s: the like day was %d days ago, not %d", tt.at, d.LikeDay, tt.like)
		}
		for kind, is := range d.Types {
			if is != (kind == tt.base || kind == tt.own) {
				t.Errorf("%s: %s is %v", tt.at, kind, is)
			}
		}
		if len(d.Types) != len(BaseTypes)+len(c.Days) {
			t.Errorf("%s: types %v", tt.at, d.Types)
		}
	}
}

// Pay day on the 25th: at Christmas it moves past two holidays and a week-end.
func TestShiftOverHolidays(t *testing.T) {
	c := &Config{Zone: time.UTC, Holidays: oslo(t).Holidays, Days: []OwnDay{
		{Name: "before", Rule: Rule{Monthly: true, Day: 25}, Weekend: Before},
		{Name: "after", Rule: Rule{Monthly: true, Day: 25}, Weekend: After},
		{Name: "new_year", Rule: Rule{Month: 1, Day: 2}, Weekend: Before},
	}}
	for _, tt := range []struct{ name, on string }{
		{"before", "2026-12-24"}, {"after", "2026-12-28"}, // Friday and Saturday are holidays
		{"before", "2027-12-24"}, {"after", "2027-12-27"}, {"before", "2026-10-23"}, {"after", "2026-10-26"},
		{"new_year", "2027-01-01"}, // a Saturday; January 1 is no holiday of these
	} {
		at, _ := time.Parse(time.DateOnly, tt.on)
		for days := -7; days <= 7; days++ {
			if d, _ := c.At(plus(at, days)); d.Types[tt.name] != (days == 0) {
				t.Errorf("%s is %v on %s", tt.name, d.Types[tt.name], plus(at, days).Format(time.DateOnly))
			}
		}
	}
}

// Over many years: every date has one base type, and the like day is of the same kind.
func TestLikeDayIsAlike(t *testing.T) {
	c := oslo(t)
	b := yearBook{c: c}
	for d := day(2015, 1, 1); d.Year() < 2040; d = plus(d, 1) {
		n := b.likeDay(d)
		if n < 1 || n > MaxBack {
			t.Fatalf("%s: %d days", d, n)
		}
		then := plus(d, -n)
		sameKind := b.kind(d) == b.kind(then)
		plainWeekday := n%7 == 0 && b.kind(then) == plainKind(then)
		if !sameKind && !plainWeekday {
			t.Errorf("%s (%s) is not like %s (%s)", d.Format(time.DateOnly), b.kind(d), then.Format(time.DateOnly), b.kind(then))
		}
	}
}

// The last Sundays of March and October at 01:00 UTC, in all of the European Union and Norway.
func TestOffsetFollowsTheClocks(t *testing.T) {
	c := &Config{Zone: zone(t, "Europe/Oslo")}
	for _, tt := range []struct {
		at    string // UTC
		hours int
	}{
		{"2026-03-29T00:59:59Z", 1}, {"2026-03-29T01:00:00Z", 2}, {"2026-10-25T00:59:59Z", 2}, {"2026-10-25T01:00:00Z", 1},
		{"2014-10-26T00:59:59Z", 2}, {"2014-10-26T01:00:00Z", 1}, {"2037-03-29T01:00:00Z", 2},
	} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		if d, _ := c.At(at); d.UTCOffset != time.Duration(tt.hours)*time.Hour {
			t.Errorf("%s: %s", tt.at, d.UTCOffset)
		}
	}
	late, _ := time.Parse(time.RFC3339, "2026-11-21T23:30:00Z") // already Sunday in Oslo
	if d, _ := c.At(late); !d.Types[Sunday] {
		t.Error("the day does not begin at local midnight")
	}
}

func TestMaintenance(t *testing.T) {
	c := &Config{Zone: zone(t, "Europe/Oslo"), Windows: []Window{
		{From: time.Date(2026, 11, 28, 22, 0, 0, 0, time.UTC), To: time.Date(2026, 11, 29, 4, 0, 0, 0, time.UTC), Services: []string{"shop", "ledger"}},
		{Every: []time.Weekday{time.Sunday}, Begin: 23 * time.Hour, End: time.Hour},
		{Every: []time.Weekday{time.Saturday, time.Sunday}, Begin: 2 * time.Hour, End: 3 * time.Hour, Services: []string{"shop"}},
	}}
	for _, tt := range []struct {
		local             string
		all, shop, ledger bool
	}{
		{"2026-11-28T21:59", false, false, false}, {"2026-11-28T22:00", false, true, true}, {"2026-11-29T03:59", false, true, true},
		{"2026-11-29T04:00", false, false, false}, {"2026-11-29T22:59", false, false, false}, {"2026-11-29T23:00", true, false, false},
		{"2026-11-30T00:59", true, false, false}, {"2026-11-30T01:00", false, false, false}, {"2026-11-30T23:30", false, false, false},
		{"2026-11-22T02:30", false, true, false}, {"2026-11-23T02:30", false, false, false},
		{"2026-10-25T02:30", false, true, false},
	} {
		local, _ := time.ParseInLocation("2006-01-02T15:04", tt.local, c.Zone)
		d, _ := c.At(local)
		if d.Maintenance[""] != tt.all || d.Maintenance["shop"] != tt.shop || d.Maintenance["ledger"] != tt.ledger || len(d.Maintenance) != 3 {
			t.Errorf("%s: %v", tt.local, d.Maintenance)
		}
	}
}

func TestNoCalendar(t *testing.T) {
	if _, ok := (*Config)(nil).At(time.Now()); ok {
		t.Error("no calendar says something")
	}
	if _, ok := new(Config).At(time.Now()); ok {
		t.Error("a calendar without zone says something")
	}
}
