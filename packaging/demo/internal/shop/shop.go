// Package shop is the demo that a wire_exporter watches: an online shop with
// accounts and payments, made of small real HTTP servers on loopback
// addresses of their own, and of the people who use it.
//
// In: what is to go wrong (Break). Out: traffic, over TCP, plain HTTP/1.1.
// Every server and every client calls from its own 127.0.0.0/8 address, so
// that who calls whom can be seen on the wire. It keeps nothing on disk, and
// never talks to anything but loopback.
package shop

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
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
)

// Shop is a running shop.
type Shop struct {
	services []*service
	trouble  atomic.Pointer[Incident]
	breaking sync.Mutex // one Break at a time
	cancel   context.CancelFunc
	people   sync.WaitGroup
}

// Addresses lists what the shop listens on.
func Addresses() []netip.AddrPort {
	return []netip.AddrPort{webAddr, accountsAddr, paymentsAddr, catalogAddr, ledgerAddr}
}

// Open starts all servers, then so many visitors and the partners' programs.
// Connections are shown to the relay, if there is one.
func Open(r *relay.Relay, visitors int) (*Shop, error) {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Shop{cancel: cancel}
	s.trouble.Store(&Incidents[len(Incidents)-1])
	s.services = []*service{
		s.ledger(r), s.catalog(r), s.payments(r), s.accounts(r), s.web(r),
	}
	for _, svc := range s.services {
		if err := svc.open(); err != nil {
			s.Close()
			return nil, err
		}
	}
	s.sendPeople(ctx, r, visitors)
	return s, nil
}

// Close sends the people home, then stops the servers.
func (s *Shop) Close() {
	s.cancel()
	s.people.Wait()
	s.breaking.Lock()
	defer s.breaking.Unlock()
	for _, svc := range slices.Backward(s.services) {
		svc.close()
	}
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
	for _, svc := range s.services {
		if kind == "dead" && svc.name == Incidents[i].Service {
			svc.close()
		} else if err := svc.open(); err != nil {
			return Incident{}, err
		}
	}
	return Incidents[i], nil
}
