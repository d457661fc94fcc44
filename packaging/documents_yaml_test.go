package packaging

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/exporter-toolkit/web"
	"github.com/prometheus/prometheus/config"
	"github.com/prometheus/prometheus/discovery/targetgroup"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"

	_ "github.com/prometheus/prometheus/discovery/file" // file_sd_configs
)

// TestDocumentConfiguration loads every block of YAML with the code of the program that it is for, strictly. Those of docs/configuration.md are
// the exporter's own and are loaded by its package config.
func TestDocumentConfiguration(t *testing.T) {
	seen := map[string]int{}
	for _, document := range documents(t) {
		for _, b := range blocks(t, document) {
			if b.language != "yaml" || document == "../docs/configuration.md" || b.untested(t) {
				continue
			}
			kind, err := b.load()
			if seen[kind]++; err != nil {
				t.Errorf("%s:%d: as %s: %v", document, b.line, kind, err)
			}
		}
	}
	for _, kind := range []string{"Prometheus' configuration", "a list of targets", "the web server's configuration", "rules"} {
		if seen[kind] == 0 {
			t.Errorf("no block is %s", kind)
		}
	}
}

// load loads a block as what it is, by its first keys.
func (b block) load() (kind string, err error) {
	var any yaml.Node
	if err := yaml.Unmarshal([]byte(b.text), &any); err != nil {
		return "YAML", err
	}
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(key string) bool { return strings.Contains("\n"+b.text, "\n"+key+":") })
	}
	switch {
	case strings.HasPrefix(b.text, "- targets:"):
		return "a list of targets", decodeStrictly(b.text, new([]*targetgroup.Group))
	case strings.HasPrefix(b.text, "- record:"):
		return "rules", loadRules("groups:\n- name: fragment\n  rules:\n    " + strings.ReplaceAll(b.text, "\n", "\n    "))
	case has("groups"):
		return "rules", loadRules(b.text)
	case has("tls_server_config", "basic_auth_users"):
		return "the web server's configuration", decodeStrictly(b.text, new(web.Config))
	case has("scrape_configs", "global", "rule_files", "alerting"):
		_, err := config.Load(b.text, slog.New(slog.DiscardHandler))
		return "Prometheus' configuration", err
	}
	return "something that nobody knows: add what loads it, or say # untested and why", errUnknown
}

const errUnknown = unknown("unknown")

type unknown string

func (u unknown) Error() string { return string(u) }

func decodeStrictly(text string, into any) error {
	d := yaml.NewDecoder(bytes.NewReader([]byte(text)))
	d.KnownFields(true)
	return d.Decode(into)
}

func loadRules(text string) error {
	_, errs := rulefmt.Parse([]byte(text), false, model.UTF8Validation)
	if len(errs) > 0 {
		return errs[0]
	}
	return nil
}
