package proxyproto

import (
	"testing"

	"wire_exporter/decoders"
)

func TestDetect(t *testing.T) {
	for first, want := range map[string]decoders.Verdict{
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n": decoders.Yes,
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c": decoders.Yes,
		"GET / HTTP/1.1\r\n":                     decoders.No,
		"PRO":                                    decoders.More,
	} {
		if got := Plugin.Detect(decoders.ToServer, []byte(first)); got != want {
			t.Errorf("%q: %v, want %v", first, got, want)
		}
	}
}
