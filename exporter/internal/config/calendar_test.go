package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// The dates are those that the countries' governments list for these years.
func TestCountries(t *testing.T) {
	for _, tt := range []struct{ code, year, days string }{
		{"NO", "2026", "01-01 04-02 04-03 04-05 04-06 05-01 05-14 05-17 05-24 05-25 12-25 12-26"},
		{"NO", "2025", "01-01 04-17 04-18 04-20 04-21 05-01 05-17 05-29 06-08 06-09 12-25 12-26"},
		{"SE", "2026", "01-01 01-06 04-03 04-05 04-06 05-01 05-14 05-24 06-06 06-19 06-20 10-31 12-24 12-25 12-26 12-31"},
		{"SE", "2025", "01-01 01-06 04-18 04-20 04-21 05-01 05-29 06-06 06-08 06-20 06-21 11-01 12-24 12-25 12-26 12-31"},
		{"DK", "2026", "01-01 04-02 04-03 04-05 04-06 05-14 05-24 05-25 12-25 12-26"},
		{"FI", "2026", "01-01 01-06 04-03 04-05 04-06 05-01 05-14 05-24 06-19 06-20 10-31 12-06 12-24 12-25 12-26"},
		{"DE", "2026", "01-01 04-03 04-06 05-01 05-14 05-25 10-03 12-25 12-26"},
		// Boxing Day 2026 is a Saturday: its substitute is Monday 28. In 2021 both days moved, in 2022 Christmas alone.
		{"GB", "2026", "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-26 12-28"},
		{"GB", "2021", "01-01 04-02 04-05 05-03 05-31 08-30 12-25 12-26 12-27 12-28"},
		{"GB", "2022", "01-01 01-03 04-15 04-18 05-02 05-30 08-29 12-25 12-26 12-27"},
		{"US", "2026", "01-01 01-19 02-16 05-25 06-19 07-03 07-04 09-07 10-12 11-11 11-26 12-25"},
		{"US", "2021", "01-01 01-18 02-15 05-31 06-18 06-19 07-04 07-05 09-06 10-11 11-11 11-25 12-24 12-25 12-31"},
	} {
		c := parseTest(t, "calendar: {time_zone: UTC, country: "+tt.code+"}").Calendar
		var days []string
		at, _ := time.Parse(time.DateOnly, tt.year+"-01-01")
		for year := at.Year(); at.Year() == year; at = at.AddDate(0, 0, 1) {
			if d, _ := c.At(at); d.Types["holiday"] {
				days = append(days, at.Format("01-02"))
			}
		}
		if got := strings.Join(days, " "); got != tt.days {
			t.Errorf("%s %s:\ngot  %s\nwant %s", tt.code, tt.year, got, tt.days)
		}
	}
}

func TestEveryCountryIsTested(t *testing.T) {
	if got := countryCodes(); !slices.Equal(got, []string{"DE", "DK", "FI", "GB", "NO", "SE", "US"}) {
		t.Error(got)
	}
}

func TestTooManyDays(t *testing.T) {
	days := strings.Repeat("  - {name: d, day: 1}\n", maxWindows+1)
	_, err := testLoader().parse("f", fmt.Appendf(nil, "calendar:\n  time_zone: UTC\n  days:\n%s", days))
	if err == nil || !strings.Contains(err.Error(), "at most 1000") {
		t.Error(err)
	}
}
