package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
)

// user is who asks on a connection of HTTP.
type user struct {
	random *rand.Rand
	ask    func(r *rand.Rand, u *user, x *exchange) // makes an exchange
	agent  string
	cookie []byte // the value of the Cookie field
}

var agents = []string{
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
	"Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
}

func newUser(r *rand.Rand, i int, ask func(*rand.Rand, *user, *exchange)) *user {
	return &user{random: r, ask: ask, agent: agents[i%len(agents)], cookie: fmt.Appendf(nil, "session=%016x%016x; consent=necessary.statistics; _visit=GS1.1.%d.%d.1.%d.0.0.0; theme=dark; csrf=%016x",
		r.Uint64(), r.Uint64(), 1700000000+r.IntN(1e6), 1+r.IntN(30), 1700000000+r.IntN(1e6), r.Uint64())}
}

func (u *user) next(x *exchange) (done bool) {
	u.ask(u.random, u, x)
	return true
}

func (u *user) bye() []byte { return nil }

// templates are the paths of the API; each verb is an identifier.
var templates = []string{
	"/api/v1/accounts", "/api/v1/accounts/%d", "/api/v1/accounts/%d/transactions?limit=50&cursor=%x", "/api/v1/customers/%d",
	"/api/v1/customers/%d/addresses", "/api/v1/payments", "/api/v1/payments/%x", "/api/v1/cards/%d/limits", "/api/v2/search?q=term%d&page=1",
	"/api/v1/orders/%d", "/api/v1/orders/%d/items", "/api/v1/health",
}

func target(r *rand.Rand, template string) string {
	args := []any{100000 + r.IntN(200), r.Uint64()}
	return fmt.Sprintf(template, args[:bytes.Count([]byte(template), []byte("%"))]...)
}

// request writes a request as a browser does.
func request(r *rand.Rand, u *user, method, target string, body []byte) net.Buffers {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: api.example.com\r\nConnection: keep-alive\r\n", method, target)
	if method == "POST" {
		fmt.Fprintf(&b, "Content-Length: %d\r\nContent-Type: application/json\r\nOrigin: https://www.example.com\r\n", len(body))
	}
	fmt.Fprintf(&b, "sec-ch-ua-platform: \"Linux\"\r\nUser-Agent: %s\r\nsec-ch-ua: \"Chromium\";v=\"131\", \"Not_A Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n"+
		"Accept: application/json, text/plain, */*\r\nX-Requested-With: XMLHttpRequest\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n"+
		"Referer: https://www.example.com/app/overview?tab=%d\r\nAccept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"+
		"Cookie: %s\r\n\r\n", u.agent, r.IntN(9), u.cookie)
	b.Write(body)
	return net.Buffers{b.Bytes()}
}

// response writes a response of n bytes of body, which are a piece of text; chunk 0 is a Content-Length.
func response(r *rand.Rand, status int, kind string, text []byte, n, chunk int) net.Buffers {
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nDate: Tue, 14 Nov 2023 22:13:%02d GMT\r\nServer: example\r\nContent-Type: %s\r\nCache-Control: no-store\r\nVary: Accept-Encoding\r\n"+
		"X-Content-Type-Options: nosniff\r\nX-Request-Id: %016x\r\n", status, reasons[status], r.IntN(60), kind, r.Uint64())
	from := r.IntN(len(text) - n)
	body := text[from : from+n]
	if chunk == 0 {
		fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n", n)
		return net.Buffers{b.Bytes(), body}
	}
	b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	out := net.Buffers{b.Bytes()}
	for len(body) > 0 {
		k := min(len(body), chunk)
		out = append(out, fmt.Appendf(nil, "%x\r\n", k), body[:k], []byte("\r\n"))
		body = body[k:]
	}
	return append(out, []byte("0\r\n\r\n"))
}

var reasons = map[int]string{200: "OK", 201: "Created", 404: "Not Found", 500: "Internal Server Error"}

// small is a call of a JSON API.
func small(r *rand.Rand, u *user, x *exchange) {
	template, method := templates[r.IntN(len(templates))], "GET"
	var body []byte
	status := 200
	if r.IntN(100) < 15 {
		n := 100 + r.IntN(700)
		from := r.IntN(len(jsonText) - n)
		method, body, status = "POST", jsonText[from:from+n], 201
	}
	switch p := r.IntN(100); {
	case p < 3:
		status, x.counts.ClientError = 404, 1
	case p < 5:
		status, x.counts.ServerError = 500, 1
	default:
		x.counts.OK = 1
	}
	chunk := 0
	if r.IntN(10) == 0 {
		chunk = 1024
	}
	x.request = request(r, u, method, target(r, template), body)
	x.response = response(r, status, "application/json", jsonText, 1024+r.IntN(3072), chunk)
	x.think = int64(r.ExpFloat64() * 30e6)
	x.wait = int64(1e6 + r.ExpFloat64()*8e6)
}

// large is the download of a file.
func large(r *rand.Rand, u *user, x *exchange) {
	chunk := 0
	if r.IntN(4) == 0 {
		chunk = 8192
	}
	x.counts.OK = 1
	x.request = request(r, u, "GET", fmt.Sprintf("/files/reports/%d.pdf", r.IntN(1000)), nil)
	x.response = response(r, 200, "application/pdf", noise, 100e3+r.IntN(900e3), chunk)
	x.think = int64(r.ExpFloat64() * 200e6)
	x.wait = int64(1e6 + r.ExpFloat64()*20e6)
}

// jsonText and noise are what bodies are cut from.
var (
	jsonText = func() []byte {
		r := rand.New(rand.NewPCG(seed, 1))
		var b bytes.Buffer
		for b.Len() < 64<<10 {
			fmt.Fprintf(&b, `{"id":%d,"iban":"XX%018d","amount":%d.%02d,"currency":"EUR","booked":"2023-11-%02dT10:%02d:00Z","text":"Invoice %x"},`,
				r.IntN(1e9), r.Int64N(1e18), r.IntN(5000), r.IntN(100), 1+r.IntN(28), r.IntN(60), r.Uint32())
		}
		return b.Bytes()
	}()
	noise = func() []byte {
		b := make([]byte, 2<<20)
		rand.NewChaCha8([32]byte{seed & 0xff}).Read(b)
		return b
	}()
)
