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

// TestWanted: no line that means something is passed, nor one that is continued or ends the head; common ones are.
func TestWanted(t *testing.T) {
	w := newWanted(&decoders.Sessions{Headers: []string{"x-session"}})
	passed := func(dir decoders.Dir, line string) bool {
		rest, n := w[dir].pass([]byte(line+"\r\n\r\nbody"), 10)
		equal(t, line, len(rest), len(line)*(1-n)+2*(1-n)+6)
		return n > 0
	}
	for _, fields := range known {
		for _, k := range fields {
			for _, line := range []string{k.lower + ": x", strings.ToUpper(k.lower) + ":x"} {
				equal(t, line, passed(decoders.ToServer, line), false)
				if k.field <= contentType {
					equal(t, line, passed(decoders.ToClient, line), false)
				}
			}
		}
	}
	for _, line := range []string{"X-Session: 1", " more", "\tmore", ""} {
		equal(t, line, passed(decoders.ToServer, line), false)
	}
	for _, name := range []string{
		"Accept", "Accept-Encoding", "Accept-Language", "Accept-Ranges", "Age", "Cache-Control", "Connection", "Date", "Etag", "Expires", "If-None-Match",
		"Keep-Alive", "Last-Modified", "Origin", "Pragma", "Priority", "Referer", "Sec-Fetch-Site", "Server", "Set-Cookie",
		"Strict-Transport-Security", "Te", "User-Agent", "Vary", "Via", "X-Frame-Options", "X-Request-Id", "X-Requested-With",
	} {
		equal(t, name, passed(decoders.ToServer, name+": value"), true)
		equal(t, name, passed(decoders.ToClient, name+": value"), true)
	}
	short := newWanted(&decoders.Sessions{Headers: []string{"sid"}})
	if _, n := short[decoders.ToServer].pass([]byte("Accept: x\r\n"), 10); n != 0 {
		t.Error("a line was passed although it may be the name of three bytes")
	}
}
