package thanos

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPatches: with the patch of thanos/patches, the fault is mended, at every resolution. What is patched is a copy.
func TestPatches(t *testing.T) {
	if os.Getenv("WIRE_TEST_THANOS") == "" {
		t.Skip("WIRE_TEST_THANOS is not set; it builds a part of Thanos three times")
	}
	const file = "pkg/compact/downsample/downsample.go"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/thanos-io/thanos").Output()
	if err != nil {
		t.Fatal(err)
	}
	source := filepath.Join(strings.TrimSpace(string(out)), file)
	for patch, want := range map[string][]string{
		"f1-resets-of-histograms":  {"fault F1 is mended at 300000 ms", "fault F1 is mended at 3600000 ms", "--- PASS: TestFaultF2"},
		"f2-average-of-histograms": {"fault F2 is mended", "--- PASS: TestFaultF1"},
	} {
		t.Run(patch, func(t *testing.T) {
			said := testPatched(t, source, file, "../../../thanos/patches/"+patch+".patch")
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

// testPatched runs the tests of the faults with a patched copy of one file in the place of Thanos' own.
func testPatched(t *testing.T, source, file, patch string) string {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(copied), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copied, text, 0o644); err != nil {
		t.Fatal(err)
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
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{source: copied}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-tags", "slicelabels", "-overlay", filepath.Join(dir, "overlay.json"), "-count=1", "-v", "-run", "TestFault", ".").CombinedOutput()
	if err == nil {
		t.Errorf("with the patch the fault is still there")
	}
	return string(out)
}
