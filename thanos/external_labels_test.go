// Package thanos holds no code: its tests check, with Thanos' own packages,
// what the shipped configurations promise to Thanos.
package thanos

import (
	"maps"
	"os"
	"testing"

	"github.com/prometheus/prometheus/tsdb"
	"github.com/thanos-io/thanos/pkg/block/metadata"
	"go.yaml.in/yaml/v3"
)

// externalLabels reads the labels that the demo's Prometheus puts on
// everything that leaves it.
func externalLabels(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../packaging/demo/prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct {
		Global struct {
			ExternalLabels map[string]string `yaml:"external_labels"`
		}
	}
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	return config.Global.ExternalLabels
}

// block writes the meta.json of a block as Prometheus leaves it, adds Thanos'
// part as the sidecar or the compactor does, and reads it back.
func block(t *testing.T, externalLabels map[string]string, resolution int64) *metadata.Meta {
	t.Helper()
	dir := t.TempDir()
	plain := metadata.Meta{BlockMeta: tsdb.BlockMeta{
		MinTime: 0, MaxTime: 2 * 60 * 60 * 1000, Version: metadata.TSDBVersion1,
	}}
	if err := plain.WriteToDir(nil, dir); err != nil {
		t.Fatal(err)
	}
	_, err := metadata.InjectThanos(nil, dir, metadata.Thanos{
		Labels:     externalLabels,
		Downsample: metadata.ThanosDownsample{Resolution: resolution},
		Source:     metadata.SidecarSource,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	read, err := metadata.ReadFromDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// TestExternalLabelsIdentifyTheSensor: the labels of the shipped configuration
// reach the block, and twins stay apart by replica alone. Without labels two
// sensors would be one to Thanos, whose compactor then stops.
func TestExternalLabelsIdentifyTheSensor(t *testing.T) {
	set := externalLabels(t)
	for _, name := range []string{"site", "replica"} {
		if set[name] == "" {
			t.Fatalf("packaging/demo/prometheus.yml sets no external label %s", name)
		}
	}
	one := block(t, set, 0)
	if !maps.Equal(one.Thanos.Labels, set) {
		t.Errorf("labels %v, want %v", one.Thanos.Labels, set)
	}
	twin := maps.Clone(set)
	twin["replica"] += "-twin"
	if one.Thanos.GroupKey() == block(t, twin, 0).Thanos.GroupKey() {
		t.Error("the blocks of twins would be compacted together")
	}
}

// TestResolutionIsReadBack: raw, 5 minutes and 1 hour are told apart by
// meta.json, and are never compacted together.
func TestResolutionIsReadBack(t *testing.T) {
	groups := map[string]bool{}
	for _, milliseconds := range []int64{0, 5 * 60 * 1000, 60 * 60 * 1000} {
		got := block(t, map[string]string{"site": "demo"}, milliseconds)
		if got.Thanos.Downsample.Resolution != milliseconds {
			t.Errorf("resolution %d, want %d", got.Thanos.Downsample.Resolution, milliseconds)
		}
		groups[got.Thanos.GroupKey()] = true
	}
	if len(groups) != 3 {
		t.Errorf("%d groups, want 3", len(groups))
	}
}
