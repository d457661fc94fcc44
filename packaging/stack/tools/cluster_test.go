package tools

import (
	"encoding/json"
	"os"
	"testing"

	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	"sigs.k8s.io/yaml"
)

// TestClusterSamples: what the documented commands that write files of services are tested with is what a cluster says.
func TestClusterSamples(t *testing.T) {
	for name, make := range map[string]func() any{
		"endpointslices.json": func() any { return new(discovery.EndpointSlice) },
		"pods.json":           func() any { return new(core.Pod) },
	} {
		text, err := os.ReadFile("../../kubernetes/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Items []json.RawMessage }
		if err := json.Unmarshal(text, &list); err != nil || len(list.Items) < 3 {
			t.Fatalf("%s: %d items, %v", name, len(list.Items), err)
		}
		for i, item := range list.Items {
			if err := yaml.UnmarshalStrict(item, make()); err != nil {
				t.Errorf("%s: item %d: %v", name, i, err)
			}
		}
	}
}
