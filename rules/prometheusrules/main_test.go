package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"go.yaml.in/yaml/v3"
)

const shipped = "../../packaging/kubernetes/rules.yaml"

// TestFresh: what is shipped for Kubernetes is what the rules say now.
func TestFresh(t *testing.T) {
	var now bytes.Buffer
	if err := write(&now); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(shipped)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, now.Bytes()) {
		t.Errorf("%s is stale; write it with: go run ./rules/prometheusrules > packaging/kubernetes/rules.yaml", shipped)
	}
}

// TestGroupsAreRules: the groups of every resource are a rule file that Prometheus takes.
func TestGroupsAreRules(t *testing.T) {
	var now bytes.Buffer
	if err := write(&now); err != nil {
		t.Fatal(err)
	}
	n := 0
	for d := yaml.NewDecoder(&now); ; n++ {
		var r resource
		if d.Decode(&r) != nil {
			break
		}
		text, err := yaml.Marshal(r.Spec)
		if err != nil {
			t.Fatal(err)
		}
		if _, errs := rulefmt.Parse(text, false, model.UTF8Validation); len(errs) > 0 {
			t.Errorf("%s: %v", r.Metadata.Name, errs)
		}
	}
	if n < 5 {
		t.Errorf("only %d resources", n)
	}
}
