// Command prometheusrules writes the shipped rules as PrometheusRule resources for the Prometheus operator.
//
//	go run ./rules/prometheusrules > packaging/kubernetes/rules.yaml
//
// In go the rule files; out comes one resource a file. It changes nothing in the rules.
package main

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"

	"go.yaml.in/yaml/v3"

	"wire_exporter/rules"
)

func main() {
	if err := write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "prometheusrules:", err)
		os.Exit(1)
	}
}

// resource is a PrometheusRule (monitoring.coreos.com/v1).
type resource struct {
	APIVersion string   `yaml:"apiVersion"`
	Kind       string   `yaml:"kind"`
	Metadata   metadata `yaml:"metadata"`
	Spec       spec     `yaml:"spec"`
}

type metadata struct {
	Name   string            `yaml:"name"`
	Labels map[string]string `yaml:"labels"`
}

type spec struct {
	Groups []group `yaml:"groups"`
}

// group and rule have the keys of rule files, in the order in which they are read best.
type group struct {
	Name     string `yaml:"name"`
	Interval string `yaml:"interval,omitempty"`
	Rules    []rule `yaml:"rules"`
}

type rule struct {
	Record        string            `yaml:"record,omitempty"`
	Alert         string            `yaml:"alert,omitempty"`
	Expr          string            `yaml:"expr"`
	For           string            `yaml:"for,omitempty"`
	KeepFiringFor string            `yaml:"keep_firing_for,omitempty"`
	Labels        map[string]string `yaml:"labels,omitempty"`
	Annotations   map[string]string `yaml:"annotations,omitempty"`
}

func write(out io.Writer) error {
	fmt.Fprintln(out, "# Made by go run ./rules/prometheusrules; change the files in rules/ instead.")
	e := yaml.NewEncoder(out)
	e.SetIndent(2)
	for _, name := range rules.Names() {
		r := resource{APIVersion: "monitoring.coreos.com/v1", Kind: "PrometheusRule", Metadata: metadata{
			Name:   "wire-exporter-" + path.Base(path.Dir(name)) + "-" + strings.TrimSuffix(path.Base(name), ".yml"),
			Labels: map[string]string{"app.kubernetes.io/name": "wire-exporter"},
		}}
		d := yaml.NewDecoder(strings.NewReader(string(rules.Text(name))))
		d.KnownFields(true) // a key that is not carried over would get lost
		if err := d.Decode(&r.Spec); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return e.Close()
}
