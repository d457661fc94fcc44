package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// blockError is a mistake in the keys that a plugin reads itself.
type blockError struct {
	line int
	path string // within the block
	text string
}

type blockErrors []blockError

func (es blockErrors) Error() string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = fmt.Sprintf("line %d: %s: %s", e.line, e.path, e.text)
	}
	return strings.Join(texts, "; ")
}

// strict decodes y into what v points to. Unlike yaml.Node.Decode it takes keys that v has no field for as errors.
func strict(y *yaml.Node, v any) error {
	w := &walk{}
	w.check(y, reflect.TypeOf(v), "")
	if len(w.found) > 0 {
		return w.found
	}
	err := y.Decode(v)
	var wrongTypes *yaml.TypeError
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &wrongTypes):
		line, text := splitLine(err.Error())
		return blockErrors{{line, "", text}}
	}
	for _, e := range wrongTypes.Errors {
		line, text := splitLine(e)
		w.found = append(w.found, blockError{line, pathOf(y, line, text), plain(text)})
	}
	return w.found
}

// walk compares the keys of a document with the fields of the struct it is to fill.
type walk struct {
	found blockErrors
	nodes int
}

func (w *walk) add(y *yaml.Node, path, format string, args ...any) {
	if len(w.found) < maxMistakes {
		w.found = append(w.found, blockError{y.Line, path, fmt.Sprintf(format, args...)})
	}
}

func (w *walk) check(y *yaml.Node, t reflect.Type, path string) {
	for t.Kind() == reflect.Pointer && !readsItself(t) {
		t = t.Elem()
	}
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if w.nodes += 1 + len(y.Content); w.nodes > maxNodes || readsItself(t) || readsItself(reflect.PointerTo(t)) {
		return // Decode refuses documents that consist of aliases
	}
	switch {
	case t.Kind() == reflect.Struct && y.Kind == yaml.MappingNode:
		w.fields(y, t, path)
	case t.Kind() == reflect.Map && y.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(y.Content); i += 2 {
			w.check(y.Content[i+1], t.Elem(), joinPath(path, y.Content[i].Value))
		}
	case (t.Kind() == reflect.Slice || t.Kind() == reflect.Array) && y.Kind == yaml.SequenceNode:
		for i, c := range y.Content {
			w.check(c, t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func (w *walk) fields(y *yaml.Node, t reflect.Type, path string) {
	types, names, open := structFields(t)
	seen := map[string]int{}
	for i := 0; i+1 < len(y.Content); i += 2 {
		key, value := y.Content[i], y.Content[i+1]
		line, twice := seen[key.Value]
		seen[key.Value] = key.Line
		switch field, known := types[key.Value]; {
		case twice:
			w.add(key, path, "the key %s is given twice, first in line %d; join the two", quote(key.Value), line)
		case known:
			w.check(value, field, joinPath(path, key.Value))
		case !open:
			w.add(key, path, "unknown key %s; %s", quote(key.Value), suggest(key.Value, names))
		}
	}
}

// structFields are the keys that fill a struct, as package yaml reads its tags. open: an inlined map takes any other key.
func structFields(t reflect.Type) (types map[string]reflect.Type, names []string, open bool) {
	types = map[string]reflect.Type{}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
		case strings.Contains(options, "inline"):
			inner := f.Type
			for inner.Kind() == reflect.Pointer {
				inner = inner.Elem()
			}
			if inner.Kind() != reflect.Struct {
				open = true
				continue
			}
			more, moreNames, moreOpen := structFields(inner)
			for name, t := range more {
				types[name] = t
			}
			names, open = append(names, moreNames...), open || moreOpen
		default:
			if tag == "" {
				tag = strings.ToLower(f.Name)
			}
			types[tag], names = f.Type, append(names, tag)
		}
	}
	return types, names, open
}

var textUnmarshaler = reflect.TypeFor[encoding.TextUnmarshaler]()

func readsItself(t reflect.Type) bool {
	_, itself := t.MethodByName("UnmarshalYAML")
	return itself || t.Implements(textUnmarshaler)
}

func joinPath(path, key string) string { return strings.TrimPrefix(path+"."+key, ".") }

// pathOf is the path of the value that the YAML library's message is about, by its line and, if it has one, its text.
func pathOf(y *yaml.Node, line int, text string) string {
	m := cannot.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	path, _ := pathTo(y, func(v *yaml.Node) bool {
		return v.Line == line && (v.Kind == yaml.ScalarNode) == (m[1] != "") && strings.HasPrefix(v.Value, strings.TrimSuffix(m[1], "..."))
	})
	return path
}

// pathTo is the path of the first value below y that is looked for.
func pathTo(y *yaml.Node, wanted func(*yaml.Node) bool) (string, bool) {
	for i, c := range y.Content {
		step := fmt.Sprintf("[%d]", i)
		if y.Kind == yaml.MappingNode {
			if i%2 == 0 {
				continue
			}
			step = "." + y.Content[i-1].Value
		}
		if wanted(c) {
			return strings.TrimPrefix(step, "."), true
		}
		if rest, ok := pathTo(c, wanted); ok {
			if rest[0] != '[' {
				rest = "." + rest
			}
			return strings.TrimPrefix(step, ".") + rest, true
		}
	}
	return "", false
}

var cannot = regexp.MustCompile("^cannot unmarshal !!\\w+ (?:`(.*)` )?into (.*)$")

// plain puts the YAML library's message about a value of the wrong type into words.
func plain(text string) string {
	m := cannot.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	want := "a value of the type " + m[2]
	switch kind := m[2]; {
	case kind == "time.Duration":
		want = "a time with its unit, like 30s"
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		want = "a whole number that is not too large"
	case strings.HasPrefix(kind, "float"):
		want = "a number"
	case kind == "bool":
		want = "true or false"
	case kind == "string":
		want = "one value"
	case strings.HasPrefix(kind, "[]"):
		want = "a list, like [a, b]"
	}
	if m[1] == "" {
		return "this is not allowed here; write " + want
	}
	return quote(m[1]) + " is not allowed; write " + want
}
