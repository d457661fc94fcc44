package shop

import (
	"context"
	"database/sql"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"wire_exporter/packaging/demo/internal/relay"
)

const maxConns = 32 // that a service has to its database

// bank is a service's way to the bank's database.
type bank struct{ pool *pgxpool.Pool }

// bankConfig is for connections from one address.
func bankConfig(from netip.Addr, user, password string, r *relay.Relay) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig("host=" + bankdbAddr.Addr().String() + " port=" + strconv.Itoa(int(bankdbAddr.Port())) +
		" dbname=" + bankName + " sslmode=disable connect_timeout=10")
	if err != nil {
		return nil, err
	}
	dialer := relay.Dialer{Relay: r, From: from, Timeout: callLimit, Goodbye: true}
	config.ConnConfig.User, config.ConnConfig.Password = user, password
	config.ConnConfig.DialFunc = dialer.DialContext
	config.ConnConfig.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	config.ConnConfig.Fallbacks = []*pgconn.FallbackConfig{}
	config.MaxConns, config.MaxConnLifetime, config.MaxConnIdleTime = maxConns, 5*time.Minute, time.Minute
	return config, nil
}

func openBank(from netip.Addr, user string, r *relay.Relay) (*bank, error) {
	config, err := bankConfig(from, user, bankPassword, r)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config) // dials when it is needed
	if err != nil {
		return nil, err
	}
	return &bank{pool}, nil
}

// one asks for one value.
func (b *bank) one(ctx context.Context, text string, args ...any) (value string, err error) {
	err = b.pool.QueryRow(ctx, text, args...).Scan(&value)
	return value, err
}

// entries calls f with each entry of an account.
func (b *bank) entries(ctx context.Context, account string, f func(booked, text, amount string)) error {
	rows, err := b.pool.Query(ctx, sqlEntries, account)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var booked, text, amount string
		if err := rows.Scan(&booked, &text, &amount); err != nil {
			return err
		}
		f(booked, text, amount)
	}
	return rows.Err()
}

// book writes an entry and moves the money in one transaction; when another one was in the way, once more.
func (b *bank) book(ctx context.Context, account, text, amount string) (err error) {
	for range 2 {
		err = pgx.BeginFunc(ctx, b.pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, sqlBook, account, text, amount); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, sqlMove, amount, account)
			return err
		})
		if err == nil {
			break
		}
	}
	return err
}

// report logs in, adds everything up, which takes long, and goes; now and then with the wrong password.
func report(ctx context.Context, from netip.Addr, r *relay.Relay) error {
	word := bankPassword
	if chance(0.1) {
		word = rand64()
	}
	config, err := bankConfig(from, "report", word, r)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, config.ConnConfig)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	_, err = conn.Exec(ctx, sqlReport)
	return err
}

// makeReports does so every now and then.
func (s *Shop) makeReports(ctx context.Context, r *relay.Relay) {
	for pause(ctx, time.Duration(float64(reportPeriod)/s.level())) {
		_ = report(ctx, reportsAddr, r) // there is a next time
	}
}

// stock is the catalog's way to the shop's database.
type stock struct {
	db      *sql.DB
	mu      sync.Mutex
	product *sql.Stmt // prepared once on each connection; nil before the first time
}

func openStock(from netip.Addr, r *relay.Relay) (*stock, error) {
	dialer := relay.Dialer{Relay: r, From: from, Timeout: callLimit, Goodbye: true}
	config := mysql.NewConfig()
	config.User, config.Passwd, config.DBName = shopName, shopPassword, shopName
	config.Net, config.Addr, config.Timeout = "tcp", shopdbAddr.String(), callLimit
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, addr)
	}
	config.InterpolateParams = true
	config.Logger = &mysql.NopLogger{}
	connector, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(maxConns)
	db.SetMaxIdleConns(maxConns)
	db.SetConnMaxLifetime(5 * time.Minute)
	return &stock{db: db}, nil
}

// search calls f with each product that is found. The driver writes the values into the text.
func (s *stock) search(ctx context.Context, what string, f func(sku, name, price string)) error {
	rows, err := s.db.QueryContext(ctx, sqlSearch, "%"+what+"%")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var sku, name, price string
		if err := rows.Scan(&sku, &name, &price); err != nil {
			return err
		}
		f(sku, name, price)
	}
	return rows.Err()
}

// show is a product's text. That it was looked at is noted; when another note is in the way, it is not.
func (s *stock) show(ctx context.Context, sku string) (text string, err error) {
	statement, err := s.prepared(ctx)
	if err != nil {
		return "", err
	}
	if err := statement.QueryRowContext(ctx, sku).Scan(&sku, &text); err != nil {
		return "", err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return "", err
	}
	if _, err := tx.ExecContext(ctx, sqlView, sku); err != nil {
		_ = tx.Rollback()
		return text, nil
	}
	return text, tx.Commit()
}

func (s *stock) prepared(ctx context.Context) (_ *sql.Stmt, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.product == nil {
		s.product, err = s.db.PrepareContext(context.WithoutCancel(ctx), sqlProduct)
	}
	return s.product, err
}
