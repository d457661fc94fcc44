package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

// comment is what stands above a key in the code, and in which line.
type comment struct {
	place int
	text  string
}

// readComments are the comments above the keys of the configuration in a folder of code, by function and key. A key is the first text of a
// literal or a call (field{"name", …}, budget("name", …)) in the line below the comment; or, under the folder's own name, the tag of a field.
func readComments(t *testing.T, folder string) map[string]map[string]comment {
	t.Helper()
	found := map[string]map[string]comment{}
	names, err := filepath.Glob(folder + "/*.go")
	if err != nil || len(names) == 0 {
		t.Fatal(folder, err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, name, text, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		line := func(at token.Pos) int { return files.Position(at).Line }
		above := map[int]string{}
		for _, c := range f.Comments {
			above[line(c.End())+1] = strings.Join(strings.Fields(c.Text()), " ")
		}
		function := ""
		note := func(function, key string, at token.Pos) {
			if key == "" || above[line(at)] == "" {
				return
			}
			if found[function] == nil {
				found[function] = map[string]comment{}
			}
			if _, known := found[function][key]; !known {
				found[function][key] = comment{line(at), above[line(at)]}
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.FuncDecl:
				function = x.Name.Name
			case *ast.CompositeLit:
				note(function, firstText(x.Elts), x.Pos())
			case *ast.CallExpr:
				note(function, firstText(x.Args), x.Pos())
			case *ast.Field:
				if x.Tag != nil {
					note(folder, reflect.StructTag(strings.Trim(x.Tag.Value, "`")).Get("yaml"), x.Pos())
				}
			}
			return true
		})
	}
	return found
}

// firstText is the first of the expressions, if it is a text.
func firstText(all []ast.Expr) string {
	if len(all) == 0 {
		return ""
	}
	if b, ok := all[0].(*ast.BasicLit); ok && b.Kind == token.STRING {
		s, _ := strconv.Unquote(b.Value)
		return s
	}
	return ""
}
