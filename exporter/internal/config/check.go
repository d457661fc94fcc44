package config

import (
	"fmt"
	"net/netip"
	"slices"

	"wire_exporter/exporter/internal/label"
)

// check compares what was read in different places.
func (p *parser) check() {
	p.checkNames()
	p.checkBudgets()
	for i := range p.entries {
		p.checkService(&p.entries[i])
	}
	p.checkPorts()
	p.checkUsers()
	p.checkLogs()
	p.tryPlugins()
	if len(p.report.mistakes) == 0 {
		p.warnShadowed()
	}
}

func (p *parser) checkNames() {
	first := map[string]node{}
	one := func(n node, name string) {
		if name == "" {
			return
		}
		if f, taken := first[name]; taken {
			n.wrong("the name %s belongs to %s in line %d; join the two, or write another name", quote(name), f.path, f.y.Line)
			return
		}
		first[name] = n
	}
	for _, e := range p.entries {
		one(e.at, e.Name)
	}
	for i, n := range p.callers {
		one(n, p.cfg.Label.Clients[i].Name)
	}
}

// checkBudgets: what is configured by name must never be folded.
func (p *parser) checkBudgets() {
	l := p.cfg.Label.Limits
	if n := len(p.entries); n > l.Services && l.Services > 0 {
		p.entries[l.Services].at.wrong("there are %d services, but the limit is %d; write limits.services: %d or more", n, l.Services, n)
	}
	if n := len(p.callers); n > l.Clients && l.Clients > 0 {
		p.callers[l.Clients].wrong("there are %d clients, but the limit is %d; write limits.clients: %d or more", n, l.Clients, n)
	}
	for _, e := range p.entries {
		if n := len(e.Paths); n > l.Resources && l.Resources > 0 {
			e.paths.wrong("there are %d paths, but the limit is %d; write limits.resources: %d or more", n, l.Resources, n)
		}
	}
}

func (p *parser) checkService(s *service) {
	y, ok := s.at.enter()
	if !ok || len(y.Content) == 0 {
		return
	}
	if !slices.ContainsFunc([]string{"addresses", "networks", "ports", "hosts"}, func(key string) bool { return s.at.has(key) }) {
		s.at.wrong("nothing can belong to this service; write its addresses, networks, ports or hosts")
	}
	if s.plugin >= 0 {
		if p.cfg.blocks[s.plugin].off {
			s.protocol.wrong("%s is switched off under protocols; leave this key out, or write enabled: true there", quote(s.Protocol))
		}
		if len(s.reaches()) == 0 && !s.at.has("addresses") && !s.at.has("networks") && !s.at.has("ports") {
			s.protocol.wrong("a service with hosts only has no port that could speak %s; write its addresses or ports", s.Protocol)
		}
	}
}

// checkPorts looks for ports that two protocols claim, and works out what measure.ports: configured means.
func (p *parser) checkPorts() {
	claimed := map[uint16]int{}
	for i, b := range p.cfg.blocks {
		if b.off {
			continue
		}
		for _, port := range b.ports {
			first, twice := claimed[port]
			if !twice {
				claimed[port] = i
				continue
			}
			p.report.warning(b.line, fmt.Sprintf("protocols.%s.ports: port %d is claimed by protocols.%s in line %d too, which counts",
				p.plugins[i].Name, port, p.plugins[first].Name, p.cfg.blocks[first].line))
		}
	}
	var ports []uint16
	for port := range claimed {
		ports = append(ports, port)
	}
	for i := range p.entries {
		ports = append(ports, p.servicePorts(&p.entries[i])...)
	}
	if p.configured == nil {
		return
	}
	if p.cfg.capture = sortedPorts(ports); len(ports) == 0 && len(p.report.mistakes) == 0 {
		p.configured.wrong("no service and no protocol has a port, so nothing would be captured; write the ports, or all")
	}
}

// servicePorts are the ports of a service's servers. With measure.ports every server must have one that is captured.
func (p *parser) servicePorts(s *service) (ports []uint16) {
	for _, r := range s.reaches() {
		if len(r.ports) == 0 && p.configured != nil {
			s.at.wrong("%s has no port, but measure.ports is configured; write its ports, or measure.ports: all", r)
		}
		for _, port := range r.ports {
			if p.captured != nil && !slices.Contains(p.cfg.capture, port) {
				s.at.warn("port %d is not captured: it is missing in measure.ports in line %d", port, p.captured.y.Line)
			}
		}
		ports = append(ports, r.ports...)
	}
	return ports
}

func (p *parser) checkUsers() {
	if p.proxies != nil && slices.ContainsFunc(p.cfg.Sessions.TrustedProxies, func(n netip.Prefix) bool { return n.Bits() == 0 }) {
		p.proxies.warn("everybody is trusted, so that every client can pretend to be any number of users; write the networks of the proxies")
	}
	if p.keyFile == nil {
		p.cfg.Sessions.Key = p.key()
		p.report.warning(0, "users.key_file: not given, so a key was made that lasts until the program ends; "+
			"users that several sensors see, and those before and after a restart, cannot be told to be the same")
	}
}

// finish makes the Config from what was read without a mistake.
func (p *parser) finish() {
	c := p.cfg
	c.Label.Measure.All = !c.local && len(c.measured) == 0
	c.Label.Measure.Networks = compact(c.measured)
	if _, err := c.Refresh(); err != nil {
		p.report.mistake(0, "measure.servers: local: "+err.Error())
		return
	}
	c.Flow.Protocol = p.newServers().protocol
	c.Flow.Plugins = p.plugins
	if _, err := label.New(c.Label); err != nil {
		p.report.mistake(0, err.Error())
	}
}
