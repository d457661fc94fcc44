package label

import (
	"bytes"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestTemplate(t *testing.T) {
	for _, c := range []struct{ path, want string }{
		{"", "/"},
		{"/", "/"},
		{"//", "/"},
		{"*", "*"},
		{"/accounts", "/accounts"},
		{"/accounts/", "/accounts"},
		{"//accounts//list", "/accounts/list"},
		{"/Accounts/List", "/Accounts/List"},

		// numbers
		{"/accounts/1", "/accounts/{id}"},
		{"/accounts/12345/cards/9", "/accounts/{id}/cards/{id}"},
		{"/accounts/-5", "/accounts/{id}"},
		{"/geo/37.98,23.72", "/geo/{id}"},
		{"/page2", "/page2"},
		{"/user123", "/{id}"},
		{"/user-123", "/user-{id}"},
		{"/INV-2024-00012", "/INV-{id}"},
		{"/INV-2024-00012.pdf", "/INV-{id}.pdf"},
		{"/Products(12)", "/Products({id})"},
		{"/a1-b2-c3-d4", "/{id}"},
		{"/1-a-2", "/{id}"},

		// what must never be seen: accounts, cards, telephones, people
		{"/iban/GR1601101250000000012300695", "/iban/{id}"},
		{"/iban/GR16-0110-1250-0000-0000-1230-0695", "/iban/{id}"},
		{"/iban/GR16%200110%201250", "/iban/{id}"},
		{"/card/4111111111111111", "/card/{id}"},
		{"/card/4111-1111-1111-1111", "/card/{id}"},
		{"/call/+302101234567", "/call/{id}"},
		{"/call/(210)123-4567", "/call/{id}"},
		{"/mail/someone@example.com", "/mail/{email}"},
		{"/mail/some.one+tag@mail.example.com", "/mail/{email}"},
		{"/@someone/posts", "/{id}/posts"},
		{"/~someone/", "/{id}"},

		// identifiers
		{"/o/3fa85f64-5717-4562-b3fc-2c963f66afa6", "/o/{uuid}"},
		{"/o/3FA85F64-5717-4562-B3FC-2C963F66AFA6.json", "/o/{uuid}.json"},
		{"/o/order-3fa85f64-5717-4562-b3fc-2c963f66afa6", "/o/order-{uuid}"},
		{"/o/3fa85f6457174562b3fc2c963f66afa6", "/o/{hash}"},
		{"/c/9fceb02", "/c/{hash}"},
		{"/c/" + strings.Repeat("0123456789abcdef", 4), "/c/{hash}"},
		{"/o/507f1f77bcf86cd799439011", "/o/{hash}"},
		{"/v/dQw4w9WgXcQ", "/v/{id}"},
		{"/t/dGVzdA==", "/t/{id}"},
		{"/t/aGVsbG8gd29ybGQ", "/t/{id}"},
		{"/t/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl", "/t/{id}"},
		{"/pnr/XKJQZP", "/pnr/{id}"},
		{"/n/" + strings.Repeat("word", 8), "/n/{id}"},
		{"/n/how-to-make-a-very-nice-cake", "/n/{id}"},
		{"/n/a%20b", "/n/{id}"},
		{"/n/caf\xc3\xa9", "/n/{id}"},
		{"/n/\xff\x00", "/n/{id}"},
		{"/n/\"><script>", "/n/{id}"},
		{"/n/{name}", "/n/{id}"},
		{"/n/{id}x", "/n/{id}"},
		{"/mac/00:1b:44:11:3a:b7", "/mac/{id}"},

		// dates and addresses
		{"/d/2024-01-31", "/d/{date}"},
		{"/d/20240131", "/d/{date}"},
		{"/d/2024_01_31.csv", "/d/{date}.csv"},
		{"/d/2024-01-31T10:00:00Z", "/d/{date}"},
		{"/d/2024-13-31", "/d/{id}"},
		{"/d/31.12.2024", "/d/{id}"},
		{"/2024/01/31/news", "/{id}/{id}/{id}/news"},
		{"/ip/10.0.0.1", "/ip/{ip}"},
		{"/ip/10.0.0.1:8080", "/ip/{id}"},
		{"/ip/2001:db8::1", "/ip/{ip}"},

		// words with digits that stay
		{"/api/v1/users", "/api/v1/users"},
		{"/api/v2.1/users", "/api/v2.1/users"},
		{"/apis/apps/v1beta1", "/apis/apps/v1beta1"},
		{"/v1alpha12/v2rc1", "/v1alpha12/v2rc1"},
		{"/v00beta00/v1beta", "/{id}/{id}"},
		{"/oauth2/token", "/oauth2/token"},
		{"/s3/k8s/i18n/b2b", "/s3/k8s/i18n/b2b"},
		{"/.well-known/openid-configuration", "/.well-known/openid-configuration"},
		{"/accounts:batchGet", "/accounts:batchGet"},
		{"/getAccountList", "/getAccountList"},

		// static files
		{"/index.html", "/index.html"},
		{"/js/main.3f2a9c.js", "/js/main.{hash}.js"},
		{"/js/main.3f2a9c1b.chunk.js", "/js/main.{hash}.chunk.js"},
		{"/js/index-BX3kq9Zd.js", "/js/index-{id}.js"},
		{"/js/jquery-3.6.0.min.js", "/js/jquery-{id}.min.js"},
		{"/fonts/a.woff2", "/fonts/a.woff2"},
		{"/fonts/a.3f2a9c.woff2", "/fonts/a.{hash}.woff2"},
		{"/fonts/a2.3f2a9c.woff", "/fonts/{id}"},

		// matrix parameters
		{"/shop;jsessionid=0A1B2C/cart;x=1", "/shop/cart"},
		{"/;jsessionid=0A1B2C", "/"},

		// bounds
		{"/a/b/c/d/e/f/g/h", "/a/b/c/d/e/f/g/h"},
		{"/a/b/c/d/e/f/g/h/i", "/a/b/c/d/e/f/g/h/…"},
		{strings.Repeat("/some-rather-long-words-stand-here", 5), strings.Repeat("/some-rather-long-words-stand-here", 3) + "/…"},
	} {
		if got := string(Template(nil, []byte(c.path))); got != c.want {
			t.Errorf("%q became %q, want %q", c.path, got, c.want)
		}
	}
}

func TestTemplateAllocatesNothing(t *testing.T) {
	var room [templateRoom]byte
	path := []byte("/shop/accounts/GR1601101250000000012300695/cards/3fa85f64-5717-4562-b3fc-2c963f66afa6/main.3f2a9c.js")
	if n := testing.AllocsPerRun(100, func() { Template(room[:0], path) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzTemplate holds every template to the laws: printable, bounded, its own template, within its room, and without anything
// that could be part of a number worth hiding. The seeds are one path of each rule, and what the rules must not stumble on.
func FuzzTemplate(f *testing.F) {
	for _, s := range []string{
		"", "/", "*", "/a/b", "/accounts/12345", "/o/3fa85f64-5717-4562-b3fc-2c963f66afa6/x", "/js/main.3f2a9c.js",
		"/d/2024-01-31T10:00:00Z", "/ip/2001:db8::1", "/mail/someone@example.com", "/x;y=z/…/{id}/{hash}.js", "/%2e%2e/\xff{",
		"/a/b/c/d/e/f/g/h/i/j", strings.Repeat("/0123456789abcdefghijklmnopqrstuvwxyz", 4), "/v1.2.3/v1beta1/k8s",
		"/a-1", "/v00beta00", "/aaaaaaaaa-bbbbbbbbb-ccccccccc-ddddddddd-1", "/1.2.3.4.5", "/{id}-{id}", "/=", "/~", "/2024-01-31Tx",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, path []byte) {
		var room [templateRoom]byte
		once := Template(room[:0], path)
		if &once[0] != &room[0] {
			t.Fatalf("%q outgrew its room", once)
		}
		if len(once) > MaxText || bytes.Count(once, []byte("/")) > maxDepth+1 || !utf8.Valid(once) {
			t.Fatalf("%q: out of bounds", once)
		}
		if i := bytes.IndexFunc(once, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			t.Fatalf("%q: not printable", once)
		}
		if twice := Template(nil, once); !bytes.Equal(once, twice) {
			t.Fatalf("%q became %q, and that %q", path, once, twice)
		}
		checkNoIdentifier(t, string(once))
	})
}

// checkNoIdentifier looks for the traces of an identifier.
func checkNoIdentifier(t *testing.T, template string) {
	t.Helper()
	for _, seg := range strings.Split(template, "/") {
		if isVersion([]byte(seg)) {
			continue
		}
		digits := 0
		for i, c := range seg {
			if c >= '0' && c <= '9' {
				digits++
			}
			if i >= 2 && number([]byte(seg[i-2:i+1])) >= 0 && c < utf8.RuneSelf {
				t.Fatalf("%q: a number", template)
			}
		}
		if digits > maxDigits || strings.Contains(seg, "@") || len(seg) > maxSegment {
			t.Fatalf("%q: an identifier", template)
		}
	}
}

func BenchmarkTemplate(b *testing.B) {
	var room [templateRoom]byte
	path := []byte("/shop/accounts/12345678/cards/42")
	b.ReportAllocs()
	for b.Loop() {
		Template(room[:0], path)
	}
}
