package thanos

import (
	"math"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"
)

// testFrontend: the query-frontend, with the shipped cache, says the same as the query behind it, the second time out of its cache.
func testFrontend(t *testing.T, q asker, from, to time.Time) {
	behind, err := url.Parse(q.base)
	if err != nil {
		t.Fatal(err)
	}
	cache, err := filepath.Abs("config/cache.yml")
	if err != nil {
		t.Fatal(err)
	}
	a := free(t, 1)[0]
	startThanos(t, "query-frontend", a, "--query-frontend.downstream-url=http://"+behind.Host, "--query-range.response-cache-config-file="+cache,
		"--labels.response-cache-config-file="+cache).waitReady(t, http.DefaultClient, "http://"+a+"/-/ready")
	front := asker{http.DefaultClient, "http://" + a}
	// Not raw: a max_source_resolution of 0 is lost on the way, and the query then chooses by itself.
	const step = 6 * time.Hour
	from, to = from.Truncate(step), to.Truncate(step)
	query := survivors[0].query
	want, err := q.between(query, from, to, step, "5m")
	if err != nil || len(want) != 1 {
		t.Fatal(want, err)
	}
	for range 2 {
		got, err := front.between(query, from, to, step, "5m")
		if err != nil || len(got) != 1 || len(got[0].Values) != len(want[0].Values) {
			t.Fatalf("the frontend says %v, the query %v (%v)", got, want, err)
		}
		for at, v := range want[0].Values {
			// Where a range is cut, other samples are the last before it.
			if g := got[0].Values[at]; math.Abs(g/v-1) > .01 {
				t.Errorf("%v: the frontend says %v, the query %v", time.Unix(int64(at), 0), g, v)
			}
		}
	}
	if hits, _ := metric(t, a, "cortex_cache_hits"); hits == 0 {
		t.Error("nothing came out of the cache")
	}
}
