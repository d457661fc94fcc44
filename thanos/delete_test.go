package thanos

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testDeletion deletes the history of one service with Thanos' own tools. Its rewrite cannot read downsampled blocks (0.42 panics):
// they are deleted whole, and the compactor makes them again of the raw ones. In the end a whole site goes.
func testDeletion(t *testing.T, b bucket) {
	testRewritePanics(t, b)
	rewrite := []string{"rewrite", "--tmp.dir=" + t.TempDir(), "--no-dry-run", "--delete-blocks", "--rewrite.to-delete-config=- matchers: '{service_name=\"ledger\"}'"}
	mark := []string{"mark", "--marker=deletion-mark.json", "--details=a service is forgotten"}
	for _, block := range b.blocks(t) {
		if block["RESOLUTION"] == "0s" {
			rewrite = append(rewrite, "--id="+block["ULID"])
		} else {
			mark = append(mark, "--id="+block["ULID"])
		}
	}
	b.tool(t, rewrite...)
	b.tool(t, mark...)
	b.tool(t, "cleanup", "--delete-delay=0s", "--consistency-delay=0s")
	if n := b.resolutions(t); n["5m0s"]+n["1h0m0s"] > 0 {
		t.Fatalf("downsampled blocks are left: %v", n)
	}
	if out, err := b.compact(t); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := b.resolutions(t); n["5m0s"] < 2 || n["1h0m0s"] < 2 {
		t.Errorf("blocks by resolution: %v", n)
	}
	q := b.open(t)
	from, to := fortnights(time.Now())
	for _, resolution := range []string{"0s", "5m", "1h"} {
		for name, want := range map[string]int{"ledger": 0, "web": 1} {
			got, err := q.between(`count(avg_over_time(wire_active_users{service_name="`+name+`"}[6h]))`, from, to, day, resolution)
			if err != nil || len(got) != want {
				t.Errorf("%s at %s: %d answers, want %d (%v)", name, resolution, len(got), want, err)
			}
		}
	}
	b.deleteAll(t, `site="oslo"`)
	if left := b.blocks(t); len(left) > 0 {
		t.Errorf("of the deleted site there is left: %v", left)
	}
}

// tool runs one of `thanos tools bucket`.
func (b bucket) tool(t *testing.T, args ...string) string {
	t.Helper()
	return mustRun(t, "thanos", append([]string{"tools", "bucket", args[0], "--objstore.config-file=" + b.config}, args[1:]...)...)
}

// deleteAll deletes whole blocks: those with that external label.
func (b bucket) deleteAll(t *testing.T, label string) {
	t.Helper()
	mark := []string{"mark", "--marker=deletion-mark.json", "--details=all of it is forgotten"}
	for _, block := range b.blocks(t, "--selector="+label) {
		mark = append(mark, "--id="+block["ULID"])
	}
	b.tool(t, mark...)
	b.tool(t, "cleanup", "--delete-delay=0s", "--consistency-delay=0s")
}

// testRewritePanics: when this fails, a newer Thanos can rewrite downsampled blocks, and docs/longterm.md can be simpler.
func testRewritePanics(t *testing.T, b bucket) {
	t.Helper()
	for _, block := range b.blocks(t) {
		if block["RESOLUTION"] == "0s" {
			continue
		}
		out, err := run(t, "thanos", "tools", "bucket", "rewrite", "--objstore.config-file="+b.config, "--tmp.dir="+t.TempDir(), "--no-dry-run",
			"--rewrite.to-delete-config=- matchers: '{service_name=\"ledger\"}'", "--id="+block["ULID"])
		if err == nil || !strings.Contains(out, "invalid memory address or nil pointer dereference") {
			t.Errorf("rewriting %s (%s) no longer panics: %v\n%s", block["ULID"], block["RESOLUTION"], err, out[max(0, len(out)-1000):])
		}
		return
	}
	t.Error("no downsampled block")
}

// TestThanosDeleteTenant: one tenant's blocks are deleted from the bucket, and the other's are left as they were.
func TestThanosDeleteTenant(t *testing.T) {
	needPrograms(t)
	t.Parallel()
	b := filesystem(t)
	for i, tenant := range []string{"bank-a", "bank-b"} {
		b.upload(t, smallBlock(t, time.Now().Add(-freshSpan).Truncate(freshSpan), float64(i)), `tenant_id="`+tenant+`"`, `receive_replica="0"`)
	}
	b.deleteAll(t, `tenant_id="bank-a"`)
	left := b.blocks(t)
	if len(left) != 1 || !strings.Contains(left[0]["LABELS"], "bank-b") {
		t.Errorf("left are %v", left)
	}
	q := b.open(t)
	await(t, readyLimit, "bank-b's history answers, bank-a's does not", func() error {
		got, err := q.instant(`max by (tenant_id) (max_over_time(up[1d]))`, time.Now())
		if err == nil && (len(got) != 1 || got[0].Metric["tenant_id"] != "bank-b") {
			err = fmt.Errorf("%v", got)
		}
		return err
	})
}

// testDeleteRecent: what of a tenant is not uploaded yet is in a folder of its own on each node.
func testDeleteRecent(t *testing.T, r *ring) {
	for i, n := range r.nodes {
		n.kill()
		must(t, os.RemoveAll(filepath.Join(r.dirs[i], "bank-b")))
	}
	for i, n := range r.nodes {
		r.nodes[i] = n.again(t)
	}
	for i, n := range r.nodes {
		n.waitReady(t, http.DefaultClient, "http://"+r.http[i]+"/-/ready")
	}
	await(t, readyLimit, "A's are there, B's are gone", func() error {
		got, err := r.operator.instant(`count by (tenant_id) (max_over_time({__name__=~"wire_secret.*"}[1h]))`, time.Now())
		if err == nil && (len(got) != 1 || got[0].Metric["tenant_id"] != "bank-a") {
			err = fmt.Errorf("%v", got)
		}
		return err
	})
}
