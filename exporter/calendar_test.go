package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"wire_exporter/decoders/all"
	"wire_exporter/exporter/internal/config"
)

func loadText(t *testing.T, text string) *config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wire_exporter.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := config.Load(path, all.Plugins)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestCalendarCommand: over the night in which the clocks go back, a maintenance window begins at the first two o'clock and lasts
// over the second; a holiday is like the Sunday before.
func TestCalendarCommand(t *testing.T) {
	cfg := loadText(t, `
calendar:
  time_zone: Europe/Oslo
  holidays: [{name: day off, date: 2026-10-27}]
  maintenance: [{every: [sunday], from: "02:00", to: "04:30", services: [ledger]}, {from: 2026-10-25 03:00, to: 2026-10-25 04:00}]
`)
	from := time.Date(2026, 10, 24, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	if err := printCalendar(&out, cfg, from, from.AddDate(0, 0, 4), false); err != nil {
		t.Fatal(err)
	}
	const want = `Sat 2026-10-24 14:00 +02:00  saturday             like 7 days ago
Sun 2026-10-25 00:00 +02:00  sunday               like 7 days ago
Sun 2026-10-25 02:00 +02:00  sunday               like 7 days ago  maintenance: ledger
Sun 2026-10-25 02:00 +01:00  sunday               like 7 days ago  maintenance: ledger
Sun 2026-10-25 03:00 +01:00  sunday               like 7 days ago  maintenance: everything ledger
Sun 2026-10-25 04:00 +01:00  sunday               like 7 days ago  maintenance: ledger
Sun 2026-10-25 04:30 +01:00  sunday               like 7 days ago
Mon 2026-10-26 00:00 +01:00  workday              like 7 days ago
Tue 2026-10-27 00:00 +01:00  holiday              like 2 days ago
Wed 2026-10-28 00:00 +01:00  workday              like 7 days ago
`
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	out.Reset()
	if err := printCalendar(&out, cfg, from, from.Add(time.Hour), true); err != nil || out.String() != `{"at":"2026-10-24T12:00:00Z","utc_offset_seconds":7200,`+
		`"types":{"holiday":false,"saturday":true,"sunday":false,"workday":false},"like_day_offset_days":7,"maintenance":{"":false,"ledger":false}}`+"\n" {
		t.Errorf("%s, %v", out.String(), err)
	}
	if err := printCalendar(&out, loadText(t, "{}"), from, from.Add(time.Hour), true); err == nil {
		t.Error("a configuration without a calendar has one")
	}
}
