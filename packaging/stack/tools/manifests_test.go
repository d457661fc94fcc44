// Package tools tests what is deployed by programs of other modules, so that the exporter's own module need not know these.
package tools

import (
	"path/filepath"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// kinds are the types that the manifests may hold.
var kinds = map[string]func() any{
	"Namespace":      func() any { return new(core.Namespace) },
	"ServiceAccount": func() any { return new(core.ServiceAccount) },
	"ConfigMap":      func() any { return new(core.ConfigMap) },
	"Service":        func() any { return new(core.Service) },
	"DaemonSet":      func() any { return new(apps.DaemonSet) },
	"ServiceMonitor": func() any { return new(monitoring.ServiceMonitor) },
	"PrometheusRule": func() any { return new(monitoring.PrometheusRule) },
}

// build is what `kubectl kustomize` prints of the exporter.
func build(t *testing.T) []*resource.Resource {
	t.Helper()
	return buildDir(t, "../../kubernetes")
}

func buildDir(t *testing.T, dir string) []*resource.Resource {
	t.Helper()
	path, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	all, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), path)
	if err != nil {
		t.Fatal(err)
	}
	return all.Resources()
}

// TestManifests decodes every resource strictly into its type, and holds names to DNS-1123.
func TestManifests(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range build(t) {
		seen[r.GetKind()] = true
		if mistakes := validation.IsDNS1123Label(r.GetName()); len(mistakes) > 0 {
			t.Errorf("%s %s: %s", r.GetKind(), r.GetName(), strings.Join(mistakes, "; "))
		}
		decode(t, r)
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("there is no %s", kind)
		}
	}
}

func decode(t *testing.T, r *resource.Resource) any {
	t.Helper()
	return decodeAs(t, r, kinds)
}

func decodeAs(t *testing.T, r *resource.Resource, kinds map[string]func() any) any {
	t.Helper()
	make := kinds[r.GetKind()]
	if make == nil {
		t.Fatalf("%s %s: a kind that is not known", r.GetKind(), r.GetName())
	}
	text, err := r.AsYAML()
	if err != nil {
		t.Fatal(err)
	}
	object := make()
	if err := yaml.UnmarshalStrict(text, object); err != nil {
		t.Fatalf("%s %s: %v", r.GetKind(), r.GetName(), err)
	}
	return object
}

// TestRights: the sensor may capture, and nothing else.
func TestRights(t *testing.T) {
	for _, r := range build(t) {
		if r.GetKind() != "DaemonSet" {
			continue
		}
		pod := decode(t, r).(*apps.DaemonSet).Spec.Template.Spec
		if !pod.HostNetwork || pod.HostPID || pod.HostIPC || *pod.AutomountServiceAccountToken || !*pod.SecurityContext.RunAsNonRoot {
			t.Errorf("the pod has other rights than it needs: %+v", pod)
		}
		for _, c := range pod.Containers {
			may := c.SecurityContext.Capabilities
			if len(may.Drop) != 1 || may.Drop[0] != "ALL" || len(may.Add) != 1 || may.Add[0] != "NET_RAW" || !*c.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("the container has other rights than it needs: %+v", c.SecurityContext)
			}
		}
		return
	}
	t.Error("there is no DaemonSet")
}
