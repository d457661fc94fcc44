package score

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/engine"
)

func TestScore(t *testing.T) {
	events, err := ReadEvents(strings.NewReader(`# known outages
2026-11-21T10:00:00Z,2026-11-21T10:10:00Z,service_name=shop
2026-11-21T10:35:00Z,2026-11-21T10:40:00Z,service_name=shop
2026-11-21T15:00:00Z,2026-11-21T15:10:00Z
2026-11-21T20:00:00Z,2026-11-21T20:10:00Z
`))
	if err != nil || len(events) != 3 { // the first two are one
		t.Fatal(events, err)
	}
	var episodes []engine.Episode
	for _, e := range []struct{ service, from, to string }{
		{"bank", "10:05", "10:20"},                                                         // another service
		{"shop", "10:06", "10:20"}, {"shop", "10:30", "10:40"}, {"shop", "11:09", "11:20"}, // one event, two episodes
		{"bank", "15:40", "15:45"}, // just near enough
		{"bank", "20:41", "20:45"}, // too late
	} {
		at := func(clock string) time.Time {
			t, _ := time.Parse("2006-01-02 15:04", "2026-11-21 "+clock)
			return t
		}
		episodes = append(episodes, engine.Episode{Labels: labels.FromStrings("service_name", e.service), From: at(e.from), To: at(e.to)})
	}
	s := Of(episodes, events)
	if got := fmt.Sprintf("%d/%d found, %d/%d false, p %.3f r %.3f f %.3f, %s", s.Found, s.Events, s.False, s.Episodes, s.Precision(), s.Recall(), s.F1(), s.Delay); got !=
		"2/3 found, 2/5 false, p 0.500 r 0.667 f 0.571, 40m0s" {
		t.Error(got)
	}
	for _, bad := range []string{"yesterday,today\n", "2026-11-21T10:00:00Z\n", "2026-11-21T10:00:00Z,2026-11-21T10:00:00Z,shop\n"} {
		if _, err := ReadEvents(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
