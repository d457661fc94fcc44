package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestNotice: NOTICE and LICENSES.txt are those of the modules that are linked now, each under a licence that is known.
func TestNotice(t *testing.T) {
	const root = "../.."
	if _, err := os.ReadFile(root + "/go.mod"); err != nil { // so that the test cache sees a change of it
		t.Fatal(err)
	}
	short, long, err := notice(root)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]byte{"NOTICE": short, "LICENSES.txt": long} {
		got, err := os.ReadFile(root + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not up to date; write it anew with: go run ./packaging/supply notice", name)
		}
	}
}

// TestSBOM reads the bill of the test itself.
func TestSBOM(t *testing.T) {
	var out bytes.Buffer
	if err := printSBOM(&out, os.Args[0]); err != nil {
		t.Fatal(err)
	}
	var b bom
	if err := json.Unmarshal(out.Bytes(), &b); err != nil {
		t.Fatal(err)
	}
	if b.Format != "CycloneDX" || !slices.ContainsFunc(b.Components, func(c component) bool { return c.Name == "std" }) {
		t.Errorf("%s", &out)
	}
	if err := printSBOM(&out, "main.go"); err == nil {
		t.Error("a text is no program")
	}
}
