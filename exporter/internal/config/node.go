package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// node is a value in the file together with the path of keys that leads to it. A method that finds the value to be of the
// wrong kind reports that and says false.
type node struct {
	r    *report
	y    *yaml.Node
	path string
}

// field is a key that a mapping may have, and what is done with its value.
type field struct {
	key  string
	read func(n node)
}

// fields reads a mapping: known keys in the order of the file, anything else is a mistake.
func (n node) fields(known ...field) {
	y, ok := n.enter()
	if !ok || isNull(y) {
		return
	}
	if y.Kind != yaml.MappingNode {
		n.wrong("%s stands where keys are wanted; write one of %s, each with its value", describe(y), list(keys(known)))
		return
	}
	seen := make(map[string]int, len(y.Content)/2)
	for i := 0; i+1 < len(y.Content); i += 2 {
		if n.r.full() {
			return
		}
		key, value := y.Content[i], y.Content[i+1]
		at := n.at(key, "")
		if line, twice := seen[key.Value]; twice {
			at.wrong("the key %s is given twice, first in line %d; join the two", quote(key.Value), line)
			continue
		}
		seen[key.Value] = key.Line
		f, ok := find(known, key)
		if !ok {
			at.wrong("unknown key %s; %s", describe(key), suggest(key.Value, keys(known)))
			continue
		}
		if v := n.at(value, n.join(f.key)); !v.null() {
			f.read(v)
		}
	}
}

func find(known []field, key *yaml.Node) (field, bool) {
	if key.Kind == yaml.ScalarNode {
		for _, f := range known {
			if f.key == key.Value {
				return f, true
			}
		}
	}
	return field{}, false
}

func keys(known []field) []string {
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.key
	}
	return names
}

// items reads a list of at most max values.
func (n node) items(max int, example string, each func(item node)) bool {
	y, ok := n.enter()
	if !ok {
		return false
	}
	if y.Kind != yaml.SequenceNode {
		n.wrong("%s stands where a list is wanted; write it like %s", describe(y), example)
		return false
	}
	if len(y.Content) > max {
		n.wrong("%d values; at most %d are allowed", len(y.Content), max)
		return false
	}
	for i, c := range y.Content {
		item := n.at(c, fmt.Sprintf("%s[%d]", n.path, i))
		if item.null() {
			item.wrong("nothing stands here; write a value, or take the entry away")
			continue
		}
		each(item)
	}
	return true
}

// text reads a value that is not a list and not a mapping, as it is written.
func (n node) text(example string) (string, bool) {
	y, ok := n.enter()
	switch {
	case !ok:
		return "", false
	case y.Kind != yaml.ScalarNode || isNull(y):
		n.wrong("%s stands where one value is wanted; write it like %s", describe(y), example)
		return "", false
	case !utf8.ValidString(y.Value):
		n.wrong("the value is not UTF-8")
		return "", false
	}
	return y.Value, true
}

// number reads a whole number from min to max.
func (n node) number(min, max int) (int, bool) {
	s, ok := n.text(strconv.Itoa(min))
	if !ok {
		return 0, false
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < min || v > max {
		n.wrong("%s is not allowed; write a whole number from %d to %d", quote(s), min, max)
		return 0, false
	}
	return v, true
}

// flag reads true or false.
func (n node) flag() (value, ok bool) {
	s, ok := n.text("true")
	if !ok {
		return false, false
	}
	if s != "true" && s != "false" {
		n.wrong("%s is neither true nor false; write true or false", quote(s))
		return false, false
	}
	return s == "true", true
}

// duration reads a time like 30s.
func (n node) duration(min, max time.Duration) (time.Duration, bool) {
	s, ok := n.text(shortDuration(min))
	if !ok {
		return 0, false
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < min || d > max {
		n.wrong("%s is not allowed; write a time from %s to %s, with its unit", quote(s), shortDuration(min), shortDuration(max))
		return 0, false
	}
	return d, true
}

// shortDuration is d without the zero parts at its end: 2h, not 2h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// wrong reports a mistake in the value.
func (n node) wrong(format string, args ...any) { n.r.mistake(n.y.Line, n.say(format, args)) }

// warn reports what is allowed but hardly meant.
func (n node) warn(format string, args ...any) { n.r.warning(n.y.Line, n.say(format, args)) }

func (n node) say(format string, args []any) string {
	text := fmt.Sprintf(format, args...)
	if n.path == "" {
		return text
	}
	return n.path + ": " + text
}

// at is another value of the same file; without a path it keeps n's.
func (n node) at(y *yaml.Node, path string) node {
	if path == "" {
		path = n.path
	}
	return node{n.r, y, path}
}

func (n node) join(key string) string {
	if n.path == "" {
		return key
	}
	return n.path + "." + key
}

// null says that nothing is written behind the key; that counts as leaving the key out.
func (n node) null() bool { return isNull(n.y) }

func isNull(y *yaml.Node) bool { return y.Kind == yaml.ScalarNode && y.Tag == "!!null" }

// enter follows an alias and counts the visit: a few lines of aliases to aliases stand for billions of values.
func (n node) enter() (*yaml.Node, bool) {
	y := n.y
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if n.r.full() {
		return nil, false
	}
	if n.r.nodes += 1 + len(y.Content); n.r.nodes > maxNodes {
		n.wrong("the file stands for more than %d values; write fewer aliases (*)", maxNodes)
		n.r.stopped = true
		return nil, false
	}
	if y.Style&yaml.TaggedStyle != 0 {
		n.wrong("the tag %s is not understood; write the value without it", quote(y.Tag))
		return nil, false
	}
	return y, true
}

// describe names a value of the wrong kind.
func describe(y *yaml.Node) string {
	switch {
	case y.Kind == yaml.MappingNode:
		return "a mapping (key: value)"
	case y.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(y):
		return "nothing"
	}
	return quote(y.Value)
}

// quote repeats a value of the file, shortened, on one line.
func quote(s string) string {
	if len(s) > maxQuoted {
		s = strings.ToValidUTF8(s[:maxQuoted], "") + "…"
	}
	return strconv.Quote(s)
}

// has says whether the mapping has the key, with something behind it.
func (n node) has(key string) bool {
	y := n.y
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	for i := 0; y.Kind == yaml.MappingNode && i+1 < len(y.Content); i += 2 {
		if v := y.Content[i+1]; y.Content[i].Value == key {
			return !isNull(v) && (v.Kind != yaml.SequenceNode || len(v.Content) > 0)
		}
	}
	return false
}
