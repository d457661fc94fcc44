package shop

import (
	"database/sql"
	"errors"
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

// ledger books and balances, in the bank's database.
func (s *Shop) ledger(r *relay.Relay) *service {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /balances/{account}", func(w http.ResponseWriter, req *http.Request) {
		balance, err := s.ledgerBank.one(req.Context(), sqlBalance, req.PathValue("account"))
		if err != nil {
			databaseError(w)
			return
		}
		writeJSON(w, http.StatusOK, fmt.Sprintf(`{"account":%q,"balance":%s}`, req.PathValue("account"), balance))
	})
	mux.HandleFunc("GET /entries/{account}", func(w http.ResponseWriter, req *http.Request) {
		lines := newLines(w, "text/csv")
		err := s.ledgerBank.entries(req.Context(), req.PathValue("account"), func(booked, text, amount string) {
			lines.write(booked + "," + text + "," + amount + ",EUR,in order\n")
		})
		lines.end(err)
	})
	mux.HandleFunc("POST /entries", func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, http.MaxBytesReader(w, req.Body, maxBody))
		if err := s.ledgerBank.book(req.Context(), "user"+strconv.Itoa(rand.N(Visitors)), "payment", strconv.Itoa(rand.N(50000))); err != nil {
			databaseError(w)
			return
		}
		writeJSON(w, http.StatusCreated, `{"entry":`+strconv.Itoa(rand.Int())+`}`)
	})
	return s.newService("ledger", ledgerAddr, 3*time.Millisecond, r, mux)
}

// catalog knows the products, from the shop's database.
func (s *Shop) catalog(r *relay.Relay) *service {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products", func(w http.ResponseWriter, req *http.Request) {
		lines := newLines(w, "application/json")
		err := s.stock.search(req.Context(), req.FormValue("q"), func(sku, name, price string) {
			lines.write(fmt.Sprintf(`{"sku":%q,"name":%q,"price":%s}`+"\n", sku, name, price))
		})
		lines.end(err)
	})
	mux.HandleFunc("GET /products/{sku}", func(w http.ResponseWriter, req *http.Request) {
		text, err := s.stock.show(req.Context(), req.PathValue("sku"))
		switch {
		case errors.Is(err, sql.ErrNoRows):
			http.NotFound(w, req)
		case err != nil:
			databaseError(w)
		default:
			writeJSON(w, http.StatusOK, fmt.Sprintf(`{"sku":%q,"text":%q}`, req.PathValue("sku"), text))
		}
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
		word, err := s.accountsBank.one(req.Context(), sqlVerify, req.PostFormValue("user"))
		if err != nil {
			databaseError(w)
			return
		}
		if req.PostFormValue("password") != word || s.trouble.Load().Kind == "logins" && rand.Float64() < 0.85 {
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

func databaseError(w http.ResponseWriter) {
	http.Error(w, "the database does not answer as it should", http.StatusInternalServerError)
}

// lines is an answer that is sent in chunks as its lines come from the database.
type lines struct {
	w           http.ResponseWriter
	contentType string
	n           int
}

func newLines(w http.ResponseWriter, contentType string) *lines {
	return &lines{w: w, contentType: contentType}
}

func (l *lines) write(line string) {
	if l.n == 0 {
		l.w.Header().Set("Content-Type", l.contentType)
	}
	_, _ = io.WriteString(l.w, line)
	if l.n++; l.n%50 == 0 {
		l.w.(http.Flusher).Flush()
	}
}

// end ends the answer; when the database failed, with an error, or, when lines were sent already, by breaking off.
func (l *lines) end(err error) {
	switch {
	case err == nil:
	case l.n == 0:
		databaseError(l.w)
	default:
		panic(http.ErrAbortHandler)
	}
}
