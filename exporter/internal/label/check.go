package label

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxLimit keeps a mistyped budget from becoming an exhausted memory.
const maxLimit = 10_000_000

// check is the first thing wrong with c, with the path of the field.
func (c *Config) check() error {
	if err := c.Limits.check(); err != nil {
		return err
	}
	limits := c.Limits
	limits.fill()
	if len(c.Services) > limits.Services {
		return fmt.Errorf("services: %d of them, but limits.services is %d", len(c.Services), limits.Services)
	}
	if len(c.Clients) > limits.Clients {
		return fmt.Errorf("clients: %d of them, but limits.clients is %d", len(c.Clients), limits.Clients)
	}
	names := map[string]string{}
	for i := range c.Services {
		if err := c.Services[i].check(fmt.Sprintf("services[%d]", i), names, limits); err != nil {
			return err
		}
	}
	for i, cl := range c.Clients {
		at := fmt.Sprintf("clients[%d]", i)
		if err := checkName(at+".name", cl.Name, names); err != nil {
			return err
		}
		if len(cl.Networks) == 0 {
			return fmt.Errorf("%s.networks: empty", at)
		}
		if err := checkNetworks(at+".networks", cl.Networks); err != nil {
			return err
		}
	}
	return c.checkTraffic()
}

// checkTraffic looks at what is measured, left out, and counted as log-in.
func (c *Config) checkTraffic() error {
	for _, n := range []struct {
		at   string
		nets []netip.Prefix
	}{
		{"measure.servers.networks", c.Measure.Networks}, {"measure.servers.local", c.Measure.Local},
		{"ignore.networks", c.Ignore.Networks},
	} {
		if err := checkNetworks(n.at, n.nets); err != nil {
			return err
		}
	}
	if err := checkPorts("ignore.ports", c.Ignore.Ports); err != nil {
		return err
	}
	if err := checkPaths("ignore.paths", c.Ignore.Paths); err != nil {
		return err
	}
	for i, t := range c.Ignore.ContentTypes {
		if _, err := parseContentType(t); err != nil {
			return fmt.Errorf("ignore.content_types[%d]: %w", i, err)
		}
	}
	if err := checkUserRules("logins", c.Logins); err != nil {
		return err
	}
	return checkUserRules("logouts", c.Logouts)
}

func (s *Service) check(at string, names map[string]string, limits Limits) error {
	if err := checkName(at+".name", s.Name, names); err != nil {
		return err
	}
	if len(s.Networks)+len(s.Addresses)+len(s.Ports)+len(s.Hosts) == 0 {
		return fmt.Errorf("%s: none of networks, addresses, ports and hosts is given, nothing can belong to %q", at, s.Name)
	}
	if err := checkNetworks(at+".networks", s.Networks); err != nil {
		return err
	}
	for i, a := range s.Addresses {
		if !a.Addr().IsValid() {
			return fmt.Errorf("%s.addresses[%d]: not an address", at, i)
		}
	}
	if err := checkPorts(at+".ports", s.Ports); err != nil {
		return err
	}
	for i, h := range s.Hosts {
		if err := checkHost(h); err != nil {
			return fmt.Errorf("%s.hosts[%d]: %w", at, i, err)
		}
	}
	if len(s.Paths) > limits.Resources {
		return fmt.Errorf("%s.paths: %d of them, but limits.resources is %d", at, len(s.Paths), limits.Resources)
	}
	if err := checkPaths(at+".paths", s.Paths); err != nil {
		return err
	}
	if err := checkUserRules(at+".logins", s.Logins); err != nil {
		return err
	}
	return checkUserRules(at+".logouts", s.Logouts)
}

func (l *Limits) check() error {
	for _, f := range []struct {
		name  string
		value int
	}{
		{"services", l.Services}, {"operations", l.Operations}, {"resources", l.Resources}, {"codes", l.Codes},
		{"databases", l.Databases}, {"clients", l.Clients}, {"statements", l.Statements}, {"series", l.Series},
	} {
		if f.value < 0 || f.value > maxLimit {
			return fmt.Errorf("limits.%s: %d is not between 1 and %d", f.name, f.value, maxLimit)
		}
	}
	return nil
}

// checkName looks at a configured label value. It must not be one that is made up elsewhere: two values of one text would be
// two series of one name.
func checkName(at, name string, names map[string]string) error {
	if err := checkText(name); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	if name == OtherText {
		return fmt.Errorf("%s: %q is reserved", at, name)
	}
	if _, err := netip.ParseAddrPort(name); err == nil {
		return fmt.Errorf("%s: %q is how a server without a name is called", at, name)
	}
	if first, ok := names[name]; ok {
		return fmt.Errorf("%s: %q is already %s", at, name, first)
	}
	names[name] = at
	return nil
}

func checkText(s string) error {
	switch {
	case s == "":
		return fmt.Errorf("empty")
	case len(s) > MaxText:
		return fmt.Errorf("%d bytes, at most %d are allowed", len(s), MaxText)
	case !utf8.ValidString(s):
		return fmt.Errorf("%q is not UTF-8", s)
	case strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%q has characters that cannot be printed", s)
	}
	return nil
}

func checkNetworks(at string, nets []netip.Prefix) error {
	for i, p := range nets {
		if !p.IsValid() {
			return fmt.Errorf("%s[%d]: not a network", at, i)
		}
		if p.Addr().Is4In6() && p.Bits() < 96 {
			return fmt.Errorf("%s[%d]: %s mixes IPv4 and IPv6", at, i, p)
		}
	}
	return nil
}

func checkPorts(at string, ports []uint16) error {
	for i, p := range ports {
		if p == 0 {
			return fmt.Errorf("%s[%d]: 0 is no port", at, i)
		}
	}
	return nil
}

func checkPaths(at string, paths []string) error {
	for i, p := range paths {
		if _, err := parsePattern(p); err != nil {
			return fmt.Errorf("%s[%d]: %w", at, i, err)
		}
	}
	return nil
}

func checkUserRules(at string, rules []UserRule) error {
	for i, u := range rules {
		if _, err := parsePattern(u.Path); err != nil {
			return fmt.Errorf("%s[%d].path: %w", at, i, err)
		}
		if u.Method != "" && !isMethod([]byte(u.Method)) {
			return fmt.Errorf("%s[%d].method: %q is no HTTP method", at, i, u.Method)
		}
		for j, s := range u.Status {
			if _, err := parseStatus(s); err != nil {
				return fmt.Errorf("%s[%d].status[%d]: %w", at, i, j, err)
			}
		}
	}
	return nil
}
