package shop

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"wire_exporter/packaging/demo/internal/relay"
)

// Visitors is how many people a lively shop has, besides the partners' programs.
const Visitors = 220

const (
	partners      = 4
	thinkTime     = 2500 * time.Millisecond // mean, between two clicks
	awayTime      = 15 * time.Second        // mean, until those who stay away think of the shop again
	abortShare    = 0.004                   // of requests that people do not wait for
	logoutShare   = 0.25                    // of visits to the bank after which people log out; the others stay logged in
	loggedInShare = 0.8                     // of people, at any time
	patience      = 15 * time.Second
	batchSize     = 4 // requests that a partner sends without waiting for the answers
	batchPeriod   = 2 * time.Second

	reportPeriod = 7 * time.Second // between two reports
)

// sendPeople starts everybody. 127.0.20.0/26 are branches, many people behind
// each address; 127.0.20.64/26 are phones, whose connections are short-lived;
// 127.0.20.128/26 are partners' programs.
func (s *Shop) sendPeople(ctx context.Context, r *relay.Relay, visitors int) {
	var clients []*http.Client
	for i := range 24 {
		network, idle := byte(1), 30*time.Second
		if i >= 8 {
			network, idle = 65, 4*time.Second
		}
		from := netip.AddrFrom4([4]byte{127, 0, 20, network + byte(i)})
		clients = append(clients, &http.Client{
			Transport:     transport(from, r, idle),
			Timeout:       patience,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		})
	}
	for i := range visitors {
		v := visitor{shop: s, name: fmt.Sprintf("user%d", i), client: clients[i%len(clients)], device: rand64(), rises: (float64(i) + 0.5) / float64(visitors)}
		if chance(loggedInShare) { // as on any other day: the shop does not open with a crowd at the log-in
			v.session = s.users.add(rand.N(sessionLife))
		}
		s.people.Go(func() { v.live(ctx) })
	}
	for i := range partners {
		p := partner{shop: s, dialer: relay.Dialer{Relay: r, From: netip.AddrFrom4([4]byte{127, 0, 20, 129 + byte(i)}), Timeout: patience}}
		s.people.Go(func() { p.live(ctx) })
	}
	s.people.Go(func() {
		<-ctx.Done()
		for _, c := range clients {
			c.CloseIdleConnections()
		}
	})
}

// visitor is one person with a browser.
type visitor struct {
	shop    *Shop
	name    string
	client  *http.Client
	device  string  // cookie that tells one browser from another
	session string  // cookie; "" while logged out
	rises   float64 // the level from which on this person visits: at half the level half of the people do
}

// live visits the shop again and again.
func (v *visitor) live(ctx context.Context) {
	for v.think(ctx) {
		if v.shop.level() < v.rises {
			if !pause(ctx, rand.N(2*awayTime)) {
				return
			}
			continue
		}
		v.get(ctx, "/")
		if chance(0.5) {
			v.get(ctx, "/assets/style.css")
		}
		v.browse(ctx)
		if !chance(0.6) || v.session == "" && !v.logIn(ctx) {
			continue
		}
		v.bank(ctx)
		if chance(logoutShare) {
			v.do(ctx, http.MethodPost, "/logout", "")
			v.session = ""
		}
	}
}

// browse looks at products, now and then at one that is gone.
func (v *visitor) browse(ctx context.Context) {
	for range 1 + rand.N(5) {
		if !v.think(ctx) {
			return
		}
		switch {
		case chance(0.25):
			v.get(ctx, "/search?q="+url.QueryEscape(v.name))
		case chance(0.03):
			v.get(ctx, "/products/gone")
		default:
			v.get(ctx, fmt.Sprintf("/products/p-%d", rand.N(products)))
		}
	}
}

