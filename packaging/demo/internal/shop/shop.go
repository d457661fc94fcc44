// Package shop is the demo that a wire_exporter watches: an online shop with
// accounts and payments, made of small real HTTP servers on loopback
// addresses of their own, of two databases behind them, and of the people who use it.
//
// In: what is to go wrong (Break). Out: traffic, over TCP: plain HTTP/1.1,
// the protocols of PostgreSQL and of MySQL.
// Every server and every client calls from its own 127.0.0.0/8 address, so
// that who calls whom can be seen on the wire. It keeps nothing on disk, and
// never talks to anything but loopback.
package shop

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"wire_exporter/packaging/demo/internal/relay"
)

// The shop's servers. packaging/demo/wire_exporter.yml names the same ones.
var (
	webAddr      = netip.MustParseAddrPort("127.0.10.1:8080")
	accountsAddr = netip.MustParseAddrPort("127.0.10.2:8081")
	paymentsAddr = netip.MustParseAddrPort("127.0.10.3:8082")
	catalogAddr  = netip.MustParseAddrPort("127.0.10.4:8083")
	ledgerAddr   = netip.MustParseAddrPort("127.0.10.5:8084")
	bankdbAddr   = netip.MustParseAddrPort("127.0.10.6:5433") // not 5432 and 3306: databases of your own may listen there
	shopdbAddr   = netip.MustParseAddrPort("127.0.10.7:3307")

	reportsAddr = netip.MustParseAddr("127.0.10.8") // calls from here
)

// Shop is a running shop.
type Shop struct {
	servers  []program
	storages []func() // what closes the services' ways to their databases
	trouble  atomic.Pointer[Incident]
	pace     atomic.Pointer[func() float64]
	users    sessions   // of people who are logged in
	breaking sync.Mutex // one Break at a time
	cancel   context.CancelFunc
	people   sync.WaitGroup

	accountsBank, ledgerBank *bank
	stock                    *stock
}

// program is one of the shop's servers, which may be down for a while.
type program interface {
	called() string
	open() error
	close()
}

// Addresses lists what the shop listens on.
func Addresses() []netip.AddrPort {
	return []netip.AddrPort{webAddr, accountsAddr, paymentsAddr, catalogAddr, ledgerAddr, bankdbAddr, shopdbAddr}
}

// Open starts all servers, then so many visitors and the partners' programs.
// Connections are shown to the relay, if there is one.
func Open(r *relay.Relay, visitors int) (*Shop, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Shop{cancel: cancel}
	s.trouble.Store(&Incidents[len(Incidents)-1])
	s.servers = []program{
		s.bankdb(), s.shopdb(), s.ledger(r), s.catalog(r), s.payments(r), s.accounts(r), s.web(r),
	}
	err := s.openStorages(r)
	for _, svc := range s.servers {
		if err == nil {
			err = svc.open()
		}
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	s.sendPeople(ctx, r, visitors)
	s.people.Go(func() { s.makeReports(ctx, r) })
	return s, nil
}

// openStorages gives the services their ways to the databases. Nobody dials yet.
func (s *Shop) openStorages(r *relay.Relay) (err error) {
	if s.accountsBank, err = openBank(accountsAddr.Addr(), "accounts", r); err != nil {
		return err
	}
	s.storages = append(s.storages, s.accountsBank.pool.Close)
	if s.ledgerBank, err = openBank(ledgerAddr.Addr(), "ledger", r); err != nil {
		return err
	}
	s.storages = append(s.storages, s.ledgerBank.pool.Close)
	if s.stock, err = openStock(catalogAddr.Addr(), r); err != nil {
		return err
	}
	s.storages = append(s.storages, func() { s.stock.db.Close() })
	return nil
}

// Close sends the people home, then stops the servers.
func (s *Shop) Close() {
	s.cancel()
	s.people.Wait()
	s.breaking.Lock()
	defer s.breaking.Unlock()
	for i, svc := range slices.Backward(s.servers) {
		if i == 1 { // the databases come first in the list
			for _, closeStorage := range s.storages {
				closeStorage()
			}
		}
		svc.close()
	}
}

// Pace says how busy the shop is, as a share of what it is by itself: asked before every visit and every click.
func (s *Shop) Pace(level func() float64) { s.pace.Store(&level) }

// level is how busy the shop is to be.
func (s *Shop) level() float64 {
	if level := s.pace.Load(); level != nil {
		return max((*level)(), 0.02)
	}
	return 1
}

// Incident is something that goes wrong in one of the shop's servers.
type Incident struct {
	Kind    string
	Service string
	Story   string // what happens
	Watch   string // where it shows
}

// Incidents lists every kind; the last one ends the others.
var Incidents = []Incident{
	{"slow", "ledger", "the ledger takes 0.3 to 0.9 s longer for every call",
		`histogram_quantile(0.95, sum by (service_name) (rate(wire_request_duration_seconds[1m]))): web, accounts and payments rise with ledger, and only ledger calls nobody else`},
	{"dead", "payments", "payments refuses every connection",
		`rate(wire_tcp_connection_attempts_total{service_name="payments",outcome="refused"}[1m]), and code 502 in wire_responses_total of web`},
	{"errors", "accounts", "accounts fails three calls of ten",
		`sum by (service_name) (rate(wire_requests_total{outcome="server_error"}[1m]))`},
	{"hang", "catalog", "catalog takes calls and never answers",
		`wire_oldest_request_age_seconds and wire_requests_in_flight of catalog; outcome="aborted" when its callers give up`},
	{"slowdb", "bankdb", "every statement of the bank's database takes 0.1 to 0.4 s longer",
		`histogram_quantile(0.95, sum by (service_name) (rate(wire_request_duration_seconds[1m]))): bankdb, ledger, accounts, payments and web rise; and wire_sql_sessions{state="active"}`},
	{"deaddb", "shopdb", "the shop's database refuses every connection",
		`rate(wire_tcp_connection_attempts_total{service_name="shopdb",outcome="refused"}[1m]), and codes 500 of catalog and 502 of web in wire_responses_total`},
	{"logins", "accounts", "accounts takes nearly every right password for a wrong one",
		`sum by (outcome) (rate(wire_user_logins_total{service_name="web"}[1m]))`},
	{"unauthorized", "web", "web answers 401 to everybody",
		`sum by (code) (rate(wire_responses_total{service_name="web"}[1m]))`},
	{"off", "", "everything works again", "the same graphs, on their way back"},
}

// Break starts an incident by its kind; the one before it ends.
func (s *Shop) Break(kind string) (Incident, error) {
	i := slices.IndexFunc(Incidents, func(i Incident) bool { return i.Kind == kind })
	if i < 0 {
		return Incident{}, fmt.Errorf("no incident %q", kind)
	}
	s.breaking.Lock()
	defer s.breaking.Unlock()
	s.trouble.Store(&Incidents[i])
	for _, svc := range s.servers {
		if strings.HasPrefix(kind, "dead") && svc.called() == Incidents[i].Service {
			svc.close()
		} else if err := svc.open(); err != nil {
			return Incident{}, err
		}
	}
	return Incidents[i], nil
}
