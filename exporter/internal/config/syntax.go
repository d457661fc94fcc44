package config

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// syntax reports that the file is no YAML, with a hint for the usual reasons.
func (r *report) syntax(text []byte, err error) {
	line, what := splitLine(err.Error())
	if found := firstBad(text); found > 0 {
		line = found
	}
	line = max(line, 1) // the library leaves it out for the first line
	hint := ""
	switch source := sourceLine(text, line); {
	case strings.HasPrefix(strings.TrimLeft(source, " "), "\t"):
		hint = "; indent with spaces, not with tabs"
	case strings.Contains(what, "alphabetic or numeric character"), strings.Contains(what, "unknown anchor"):
		hint = `; write a value that begins with * or & in quotes, like "*.example.com"`
	case strings.Count(source, `"`)%2 == 1 || strings.Count(source, "'")%2 == 1:
		hint = "; close the quotes"
	case strings.Contains(what, "expected key"), strings.Contains(what, "indicator"):
		hint = "; indent what belongs together by the same number of spaces"
	case strings.ContainsAny(source, "{}[]"):
		hint = `; close each bracket, and write a value with braces, brackets or colons in quotes, like "/accounts/{id}"`
	case strings.Contains(what, "not allowed in this context"):
		hint = "; write a value with a colon in quotes, and each key on a line of its own"
	}
	r.mistake(line, "this is no YAML: "+what+hint)
}

func sourceLine(text []byte, line int) string {
	for n := 1; ; n++ {
		this, rest, more := bytes.Cut(text, []byte("\n"))
		if n == line {
			return string(this)
		}
		if !more {
			return ""
		}
		text = rest
	}
}

const (
	maxReparsed = 16 << 20 // bytes that may be parsed in search of the line
	lookAhead   = 20       // lines that a list in brackets or a text in quotes may be spread over
)

// firstBad is the line from which on the file is no YAML: the one behind the longest beginning that is. The YAML library
// often names the line where the surrounding mapping begins instead. 0: not found within bounds.
func firstBad(text []byte) int {
	ends := []int{0} // of the lines
	for i, b := range text {
		if b == '\n' {
			ends = append(ends, i+1)
		}
	}
	if ends[len(ends)-1] < len(text) {
		ends = append(ends, len(text))
	}
	budget := maxReparsed
	good := func(lines int) bool {
		budget -= ends[lines]
		return budget > 0 && parses(text[:ends[lines]])
	}
	for low := 0; ; {
		high := len(ends) - 1
		for low+1 < high {
			if middle := (low + high) / 2; good(middle) {
				low = middle
			} else {
				high = middle
			}
		}
		next := low + 2
		for next < min(low+lookAhead, len(ends)) && !good(next) {
			next++
		}
		switch {
		case budget <= 0:
			return 0
		case next >= min(low+lookAhead, len(ends)):
			return low + 1
		}
		low = next
	}
}

func parses(text []byte) bool {
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var doc yaml.Node
		if err := d.Decode(&doc); err != nil {
			return errors.Is(err, io.EOF)
		}
	}
}
