package source

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"

	"wire_exporter/rules/backtest/store"
)

// api is the HTTP API of a Prometheus or a Thanos querier.
type api struct {
	base   string
	bearer string
	client http.Client
}

func newAPI(base, bearer string) (*api, error) {
	if _, err := url.Parse(base); err != nil {
		return nil, err
	}
	return &api{base: strings.TrimSuffix(base, "/"), bearer: bearer, client: http.Client{Timeout: 5 * time.Minute}}, nil
}

// Close implements Source.
func (a *api) Close() error { a.client.CloseIdleConnections(); return nil }

// Span implements Source. An API does not say from when on it has data, so a year is looked through.
func (a *api) Span(ctx context.Context) (lo, hi int64, err error) {
	now := time.Now().UnixMilli()
	const day = 24 * 3600_000
	for at := now - 365*day; at <= now; at += day {
		found, err := a.query(ctx, "count(last_over_time(up[1d]))", at)
		if err != nil {
			return 0, 0, err
		}
		if len(found) > 0 {
			return at - day, now, nil
		}
	}
	return 0, 0, errors.New(`the API has no series "up" in the last year; say with --from and --to what to look at`)
}

const perQuery = 2 * 3600_000 // ms: a server refuses to load too many samples at once

// Load implements Source.
func (a *api) Load(ctx context.Context, names []string, lo, hi int64, into *store.Store) error {
	for _, name := range names {
		for from := lo; from < hi; from += perQuery {
			to := min(from+perQuery, hi)
			found, err := a.query(ctx, fmt.Sprintf("{__name__=%q}[%dms]", name, to-from), to)
			if err != nil {
				return err
			}
			for _, s := range found {
				if err := s.into(into.Series(labels.FromMap(s.Metric)), from); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		}
	}
	return nil
}

// apiSeries is a series in an answer.
type apiSeries struct {
	Metric     map[string]string
	Values     [][2]json.RawMessage // time in seconds, value in quotes
	Histograms [][2]json.RawMessage // time in seconds, apiHistogram
}

type apiHistogram struct {
	Count, Sum string
	Buckets    [][4]json.RawMessage // which boundaries are part of it, lower, upper, count
}

const maxAnswer = 1 << 30 // bytes

func (a *api) query(ctx context.Context, text string, at int64) ([]apiSeries, error) {
	form := url.Values{"query": {text}, "time": {strconv.FormatFloat(float64(at)/1000, 'f', 3, 64)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+"/api/v1/query", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	var answer struct {
		Status, Error string
		Data          struct{ Result []apiSeries }
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("%s: %s: %w", a.base, res.Status, err)
	}
	if answer.Status != "success" {
		return nil, fmt.Errorf("%s: %s", a.base, answer.Error)
	}
	return answer.Data.Result, nil
}

// into appends what is newer than lo.
func (s *apiSeries) into(out *store.Series, lo int64) error {
	for _, v := range s.Values {
		t, err := apiTime(v[0])
		if err != nil {
			return err
		}
		f, err := apiNumber(v[1])
		if err != nil {
			return err
		}
		if t > lo {
			out.Put(t, f, nil)
		}
	}
	for _, v := range s.Histograms {
		t, err := apiTime(v[0])
		if err != nil {
			return err
		}
		var h apiHistogram
		if err := json.Unmarshal(v[1], &h); err != nil {
			return err
		}
		made, err := h.histogram()
		if err != nil {
			return err
		}
		if t > lo {
			out.Put(t, 0, made)
		}
	}
	return nil
}

func apiTime(raw json.RawMessage) (int64, error) {
	seconds, err := strconv.ParseFloat(string(raw), 64)
	return int64(seconds*1000 + 0.5), err
}

func apiNumber(raw json.RawMessage) (float64, error) {
	return strconv.ParseFloat(strings.Trim(string(raw), `"`), 64)
}

// histogram makes of boundaries what they were made of.
func (a *apiHistogram) histogram() (*histogram.FloatHistogram, error) {
	var err error
	h := &histogram.FloatHistogram{}
	if h.Count, err = strconv.ParseFloat(a.Count, 64); err != nil {
		return nil, err
	}
	if h.Sum, err = strconv.ParseFloat(a.Sum, 64); err != nil {
		return nil, err
	}
	var b buckets
	for _, raw := range a.Buckets {
		var n [4]float64
		for i := range n {
			if n[i], err = apiNumber(raw[i]); err != nil {
				return nil, err
			}
		}
		b.add(n[1], n[2], n[3])
	}
	b.fill(h)
	return h, nil
}
