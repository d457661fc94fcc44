package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"wire_exporter/packaging/demo/internal/stack"
)

const (
	sidecarGRPC  = "127.0.0.1:19101"
	storeGRPC    = "127.0.0.1:19111"
	thanosAddr   = "127.0.0.1:19132" // the query's page
	sampleBlocks = "10m"             // instead of 2h, so that there are blocks in the bucket within one sitting
)

// thanosParts are the components in the order in which they start, and what the demo gives them instead of what
// thanos/flags says: its own addresses and folders.
func (d *demo) thanosParts() []thanosPart {
	dir := filepath.Join(d.data, "thanos")
	bucket := "--objstore.config-file=" + filepath.Join(dir, "objstore.yml")
	return []thanosPart{
		{"sidecar", "127.0.0.1:19102", []string{bucket, "--grpc-address=" + sidecarGRPC,
			"--prometheus.url=http://" + prometheusAddr, "--tsdb.path=" + filepath.Join(d.data, "prometheus")}},
		{"store", "127.0.0.1:19112", []string{bucket, "--grpc-address=" + storeGRPC, "--data-dir=" + filepath.Join(dir, "store")}},
		{"compact", "127.0.0.1:19122", []string{bucket, "--data-dir=" + filepath.Join(dir, "compact")}},
		{"query", thanosAddr, []string{"--grpc-address=127.0.0.1:19131", "--endpoint.sd-config-file=" + filepath.Join(dir, "endpoints.yml")}},
	}
}

type thanosPart struct {
	name, http string
	flags      []string
}

// openThanos builds Thanos where there is none yet, and starts it beside the Prometheus that runs, with a folder as bucket.
func (d *demo) openThanos(ctx context.Context) error {
	module := stack.Thanos(d.repository)
	if _, ready, err := module.Programs(d.cache); err == nil && !ready {
		d.say("building Thanos from its Go module, for the first time: about 6 minutes")
	}
	programs, err := module.Build(ctx, d.cache, d.progress("building Thanos"))
	if err != nil {
		return err
	}
	dir := filepath.Join(d.data, "thanos")
	for name, text := range map[string]string{
		"objstore.yml":  fmt.Sprintf("type: FILESYSTEM\nconfig: {directory: %q}\n", filepath.Join(dir, "bucket")),
		"endpoints.yml": fmt.Sprintf("endpoints: [{address: %q}, {address: %q}]\n", sidecarGRPC, storeGRPC),
	} {
		if err := os.MkdirAll(filepath.Join(dir, "bucket"), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	for _, part := range d.thanosParts() {
		if err := d.startThanos(ctx, filepath.Join(programs, "thanos"), part); err != nil {
			return err
		}
	}
	d.say("Thanos' query, over the live data and the bucket: http://%s/", thanosAddr)
	d.say("  a block every %s goes to %s, is joined and downsampled", sampleBlocks, filepath.Join(dir, "bucket"))
	openBrowser("http://" + thanosAddr + "/")
	return nil
}

func (d *demo) startThanos(ctx context.Context, thanos string, part thanosPart) error {
	shipped, err := os.ReadFile(filepath.Join(d.repository, "thanos", "flags", part.name+".flags"))
	if err != nil {
		return err
	}
	flags := append(part.flags, "--http-address="+part.http)
	p, err := stack.Start("thanos-"+part.name, d.data, d.data, nil, thanos, slices.Concat([]string{part.name}, without(string(shipped), flags), flags)...)
	if err != nil {
		return err
	}
	d.keep(p)
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	if err := p.WaitReady(ctx, "http://"+part.http+"/-/ready"); err != nil {
		return err
	}
	d.watch(p)
	return nil
}

// without is a file of flags without comments, and without what others take the place of.
func without(file string, others []string) []string {
	var flags []string
	for line := range strings.Lines(file) {
		flag := strings.TrimSpace(line)
		name, _, _ := strings.Cut(flag, "=")
		replaced := slices.ContainsFunc(others, func(o string) bool { return strings.HasPrefix(o, name+"=") })
		if flag != "" && !strings.HasPrefix(flag, "#") && !replaced {
			flags = append(flags, flag)
		}
	}
	return flags
}
