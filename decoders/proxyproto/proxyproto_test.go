package proxyproto

import (
	"testing"

	"wire_exporter/decoders"
	"wire_exporter/decoders/decodertest"
)

var subject = decodertest.Subject{Plugin: Plugin}

func TestConversations(t *testing.T) { decodertest.Run(t, subject) }

func TestLaws(t *testing.T) { decodertest.Laws(t, subject) }

// FuzzConn states laws 1 and 6; its seeds are the conversations in testdata.
func FuzzConn(f *testing.F) { decodertest.Fuzz(f, subject) }

func TestDetect(t *testing.T) {
	for first, want := range map[string]decoders.Verdict{
		"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n": decoders.Yes,
		"PROXY ":                                 decoders.Yes,
		"\r\n\r\n\x00\r\nQUIT\n":                 decoders.Yes,
		"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c": decoders.Yes,
		"PRO":                                    decoders.More,
		"\r\n\r\n":                               decoders.More,
		"":                                       decoders.More,
		"GET / HTTP/1.1\r\n":                     decoders.No,
		"\r\n\r\nGET /":                          decoders.No,
		"proxy ":                                 decoders.No,
	} {
		if got := Plugin.Detect(decoders.ToServer, []byte(first)); got != want {
			t.Errorf("%q: got %v, want %v", first, got, want)
		}
	}
	if got := Plugin.Detect(decoders.ToClient, []byte("PROXY ")); got != decoders.No {
		t.Errorf("a server begins with the header: got %v", got)
	}
}
