package thanos

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/prompb"
)

// sendMany is one request with so many series of one sample each.
func sendMany(c *http.Client, address string, series int, name string) (int, string, error) {
	var req prompb.WriteRequest
	for i := range series {
		req.Timeseries = append(req.Timeseries, prompb.TimeSeries{
			Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "i", Value: fmt.Sprint(i)}},
			Samples: []prompb.Sample{{Value: 1, Timestamp: time.Now().UnixMilli()}},
		})
	}
	body, err := req.Marshal()
	if err != nil {
		return 0, "", err
	}
	return post(c, address, "", "application/x-protobuf", "0.1.0", body)
}

// lowLimits are the shipped limits with small numbers, and with a Prometheus that counts the tenants' series.
func lowLimits(t *testing.T, monitor string) (file string) {
	t.Helper()
	b, err := os.ReadFile("config/limits.yml")
	must(t, err)
	text := string(b)
	for _, change := range [][2]string{
		{"  global:\n", "  global:\n    meta_monitoring_url: http://" + monitor + "\n"}, {"series_limit: 10000\n", "series_limit: 10\n"},
		{"size_bytes_limit: 5242880\n", "size_bytes_limit: 50000\n"}, {"head_series_limit: 0\n", "head_series_limit: 30\n"},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("config/limits.yml has no %q any more", change[0])
		}
		text = strings.Replace(text, change[0], change[1], 1)
	}
	return write(t, "limits.yml", text)
}

// TestThanosLimits: a tenant past a limit is refused with the status that says which kind it is, it is counted and told by the alert, and no other tenant
// notices.
func TestThanosLimits(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	address := free(t, 1)[0]
	r := startRing(t, 3, lowLimits(t, address))
	m := startMonitorAt(t, address, map[string][]string{"thanos-receive": r.http})
	greedy, modest := client(t, &r.tenants, "bank-b", r.internal), client(t, &r.tenants, "bank-c", r.internal)
	await(t, readyLimit, "the ring takes what is allowed", func() error {
		if code, text, err := sendMany(greedy, r.write[0], 10, "wire_allowed"); err != nil || code != http.StatusOK {
			return fmt.Errorf("%d %s %v", code, text, err)
		}
		return nil
	})
	for what, name := range map[string]string{"series": "wire_many", "bytes": strings.Repeat("wire_long_", 10_000)} {
		n := map[string]int{"series": 11, "bytes": 1}[what]
		code, text, err := sendMany(greedy, r.write[0], n, name)
		t.Logf("too many %s in a request: %d %s", what, code, strings.TrimSpace(text))
		if err != nil || code != http.StatusRequestEntityTooLarge {
			t.Errorf("too many %s: %d %s %v", what, code, text, err)
		}
	}
	if n, _ := metric(t, r.http[0], `thanos_receive_write_limits_hit_count{limit="series",tenant="bank-b"}`); n != 1 {
		t.Errorf("counted %v times, once it was", n)
	}
	// 20 series on each of three nodes are twice what is allowed.
	if code, text, err := sendMany(greedy, r.write[0], 10, "wire_more"); err != nil || code != http.StatusOK {
		t.Errorf("before the count is known: %d %s %v", code, text, err)
	}
	await(t, readyLimit, "more series than are allowed", func() error {
		if code, text, err := sendMany(greedy, r.write[0], 1, "wire_more"); err != nil || code != http.StatusTooManyRequests {
			return fmt.Errorf("%d %s %v", code, text, err)
		}
		return nil
	})
	if n, _ := metric(t, r.http[0], `thanos_receive_head_series_limited_requests_total{tenant="bank-b"}`); n == 0 {
		t.Error("not counted")
	}
	if code, text, err := sendMany(modest, r.write[0], 1, "wire_of_another"); err != nil || code != http.StatusOK {
		t.Errorf("another tenant: %d %s %v", code, text, err)
	}
	await(t, readyLimit, "the alert fires for who goes on", func() error {
		if code, text, err := sendMany(greedy, r.write[0], 11, "wire_many"); err != nil || code/100 != 4 {
			t.Fatalf("%d %s %v", code, text, err)
		}
		got, err := m.instant(`ALERTS{alertname="ThanosReceiveLimited", alertstate="firing", tenant="bank-b"}`, time.Now())
		if err == nil && len(got) != 1 {
			err = fmt.Errorf("%v", got)
		}
		return err
	})
	m.only(t, "ThanosReceiveLimited")
	testQueryLimit(t, r)
}

// testQueryLimit: the limits of a query count nothing in Thanos 0.42, since it gets its series in batches, and looks for single ones. When this fails, a
// newer one does: take the warning out of flags/query-tenants.flags and docs/longterm.md.
func testQueryLimit(t *testing.T, r *ring) {
	const series, samples = "--store.limits.request-series", "--store.limits.request-samples"
	for _, name := range []string{series, samples} {
		value(t, "flags/query-tenants.flags", name)
	}
	a := free(t, 2)
	startThanos(t, "query", a[0], "--grpc-address="+a[1], "--endpoint.sd-config-file="+r.endpoints, series+"=1", samples+"=1").
		waitReady(t, http.DefaultClient, "http://"+a[0]+"/-/ready")
	q := asker{http.DefaultClient, "http://" + a[0]}
	await(t, readyLimit, "ten series come although one is allowed", func() error {
		got, err := q.instant(`max_over_time(wire_allowed[10m])`, time.Now(), "partial_response", "false")
		if err == nil && len(got) != 10 {
			err = fmt.Errorf("%d series", len(got))
		}
		return err
	})
}

// TestThanosStoreLimit: a query that touches more series than the store allows is refused, not cut short.
func TestThanosStoreLimit(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	b := filesystem(t)
	for _, site := range []string{"oslo", "bergen"} {
		b.upload(t, smallBlock(t, time.Now().Add(-freshSpan).Truncate(freshSpan), 1), `site="`+site+`"`)
	}
	for allowed, refused := range map[string]bool{"1": true, "2": false} {
		a := free(t, 4)
		startThanos(t, "store", a[0], "--grpc-address="+a[1], "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config, "--store.limits.request-series="+allowed).
			waitReady(t, http.DefaultClient, "http://"+a[0]+"/-/ready")
		q := openQuery(t, "query", a[2], a[3], a[1])
		await(t, readyLimit, fmt.Sprintf("%s of two series allowed, refused: %v", allowed, refused), func() error {
			got, err := q.instant(`max_over_time(up[1d])`, time.Now(), "partial_response", "false")
			if refused && (err == nil || !strings.Contains(err.Error(), "exceeded series limit")) || !refused && len(got) != 2 {
				return fmt.Errorf("%d series, %v", len(got), err)
			}
			return nil
		})
	}
}
