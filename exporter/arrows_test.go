package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "wire_exporter/"

// arrows says which packages of ours each package may import: the table of docs/design.md section 1. A package that is not
// in it fails the test, so the table cannot rot.
var arrows = map[string][]string{
	"exporter": {"exporter/internal/config", "exporter/internal/pipeline", "exporter/internal/metric", "exporter/internal/capture",
		"exporter/internal/label", "exporter/internal/accesslog", "exporter/internal/selftest", "decoders", "decoders/all"},
	"exporter/bench": {},
	"exporter/internal/pipeline": {"exporter/internal/accesslog", "exporter/internal/capture", "exporter/internal/packet", "exporter/internal/flow", "exporter/internal/label",
		"exporter/internal/metric", "decoders"},
	"exporter/internal/config":         {"exporter/internal/accesslog", "exporter/internal/calendar", "exporter/internal/flow", "exporter/internal/label", "decoders"},
	"exporter/internal/accesslog":      {"decoders"},
	"exporter/internal/selftest":       {},
	"exporter/internal/calendar":       {},
	"exporter/internal/capture":        {"exporter/internal/capture/filter"},
	"exporter/internal/capture/filter": {},
	"exporter/internal/packet":         {},
	"exporter/internal/flow":           {"exporter/internal/packet", "decoders"},
	"exporter/internal/label":          {"decoders"},
	"exporter/internal/metric":         {"exporter/internal/calendar", "exporter/internal/label", "decoders"},
	"decoders":                         {"decoders/internal/siphash"},
	"decoders/internal/siphash":        {},
	"decoders/internal/decompress":     {"decoders"},
	"decoders/internal/sql":            {"decoders"},
	"decoders/decodertest":             {"decoders"},
	"decoders/all":                     {"decoders", "decoders/http1", "decoders/mysql", "decoders/postgres", "decoders/proxyproto"},
	"decoders/http1":                   {"decoders"},
	"decoders/mysql":                   {"decoders", "decoders/internal/decompress", "decoders/internal/sql"},
	"decoders/postgres":                {"decoders", "decoders/internal/sql"},
	"decoders/proxyproto":              {"decoders"},
}

// libraries says which packages may import a library that only some may; "decoders" and below get the standard library only, but
// for what is named here.
var libraries = map[string][]string{
	"github.com/klauspost/compress":          {"decoders/internal/decompress"},
	"github.com/google/gopacket":             {"exporter/internal/capture", "exporter/internal/packet"},
	"github.com/prometheus/client_golang":    {"exporter", "exporter/internal/metric"},
	"github.com/prometheus/prometheus":       {},
	"github.com/thanos-io/thanos":            {},
	"github.com/jackc/pgx":                   {},
	"github.com/go-sql-driver/mysql":         {},
	"github.com/go-mysql-org/go-mysql":       {},
	"github.com/alecthomas/kingpin":          {"exporter"},
	"github.com/axiomhq/hyperloglog":         {"exporter/internal/metric"},
	"go.yaml.in/yaml":                        {"exporter/internal/config"},
	"golang.org/x/net":                       {"exporter/internal/capture", "exporter/internal/capture/filter"},
	"github.com/prometheus/exporter-toolkit": {"exporter"},
}

// TestArrows reads the files with go/parser instead of asking go list: the test cache knows which files a test has read, and
// would not run it again for an answer of another program.
func TestArrows(t *testing.T) {
	for file, imports := range imported(t, "..", "exporter", "decoders") {
		pkg := filepath.ToSlash(filepath.Dir(file))
		allowed, known := arrows[pkg]
		if !known {
			t.Errorf("%s: package %s is not in the table of arrows", file, pkg)
		}
		for _, path := range imports {
			if own, ok := strings.CutPrefix(path, module); ok {
				if !slices.Contains(allowed, own) {
					t.Errorf("%s must not import %s", file, own)
				}
				continue
			}
			if strings.HasPrefix(pkg, "decoders") && strings.Contains(path, ".") && !lent(path, pkg) {
				t.Errorf("%s must not import %s: decoders get the standard library only", file, path)
			}
			for library, users := range libraries {
				if strings.HasPrefix(path, library) && !slices.Contains(users, pkg) {
					t.Errorf("%s must not import %s", file, path)
				}
			}
		}
	}
}

// lent says whether the library that path belongs to is named for pkg.
func lent(path, pkg string) bool {
	for library, users := range libraries {
		if strings.HasPrefix(path, library) && slices.Contains(users, pkg) {
			return true
		}
	}
	return false
}

// imported is what each Go file below the folders imports, tests left out.
func imported(t *testing.T, root string, folders ...string) map[string][]string {
	all := map[string][]string{}
	for _, folder := range folders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() && d.Name() == "testdata" {
				return filepath.SkipDir
			}
			if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return nil
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, source, parser.ImportsOnly)
			if err != nil {
				return err
			}
			file, _ := filepath.Rel(root, path)
			all[file] = nil
			for _, i := range f.Imports {
				p, _ := strconv.Unquote(i.Path.Value)
				all[file] = append(all[file], p)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}
