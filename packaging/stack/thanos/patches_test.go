package thanos

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPatches: with the patch of thanos/patches, the fault is mended, at every resolution. What is patched is a copy.
func TestPatches(t *testing.T) {
	if os.Getenv("WIRE_TEST_THANOS") == "" {
		t.Skip("WIRE_TEST_THANOS is not set; it builds a part of Thanos twice")
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/thanos-io/thanos").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := strings.TrimSpace(string(out))
	for patch, want := range map[string][]string{
		"f1-resets-of-histograms":  {"fault F1 is mended at 300000 ms", "fault F1 is mended at 3600000 ms", "--- PASS: TestFaultF2"},
		"f2-average-of-histograms": {"fault F2 is mended", "--- PASS: TestFaultF1"},
	} {
		t.Run(patch, func(t *testing.T) {
			said := testPatched(t, source, "../../../thanos/patches/"+patch+".patch")
			for _, w := range want {
				if !strings.Contains(said, w) {
					t.Errorf("with the patch the tests do not say %q:\n%s", w, said)
				}
			}
			if strings.Contains(said, "without a restart") {
				t.Errorf("with the patch something else is broken:\n%s", said)
			}
		})
	}
}

// testPatched runs the tests of the faults with a patched copy of Thanos in the place of the real one.
func testPatched(t *testing.T, source, patch string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "thanos")
	for _, folder := range []string{"pkg", "internal"} {
		if err := os.CopyFS(filepath.Join(dir, folder), os.DirFS(filepath.Join(source, folder))); err != nil {
			t.Fatal(err)
		}
	}
	path, err := filepath.Abs(patch)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "patch", "-p1", "-i", path)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	module := filepath.Join(t.TempDir(), "go.mod")
	for from, to := range map[string]string{"go.mod": module, "go.sum": strings.TrimSuffix(module, "mod") + "sum", filepath.Join(source, "go.mod"): filepath.Join(dir, "go.mod")} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-replace=github.com/thanos-io/thanos="+dir, module).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-tags", "slicelabels", "-modfile="+module, "-count=1", "-v", "-run", "TestFault", ".").CombinedOutput()
	if err == nil {
		t.Errorf("with the patch the fault is still there")
	}
	return string(out)
}
