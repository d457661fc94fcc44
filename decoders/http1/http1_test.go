package http1

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"wire_exporter/decoders"
	"wire_exporter/decoders/decodertest"
)

var subject = decodertest.Subject{
	Plugin:   Plugin,
	Sessions: &decoders.Sessions{Cookies: []string{"sid", "other"}, Headers: []string{"x-user"}, Bearer: true},
}

func TestConversations(t *testing.T) { decodertest.Run(t, subject) }

func TestLaws(t *testing.T) { decodertest.Laws(t, subject) }

// FuzzConn states law 1 and law 6; its seeds are the conversations in testdata.
func FuzzConn(f *testing.F) { decodertest.Fuzz(f, subject) }

func BenchmarkConversations(b *testing.B) { decodertest.Bench(b, subject) }

// TestSizes: with the flow table's entry an idle connection must stay below 256 bytes.
func TestSizes(t *testing.T) {
	if connSize := unsafe.Sizeof(conn{}); connSize > 32 {
		t.Errorf("an idle connection has %d bytes, more than 32, the next size the allocator has is 48", connSize)
	}
}

func TestConfig(t *testing.T) {
	for max, ok := range map[int]bool{256 << 10: true, 1 << 10: true, 16 << 20: true, 0: false, -1: false, 1<<24 + 1: false} {
		_, err := Plugin.New(decoders.Env{}, func(v any) error { v.(*Config).MaxHeadBytes = max; return nil })
		equal(t, max, err == nil, ok)
	}
	refused := errors.New("unknown key")
	_, err := Plugin.New(decoders.Env{}, func(any) error { return refused })
	equal(t, "a block with a mistake", errors.Is(err, refused), true)
}

// transactions is a Sink that counts.
type transactions struct {
	n       int
	reasons []decoders.Malformed
}

func (x *transactions) Transaction(*decoders.Txn) { x.n++ }
func (x *transactions) Count(_ *decoders.Flow, reason decoders.Malformed) {
	x.reasons = append(x.reasons, reason)
}

// connection opens one; the function feeds it with a segment.
func connection(t testing.TB, env decoders.Env, out decoders.Sink) (*decoders.Feeder, func(dir decoders.Dir, b []byte) error) {
	t.Helper()
	d, err := Plugin.New(env, nil)
	if err != nil {
		t.Fatal(err)
	}
	p, f := &decoders.Pool{Memory: env.Memory}, new(decoders.Feeder)
	f.Attach(p, d.Open(&f.Flow, out))
	return f, func(dir decoders.Dir, b []byte) error { return f.Segment(p, dir, b, 1) }
}

// TestHeadLimits: a head that does not end is given up, and until then next to nothing is held.
func TestHeadLimits(t *testing.T) {
	for name, line := range map[string]string{
		"many lines":  "X: y\r\n",
		"long lines":  "X: " + strings.Repeat("y", 20<<10) + "\r\n",
		"folded ones": " y\r\n",
	} {
		f, feed := connection(t, decoders.Env{}, new(transactions))
		err := feed(decoders.ToServer, []byte("GET / HTTP/1.1\r\n"))
		n := 0
		for ; err == nil && n < 1<<20; n += len(line) {
			err = feed(decoders.ToServer, []byte(line))
			if held := len(f.Held(decoders.ToServer)); held > maxLine {
				t.Fatalf("%s: %d bytes are held", name, held)
			}
		}
		equal(t, name, err, error(headTooLong))
	}
}

// TestMisread: what makes no sense again and again is given up.
func TestMisread(t *testing.T) {
	out := new(transactions)
	_, feed := connection(t, decoders.Env{Sessions: subject.Sessions}, out)
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		err = feed(decoders.ToServer, []byte("GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"))
	}
	equal(t, "given up", err, error(badLength))
	equal(t, "after so many", n, maxMisread+1)
	equal(t, "counted", len(out.reasons) >= maxMisread, true)
}

// TestTooManyPending: requests that nobody answers do not pile up.
func TestTooManyPending(t *testing.T) {
	var memory decoders.Memory
	out := new(transactions)
	f, feed := connection(t, decoders.Env{Memory: &memory}, out)
	for range 3000 {
		if err := feed(decoders.ToServer, []byte("GET /a/path HTTP/1.1\r\nHost: example.com\r\n\r\n")); err != nil {
			t.Fatal(err)
		}
	}
	n, _ := f.Conn().Waiting()
	equal(t, "waiting", n, 0)
	equal(t, "reported", out.n, 3000)
	equal(t, "counted", slices.Equal(out.reasons, []decoders.Malformed{tooManyPending}), true)
	if memory.Used() > 1<<20 {
		t.Errorf("%d bytes are kept", memory.Used())
	}
}

func TestWaiting(t *testing.T) {
	f, feed := connection(t, decoders.Env{}, new(transactions))
	check := func(want int) {
		t.Helper()
		n, since := f.Conn().Waiting()
		equal(t, "waiting", n, want)
		equal(t, "since", since != 0, want > 0)
	}
	check(0)
	feed(decoders.ToServer, []byte("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n"))
	check(2)
	feed(decoders.ToClient, []byte("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
	check(1)
	feed(decoders.ToClient, []byte("HTTP/1.1 408 Too Late\r\nContent-Length: 0\r\n\r\n"))
	check(0) // answered, though it is not complete
}

// TestLongRequestLine: the beginning of the target is enough.
func TestLongRequestLine(t *testing.T) {
	out := new(transactions)
	_, feed := connection(t, decoders.Env{Sessions: subject.Sessions}, out)
	feed(decoders.ToServer, []byte("GET /"+strings.Repeat("a", 100<<10)+" HTTP/1.1\r\nHost: example.com\r\n\r\n"))
	feed(decoders.ToClient, []byte("HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\n\r\n"))
	equal(t, "reported", out.n, 1)
	equal(t, "counted", slices.Equal(out.reasons, []decoders.Malformed{requestLineCut}), true)
}

// exchange is a request and its response with ten fields each, as browsers and servers send them.
const (
	exchangeRequest = "GET /accounts/42?from=1 HTTP/1.1\r\nHost: www.example.com:8080\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\n" +
		"Accept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\nCookie: theme=dark; sid=0123456789ABCDEF\r\n" +
		"Cache-Control: max-age=0\r\nReferer: http://www.example.com:8080/accounts\r\nDNT: 1\r\n\r\n"
	exchangeResponse = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 10:00:00 GMT\r\nServer: example\r\n" +
		"Content-Type: text/html; charset=utf-8\r\nContent-Length: 400\r\nConnection: keep-alive\r\nCache-Control: no-store\r\n" +
		"Vary: Accept-Encoding\r\nX-Request-Id: 0123456789\r\nStrict-Transport-Security: max-age=31536000\r\nX-Frame-Options: DENY\r\n\r\n"
)

func BenchmarkExchange(b *testing.B) {
	out := new(transactions)
	_, feed := connection(b, decoders.Env{Sessions: subject.Sessions}, out)
	request, response := []byte(exchangeRequest), append([]byte(exchangeResponse), make([]byte, 400)...)
	b.ReportAllocs()
	b.SetBytes(int64(len(request) + len(response)))
	for b.Loop() {
		feed(decoders.ToServer, request)
		feed(decoders.ToClient, response)
	}
	if out.n < b.N {
		b.Fatalf("%d transactions of %d", out.n, b.N)
	}
}