// logIn mistypes the password at times.
func (v *visitor) logIn(ctx context.Context) bool {
	word := password
	if chance(0.04) {
		word = rand64()
	}
	form := url.Values{"user": {v.name}, "password": {word}}.Encode()
	for _, c := range v.do(ctx, http.MethodPost, "/login", form) {
		if c.Name == "session" {
			v.session = c.Value
		}
	}
	return v.session != ""
}

// bank is what people log in for.
func (v *visitor) bank(ctx context.Context) {
	for range 1 + rand.N(4) {
		if !v.think(ctx) {
			return
		}
		switch {
		case chance(0.35):
			v.do(ctx, http.MethodPost, "/payments", `{"to":"example","amount":`+fmt.Sprint(rand.N(50000))+`}`)
		case chance(0.1):
			v.get(ctx, "/accounts/"+v.name+"/statement")
		default:
			v.get(ctx, "/accounts/"+v.name)
		}
	}
}

func (v *visitor) get(ctx context.Context, path string) { v.do(ctx, http.MethodGet, path, "") }

// do makes one request and reads the answer, unless the person loses patience.
func (v *visitor) do(ctx context.Context, method, path, body string) []*http.Cookie {
	if chance(abortShare) {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, rand.N(10*time.Millisecond))
		defer cancel()
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+webAddr.String()+path, v.body(body))
	if err != nil {
		return nil
	}
	req.Host = hostOf(webAddr)
	req.Header.Set("traceparent", nextSpan(""))
	req.Header.Set("User-Agent", "shop-visitor")
	req.AddCookie(&http.Cookie{Name: "device", Value: v.device})
	if v.session != "" {
		req.AddCookie(&http.Cookie{Name: "session", Value: v.session})
	}
	switch {
	case path == "/login":
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	case path == "/assets/style.css" && chance(0.8):
		req.Header.Set("If-None-Match", `"1"`)
	}
	res, err := v.client.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusUnauthorized {
		v.session = "" // it has expired
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.Cookies()
}

// body is sent in chunks half of the time: a reader of unknown length.
func (v *visitor) body(s string) io.Reader {
	switch {
	case s == "":
		return nil
	case chance(0.5):
		return io.MultiReader(strings.NewReader(s))
	}
	return strings.NewReader(s)
}

// think waits as people do before the next click; false: time to go home.
func (v *visitor) think(ctx context.Context) bool {
	hurry := max(v.shop.level(), 1) // with everybody there, they click faster
	return pause(ctx, time.Duration(rand.ExpFloat64()/hurry*float64(thinkTime)))
}

// partner is a program that checks prices: it pipelines its requests on one
// connection, which Go's own client would not do.
type partner struct {
	shop   *Shop
	dialer relay.Dialer
}

func (p *partner) live(ctx context.Context) {
	for pause(ctx, batchPeriod) {
		p.session(ctx)
	}
}

// session sends batches until the connection breaks.
func (p *partner) session(ctx context.Context) {
	conn, err := p.dialer.DialContext(ctx, "tcp4", webAddr.String())
	if err != nil {
		return
	}
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for { // not silent at first: a server hangs up on those who say nothing
		var batch strings.Builder
		method := [...]string{http.MethodHead, http.MethodGet}[rand.N(2)]
		for range batchSize {
			fmt.Fprintf(&batch, "%s /products/p-%d HTTP/1.1\r\nHost: %s\r\nUser-Agent: price-check\r\n\r\n",
				method, rand.N(products), hostOf(webAddr))
		}
		_ = conn.SetDeadline(time.Now().Add(patience))
		if _, err := io.WriteString(conn, batch.String()); err != nil {
			return
		}
		for range batchSize {
			res, err := http.ReadResponse(answers, &http.Request{Method: method})
			if err != nil {
				return
			}
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				return
			}
		}
		if !pause(ctx, time.Duration(float64(batchPeriod)/p.shop.level())) {
			return
		}
	}
}

func chance(share float64) bool { return rand.Float64() < share }

func rand64() string { return fmt.Sprintf("%016x", rand.Uint64()) }
