package thanos

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// needFaults skips what takes a quarter of an hour: make test-thanos-faults.
func needFaults(t *testing.T) {
	t.Helper()
	needPrograms(t)
	if os.Getenv("WIRE_TEST_THANOS_FAULTS") == "" {
		t.Skip("WIRE_TEST_THANOS_FAULTS is not set")
	}
}

// TestThanosFaultOutage: the object store is away for five block lengths, and meanwhile Prometheus is killed. What the alert looks at
// moves, and in the end the bucket has every second once, but for those of Prometheus' restart.
func TestThanosFaultOutage(t *testing.T) {
	needFaults(t)
	t.Parallel()
	const outage = 5 * 2 * time.Minute
	address, file := free(t, 1)[0], filepath.Join(t.TempDir(), "s3.db")
	store := startS3(t, address, file)
	b := bucket{kind: "s3", config: write(t, "objstore.yml", s3Config(address, "wire"))}
	s := startSite(t, sensor(t), "{site: oslo, replica: a}", b.config, twoMinutes...)
	s.sidecar.waitReady(t, http.DefaultClient, "http://"+s.sideHTTP+"/-/ready")
	await(t, 8*time.Minute, "the first block is in the bucket", func() error {
		if len(b.blocks(t)) == 0 {
			return fmt.Errorf("none")
		}
		return nil
	})

	begin := time.Now()
	store.kill()
	await(t, outage, "Prometheus is to be killed", func() error {
		if time.Since(begin) < outage/2 {
			return fmt.Errorf("not yet")
		}
		return nil
	})
	s.prometheus.kill()
	killed := time.Now()
	s.prometheus = start(t, program(t, "prometheus"), s.args...)
	s.prometheus.waitReady(t, http.DefaultClient, s.api.base+"/-/ready")
	back := time.Now()
	t.Logf("Prometheus is back after %v", back.Sub(killed).Round(time.Second))
	await(t, outage, "uploads fail, and the outage has lasted", func() error {
		if n, _ := metric(t, s.sideHTTP, "thanos_shipper_upload_failures_total"); n == 0 || time.Since(begin) < outage {
			return fmt.Errorf("%v failures after %v", n, time.Since(begin))
		}
		return nil
	})

	startS3(t, address, file)
	until := time.Now()
	await(t, 10*time.Minute, "everything is in the bucket", func() error {
		var last string
		for _, block := range b.blocks(t) {
			last = max(last, block["UNTIL"])
		}
		if newest, err := time.Parse(time.RFC3339, last); err != nil || newest.Before(until) {
			return fmt.Errorf("up to %s, want %v (%v)", last, until.UTC(), err)
		}
		return nil
	})
	t.Logf("after %v of outage the bucket was complete %v after its end", outage, time.Since(until).Round(time.Second))
	s.sidecar.kill()
	q := b.open(t)
	const window = 30 * time.Second
	var got []series
	await(t, time.Minute, "the bucket answers", func() (err error) {
		got, err = q.between(`count_over_time(wire_active_users[30s])`, begin.Add(window), until, window, "0s")
		if err == nil && len(got) != 1 {
			err = fmt.Errorf("%d series", len(got))
		}
		return err
	})
	if want := int(until.Sub(begin)/window) - 2; len(got[0].Values) < want {
		t.Errorf("%d half minutes are there, of %d", len(got[0].Values), want)
	}
	for at, n := range got[0].Values {
		when := time.Unix(int64(at), 0)
		restart := when.After(killed) && when.Before(back.Add(window+5*time.Second))
		if n > 31 || n < 28 && !restart {
			t.Errorf("%v: %v of 30 samples", when, n)
		}
	}
}

// TestThanosFaultCompactor: the compactor is killed again and again in the middle of its work. In the end the bucket holds each
// sample once, and all resolutions.
func TestThanosFaultCompactor(t *testing.T) {
	needFaults(t)
	t.Parallel()
	dir := writeHistory(t, time.Now().Truncate(freshSpan))
	b := filesystem(t)
	b.upload(t, dir, `site="oslo"`)
	work := t.TempDir()
	for _, word := range []string{"compact blocks", "uploaded block", "downsampled block"} {
		flags := shipped(t, "compact", []string{"--wait=", "--data-dir=" + work, "--objstore.config-file=" + b.config, "--http-address=" + free(t, 1)[0],
			"--consistency-delay=0s", "--delete-delay=0s", "--retention.resolution-raw=0d", "--retention.resolution-5m=0d", "--retention.resolution-1h=0d"})
		p := start(t, program(t, "thanos"), append([]string{"compact"}, flags...)...)
		p.waitSaid(t, 5*time.Minute, word)
		p.kill()
	}
	if out, err := b.compact(t); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := b.resolutions(t); n["5m0s"] < 2 || n["1h0m0s"] < 2 {
		t.Errorf("blocks by resolution: %v", n)
	}
	q := b.open(t)
	from, to := fortnights(time.Now())
	got, err := q.between(`count_over_time(wire_active_users{`+ofWeb+`}[1h])`, from, to, time.Hour, "0s")
	if err != nil || len(got) != 1 {
		t.Fatalf("%d series, %v", len(got), err)
	}
	for at, n := range got[0].Values {
		if n != 60 {
			t.Errorf("%v: %v of 60 samples", time.Unix(int64(at), 0), n)
		}
	}
}

// TestThanosFaultHalted: a compactor that waits halts where blocks overlap, stays up, and says so in the metric that the alert reads.
func TestThanosFaultHalted(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	b := filesystem(t)
	for i := range 2 {
		for k := range 4 {
			b.upload(t, smallBlock(t, time.Unix(0, 0).Add(time.Duration(k)*freshSpan), float64(i)), `site="oslo"`)
		}
	}
	a := free(t, 1)
	startThanos(t, "compact", a[0], "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config, "--consistency-delay=0s", "--retention.resolution-raw=0d")
	await(t, readyLimit, "the compactor has halted", func() error {
		if halted, _ := metric(t, a[0], "thanos_compact_halted"); halted != 1 {
			return fmt.Errorf("thanos_compact_halted is %v", halted)
		}
		return nil
	})
}
