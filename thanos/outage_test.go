package thanos

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// needFaults skips what is no question of every change: make test-thanos-faults.
func needFaults(t *testing.T) {
	t.Helper()
	needPrograms(t)
	if os.Getenv("WIRE_TEST_THANOS_FAULTS") == "" {
		t.Skip("WIRE_TEST_THANOS_FAULTS is not set")
	}
}

// TestThanosFaultStoreAway: a block waits while the object store is away, the metric that the alert reads moves (that of failed uploads
// does not: the shipper first asks whether the block is there), and it is uploaded once the store is back.
func TestThanosFaultStoreAway(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	address, file := free(t, 1)[0], filepath.Join(t.TempDir(), "s3.db")
	b := bucket{kind: "s3", config: write(t, "objstore.yml", s3Config(address, "wire"))}
	s := startSite(t, sensor(t), "{site: oslo, replica: a}", filesystem(t).config, twoMinutes...)
	dir := smallBlock(t, time.Now().Add(-2*freshSpan).Truncate(freshSpan), 1)
	a := free(t, 2)
	startThanos(t, "sidecar", a[0], "--grpc-address="+a[1], "--prometheus.url="+s.api.base, "--tsdb.path="+dir, "--objstore.config-file="+b.config)
	await(t, 3*time.Minute, "the alert's metric moves", func() error {
		if n, _ := metric(t, a[0], "thanos_objstore_bucket_operation_failures_total"); n == 0 {
			return fmt.Errorf("no failures")
		}
		return nil
	})
	if n, _ := metric(t, a[0], "thanos_shipper_uploads_total"); n != 0 {
		t.Fatalf("%v uploads without a store", n)
	}
	startS3(t, address, file)
	await(t, 3*time.Minute, "the block is in the bucket", func() error {
		if n := len(b.blocks(t)); n != 1 {
			return fmt.Errorf("%d blocks", n)
		}
		return nil
	})
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
