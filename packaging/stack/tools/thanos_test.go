package tools

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	network "k8s.io/api/networking/v1"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// thanosKinds are the types that Thanos' manifests may hold.
var thanosKinds = map[string]func() any{
	"Namespace":      func() any { return new(core.Namespace) },
	"ServiceAccount": func() any { return new(core.ServiceAccount) },
	"ConfigMap":      func() any { return new(core.ConfigMap) },
	"Secret":         func() any { return new(core.Secret) },
	"Service":        func() any { return new(core.Service) },
	"Deployment":     func() any { return new(apps.Deployment) },
	"StatefulSet":    func() any { return new(apps.StatefulSet) },
	"NetworkPolicy":  func() any { return new(network.NetworkPolicy) },
	"Prometheus":     func() any { return new(monitoring.Prometheus) },
}

// TestThanosManifests builds both shapes, decodes every resource strictly, and looks at each pod: it has no rights, binds to its own
// address alone, and finds the file of flags that it names.
func TestThanosManifests(t *testing.T) {
	for dir, pods := range map[string]int{"../../../thanos": 5, withReceive(t): 7} {
		all := buildDir(t, dir)
		files := map[string]bool{}
		for _, r := range all {
			if c, ok := decodeAs(t, r, thanosKinds).(*core.ConfigMap); ok {
				for name := range c.Data {
					files["@/etc/thanos/"+name] = true
				}
			}
		}
		seen := 0
		for _, r := range all {
			switch o := decodeAs(t, r, thanosKinds).(type) {
			case *apps.StatefulSet:
				checkThanos(t, o.Name, o.Spec.Template, files)
			case *apps.Deployment:
				checkThanos(t, o.Name, o.Spec.Template, files)
			default:
				continue
			}
			seen++
		}
		if seen != pods {
			t.Errorf("%s: %d kinds of pods, want %d", dir, seen, pods)
		}
	}
}

// withReceive is an overlay that adds the ring of receivers.
func withReceive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	path, err := filepath.Abs("../../../thanos")
	if err == nil {
		path, err = filepath.Rel(dir, path)
	}
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("resources: [%[1]s]\ncomponents: [%[1]s/kubernetes/receive]\n", path)
	if err := os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func checkThanos(t *testing.T, name string, pod core.PodTemplateSpec, files map[string]bool) {
	t.Helper()
	if pod.Labels["app.kubernetes.io/part-of"] != "thanos" {
		t.Errorf("%s: the network policies do not know its pods: %v", name, pod.Labels)
	}
	if !*pod.Spec.SecurityContext.RunAsNonRoot {
		t.Errorf("%s runs as root", name)
	}
	for _, c := range pod.Spec.Containers {
		if s := c.SecurityContext; *s.AllowPrivilegeEscalation || !*s.ReadOnlyRootFilesystem || !slices.Equal(s.Capabilities.Drop, []core.Capability{"ALL"}) {
			t.Errorf("%s has other rights than it needs: %+v", name, s)
		}
		if !files[c.Args[1]] {
			t.Errorf("%s: there is no %s", name, c.Args[1])
		}
		for _, a := range c.Args {
			if flag, at, _ := strings.Cut(a, "="); strings.HasSuffix(flag, "address") && !strings.HasPrefix(at, "$(POD_IP):") {
				t.Errorf("%s: %s is not its own address", name, a)
			}
		}
	}
}
