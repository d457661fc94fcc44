package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every package says once what it is for.
func TestPackageDocs(t *testing.T) {
	docs := map[string]int{}
	for file := range imported(t, "..", "exporter", "decoders") {
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		docs[filepath.Dir(file)] += b2i(f.Doc != nil)
	}
	for pkg, n := range docs {
		if n != 1 {
			t.Errorf("%s has %d package comments", pkg, n)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Nothing panics but for a broken invariant, which says so.
func TestPanicsAreBugs(t *testing.T) {
	for file := range imported(t, "..", "exporter", "decoders") {
		if strings.HasPrefix(file, "decoders/decodertest/") {
			continue // a harness for tests
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join("..", file), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			if name, ok := call.Fun.(*ast.Ident); ok && name.Name == "panic" && !saysBug(call.Args[0]) {
				t.Errorf("%s: panic without \"BUG: …\"", file)
			}
			return true
		})
	}
}

func saysBug(arg ast.Expr) bool {
	found := false
	ast.Inspect(arg, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && strings.HasPrefix(l.Value, `"BUG: `) {
			found = true
		}
		return !found
	})
	return found
}

// Every decoder has the same few files, and a line in the README.
func TestDecoderFolders(t *testing.T) {
	readme, err := os.ReadFile("../decoders/README.md")
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir("../decoders")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !e.IsDir() || name == "all" || name == "decodertest" || name == "internal" {
			continue
		}
		if !strings.Contains(string(readme), "\n| `"+name+"` | ") {
			t.Errorf("decoders/README.md does not list %s", name)
		}
		for _, file := range []string{"README.md", name + ".go", name + "_test.go"} {
			if _, err := os.Stat(filepath.Join("../decoders", name, file)); err != nil {
				t.Errorf("decoders/%s lacks %s", name, file)
			}
		}
	}
}
