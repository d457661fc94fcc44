package shop

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"wire_exporter/packaging/demo/internal/relay"
)

const (
	products      = 400
	maxBody       = 64 << 10
	password      = "correct" // of everybody: there is nothing to steal here
	declinedShare = 0.02
)

// ledger books and balances; it calls nobody.
func (s *Shop) ledger(r *relay.Relay) *service {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /balances/{account}", func(w http.ResponseWriter, req *http.Request) {
		writeJSON(w, http.StatusOK, fmt.Sprintf(`{"account":%q,"balance":%d}`, req.PathValue("account"), rand.N(100000)))
	})
	mux.HandleFunc("GET /entries/{account}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		stream(w, "2026-01-01,booking,100.00,EUR,in order\n", 500+rand.N(5000))
	})
	mux.HandleFunc("POST /entries", func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, req.Body, maxBody))
		writeJSON(w, http.StatusCreated, `{"entry":`+strconv.Itoa(rand.Int())+`}`)
	})
	return s.newService("ledger", ledgerAddr, 3*time.Millisecond, r, mux)
}

// catalog knows the products; it calls nobody.
func (s *Shop) catalog(r *relay.Relay) *service {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		stream(w, `{"sku":"p-100","name":"a thing to buy","price":1999}`+"\n", 5+rand.N(60))
	})
	mux.HandleFunc("GET /products/{sku}", func(w http.ResponseWriter, req *http.Request) {
		n, err := strconv.Atoi(strings.TrimPrefix(req.PathValue("sku"), "p-"))
		if err != nil || n >= products {
			http.NotFound(w, req)
			return
		}
		writeJSON(w, http.StatusOK, fmt.Sprintf(`{"sku":"p-%d","text":%q}`, n, strings.Repeat("lorem ipsum ", 20+n)))
	})
	return s.newService("catalog", catalogAddr, 5*time.Millisecond, r, mux)
}

// payments checks a payment and has the ledger book it.
func (s *Shop) payments(r *relay.Relay) *service {
	mux := http.NewServeMux()
	svc := s.newService("payments", paymentsAddr, 12*time.Millisecond, r, mux)
	mux.HandleFunc("POST /payments", func(w http.ResponseWriter, req *http.Request) {
		order, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
		if err != nil {
			http.Error(w, "payment expected", http.StatusBadRequest)
			return
		}
		if rand.Float64() < declinedShare {
			writeJSON(w, http.StatusPaymentRequired, `{"error":"declined"}`)
			return
		}
		svc.forward(w, req, http.MethodPost, ledgerAddr, "/entries", strings.NewReader(string(order)))
	})
	return svc
}

// accounts knows who may log in, and shows the ledger's figures.
func (s *Shop) accounts(r *relay.Relay) *service {
	mux := http.NewServeMux()
	svc := s.newService("accounts", accountsAddr, 6*time.Millisecond, r, mux)
	mux.HandleFunc("POST /verify", func(w http.ResponseWriter, req *http.Request) {
		req.Body = http.MaxBytesReader(w, req.Body, maxBody)
		if req.PostFormValue("password") != password {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /accounts/{account}", func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodGet, ledgerAddr, "/balances/"+req.PathValue("account"), nil)
	})
	mux.HandleFunc("GET /accounts/{account}/statement", func(w http.ResponseWriter, req *http.Request) {
		svc.forward(w, req, http.MethodGet, ledgerAddr, "/entries/"+req.PathValue("account"), nil)
	})
	return svc
}

func writeJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// stream sends a line n times, in chunks.
func stream(w http.ResponseWriter, line string, n int) {
	for i := range n {
		if _, err := io.WriteString(w, line); err != nil {
			return
		}
		if i%50 == 0 {
			w.(http.Flusher).Flush()
		}
	}
}
