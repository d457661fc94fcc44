package thanos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// asker asks a Prometheus or a Thanos query.
type asker struct {
	client *http.Client
	base   string // http://host:port
}

// point is one answer: the series' labels, and its values by time (Unix seconds).
type series struct {
	Metric map[string]string
	Values map[float64]float64
}

type answer struct {
	Status, Error string
	Warnings      []string
	Data          struct {
		Result []struct {
			Metric map[string]string
			Value  []any
			Values [][]any
		}
	}
}

func (a asker) get(path string, values url.Values) (*answer, error) {
	res, err := a.client.PostForm(a.base+path, values)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	got := &answer{}
	if err := json.NewDecoder(res.Body).Decode(got); err != nil {
		return nil, fmt.Errorf("%s: %w", res.Status, err)
	}
	if got.Status != "success" {
		return nil, fmt.Errorf("%s: %s", res.Status, got.Error)
	}
	return got, nil
}

// instant asks for the values of now, or of a moment.
func (a asker) instant(query string, at time.Time, more ...string) ([]series, error) {
	v := url.Values{"query": {query}, "time": {strconv.FormatInt(at.Unix(), 10)}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return toSeries(a.get("/api/v1/query", v))
}

// between asks for values over time, from one of the resolutions.
func (a asker) between(query string, from, to time.Time, step time.Duration, resolution string) ([]series, error) {
	return toSeries(a.get("/api/v1/query_range", url.Values{
		"query": {query}, "start": {strconv.FormatInt(from.Unix(), 10)}, "end": {strconv.FormatInt(to.Unix(), 10)},
		"step": {strconv.FormatFloat(step.Seconds(), 'f', -1, 64)}, "max_source_resolution": {resolution}, "partial_response": {"false"},
	}))
}

func toSeries(a *answer, err error) ([]series, error) {
	if err != nil {
		return nil, err
	}
	if len(a.Warnings) > 0 && !slices.ContainsFunc(a.Warnings, func(w string) bool { return strings.Contains(w, "PromQL info") }) {
		return nil, fmt.Errorf("warnings: %q", a.Warnings)
	}
	var all []series
	for _, r := range a.Data.Result {
		s := series{Metric: r.Metric, Values: map[float64]float64{}}
		values := r.Values
		if r.Value != nil {
			values = append(values, r.Value)
		}
		for _, v := range values {
			f, err := strconv.ParseFloat(v[1].(string), 64)
			if err != nil {
				return nil, err
			}
			s.Values[v[0].(float64)] = f
		}
		all = append(all, s)
	}
	return all, nil
}
