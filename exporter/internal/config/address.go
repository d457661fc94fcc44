package config

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
)

// target is what an address in the file stands for before a host name is resolved: a network or a host, and a port (0: any).
type target struct {
	network netip.Prefix
	host    string
	port    uint16
}

// parseTarget reads an address, a network or a host name, with or without a port. The error says what to write instead.
func parseTarget(s string) (target, error) {
	where, port, err := cutPort(s)
	if err != nil {
		return target{}, err
	}
	if isHostName(where) {
		return target{host: strings.ToLower(strings.TrimSuffix(where, ".")), port: port}, nil
	}
	network, err := parseNetwork(where)
	return target{network: network, port: port}, err
}

// cutPort takes the port off the end. An IPv6 address with a port stands in brackets.
func cutPort(s string) (where string, port uint16, err error) {
	rest := ""
	switch {
	case strings.Contains(s, "://"):
		return "", 0, fmt.Errorf("%s is a URL; write the address and the port only, like 10.1.2.3:8080", quote(s))
	case strings.HasPrefix(s, "["):
		inside, after, closed := strings.Cut(s[1:], "]")
		if !closed || after != "" && after[0] != ':' {
			return "", 0, fmt.Errorf("%s is no address; write it like [2001:db8::1]:8080", quote(s))
		}
		where, rest = inside, after
	case strings.Count(s, ":") == 1:
		where, rest, _ = strings.Cut(s, ":")
		rest = ":" + rest
	default:
		where = s
	}
	if rest != "" {
		n, err := strconv.ParseUint(rest[1:], 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("%s has no port from 1 to 65535 behind its colon; write it like 10.1.2.3:8080", quote(s))
		}
		port = uint16(n)
	}
	return where, port, nil
}

// parseNetwork reads a network in CIDR notation, or an address, which is a network of one.
func parseNetwork(s string) (netip.Prefix, error) {
	if strings.Contains(s, "%") {
		return netip.Prefix{}, fmt.Errorf("%s has a zone, and packets carry none; write it without %%", quote(s))
	}
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, errors.New(quote(s) + " is no network; write it like " + networkLike(s))
	}
	if p.Addr().Is4In6() {
		if p.Bits() < 96 {
			return netip.Prefix{}, fmt.Errorf("%s mixes IPv4 and IPv6; write an IPv4 network like 10.0.0.0/8", quote(s))
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	if p != p.Masked() {
		return netip.Prefix{}, fmt.Errorf("%s is an address inside a network; write %s for the network or %s for the address", quote(s), p.Masked(), p.Addr())
	}
	return p, nil
}

var shortIPv4 = regexp.MustCompile(`^\d{1,3}(\.\d{1,3}){0,2}$`)

// networkLike is the network that s was probably meant to be, or an example.
func networkLike(s string) string {
	where, bits, _ := strings.Cut(s, "/")
	if shortIPv4.MatchString(where) {
		full := where + strings.Repeat(".0", 3-strings.Count(where, "."))
		if bits == "" {
			bits = strconv.Itoa(8 * (1 + strings.Count(where, ".")))
		}
		if p, err := netip.ParsePrefix(full + "/" + bits); err == nil {
			return p.Masked().String()
		}
	}
	if strings.Count(s, ":") > 1 {
		if strings.Contains(s, "/") {
			return "2001:db8::/32, or with a port [2001:db8::/32]:8080"
		}
		return "2001:db8::1, or with a port [2001:db8::1]:8080"
	}
	return "10.0.0.0/8, or 10.1.2.3 for one address"
}

// A host name is what RFC 1123 and DNS in practice allow; the last part has a letter, or it would be an address.
var hostName = regexp.MustCompile(`^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_-]*[A-Za-z][A-Za-z0-9_-]*\.?$`)

func isHostName(s string) bool { return len(s) <= maxHost && hostName.MatchString(s) }
