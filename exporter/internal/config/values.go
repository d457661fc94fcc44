package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"wire_exporter/exporter/internal/label"
)

func isScalar(y *yaml.Node) bool { return y.Kind == yaml.ScalarNode }

// need reports that a key is missing without which the mapping makes no sense. What is wrong with a key that is there was
// said where it was read.
func (n node) need(key, example string) {
	y := n.y
	if y.Kind == yaml.AliasNode {
		y = y.Alias
	}
	if y.Kind != yaml.MappingNode && !isNull(y) {
		return
	}
	if n.has(key) {
		return
	}
	n.wrong("%s is missing; write it like %s", key, example)
}

// texts reads a list of values that check accepts; its error says what to write instead.
func texts(n node, example string, check func(string) error) (all []string) {
	one, _, _ := strings.Cut(strings.Trim(example, "[]"), ", ")
	n.items(maxEntries, example, func(item node) {
		s, ok := item.text(one)
		if !ok {
			return
		}
		if err := check(s); err != nil {
			item.wrong("%s", err)
			return
		}
		if slices.Contains(all, s) {
			item.warn("%s is given twice", quote(s))
			return
		}
		all = append(all, s)
	})
	return all
}

// portList reads a list of port numbers.
func portList(n node, example string) (ports []uint16) {
	n.items(maxEntries, example, func(item node) {
		s, ok := item.text("8080")
		if !ok {
			return
		}
		port, err := strconv.ParseUint(s, 10, 16)
		if err != nil || port == 0 {
			item.wrong("%s is no port; write a number from 1 to 65535", quote(s))
			return
		}
		if !slices.Contains(ports, uint16(port)) {
			ports = append(ports, uint16(port))
		}
	})
	return ports
}

func sortedPorts(ports []uint16) []uint16 {
	slices.Sort(ports)
	return slices.Compact(ports)
}

// labelText reads what becomes a label value.
func labelText(n node, example string) string {
	s, ok := n.text(example)
	if !ok {
		return ""
	}
	if err := checkLabel(s); err != nil {
		n.wrong("%s", err)
		return ""
	}
	return s
}

func checkLabel(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("the name is empty; write one like shop")
	case len(s) > label.MaxText:
		return fmt.Errorf("%s has %d bytes; write at most %d", quote(s), len(s), label.MaxText)
	case s == label.OtherText:
		return fmt.Errorf("%s is what everything without a name is called; write another name", quote(s))
	case !printable(s):
		return fmt.Errorf("%s has characters that cannot be printed; write it without them", quote(s))
	}
	if _, err := netip.ParseAddrPort(s); err == nil {
		return fmt.Errorf("%s is what a server without a name is called; write another name", quote(s))
	}
	return nil
}

func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

const maxSegments = 32 // of a path, as in package label

// checkPath accepts /accounts/{id} and /static/*.
func checkPath(s string) error {
	body, star := strings.CutSuffix(s, "*")
	segments := strings.Split(strings.TrimPrefix(body, "/"), "/")
	switch {
	case !strings.HasPrefix(s, "/"):
		return fmt.Errorf("%s does not begin with a slash; write it like /accounts/{id}", quote(s))
	case len(s) > label.MaxText:
		return fmt.Errorf("%s has %d bytes; write at most %d, with a * for the rest", quote(s), len(s), label.MaxText)
	case strings.ContainsAny(s, "?#"):
		return fmt.Errorf("%s has a query or a fragment; write only what stands before it", quote(s))
	case strings.Contains(s, ";"):
		return fmt.Errorf("%s has parameters (;); write it without, they are not compared", quote(s))
	case strings.Contains(s, " ") || !printable(s):
		return fmt.Errorf("%s has blanks or characters that cannot be printed; write the path as it is on the wire, like /a%%20b", quote(s))
	case len(segments) > maxSegments:
		return fmt.Errorf("%s has %d segments; write at most %d, with a * for the rest", quote(s), len(segments), maxSegments)
	case strings.Contains(body, "//"):
		return fmt.Errorf("%s has an empty segment; write one slash", quote(s))
	}
	for i, segment := range segments {
		if err := checkSegment(segment, star && i == len(segments)-1); err != nil {
			return fmt.Errorf("%s: %w", quote(s), err)
		}
	}
	return nil
}

func checkSegment(s string, beforeStar bool) error {
	if name, ok := strings.CutPrefix(s, "{"); ok && !beforeStar {
		if name, ok = strings.CutSuffix(name, "}"); ok && name != "" && !strings.ContainsAny(name, "{}*") {
			return nil
		}
	}
	if strings.Contains(s, "*") {
		return fmt.Errorf("a * stands only at the very end; write {name} for one segment")
	}
	if strings.ContainsAny(s, "{}") {
		return fmt.Errorf("braces enclose a whole segment; write it like /accounts/{id}")
	}
	return nil
}

var mediaType = regexp.MustCompile(`^[A-Za-z0-9!#$&^_.+-]+/([A-Za-z0-9!#$&^_.+-]+|\*)$`)

func checkContentType(s string) error {
	switch {
	case len(s) > label.MaxText:
		return fmt.Errorf("%s has %d bytes; write at most %d", quote(s), len(s), label.MaxText)
	case strings.Contains(s, ";"):
		return fmt.Errorf("%s has parameters; write it without, like text/html", quote(s))
	case !mediaType.MatchString(s):
		return fmt.Errorf("%s is no content type; write it like text/css or image/*", quote(s))
	}
	return nil
}

const maxHost = 253 // RFC 1035 section 2.3.4

var hostPattern = regexp.MustCompile(`^(\*\.)?([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// checkHost accepts what a Host header may say, without port: a name, *.name or an address.
func checkHost(s string) error {
	if _, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		return nil
	}
	switch {
	case strings.Contains(s, "://"):
		return fmt.Errorf("%s is a URL; write the host name only, like shop.example.com", quote(s))
	case strings.Contains(s, ":"):
		return fmt.Errorf("%s has a port; write the host name without it", quote(s))
	case strings.Contains(strings.TrimPrefix(s, "*."), "*"):
		return fmt.Errorf("%s: a * stands only for the first part; write it like *.example.com", quote(s))
	case len(s) > maxHost || !hostPattern.MatchString(s):
		return fmt.Errorf("%s is no host name; write it like shop.example.com or *.example.com", quote(s))
	}
	return nil
}

var token = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 9110 section 5.6.2

// methods are those of RFC 9110 and RFC 5789 with which somebody may log in.
var methods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}

func checkMethod(s string) error {
	if !slices.Contains(methods, s) {
		return fmt.Errorf("%s is no HTTP method; %s", quote(s), suggest(s, methods))
	}
	return nil
}

var status = regexp.MustCompile(`^[1-5]([0-9]{2}|xx)$`)

func checkStatus(s string) error {
	if !status.MatchString(s) {
		return fmt.Errorf("%s is no HTTP status; write it like 302 or 2xx", quote(s))
	}
	return nil
}
