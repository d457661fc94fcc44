package config

import "slices"

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
		{"measure.ports", !slices.Equal(c.capture, before.capture)},
	} {
		if k.changed {
			keys = append(keys, k.key)
		}
	}
	return keys
}
