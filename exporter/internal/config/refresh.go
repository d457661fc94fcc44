package config

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Refresh looks up anew what "local" stands for in measure.servers, since containers come and go. It says whether Label has
// changed and is to be handed to the Book. Without "local" it does nothing.
func (c *Config) Refresh() (changed bool, err error) {
	if !c.local {
		return false, nil
	}
	now, err := c.networks()
	if err != nil {
		return false, err
	}
	if slices.Equal(now, c.Label.Measure.Local) {
		return false, nil
	}
	c.Label.Measure.Local = slices.Clone(now)
	return true, nil
}

// NeedsRestart names the keys in which c differs from the configuration before it and which a reload does not change.
func (c *Config) NeedsRestart(before *Config) (keys []string) {
	timeouts := func(c *Config) [6]int64 {
		f := c.Flow
		return [...]int64{int64(f.Hold), int64(f.Grace), int64(f.Patience), int64(f.SynTimeout), int64(f.Idle), int64(f.Linger)}
	}
	for _, k := range []struct {
		key     string
		changed bool
	}{
		{"flow", timeouts(c) != timeouts(before)},
		{"limits.series", c.Label.Limits.Series != before.Label.Limits.Series},
		{"access_logs", !reflect.DeepEqual(c.AccessLogs, before.AccessLogs)},
		{"measure.ports", !slices.Equal(c.capture, before.capture)},
	} {
		if k.changed {
			keys = append(keys, k.key)
		}
	}
	return keys
}

// SameDecoders says that Decoders would make what before made: no block of a protocol and nothing about users has changed.
func (c *Config) SameDecoders(before *Config) bool {
	if len(c.blocks) != len(before.blocks) || !reflect.DeepEqual(c.Sessions, before.Sessions) {
		return false
	}
	for i := range c.blocks {
		a, b := c.blocks[i], before.blocks[i]
		if a.off != b.off || text(a.own) != text(b.own) {
			return false
		}
	}
	return true
}

// text is a node as YAML, to compare what it says.
func text(n *yaml.Node) string {
	if n == nil {
		return ""
	}
	b, _ := yaml.Marshal(n) // what was parsed can be written
	return string(b)
}
