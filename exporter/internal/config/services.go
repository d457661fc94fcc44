package config

import (
	"net/netip"
	"slices"

	"wire_exporter/exporter/internal/label"
)

// service is a service and where its parts stand in the file.
type service struct {
	label.Service
	at       node
	protocol node // its value's place; valid when plugin >= 0
	paths    node // its value's place; valid when there are Paths
	plugin   int  // of Protocol; -1: none
}

// services reads the names of servers.
func (p *parser) services(n node) {
	n.items(maxEntries, "- name: shop", func(item node) {
		s := service{at: item, plugin: -1}
		item.fields(
			// The value of the label `service_name`: up to 120 bytes that can be printed; unique among services and clients.
			field{"name", func(n node) { s.Name = labelText(n, "shop") }},
			// Servers: `10.1.2.3:8080`, `"[2001:db8::1]:8080"`, `shop-db.example.com:5432`. Without a port: any of `ports`. A network may stand here
			// too; its ports are `ports`.
			field{"addresses", func(n node) { p.addresses(n, &s) }},
			// Networks of servers, at `ports`.
			field{"networks", func(n node) { s.Networks = append(s.Networks, p.networkList(n)...) }},
			// Ports of the servers above that have none of their own. Alone: these ports of any server. Default: any.
			field{"ports", func(n node) { s.Ports = portList(n, "[80, 8080]") }},
			// Names in the HTTP Host header, without port: `shop.example.com`, or `"*.shop.example.com"` for all names below (but not that name itself).
			// Default: any.
			field{"hosts", func(n node) { s.Hosts = texts(n, "[shop.example.com]", checkHost) }},
			// The service's routes, as described [above](#the-file). A request gets the first that matches as its label `resource`. What matches none is
			// given a template that is learned from the traffic.
			field{"paths", func(n node) { s.paths, s.Paths = n, texts(n, `["/accounts/{id}"]`, checkPath) }},
			// What its servers speak, by the name of the protocol; at `ports`, or at all ports without. Default: found by the bytes.
			field{"protocol", func(n node) { s.protocol, s.plugin = n, p.pluginNamed(n) }},
			// Which requests to this service are log-ins, as under [users](#users). They come before those.
			field{"logins", func(n node) { s.Logins = userRules(n) }},
			// Which requests to this service are log-outs. They come before those of `users`.
			field{"logouts", func(n node) { s.Logouts = userRules(n) }},
		)
		item.need("name", "name: shop")
		if s.plugin >= 0 {
			s.Protocol = p.plugins[s.plugin].Name
		}
		p.cfg.Label.Services = append(p.cfg.Label.Services, s.Service)
		p.entries = append(p.entries, s)
	})
}

// addresses reads addresses and host names with or without a port, and networks.
func (p *parser) addresses(n node, s *service) {
	n.items(maxEntries, `["10.1.2.3:8080", "10.1.2.4"]`, func(item node) {
		text, ok := item.text("10.1.2.3:8080")
		if !ok {
			return
		}
		t, err := parseTarget(text)
		if err != nil {
			item.wrong("%s", err)
			return
		}
		if t.host == "" && !t.network.IsSingleIP() {
			if t.port != 0 {
				item.wrong("%s is a network with a port; write %s here and %d under ports", quote(text), t.network, t.port)
			}
			s.Networks = append(s.Networks, t.network)
			return
		}
		for _, a := range p.resolveTarget(item, t) {
			s.Addresses = append(s.Addresses, netip.AddrPortFrom(a.Addr(), t.port))
		}
	})
}

// userRules reads how log-ins or log-outs are recognised.
func userRules(n node) (rules []label.UserRule) {
	n.items(maxEntries, "- {method: POST, path: /login, status: [302]}", func(item node) {
		var u label.UserRule
		item.fields(
			// The HTTP method. Default: any.
			field{"method", func(n node) { u.Method = checked(n, "POST", checkMethod) }},
			// A path, as described [above](#the-file).
			field{"path", func(n node) { u.Path = checked(n, "/login", checkPath) }},
			// Which statuses mean that it succeeded: `302`, or `2xx` for a class. Default: every status that is no error.
			field{"status", func(n node) { u.Status = texts(n, "[200, 302]", checkStatus) }},
		)
		item.need("path", "path: /login")
		rules = append(rules, u)
	})
	return rules
}

// checked reads one value that check accepts.
func checked(n node, example string, check func(string) error) string {
	s, ok := n.text(example)
	if !ok {
		return ""
	}
	if err := check(s); err != nil {
		n.wrong("%s", err)
		return ""
	}
	return s
}

// pluginNamed reads the name of a protocol; -1: there is none of that name.
func (p *parser) pluginNamed(n node) int {
	s, ok := n.text("http1")
	if !ok {
		return -1
	}
	names := p.cfg.Label.Protocols
	i := slices.Index(names, s)
	if i < 0 {
		n.wrong("there is no protocol %s; %s", quote(s), suggest(s, names))
	}
	return i
}
