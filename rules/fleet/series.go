package main

import (
	"bufio"
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// series is a recorded curve, as services are given one instead of a simulated shape: whole weeks from a Monday on, of days without a label.
type series struct {
	step   time.Duration
	scale  float64     // the value that 99 of 100 stay under: a busy hour
	days   [][]float64 // of the weeks; a labelled or incomplete day is the nearest other one of its weekday
	source string
}

const dayTime = 24 * time.Hour

// readSeries reads a folder of CSV files: "# step=60 start=1491041280" (seconds, Unix time), then a value a line; ",1" after a value is a label, and
// an empty line a value that is missing. Those that cannot be rates (values below zero, mostly zero) or have no good day of some weekday are
// left out and named.
func readSeries(dir string) (all []*series, left []string, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.csv"))
	if err != nil {
		return nil, nil, err
	}
	for _, name := range names {
		s, why, err := readOne(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		if why != "" {
			left = append(left, filepath.Base(name)+" ("+why+")")
			continue
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, nil, fmt.Errorf("%s has no usable series", dir)
	}
	return all, left, nil
}

func readOne(name string) (s *series, why string, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Scan()
	step, start, err := header(lines.Text())
	if err != nil {
		return nil, "", err
	}
	var values []float64 // NaN: not to be used
	for lines.Scan() {
		text, label, labelled := strings.Cut(lines.Text(), ",")
		v := math.NaN()
		if text != "" {
			if v, err = strconv.ParseFloat(text, 64); err != nil {
				return nil, "", err
			}
		}
		if labelled && label != "0" {
			v = math.NaN()
		}
		values = append(values, v)
	}
	if err := lines.Err(); err != nil {
		return nil, "", err
	}
	s = &series{step: step, source: filepath.Base(name)}
	return s, s.cut(values, start), nil
}

// header reads "# step=60 start=1491041280"; other fields are ignored.
func header(line string) (step time.Duration, start time.Time, err error) {
	text, ok := strings.CutPrefix(line, "#")
	if !ok {
		return 0, start, fmt.Errorf("the first line is to be like %q", "# step=60 start=1491041280")
	}
	for field := range strings.FieldsSeq(text) {
		key, value, _ := strings.Cut(field, "=")
		if key != "step" && key != "start" {
			continue
		}
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return 0, start, err
		}
		if key == "step" {
			step = time.Duration(n) * time.Second
		} else {
			start = time.Unix(n, 0).UTC()
		}
	}
	if step <= 0 || step > time.Hour || dayTime%step != 0 {
		return 0, start, fmt.Errorf("a step of %s", step)
	}
	return step, start, nil
}

// cut makes weeks of the values.
func (s *series) cut(values []float64, start time.Time) (why string) {
	good := slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(good)
	switch {
	case len(good) == 0 || good[0] < 0:
		return "values below zero, or none"
	case good[len(good)/2] == 0:
		return "mostly zero"
	}
	s.scale = good[len(good)*99/100]
	monday := start.Truncate(dayTime)
	for monday.Weekday() != time.Monday || monday.Before(start) {
		monday = monday.Add(dayTime)
	}
	perDay := int(dayTime / s.step)
	var clean []int
	for at := int(monday.Sub(start) / s.step); at+7*perDay <= len(values); at += 7 * perDay {
		for d := range 7 {
			day := values[at+d*perDay : at+(d+1)*perDay]
			if !slices.ContainsFunc(day, math.IsNaN) {
				clean = append(clean, len(s.days))
			}
			s.days = append(s.days, day)
		}
	}
	days := slices.Clone(s.days)
	for i := range days {
		same := slices.DeleteFunc(slices.Clone(clean), func(c int) bool { return c%7 != i%7 })
		if len(same) == 0 {
			return "no day without a label for some weekday"
		}
		days[i] = s.days[slices.MinFunc(same, func(a, b int) int { return cmp.Compare(max(a-i, i-a), max(b-i, i-b)) })]
	}
	s.days = days
	return ""
}

// level is how busy it is then, as a share of a busy hour. A chain begins with a week of its own; a holiday is like a Sunday.
func (s *series) level(local time.Time, firstWeek int) float64 {
	date := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	days := int(date.Unix()/86400) + 3 // since a Monday
	if isHoliday(local) {
		days += 6 - days%7
	}
	day := s.days[(days+7*firstWeek)%len(s.days)]
	at := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute
	i := int(at / s.step)
	part := float64(at%s.step) / float64(s.step)
	return (day[i]*(1-part) + day[min(i+1, len(day)-1)]*part) / s.scale
}
