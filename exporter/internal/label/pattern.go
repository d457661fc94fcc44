package label

import (
	"bytes"
	"fmt"
	"strings"
)

// segment takes the first segment off a path, without its matrix parameters (";jsessionid=…"). Empty segments are skipped.
// It is empty at the end.
func segment(path []byte) (seg, rest []byte) {
	for len(path) > 0 {
		if path[0] == '/' {
			path = path[1:]
			continue
		}
		n := bytes.IndexByte(path, '/')
		if n < 0 {
			n = len(path)
		}
		seg, rest = path[:n], path[n:]
		if i := bytes.IndexByte(seg, ';'); i >= 0 {
			seg = seg[:i]
		}
		if len(seg) > 0 {
			return seg, rest
		}
		path = rest
	}
	return nil, nil
}

// onlyPath cuts a query or fragment off, should there be one: it may hold what no label may.
func onlyPath(target []byte) []byte {
	for _, mark := range [...]byte{'?', '#'} { // twice a simple search is faster than one for any of both
		if i := bytes.IndexByte(target, mark); i >= 0 {
			target = target[:i]
		}
	}
	return target
}

// pattern is a configured path.
type pattern struct {
	text     []byte
	segments [][]byte // nil: any
	prefix   bool     // the last segment is only the start of one, and anything may follow
}

const maxSegments = 32

// parsePattern reads a configured path: "/", "/accounts/{id}", "/static/*", "/health*".
func parsePattern(s string) (pattern, error) {
	if err := checkText(s); err != nil {
		return pattern{}, err
	}
	if s[0] != '/' {
		return pattern{}, fmt.Errorf("%q does not begin with /", s)
	}
	if strings.ContainsAny(s, "?#; ") {
		return pattern{}, fmt.Errorf("%q: a path has no query, parameters or blanks", s)
	}
	p := pattern{text: []byte(s)}
	body, star := strings.CutSuffix(s, "*")
	p.prefix = star
	parts := strings.Split(strings.TrimPrefix(body, "/"), "/")
	if !star && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	if len(parts) > maxSegments {
		return pattern{}, fmt.Errorf("%q has more than %d segments", s, maxSegments)
	}
	for i, part := range parts {
		last := star && i == len(parts)-1
		switch {
		case strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") && len(part) > 2 && !last:
			if strings.ContainsAny(part[1:len(part)-1], "{}*") {
				return pattern{}, fmt.Errorf("%q: %q is not a name in braces", s, part)
			}
			p.segments = append(p.segments, nil)
		case strings.ContainsAny(part, "{}*"):
			return pattern{}, fmt.Errorf("%q: braces enclose a whole segment and * stands at the very end", s)
		case part == "" && !last:
			return pattern{}, fmt.Errorf("%q has an empty segment", s)
		default:
			p.segments = append(p.segments, []byte(part))
		}
	}
	return p, nil
}

// match says whether path, without a query, is one of the pattern's.
func (p *pattern) match(path []byte) bool {
	var seg []byte
	for i, want := range p.segments {
		seg, path = segment(path)
		if p.prefix && i == len(p.segments)-1 {
			return bytes.HasPrefix(seg, want)
		}
		if seg == nil || want != nil && !bytes.Equal(seg, want) {
			return false
		}
	}
	seg, _ = segment(path)
	return seg == nil
}

// patterns is a list in which the first match wins.
type patterns []pattern

// parsePatterns is for paths that were checked.
func parsePatterns(paths []string) (ps patterns) {
	for _, s := range paths {
		p, err := parsePattern(s)
		if err != nil {
			panic("BUG: a path was not checked: " + err.Error())
		}
		ps = append(ps, p)
	}
	return ps
}

// first is the index of the first match, or -1.
func (ps patterns) first(path []byte) int {
	for i := range ps {
		if ps[i].match(path) {
			return i
		}
	}
	return -1
}
