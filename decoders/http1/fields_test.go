package http1

import (
	"strings"
	"testing"

	"wire_exporter/decoders"
)

// TestHasPrefixFold: every byte at every place of a long name and a short one.
func TestHasPrefixFold(t *testing.T) {
	for _, lower := range []string{"host", "traceparent", "x-forwarded-for", "content-length"} {
		for at := range lower {
			for c := range 256 {
				b := []byte(strings.ToUpper(lower) + ":")
				b[at] = byte(c)
				want := byte(c) == lower[at] || byte(c) == strings.ToUpper(lower)[at]
				if got := hasPrefixFold(b, lower); got != want {
					t.Fatalf("%q begins with %q: %v", b, lower, got)
				}
			}
		}
		equal(t, lower, hasPrefixFold([]byte(lower), lower), true)
		equal(t, lower, hasPrefixFold([]byte(lower[1:]), lower), false)
	}
}

// TestWanted: no line that is looked at begins like one that is not.
func TestWanted(t *testing.T) {
	w := newWanted(&decoders.Sessions{Headers: []string{"x-session", "a"}})
	for _, fields := range known {
		for _, k := range fields {
			for _, line := range []string{k.lower, strings.ToUpper(k.lower)} {
				equal(t, line, w[decoders.ToServer].begin(line[0], line[1]), true)
				equal(t, line, w[decoders.ToClient].begin(line[0], line[1]), k.field <= contentType || line[0]|0x20 == 'c' || line[0]|0x20 == 't')
			}
		}
	}
	for _, line := range []string{"X-Session: 1", "A: 1", "a:1", " more", "\tmore", "\r\n"} {
		equal(t, line, w[decoders.ToServer].begin(line[0], line[1]), true)
	}
	for _, line := range []string{"Accept: */*", "User-Agent: x", "Date: x", "Sec-Fetch-Site: x"} {
		equal(t, line, w[decoders.ToServer].begin(line[0], line[1]), false)
		equal(t, line, w[decoders.ToClient].begin(line[0], line[1]), false)
	}
}
