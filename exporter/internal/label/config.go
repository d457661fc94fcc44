package label

import "net/netip"

// Config says what things are called. The zero value measures everything and names services by address.
type Config struct {
	// Protocols are the names behind Set.Protocol.
	Protocols []string
	// Services are asked in order, the first match wins.
	Services []Service
	// Clients name callers that are no service; asked in order after the services.
	Clients []Client
	Limits  Limits
	Measure Measure
	Ignore  Ignore
	// Logins and Logouts hold for every service, after the service's own.
	Logins, Logouts []UserRule
}

// Service is a name and what belongs to it. A server belongs to it when its address is in Networks or Addresses and its port
// in Ports; what is empty does not restrict, but a service with Hosts only has no servers. A request belongs to it, before
// any service that only its server's address gives, when in addition its HTTP Host is in Hosts.
type Service struct {
	Name     string
	Networks []netip.Prefix
	// Addresses are single servers. Port 0: any of Ports.
	Addresses []netip.AddrPort
	// Ports of servers in Networks. Empty: any.
	Ports []uint16
	// Hosts are host names without port, "shop.example.com" or "*.example.com" (any name below it).
	Hosts []string
	// Paths are the service's routes, "/accounts/{id}/cards/{card}": a segment in braces stands for any one segment, a "*" at
	// the very end for any rest. The first match is the request's resource.
	Paths []string
	// Protocol is the decoder its ports speak; for the flow table, not used here.
	Protocol        string
	Logins, Logouts []UserRule
}

// Client is a name for the callers in some networks.
type Client struct {
	Name     string
	Networks []netip.Prefix
}

// Limits are the budgets. Zero stands for the default.
type Limits struct {
	Services   int // over all: 200
	Operations int // a service: 20
	Resources  int // a service: 50
	Codes      int // a service: 40
	Databases  int // a service: 50
	Clients    int // over all: 50
	Statements int // a service: 100
	Series     int // label sets over all: 50,000; for the metrics, which count them, not used here
}

// Measure says for which servers this sensor counts: those in Local or in Networks. All, or both empty: for every server.
type Measure struct {
	All             bool
	Local, Networks []netip.Prefix
}

// Ignore is traffic to leave out: it is in no metric of requests.
type Ignore struct {
	Networks     []netip.Prefix // of the client or of the server
	Ports        []uint16       // of the server
	Paths        []string       // like Service.Paths
	ContentTypes []string       // of the response: "text/css" or "image/*"
}

// UserRule recognises a log-in or log-out by its request; Status says which responses mean that it succeeded.
type UserRule struct {
	Method string   // empty: any
	Path   string   // like Service.Paths
	Status []string // "302" or "2xx"; empty: every response with the outcome ok
}

// fill puts the defaults in.
func (l *Limits) fill() {
	for _, d := range []struct {
		field *int
		value int
	}{
		{&l.Services, 200}, {&l.Operations, 20}, {&l.Resources, 50}, {&l.Codes, 40}, {&l.Databases, 50},
		{&l.Clients, 50}, {&l.Statements, 100}, {&l.Series, 50000},
	} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
}

// of are the budgets by family.
func (l *Limits) of() [NumFamilies]int32 {
	return [NumFamilies]int32{
		Services: int32(l.Services), Operations: int32(l.Operations), Resources: int32(l.Resources), Codes: int32(l.Codes),
		Databases: int32(l.Databases), Clients: int32(l.Clients), Statements: int32(l.Statements),
	}
}
