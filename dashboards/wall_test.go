package main

import (
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"
)

// TestWallOrder: a server answers the wall's tiles suspects first, then what is outside, then what is normal, which is how Grafana shows them; each once.
func TestWallOrder(t *testing.T) {
	now := time.Now().Truncate(time.Minute)
	s := httptest.NewServer(newAPI(t, filled(t, now)))
	defer s.Close()
	order := func(from, to time.Time) (names []string) {
		var found struct {
			Result []struct{ Metric map[string]string }
		}
		server{s.URL, false}.get(t, "/api/v1/query_range", url.Values{
			"query": {ranked}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)}, "step": {"60"},
		}, &found)
		for _, r := range found.Result {
			names = append(names, r.Metric["rank"]+" "+r.Metric["service_name"])
		}
		return names
	}
	if got := order(now.Add(-3*time.Hour), now); !slices.Equal(got, []string{"1 pay", "3 web", "4 db"}) {
		t.Errorf("%q during the incident", got)
	}
	if got := order(now.Add(-3*time.Hour), now.Add(-time.Hour)); !slices.Equal(got, []string{"4 db", "4 pay", "4 web"}) {
		t.Errorf("%q before it", got)
	}
}
