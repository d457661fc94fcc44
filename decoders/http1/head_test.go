package http1

import (
	"strings"
	"testing"

	"wire_exporter/decoders"
)

func equal[T comparable](t *testing.T, what any, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%q: got %v, want %v", what, got, want)
	}
}

func TestCutRequestLine(t *testing.T) {
	for line, want := range map[string]string{
		"GET / HTTP/1.1":             "GET|/",
		"GET  /a b\tHTTP/1.0 ":       "GET|/a b",
		"M-SEARCH * HTTP/1.1":        "M-SEARCH|*",
		"CONNECT a:1 HTTP/1.1":       "CONNECT|a:1",
		"GET / HTTP/2.0":             "",
		"GET / HTTP/1.":              "",
		"GET / HTTP/1.x":             "",
		"GET /":                      "",
		"GET  HTTP/1.1":              "",
		"GET /HTTP/1.1":              "",
		" HTTP/1.1":                  "",
		"G\x00T / HTTP/1.1":          "",
		"GET(1) / HTTP/1.1":          "",
		"HTTP/1.1 200 OK":            "",
		"PRI * HTTP/2.0":             "",
		"GET\t/ HTTP/1.1":            "",
		"":                           "",
		"HTTP/1.1":                   "",
		strings.Repeat("A", 9) + " ": "",
	} {
		method, target, ok := cutRequestLine([]byte(line))
		got := ""
		if ok {
			got = string(method) + "|" + string(target)
		}
		equal(t, line, got, want)
	}
}

func TestCutStatusLine(t *testing.T) {
	for line, want := range map[string]string{
		"HTTP/1.1 200 OK":    "200",
		"HTTP/1.0 404":       "404",
		"HTTP/1.1 999 ":      "999",
		"HTTP/1.1 099 No":    "",
		"HTTP/1.1 20":        "",
		"HTTP/1.1 2000":      "",
		"HTTP/1.1 20x":       "",
		"HTTP/2.0 200 OK":    "",
		"HTTP/1.1  200 OK":   "",
		"ICY 200 OK        ": "",
	} {
		code, ok := cutStatusLine([]byte(line))
		equal(t, line, string(code), want)
		equal(t, line, ok, want != "")
	}
}

func TestCutField(t *testing.T) {
	for line, want := range map[string]struct {
		field field
		value string
	}{
		"Host: example.com":            {host, "example.com"},
		"hOST:example.com \t":          {host, "example.com"},
		"Host : example.com":           {host, "example.com"},
		"Hosts: example.com":           {otherField, ""},
		"Host":                         {otherField, ""},
		"Host example.com":             {otherField, ""},
		"Cookie: a=b":                  {cookie, "a=b"},
		"Content-Length: 5":            {contentLength, "5"},
		"Content-Type: a/b":            {contentType, "a/b"},
		"content-types: a/b":           {otherField, ""},
		"Transfer-Encoding: chunked":   {transferEncoding, "chunked"},
		"traceparent: 00-":             {traceparent, "00-"},
		"Authorization: Bearer x":      {authorization, "Bearer x"},
		"X-Forwarded-For: 192.0.2.1":   {forwardedFor, "192.0.2.1"},
		"Upgrade: websocket":           {upgrade, "websocket"},
		"Upgrade-Insecure-Requests: 1": {otherField, ""},
		"\x88ost: not an H":            {otherField, ""},
		"::":                           {otherField, ""},
		"Content\rLength: 5":           {otherField, ""},
	} {
		f, value := cutField([]byte(line))
		equal(t, line, f, want.field)
		equal(t, line, string(value), want.value)
	}
}

func TestParseLength(t *testing.T) {
	for value, want := range map[string]uint64{
		"0": 0, "42": 42, "42, 42": 42, "42,42 ,42": 42, "4611686018427387904": maxSize,
		"": bad, "-1": bad, "+1": bad, "4 2": bad, "42,43": bad, "42,": bad, ",42": bad, "0x10": bad, "1.5": bad,
		"4611686018427387905": bad, "18446744073709551616": bad, "99999999999999999999999999": bad,
	} {
		n, ok := parseLength([]byte(value))
		if !ok {
			n = bad
		}
		equal(t, value, n, want)
	}
}

const bad = 1<<64 - 1

func TestParseChunkSize(t *testing.T) {
	for line, want := range map[string]uint64{
		"0": 0, "a": 10, "1F": 31, "00000000000000000000ff": 255, "5;name=value": 5, "5 ; x": 5, "f,": 15, "4000000000000000": maxSize,
		"": bad, ";": bad, "g": bad, "-1": bad, " 5": bad, "4000000000000001": bad, "10000000000000000": bad, "\x10": bad,
	} {
		n, ok := parseChunkSize([]byte(line))
		if !ok {
			n = bad
		}
		equal(t, line, n, want)
	}
}

func TestEndsChunked(t *testing.T) {
	for value, want := range map[string]bool{
		"chunked": true, "Chunked": true, "gzip, chunked": true, "gzip,chunked": true,
		"gzip": false, "chunked, gzip": false, "chunkedd": false, "xchunked": false, "identity": false, "": false, "chunked,": false,
	} {
		equal(t, value, endsChunked([]byte(value)), want)
	}
}

