package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
)

// TestPages opens the dashboards in a browser (WIRE_TEST_PAGES, its path) as `make viewer` has built them, over the API of a Prometheus as far
// as they ask it, with a simulated shop behind: no page may have an error, no answer be one, and nothing may be empty that has data. PICTURES is a folder to keep them in.
func TestPages(t *testing.T) {
	browser := os.Getenv("WIRE_TEST_PAGES")
	if browser == "" {
		t.Skip("WIRE_TEST_PAGES is not set")
	}
	if _, err := os.Stat("viewer/dist/index.html"); err != nil {
		t.Fatal("the page is not built: make viewer: ", err)
	}
	now := time.Now().Truncate(time.Minute)
	s := httptest.NewServer(newAPI(t, filled(t, now)))
	defer s.Close()
	c := exec.Command("node", append([]string{"test/pages.mjs", s.URL, browser}, strings.Fields(os.Getenv("PICTURES"))...)...)
	c.Dir = "viewer"
	c.Env = append(os.Environ(), "FULL=1")
	out, err := c.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
}

// api answers as Prometheus does, with Prometheus' own engine.
type api struct {
	t       *testing.T
	storage storage.Storage
	engine  *promql.Engine
}

func newAPI(t *testing.T, s storage.Storage) http.Handler {
	t.Helper()
	a := api{t, s, promql.NewEngine(promql.EngineOpts{MaxSamples: 50e6, Timeout: time.Minute, EnableAtModifier: true, EnableNegativeOffset: true})}
	mux := http.NewServeMux()
	mux.Handle("/user/", http.StripPrefix("/user", http.FileServer(http.Dir("viewer/dist"))))
	mux.HandleFunc("/api/v1/query", a.query)
	mux.HandleFunc("/api/v1/query_range", a.queryRange)
	mux.HandleFunc("/api/v1/label/{name}/values", a.values)
	mux.HandleFunc("/api/v1/query_exemplars", a.exemplars)
	return mux
}

func (a api) query(w http.ResponseWriter, r *http.Request) {
	at := instant(r.FormValue("time"), time.Now())
	q, err := a.engine.NewInstantQuery(r.Context(), a.storage, nil, r.FormValue("query"), at)
	a.answer(w, r, q, err)
}

func (a api) queryRange(w http.ResponseWriter, r *http.Request) {
	step, err := strconv.ParseFloat(r.FormValue("step"), 64)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	from, to := instant(r.FormValue("start"), time.Time{}), instant(r.FormValue("end"), time.Time{})
	q, err := a.engine.NewRangeQuery(r.Context(), a.storage, nil, r.FormValue("query"), from, to, time.Duration(step*float64(time.Second)))
	a.answer(w, r, q, err)
}

// instant is a time as the API takes it: seconds since the epoch.
func instant(text string, otherwise time.Time) time.Time {
	s, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return otherwise
	}
	return time.UnixMilli(int64(s * 1000))
}

func (a api) answer(w http.ResponseWriter, r *http.Request, q promql.Query, err error) {
	if err != nil {
		a.t.Errorf("%s: %v", r.FormValue("query"), err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	defer q.Close()
	result := q.Exec(r.Context())
	if result.Err != nil && r.Context().Err() == nil {
		a.t.Errorf("%s: %v", r.FormValue("query"), result.Err)
	}
	if result.Err != nil {
		http.Error(w, result.Err.Error(), http.StatusUnprocessableEntity)
		return
	}
	reply(w, map[string]any{"resultType": result.Value.Type(), "result": result.Value})
}

func (a api) values(w http.ResponseWriter, r *http.Request) {
	q, err := a.storage.Querier(0, time.Now().UnixMilli())
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer q.Close()
	var matchers []*labels.Matcher
	if selector := r.FormValue("match[]"); selector != "" {
		if matchers, err = parser.ParseMetricSelector(selector); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
	}
	values, _, err := q.LabelValues(r.Context(), r.PathValue("name"), nil, matchers...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	reply(w, values)
}

// exemplars has one, ten minutes old, for whatever is asked.
func (a api) exemplars(w http.ResponseWriter, _ *http.Request) {
	at := float64(time.Now().Add(-10*time.Minute).UnixMilli()) / 1000
	one := map[string]any{"labels": map[string]string{"trace_id": "0af7651916cd43dd8448eb211c80319c"}, "value": "0.007", "timestamp": at}
	reply(w, []any{map[string]any{"seriesLabels": map[string]string{}, "exemplars": []any{one}}})
}

func reply(w http.ResponseWriter, data any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": data})
}

// TestFixture: the simulated shop has data for every panel, those that are empty on a good day among them, so that one that is empty in a
// browser is a fault of the page. Who adds a panel adds its series to the shop.
func TestFixture(t *testing.T) {
	now := time.Now().Truncate(time.Minute)
	s := httptest.NewServer(newAPI(t, filled(t, now)))
	defer s.Close()
	for _, b := range committed(t) {
		for i := range b.queries {
			b.queries[i].description = emptyPanel.ReplaceAllString(b.queries[i].description, "")
		}
		t.Run(b.kind+" "+b.name, func(t *testing.T) { askAll(t, server{s.URL, false}, b) })
	}
}
