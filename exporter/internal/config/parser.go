package config

import (
	"context"
	"net/netip"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/flow"
	"wire_exporter/exporter/internal/label"
)

// parser fills a Config from a file.
type parser struct {
	loader
	ctx      context.Context
	report   *report
	cfg      *Config
	resolved map[string]resolution // of host names, so that each is asked for once

	// Where things stand that are checked against each other when all is read.
	entries    []service
	callers    []node // clients
	logs       []*accessLog
	keyFile    *node // users.key_file
	proxies    *node // users.trusted_proxies
	configured *node // measure.ports, when it is "configured"
	captured   *node // measure.ports, when it is a list
}

func (p *parser) defaults() {
	p.cfg.Sessions = &decoders.Sessions{Cookies: DefaultCookies(), Bearer: true}
	standard := flow.Config{}.WithDefaults()
	p.cfg.Flow = flow.Config{
		Hold: standard.Hold, Grace: standard.Grace, Patience: standard.Patience, SynTimeout: standard.SynTimeout, Idle: standard.Idle, Linger: standard.Linger,
	}
	p.cfg.Label.Limits = label.Limits{
		Services: 200, Operations: 20, Resources: 50, Codes: 40, Databases: 50, Clients: 50, Statements: 100, Series: 50_000,
	}
	for _, plugin := range p.plugins {
		p.cfg.Label.Protocols = append(p.cfg.Label.Protocols, plugin.Name)
	}
}

func (p *parser) root(n node) {
	n.fields(
		field{"measure", p.measure},
		field{"services", p.services},
		field{"service_files", p.serviceFiles},
		field{"clients", p.clients},
		field{"users", p.usersSection},
		field{"ignore", p.ignore},
		field{"limits", p.limits},
		field{"protocols", p.protocols},
		field{"flow", p.flow},
		field{"calendar", p.calendar},
		field{"access_logs", p.accessLogs},
	)
}

const (
	maxEntries = 10_000 // services, clients, and entries of a list
	maxCookies = 32     // the names that every Cookie header is searched for
	maxHeaders = 16
)

// measure reads for which servers this sensor counts, and at which ports it looks.
func (p *parser) measure(n node) {
	n.fields(
		// For which servers this sensor counts: all, this host and what is routed to it, or a list of networks, addresses and host names, of which
		// `local` may be one. Default: `all`.
		field{"servers", p.measureServers},
		// Which server ports are captured: all, those that stand under `services` and `protocols`, or a list. Default: `all`.
		field{"ports", p.measurePorts},
	)
}

func (p *parser) measureServers(n node) {
	const example = "all, local, or a list like [10.0.0.0/8, local]"
	if y, ok := n.enter(); ok && isScalar(y) {
		switch y.Value {
		case "all":
		case "local":
			p.cfg.local = true
		default:
			n.wrong("%s is not allowed; write %s", quote(y.Value), example)
		}
		return
	}
	read := n.items(maxEntries, example, func(item node) {
		switch s, ok := item.text("10.0.0.0/8"); {
		case !ok:
		case s == "local":
			p.cfg.local = true
		case s == "all":
			item.wrong(`"all" stands alone; write servers: all`)
		default:
			p.cfg.measured = append(p.cfg.measured, p.networksOf(item, s)...)
		}
	})
	if y, ok := n.enter(); read && ok && len(y.Content) == 0 {
		n.wrong("the list is empty, so nothing would be measured; write %s", example)
	}
}

// measurePorts reads which server ports are captured.
func (p *parser) measurePorts(n node) {
	const example = "all, configured, or a list like [80, 5432]"
	if y, ok := n.enter(); ok && isScalar(y) {
		switch y.Value {
		case "all":
		case "configured":
			p.configured = &n
		default:
			n.wrong("%s is not allowed; write %s", quote(y.Value), example)
		}
		return
	}
	ports := portList(n, example)
	if y, ok := n.enter(); ok && len(y.Content) == 0 {
		n.wrong("the list is empty, so nothing would be captured; write %s", example)
	}
	p.captured, p.cfg.capture = &n, sortedPorts(ports)
}

