package thanos

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// bucket is an object store of the test.
type bucket struct {
	kind, config string // config is the path of a file for --objstore.config-file
}

func filesystem(t *testing.T) bucket {
	t.Helper()
	return bucket{"filesystem", write(t, "objstore.yml", fmt.Sprintf("type: FILESYSTEM\nconfig: {directory: %q}\n", t.TempDir()))}
}

// s3 starts an object store that speaks S3's protocol.
func s3(t *testing.T) bucket {
	t.Helper()
	address := free(t, 1)[0]
	p := start(t, program(t, "gofakes3"), "-backend", "bolt", "-bolt.db", filepath.Join(t.TempDir(), "s3.db"), "-host", address, "-initialbucket", "wire", "-quiet")
	p.waitReady(t, http.DefaultClient, "http://"+address+"/wire")
	return bucket{"s3", write(t, "objstore.yml", s3Config(address, "wire"))}
}

func s3Config(address, bucket string) string {
	return fmt.Sprintf("type: S3\nconfig: {bucket: %s, endpoint: %q, region: us-east-1, access_key: k, secret_key: s, insecure: true}\n", bucket, address)
}

// upload puts the blocks of a folder into the bucket, as those of the Prometheus with these external labels.
func (b bucket) upload(t *testing.T, dir string, labels ...string) {
	t.Helper()
	args := []string{"tools", "bucket", "upload-blocks", "--path=" + dir, "--objstore.config-file=" + b.config}
	for _, l := range labels {
		args = append(args, "--label="+l)
	}
	mustRun(t, "thanos", args...)
}

// compact runs the compactor once, with the shipped flags, but that it takes what is fresh and keeps everything.
func (b bucket) compact(t *testing.T, more ...string) (string, error) {
	t.Helper()
	flags := append([]string{"--wait=", "--data-dir=" + t.TempDir(), "--objstore.config-file=" + b.config, "--http-address=" + free(t, 1)[0],
		"--consistency-delay=0s", "--delete-delay=0s", "--retention.resolution-raw=0d", "--retention.resolution-5m=0d", "--retention.resolution-1h=0d"}, more...)
	return run(t, "thanos", append([]string{"compact"}, shipped(t, "compact", flags)...)...)
}

// blocks are what `thanos tools bucket inspect` says of each block, by its headings.
func (b bucket) blocks(t *testing.T) []map[string]string {
	t.Helper()
	out := mustRun(t, "thanos", "tools", "bucket", "inspect", "--objstore.config-file="+b.config, "--output=csv", "--log.level=error")
	rows, err := csv.NewReader(strings.NewReader(out)).ReadAll()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, heading := range rows[0] {
			m[heading] = row[i]
		}
		all = append(all, m)
	}
	return all
}

// resolutions counts the blocks of each resolution.
func (b bucket) resolutions(t *testing.T) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, block := range b.blocks(t) {
		n[block["RESOLUTION"]]++
	}
	return n
}

// open starts a store and a query over the bucket.
func (b bucket) open(t *testing.T) asker {
	t.Helper()
	a := free(t, 4)
	startThanos(t, "store", a[0], "--grpc-address="+a[1], "--data-dir="+t.TempDir(), "--objstore.config-file="+b.config, "--ignore-deletion-marks-delay=0s").
		waitReady(t, http.DefaultClient, "http://"+a[0]+"/-/ready")
	return openQuery(t, "query", a[2], a[3], a[1])
}

// openQuery starts a query over StoreAPIs.
func openQuery(t *testing.T, name, http_, grpc string, stores ...string) asker {
	t.Helper()
	text := "endpoints:\n"
	for _, s := range stores {
		text += fmt.Sprintf("  - address: %q\n", s)
	}
	p := startThanos(t, name, http_, "--grpc-address="+grpc, "--endpoint.sd-config-file="+write(t, "endpoints.yml", text))
	p.waitReady(t, http.DefaultClient, "http://"+http_+"/-/ready")
	return asker{http.DefaultClient, "http://" + http_}
}
