package thanos

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// bucket is an object store of the test.
type bucket struct {
	kind, config string // config is the path of a file for --objstore.config-file
	dir          string // where a file system's is
}

func filesystem(t *testing.T) bucket {
	t.Helper()
	dir := t.TempDir()
	return bucket{"filesystem", write(t, "objstore.yml", fmt.Sprintf("type: FILESYSTEM\nconfig: {directory: %q}\n", dir)), dir}
}

// s3 starts an object store that speaks S3's protocol.
func s3(t *testing.T) bucket {
	t.Helper()
	address := free(t, 1)[0]
	startS3(t, address, filepath.Join(t.TempDir(), "s3.db"))
	return bucket{kind: "s3", config: write(t, "objstore.yml", s3Config(address, "wire"))}
}

func startS3(t *testing.T, address, file string) *process {
	t.Helper()
	p := start(t, program(t, "gofakes3"), "-backend", "bolt", "-bolt.db", file, "-host", address, "-initialbucket", "wire", "-quiet")
	p.waitReady(t, http.DefaultClient, "http://"+address+"/wire")
	return p
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
func (b bucket) blocks(t *testing.T, more ...string) []map[string]string {
	t.Helper()
	out := b.tool(t, append([]string{"inspect", "--output=csv", "--log.level=error"}, more...)...)
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

// sizes logs how many bytes a series takes each day, by resolution.
func (b bucket) sizes(t *testing.T) {
	t.Helper()
	bytes, seriesDays := map[string]int64{}, map[string]float64{}
	for _, block := range b.blocks(t) {
		r := block["RESOLUTION"]
		err := filepath.WalkDir(filepath.Join(b.dir, block["ULID"]), func(_ string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			info, err := d.Info()
			if err == nil {
				bytes[r] += info.Size()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		from, err1 := time.Parse(time.RFC3339, block["FROM"])
		until, err2 := time.Parse(time.RFC3339, block["UNTIL"])
		series, err3 := strconv.ParseFloat(strings.ReplaceAll(block["#SERIES"], ",", ""), 64)
		if err := errors.Join(err1, err2, err3); err != nil {
			t.Fatal(err)
		}
		seriesDays[r] += series * until.Sub(from).Hours() / 24
	}
	for r, n := range bytes {
		t.Logf("%s: %.0f bytes a series and day (%.1f MB, %.0f series-days)", r, float64(n)/seriesDays[r], float64(n)/1e6, seriesDays[r])
	}
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