// clients reads the names of callers.
func (p *parser) clients(n node) {
	n.items(maxEntries, "- name: branches", func(item node) {
		var c label.Client
		item.fields(
			// The value of the label `client_name`.
			field{"name", func(n node) { c.Name = labelText(n, "branches") }},
			// Networks, addresses and host names of the callers.
			field{"networks", func(n node) { c.Networks = p.networkList(n) }},
		)
		item.need("name", "name: branches")
		item.need("networks", "networks: [10.20.0.0/16]")
		p.cfg.Label.Clients = append(p.cfg.Label.Clients, c)
		p.callers = append(p.callers, item)
	})
}

// ignore reads which traffic is left out.
func (p *parser) ignore(n node) {
	out := &p.cfg.Label.Ignore
	n.fields(
		// Clients or servers.
		field{"networks", func(n node) { out.Networks = p.networkList(n) }},
		// Ports of servers.
		field{"ports", func(n node) { out.Ports = portList(n, "[9100]") }},
		// Paths of requests, as described [above](#the-file).
		field{"paths", func(n node) { out.Paths = texts(n, `["/healthz", "/static/*"]`, checkPath) }},
		// Content types of responses, without parameters.
		field{"content_types", func(n node) { out.ContentTypes = texts(n, `[text/css, "image/*"]`, checkContentType) }},
	)
}

// limits reads the budgets of label values.
func (p *parser) limits(n node) {
	l := &p.cfg.Label.Limits
	budget := func(key string, value *int, most int) field {
		return field{key, func(n node) { *value, _ = n.number(1, most) }}
	}
	n.fields(
		// Services.
		budget("services", &l.Services, 10_000),
		// Operations of a service.
		budget("operations", &l.Operations, 1_000),
		// Resources (paths, tables) of a service.
		budget("resources", &l.Resources, 10_000),
		// Codes of a service.
		budget("codes", &l.Codes, 1_000),
		// Databases of a service.
		budget("databases", &l.Databases, 10_000),
		// Callers.
		budget("clients", &l.Clients, 10_000),
		// SQL statements of a service: those it spends most of its time on.
		budget("statements", &l.Statements, 1_000),
		// Sets of label values over all.
		budget("series", &l.Series, 10_000_000),
	)
}

// flow reads the timeouts of connections.
func (p *parser) flow(n node) {
	f := &p.cfg.Flow
	timeout := func(key string, value *time.Duration, min, max time.Duration) field {
		return field{key, func(n node) { *value, _ = n.duration(min, max) }}
	}
	n.fields(
		// The most bytes a direction keeps of segments that came out of order.
		field{"hold_bytes", func(n node) { f.Hold, _ = n.number(16<<10, 64<<20) }},
		// How long a hole stays open although its receiver acknowledged the bytes: the capture may have reordered them.
		timeout("grace", &f.Grace, time.Millisecond, 10*time.Second),
		// How long a hole stays open that nobody acknowledged: its bytes may be sent again.
		timeout("patience", &f.Patience, time.Second, 10*time.Minute),
		// How long an attempt to connect may go unanswered.
		timeout("syn_timeout", &f.SynTimeout, time.Second, 10*time.Minute),
		// How long a connection without a request in flight may be silent. One with a request in flight never times out.
		timeout("idle", &f.Idle, time.Minute, 7*24*time.Hour),
		// How long a closed connection is remembered, so that its last segments are not taken for a new one.
		timeout("linger", &f.Linger, 100*time.Millisecond, 5*time.Minute),
	)
}

// networkList reads a list of networks, addresses and host names.
func (p *parser) networkList(n node) (all []netip.Prefix) {
	n.items(maxEntries, "[10.0.0.0/8, 10.1.2.3]", func(item node) {
		if s, ok := item.text("10.0.0.0/8"); ok {
			all = append(all, p.networksOf(item, s)...)
		}
	})
	return all
}

// networksOf is what an address, a network or a host name without a port stands for.
func (p *parser) networksOf(n node, s string) []netip.Prefix {
	t, err := parseTarget(s)
	if err == nil && t.port != 0 {
		n.wrong("%s has a port, and only the address counts here; write it without", quote(s))
		return nil
	}
	if err != nil {
		n.wrong("%s", err)
		return nil
	}
	return p.resolveTarget(n, t)
}
