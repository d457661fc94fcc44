package shop

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"wire_exporter/packaging/demo/internal/relay"
)

const (
	slowShare  = 0.015 // of a server's calls take slowFactor times as long
	slowFactor = 20
	failShare  = 0.003 // of a server's calls fail for no reason that anybody knows
	callLimit  = 10 * time.Second
)

// service is one of the shop's servers: what it answers, and how it calls the
// others.
type service struct {
	name     string
	addr     netip.AddrPort
	client   http.Client
	handler  http.Handler
	server   *http.Server // nil while it is down
	listener net.Listener
}

// newService wraps the routes with how long the server works on each call,
// and with its share of whatever is wrong at the moment.
func (s *Shop) newService(name string, addr netip.AddrPort, work time.Duration, r *relay.Relay, routes *http.ServeMux) *service {
	return &service{
		name:   name,
		addr:   addr,
		client: http.Client{Transport: transport(addr.Addr(), r, time.Minute), Timeout: callLimit},
		handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if !s.suffer(name, w, req) {
				return
			}
			if !pause(req.Context(), workTime(work)) {
				return
			}
			if mathrand.Float64() < failShare {
				http.Error(w, "something broke", http.StatusInternalServerError)
				return
			}
			routes.ServeHTTP(w, req)
		}),
	}
}

// suffer lets a call feel the current incident; false: it has been answered.
func (s *Shop) suffer(name string, w http.ResponseWriter, req *http.Request) bool {
	trouble := s.trouble.Load()
	if trouble.Service != name {
		return true
	}
	switch trouble.Kind {
	case "slow":
		return pause(req.Context(), 300*time.Millisecond+mathrand.N(600*time.Millisecond))
	case "errors":
		if mathrand.Float64() < 0.3 {
			http.Error(w, "broken", http.StatusInternalServerError)
			return false
		}
	case "unauthorized":
		http.Error(w, "log in first", http.StatusUnauthorized)
		return false
	case "hang":
		<-req.Context().Done()
		return false
	}
	return true
}

func (svc *service) called() string { return svc.name }

func (svc *service) open() error {
	if svc.server != nil {
		return nil
	}
	l, err := net.Listen("tcp4", svc.addr.String())
	if err != nil {
		return fmt.Errorf("%s: %w", svc.name, err)
	}
	svc.server = &http.Server{Handler: svc.handler, ReadHeaderTimeout: callLimit, IdleTimeout: 2 * time.Minute}
	svc.listener = l
	go func(server *http.Server) { _ = server.Serve(l) }(svc.server)
	return nil
}

func (svc *service) close() {
	if svc.server != nil {
		_ = svc.listener.Close() // the server may not have got hold of it yet
		_ = svc.server.Close()
		svc.server = nil
	}
	svc.client.CloseIdleConnections()
}

// call asks another server on behalf of a request; the caller closes the body.
func (svc *service) call(req *http.Request, method string, to netip.AddrPort, path string, body io.Reader) (*http.Response, error) {
	out, err := http.NewRequestWithContext(req.Context(), method, "http://"+to.String()+path, body)
	if err != nil {
		return nil, err
	}
	out.Host = hostOf(to)
	out.Header.Set("traceparent", nextSpan(req.Header.Get("traceparent")))
	return svc.client.Do(out)
}

// forward answers a call with another server's answer, or with why there is none.
func (svc *service) forward(w http.ResponseWriter, req *http.Request, method string, to netip.AddrPort, path string, body io.Reader) {
	res, err := svc.call(req, method, to, path, body)
	if err != nil {
		gatewayError(w, err)
		return
	}
	defer res.Body.Close()
	if res.StatusCode >= http.StatusInternalServerError {
		http.Error(w, "bad answer from behind", http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Type", res.Header.Get("Content-Type"))
	w.WriteHeader(res.StatusCode)
	_, _ = io.Copy(w, res.Body)
}

func gatewayError(w http.ResponseWriter, err error) {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		http.Error(w, "no answer from behind", http.StatusGatewayTimeout)
		return
	}
	http.Error(w, "nobody there behind", http.StatusBadGateway)
}

// transport opens connections from one address and keeps them for a while.
func transport(from netip.Addr, r *relay.Relay, idle time.Duration) *http.Transport {
	dialer := relay.Dialer{Relay: r, From: from, Timeout: callLimit}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		MaxIdleConnsPerHost: 32,
		IdleConnTimeout:     idle,
		DisableCompression:  true,
	}
}

// hostOf is the name that a server is called by: <service>.shop.test.
func hostOf(addr netip.AddrPort) string {
	names := map[netip.AddrPort]string{
		webAddr: "www", accountsAddr: "accounts", paymentsAddr: "payments",
		catalogAddr: "catalog", ledgerAddr: "ledger",
	}
	return names[addr] + ".shop.test"
}

// workTime scatters as service times do: most near the median, a long tail,
// and now and then a call that is much slower.
func workTime(median time.Duration) time.Duration {
	d := float64(median) * math.Exp(0.4*mathrand.NormFloat64())
	if mathrand.Float64() < slowShare {
		d *= slowFactor
	}
	return time.Duration(d)
}

// pause is false if the caller went away meanwhile.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// nextSpan keeps the trace and starts a new span in it
// (W3C Trace Context section 3.2); without a trace it starts one.
func nextSpan(parent string) string {
	trace := randomHex(16)
	if parts := strings.Split(parent, "-"); len(parts) == 4 {
		trace = parts[1]
	}
	return "00-" + trace + "-" + randomHex(8) + "-01"
}

func randomHex(bytes int) string {
	b := make([]byte, bytes)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
