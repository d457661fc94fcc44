package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// weeks writes two weeks of hours from Wednesday, 4 November 2026 on; the value says the day and the hour.
func weeks(value func(day, hour int) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# id=x step=3600 start=%d\n", time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC).Unix())
	for i := range 20 * 24 {
		b.WriteString(value(i/24, i%24) + "\n")
	}
	return b.String()
}

func write(t *testing.T, files map[string]string) (dir string) {
	dir = t.TempDir()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSeries: whole weeks from a Monday on; a day with a label or a gap is the nearest other one of its weekday.
func TestSeries(t *testing.T) {
	of := func(day, hour int) string { return fmt.Sprint(100*day + hour) }
	all, left, err := readSeries(write(t, map[string]string{
		"good.csv": weeks(func(day, hour int) string {
			switch {
			case day == 6 && hour == 12: // the first Tuesday
				return of(day, hour) + ",1"
			case day == 14 && hour == 3: // the second Wednesday
				return ""
			}
			return of(day, hour)
		}),
		"below.csv": weeks(func(day, hour int) string { return of(day-1, hour) }),
		"zero.csv":  weeks(func(day, hour int) string { return fmt.Sprint(day / 12) }),
		"bad.csv": weeks(func(day, hour int) string {
			return of(day, hour) + map[bool]string{true: ",1"}[day == 5 || day == 12]
		}),
	}))
	if err != nil || len(all) != 1 || len(left) != 3 {
		t.Fatalf("%d series, left out %q, %v", len(all), left, err)
	}
	var first []float64
	for _, day := range all[0].days {
		first = append(first, day[0])
	}
	if want := []float64{500, 1300, 700, 800, 900, 1000, 1100, 1200, 1300, 700, 1500, 1600, 1700, 1800}; !slices.Equal(first, want) {
		t.Errorf("the days begin with %v, want %v", first, want)
	}
	s := all[0]
	s.scale = 1
	at := time.Date(2026, 11, 19, 7, 30, 0, 0, oslo) // a Thursday
	if a, b := s.level(at, 0), s.level(at, 1); min(a, b) != 807.5 || max(a, b) != 1507.5 {
		t.Errorf("%g and %g on Thursdays at half past seven", a, b)
	}
	if l := s.level(holiday, 0); l != 1100 && l != 1800 {
		t.Errorf("%g on a holiday, which is like a Sunday", l)
	}
}

func TestSeriesFormat(t *testing.T) {
	for name, text := range map[string]string{
		"no header": "1\n2\n", "no step": "# start=1\n", "a step of 7 s": "# step=7 start=1\n", "a word": "# step=60 start=1\nmany\n", "nothing": "",
	} {
		if _, _, err := readSeries(write(t, map[string]string{"x.csv": text})); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := readSeries(t.TempDir()); err == nil {
		t.Error("an empty folder: no error")
	}
}
