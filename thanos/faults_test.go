package thanos

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

const (
	shortBlock = 2 * time.Minute
	comesAlong = 8 * time.Minute // a block: one and a half of its length until it is cut, a minute for Prometheus' clock, 30 s for the sidecar's
)

// hasAll waits until the bucket holds the answers up to a number.
func (b bucket) hasAll(t *testing.T, q asker, labels string, upTo int) audit {
	t.Helper()
	var a audit
	await(t, comesAlong, fmt.Sprintf("answer %d is in the bucket", upTo), func() (err error) {
		a, err = q.audit(labels, false)
		if err == nil && a.last < upTo {
			err = fmt.Errorf("%v", a)
		}
		return err
	})
	return a
}

// expectLost fails where more is lost than the answers that were under way when something was killed: those after `kept`, at most
// one for each.
func (a audit) expectLost(t *testing.T, kept ...int) {
	t.Helper()
	for _, n := range a.lost {
		if !slices.Contains(kept, n-1) {
			t.Errorf("answer %d is lost", n)
		}
	}
	if len(a.doubled) > 0 {
		t.Errorf("answers %v are doubled", a.doubled)
	}
}

// wait waits for a while that a test is about.
func wait(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-time.After(d):
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	}
}

// TestThanosFaultOutage: the object store is away for five block lengths, under a sidecar, a compactor and a store. The alerts fire, and
// end by themselves; each answer of the sensor is in the bucket once.
func TestThanosFaultOutage(t *testing.T) {
	needFaults(t)
	t.Parallel()
	address, file := free(t, 1)[0], filepath.Join(t.TempDir(), "s3.db")
	store := startS3(t, address, file)
	b := bucket{kind: "s3", config: write(t, "objstore.yml", s3Config(address, "wire"))}
	s := startSite(t, sensor(t), "{site: oslo, replica: a}", b.config, twoMinutes...)
	s.sidecar.waitReady(t, http.DefaultClient, "http://"+s.sideHTTP+"/-/ready")
	compact := free(t, 1)[0]
	compactor := startThanos(t, "compact", compact, "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config, "--wait-interval=10s", "--consistency-delay=0s")
	m := startMonitor(t, map[string][]string{"thanos-sidecar": {s.sideHTTP}, "thanos-compact": {compact}})
	q := b.open(t)
	b.hasAll(t, q, "", 1)

	store.kill()
	begin := time.Now()
	m.await(t, 5*shortBlock, "ThanosUploadsFail", true) // not before there is a block to upload
	m.await(t, 5*shortBlock, "ThanosUploadsStale", true)
	m.await(t, 5*shortBlock, "ThanosCompactStale", true)
	wait(t, time.Until(begin.Add(5*shortBlock)))
	select {
	case <-compactor.done:
		t.Log("the compactor has ended; its unit would have started it again")
		compactor = compactor.again(t)
	default:
	}
	startS3(t, address, file)
	back := time.Now()
	before, err := s.api.audit("", false)
	if err != nil {
		t.Fatal(err)
	}
	b.hasAll(t, q, "", before.last).expectLost(t)
	t.Logf("after %v without a store all %d answers were in the bucket %v after its return", back.Sub(begin).Round(time.Second), before.last, time.Since(back).Round(time.Second))
	for _, alert := range []string{"ThanosUploadsFail", "ThanosUploadsStale", "ThanosCompactStale"} {
		m.await(t, comesAlong, alert, false)
	}
	m.only(t, "ThanosUploadsFail", "ThanosUploadsStale", "ThanosCompactStale", "ThanosDown")
	b.checkApart(t)
}

// TestThanosFaultPrometheus: Prometheus is killed while it scrapes, and while it writes a block. What it had when it was asked last, it
// has after its log is read again, and the bucket has it once.
func TestThanosFaultPrometheus(t *testing.T) {
	needFaults(t)
	t.Parallel()
	b := filesystem(t)
	s := startSite(t, sensor(t), "{site: oslo, replica: a}", b.config, twoMinutes...)
	s.sidecar.waitReady(t, http.DefaultClient, "http://"+s.sideHTTP+"/-/ready")
	m := startMonitor(t, map[string][]string{"thanos-sidecar": {s.sideHTTP}})
	var kept []int
	for _, when := range []func(){
		func() { wait(t, 40*time.Second) },
		func() { s.prometheus.waitSaid(t, comesAlong, "write block started") },
		func() { s.prometheus.waitSaid(t, comesAlong, "Head GC completed") },
	} {
		when()
		before, err := s.api.audit("", false)
		if err != nil {
			t.Fatal(err)
		}
		s.prometheus.kill()
		if len(kept) == 0 {
			m.await(t, time.Minute, "ThanosSidecarAlone", true)
		}
		begin := time.Now()
		s.prometheus = s.prometheus.again(t)
		s.prometheus.waitReady(t, http.DefaultClient, s.api.base+"/-/ready")
		after, err := s.api.audit("", false)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("killed with %v; back within %v with %v", before, time.Since(begin).Round(time.Second/10), after)
		if after.last < before.last {
			t.Errorf("answers after %d are lost", after.last)
		}
		kept = append(kept, before.last, before.last+1)
	}
	m.await(t, time.Minute, "ThanosSidecarAlone", false)
	before, err := s.api.audit("", false)
	if err != nil {
		t.Fatal(err)
	}
	b.hasAll(t, b.open(t), "", before.last).expectLost(t, kept...)
	b.checkApart(t)
	m.only(t, "ThanosSidecarAlone")
}

// tmpfs is a file system of that size, until the test ends.
func tmpfs(t *testing.T, size string) (dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("left out: a small file system needs root")
	}
	dir = t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		if errors.Is(err, syscall.EPERM) {
			t.Skip("left out: a small file system needs the right to mount")
		}
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill writes a file until there is no room left for anything.
func fill(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "ballast")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	block := make([]byte, 1<<20)
	for ; len(block) >= 4096; block = block[:len(block)/256] {
		for err = nil; err == nil; {
			_, err = f.Write(block)
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	return file
}

// TestThanosFaultDiskFull: the disk that one of two twins shares with its sidecar is full for two block lengths. Both are asked as one
// and nothing is missing; the alert fires at the other twin, since who cannot write has no alerts either; with room again it goes on by itself,
// and a restart mends its log.
func TestThanosFaultDiskFull(t *testing.T) {
	needFaults(t)
	t.Parallel()
	small := tmpfs(t, "640m") // to write any block Prometheus wants room for 512 MiB
	b := filesystem(t)
	config := "global: {scrape_interval: 1s, external_labels: {site: oslo, replica: %s}}\nscrape_configs: [{job_name: wire_exporter, static_configs: [{targets: [%q], labels: {instance: sensor}}]}]\n"
	one := startSiteIn(t, small, fmt.Sprintf(config, "a", sensor(t)), b.config, twoMinutes...)
	other := startSiteIn(t, t.TempDir(), fmt.Sprintf(config, "b", sensor(t)), b.config, twoMinutes...)
	a := free(t, 2)
	q := openQuery(t, "query", a[0], a[1], one.grpc, other.grpc)
	m := startMonitor(t, map[string][]string{"prometheus": {one.api.base[len("http://"):], other.api.base[len("http://"):]}, "thanos-sidecar": {one.sideHTTP, other.sideHTTP}})
	b.hasAll(t, b.open(t), `replica="a"`, 1)

	before, err := one.api.audit("", false)
	if err != nil {
		t.Fatal(err)
	}
	ballast := fill(t, small)
	begin := time.Now()
	m.await(t, comesAlong, "ThanosPrometheusCannotWrite", true) // with the log, or with the next block, if a part of the log has just been deleted
	wait(t, time.Until(begin.Add(2*shortBlock)))
	during, err := one.api.audit("", false)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	freed := time.Now()
	var after audit
	await(t, comesAlong, "the twin writes again", func() error {
		if after, err = one.api.audit("", false); err == nil && after.last <= during.last+10 {
			err = fmt.Errorf("%v", after)
		}
		return err
	})
	t.Logf("before: %v; with a full disk: %v; after: %v, %v after there was room", before, during, after, time.Since(freed).Round(time.Second))
	// The log may end in the middle of a record, and a later start reads no further: who is not started anew now loses by a crash what has come since.
	for _, when := range []string{"at once", "a minute later"} {
		before, err := one.api.audit("", false)
		must(t, err)
		one.prometheus.kill()
		one.prometheus = one.prometheus.again(t)
		one.prometheus.waitReady(t, http.DefaultClient, one.api.base+"/-/ready")
		again, err := one.api.audit("", false)
		must(t, err)
		t.Logf("restarted %s: before %v, after %v", when, before, again)
		for n := after.last + 1; n <= before.last && when != "at once"; n++ {
			if !slices.Contains(before.lost, n) && (n > again.last || slices.Contains(again.lost, n)) {
				t.Errorf("answer %d is lost by the second restart", n)
			}
		}
		after = again
		wait(t, time.Minute)
	}
	m.await(t, comesAlong, "ThanosPrometheusCannotWrite", false)
	merged, err := q.instant(`wire_answers[1h]`, time.Now(), "dedup", "true", "max_source_resolution", "0s")
	if err != nil || len(merged) != 1 {
		t.Fatalf("twins show as %d series, %v", len(merged), err)
	}
	if gap := merged[0].longestGap(); gap > 10*time.Second {
		t.Errorf("both together have a gap of %v", gap)
	}
	t.Logf("both together: the longest gap is %v", merged[0].longestGap())
	stored := b.hasAll(t, b.open(t), `replica="a"`, after.last)
	t.Logf("in the bucket: %v", stored)
	if len(stored.doubled) > 0 {
		t.Errorf("doubled: %v", stored.doubled)
	}
	b.checkApart(t)
	m.only(t, "ThanosPrometheusCannotWrite", "ThanosUploadsFail", "ThanosSidecarAlone")
}
