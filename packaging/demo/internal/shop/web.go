package shop

import (
	"crypto/rand"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"wire_exporter/packaging/demo/internal/relay"
)

// web is the front end: what people's browsers talk to.
func (s *Shop) web(r *relay.Relay) *service {
	mux := http.NewServeMux()
	svc := s.newService("web", webAddr, 2*time.Millisecond, r, mux)
	users := &s.users
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodGet, catalogAddr, "/products?start=1", nil)
	})
	mux.HandleFunc("GET /search", func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodGet, catalogAddr, "/products?q="+url.QueryEscape(req.FormValue("q")), nil)
	})
	mux.HandleFunc("GET /products/{sku}", func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, req.Method, catalogAddr, "/products/"+url.PathEscape(req.PathValue("sku")), nil)
	})
	mux.HandleFunc("GET /assets/{name}", func(w http.ResponseWriter, req *http.Request) {
		if req.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, strings.Repeat("/* style */\n", 400))
	})
	mux.HandleFunc("POST /login", func(w http.ResponseWriter, req *http.Request) { svc.login(users, w, req) })
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, req *http.Request) {
		users.remove(req)
		redirect(w)
	})
	mux.HandleFunc("GET /accounts/{account}", users.only(func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodGet, accountsAddr, "/accounts/"+url.PathEscape(req.PathValue("account")), nil)
	}))
	mux.HandleFunc("GET /accounts/{account}/statement", users.only(func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodGet, accountsAddr, "/accounts/"+url.PathEscape(req.PathValue("account"))+"/statement", nil)
	}))
	mux.HandleFunc("POST /payments", users.only(func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodPost, paymentsAddr, "/payments", http.MaxBytesReader(w, req.Body, maxBody))
	}))
	return svc
}

func (svc *service) login(users *sessions, w http.ResponseWriter, req *http.Request) {
	form := http.MaxBytesReader(w, req.Body, maxBody)
	out, err := http.NewRequestWithContext(req.Context(), http.MethodPost, "http://"+accountsAddr.String()+"/verify", form)
	if err != nil {
		gatewayError(w, err)
		return
	}
	out.Host = hostOf(accountsAddr)
	out.ContentLength = req.ContentLength
	out.Header.Set("Content-Type", req.Header.Get("Content-Type"))
	out.Header.Set("traceparent", nextSpan(req.Header.Get("traceparent")))
	res, err := svc.client.Do(out)
	if err != nil {
		gatewayError(w, err)
		return
	}
	res.Body.Close()
	switch res.StatusCode {
	case http.StatusNoContent:
		http.SetCookie(w, &http.Cookie{Name: "session", Value: users.add(sessionLife), Path: "/", HttpOnly: true})
		redirect(w)
	case http.StatusUnauthorized:
		http.Error(w, "wrong password", http.StatusUnauthorized)
	default:
		http.Error(w, "bad answer from behind", http.StatusBadGateway)
	}
}

func redirect(w http.ResponseWriter) {
	w.Header().Set("Location", "/")
	w.WriteHeader(http.StatusSeeOther)
}

const (
	sessionLife = 30 * time.Minute
	maxSessions = 10000
)

// sessions remembers who is logged in.
type sessions struct {
	mu     sync.Mutex
	expiry map[string]time.Time
}

// add begins a session that lasts so long.
func (s *sessions) add(life time.Duration) string {
	token := rand.Text()
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.expiry == nil || len(s.expiry) >= maxSessions {
		s.expiry = map[string]time.Time{} // everybody logs in again
	}
	s.expiry[token] = now.Add(life)
	return token
}

func (s *sessions) remove(req *http.Request) {
	if c, err := req.Cookie("session"); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.expiry, c.Value)
	}
}

func (s *sessions) valid(req *http.Request) bool {
	c, err := req.Cookie("session")
	if err != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Before(s.expiry[c.Value])
}

// only lets those through who are logged in.
func (s *sessions) only(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		if !s.valid(req) {
			http.Error(w, "log in first", http.StatusUnauthorized)
			return
		}
		h(w, req)
	}
}