func TestCutTarget(t *testing.T) {
	for target, want := range map[string]struct{ path, authority string }{
		"/":                               {"/", ""},
		"/a/b?c=d":                        {"/a/b", ""},
		"/a#b?c":                          {"/a", ""},
		"/a://b":                          {"/a://b", ""},
		"*":                               {"*", ""},
		"http://example.com/a?b":          {"/a", "example.com"},
		"HTTPS://user@example.com:8443/a": {"/a", "user@example.com:8443"},
		"http://example.com":              {"", "example.com"},
		"http://example.com?b":            {"", "example.com"},
		"http://":                         {"", ""},
		"foo":                             {"foo", ""},
		"?":                               {"", ""},
		"://x":                            {"://x", ""},
	} {
		path, authority := cutTarget([]byte(target), false)
		equal(t, target, target[path.from:path.to], want.path)
		equal(t, target, string(authority), want.authority)
	}
	path, authority := cutTarget([]byte("example.com:443"), true)
	equal(t, "CONNECT", path, span{})
	equal(t, "CONNECT", string(authority), "example.com:443")
}

func TestHostOnly(t *testing.T) {
	for authority, want := range map[string]string{
		"example.com": "example.com", "example.com:80": "example.com", "user:pass@example.com:80": "example.com",
		"[2001:db8::1]:80": "[2001:db8::1]", "[2001:db8::1]": "[2001:db8::1]", "[broken": "[broken", "": "", ":80": "",
	} {
		equal(t, authority, string(hostOnly([]byte(authority))), want)
	}
}

func TestParseTrace(t *testing.T) {
	const id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	for value, want := range map[string]bool{
		"00-" + id + "-" + parent + "-01":                       true,
		"cc-" + id + "-" + parent + "-01":                       true,
		"cc-" + id + "-" + parent + "-01-what-comes-later":      true,
		"cc-" + id + "-" + parent + "-01.what-comes-later":      false,
		"00-" + id + "-" + parent + "-01-":                      false,
		"ff-" + id + "-" + parent + "-01":                       false,
		"00-" + id + "-" + parent + "-0":                        false,
		"00-" + strings.ToUpper(id) + "-" + parent + "-01":      false,
		"00-" + id + "-" + strings.ToUpper(parent) + "-01":      false,
		"00-00000000000000000000000000000000-" + parent + "-01": false,
		"00-" + id + "-0000000000000000-01":                     false,
		"00_" + id + "-" + parent + "-01":                       false,
		"00-" + id[:31] + "g-" + parent + "-01":                 false,
		"":                                                      false,
	} {
		got, ok := parseTrace([]byte(value))
		equal(t, value, ok, want)
		equal(t, value, got != [16]byte{}, want)
	}
}

func TestDetect(t *testing.T) {
	const long = "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ"
	for first, want := range map[string]decoders.Verdict{
		"GET / HTTP/1.1\r\n":               decoders.Yes,
		"GET /":                            decoders.Yes,
		"\r\n\nGET /":                      decoders.Yes,
		"GE":                               decoders.More,
		"GET ":                             decoders.More,
		"":                                 decoders.More,
		"\r\n":                             decoders.More,
		"CONNECT example.com:443":          decoders.Yes,
		"GET http://example.com/":          decoders.Yes,
		"OPTIONS * HTTP/1.1\r\n":           decoders.Yes,
		"OPTIONS * HT":                     decoders.More,
		"QUERY /users":                     decoders.Yes,
		"M-SEARCH * HTTP/1.1\r\n":          decoders.Yes,
		"M-SEARCH * HTTP/1":                decoders.More,
		"PRI * HTTP/2.0\r\n\r\nSM\r\n":     decoders.No,
		"SELECT 1\n":                       decoders.No,
		"SSH-2.0-x\r\n":                    decoders.No,
		"\x16\x03\x01":                     decoders.No,
		" GET /":                           decoders.No,
		"EHLO example.com\r\n":             decoders.No,
		"FOO \x00\x01":                     decoders.No,
		long:                               decoders.No,
		"FOO " + strings.Repeat("a", 9000): decoders.No,
	} {
		equal(t, first, detect(decoders.ToServer, []byte(first)), want)
	}
	for first, want := range map[string]decoders.Verdict{
		"HTTP/1.1 200 OK": decoders.Yes, "HTTP/1.0 404": decoders.Yes, "\r\nHTTP/1.0 404": decoders.Yes,
		"HTTP/1.1 20": decoders.More, "H": decoders.More, "": decoders.More,
		"HTTP/2.0 200": decoders.No, "HTTP/1.x 200": decoders.No, "HTTP/1.1 2xx": decoders.No, "ICY 200 OK": decoders.No, "220 smtp": decoders.No,
	} {
		equal(t, first, detect(decoders.ToClient, []byte(first)), want)
	}
}

// FuzzHead states that the functions on untrusted text neither panic nor return what is not in it.
func FuzzHead(f *testing.F) {
	f.Add("GET http://user@example.com:80/a?b HTTP/1.1")             // a request line
	f.Add("HTTP/1.1 200 OK")                                         // a status line
	f.Add("Content-Length: 42, 42")                                  // a field
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") // a trace
	f.Add("203.0.113.7, [2001:db8::1]:80, 10.0.0.1")                 // a list of proxies
	f.Add("a=b; sid=42")                                             // cookies
	f.Fuzz(func(t *testing.T, text string) {
		b := []byte(text)
		if method, target, ok := cutRequestLine(b); ok {
			path, authority := cutTarget(target, false)
			if len(method) == 0 || int(path.to) > len(target) || path.from > path.to || len(hostOnly(authority)) > len(authority) {
				t.Fatalf("%q %q %v %q", method, target, path, authority)
			}
		}
		if code, ok := cutStatusLine(b); ok && len(code) != 3 {
			t.Fatalf("code %q", code)
		}
		if len(b) > 0 {
			cutField(b)
		}
		for _, size := range []func([]byte) (uint64, bool){parseLength, parseChunkSize} {
			if n, ok := size(b); ok && n > maxSize {
				t.Fatalf("size %d", n)
			}
		}
		parseTrace(b)
	})
}
