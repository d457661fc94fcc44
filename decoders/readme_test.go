package decoders

import (
	"bytes"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// block is a block of code in the README that belongs into a file.
var block = regexp.MustCompile("(?ms)^```(?:go|text) (\\S+)\n(.*?)^```$")

// TestReadme builds the decoder that the README walks through, out of its very text, and runs its tests.
func TestReadme(t *testing.T) {
	tool, err := exec.LookPath("go")
	if err != nil {
		t.Skip("needs the go command")
	}
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, m := range block.FindAllSubmatch(text, -1) {
		files[string(m[1])] = append(files[string(m[1])], append(m[2], '\n')...)
	}
	if files["shelf.go"] == nil || files["shelf_test.go"] == nil {
		t.Fatal("the README has no example")
	}
	// Within the module, so that its packages are found; in testdata, so that no pattern finds it.
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("testdata", "readme")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		os.RemoveAll(dir)
		os.Remove("testdata") // when it is empty
	})
	for name, content := range files {
		if filepath.Ext(name) == ".go" {
			if formatted, err := format.Source(content); err != nil || !bytes.Equal(bytes.TrimSpace(formatted), bytes.TrimSpace(content)) {
				t.Errorf("%s is not formatted (%v); it should be\n%s", name, err, formatted)
			}
		}
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command(tool, "test", "-count=1", "-bench=.", "-benchtime=1x", "./"+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := exec.Command(tool, "vet", "./"+dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}
