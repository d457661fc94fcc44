package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql"
)

// TestRun: every shipped group is evaluated on a real storage, with the signals' history behind it, and without an error.
func TestRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cost")
	if err := run(t.Context(), dir, 2*perService, 5); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the storage is left: %v", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), dir, 1, 1); err == nil {
		t.Error("a folder that is there already is taken")
	}
}

// TestHistory: what is filled is what the rules look back on: the season finds it, for every signal.
func TestHistory(t *testing.T) {
	dir, at := t.TempDir(), newest()
	all, err := discover(t.Context(), filepath.Join(dir, "discover"), perService)
	if err != nil || len(all) != perService {
		t.Fatalf("%d signals: %v", len(all), err)
	}
	if _, err := fill(t.Context(), filepath.Join(dir, "data"), all, at); err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.db.Close()
	for _, c := range []struct {
		query string
		n     int
	}{
		{"wire:signal:hour offset 1410m", perService}, {"wire:signal:hour offset 40290m", perService}, {"wire:signal:hour offset 50370m", perService},
		{"count_over_time(wire:band:above[1w] offset 3h) > 2000", perService}, {"wire:calendar:utc_offset_seconds offset 28d", 1},
	} {
		if got := count(t, s, c.query, at); got != c.n {
			t.Errorf("%s finds %d series, want %d", c.query, got, c.n)
		}
	}
}

func count(t *testing.T, s *server, query string, at time.Time) int {
	t.Helper()
	var found promql.Vector
	found, err := s.query(context.Background(), query, at)
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}
