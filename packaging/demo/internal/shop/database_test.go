package shop

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5/pgconn"
)

// Both databases answer real clients: those of the services.
func TestDatabasesAnswer(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	if word, err := s.accountsBank.one(ctx, sqlVerify, "user1"); err != nil || word != password {
		t.Errorf("%q, %v", word, err)
	}
	n := 0
	if err := s.ledgerBank.entries(ctx, "user1", func(booked, text, amount string) { n++ }); err != nil || n < 100 {
		t.Errorf("%d entries, %v", n, err)
	}
	if err := s.ledgerBank.book(ctx, "user1", "it's a text", "12"); err != nil {
		t.Error(err)
	}
	n = 0
	if err := s.stock.search(ctx, "it's", func(sku, name, price string) { n++ }); err != nil || n < 5 {
		t.Errorf("%d products, %v", n, err)
	}
	if text, err := s.stock.show(ctx, "p-3"); err != nil || !strings.HasPrefix(text, "lorem ipsum") {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := s.stock.show(ctx, "gone"); !errors.Is(err, sql.ErrNoRows) {
		t.Errorf("what does not exist: %v", err)
	}
}

// What is wrong is refused in the way of each protocol.
func TestDatabasesRefuse(t *testing.T) {
	s := open(t)
	ctx := t.Context()
	var pgErr *pgconn.PgError
	if _, err := s.ledgerBank.pool.Exec(ctx, "SELEKT 1 WHERE a = $1", "x"); !errors.As(err, &pgErr) || pgErr.Code != "42601" {
		t.Errorf("bankdb: %v", err)
	}
	if _, err := s.ledgerBank.one(ctx, sqlBalance, "user1"); err != nil {
		t.Errorf("bankdb after an error: %v", err)
	}
	var myErr *mysql.MySQLError
	if _, err := s.stock.db.ExecContext(ctx, "SELEKT 1"); !errors.As(err, &myErr) || myErr.Number != 1064 {
		t.Errorf("shopdb: %v", err)
	}
	config, err := bankConfig(reportsAddr, "report", "wrong", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgconn.ConnectConfig(ctx, &config.ConnConfig.Config); !errors.As(err, &pgErr) || pgErr.Code != "28P01" {
		t.Errorf("with the wrong password: %v", err)
	}
}

// A database that is down is missed by its callers, and found again.
func TestDeadDatabase(t *testing.T) {
	s := open(t)
	for _, step := range []struct {
		kind string
		ok   bool
	}{{"off", true}, {"deaddb", false}, {"off", true}} {
		if _, err := s.Break(step.kind); err != nil {
			t.Fatal(err)
		}
		err := s.stock.search(context.WithoutCancel(t.Context()), "a", func(string, string, string) {})
		if (err == nil) != step.ok {
			t.Errorf("after %s: %v", step.kind, err)
		}
	}
}
