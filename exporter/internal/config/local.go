package config

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// LocalNetworks are this host's own addresses and what is routed to it: containers, pods and virtual machines behind a
// bridge, a veth or a tap. It is what measure.servers: local stands for at the moment.
func LocalNetworks() ([]netip.Prefix, error) {
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var own []netip.Prefix
	for _, i := range interfaces {
		if i.Name == clusterAddresses {
			continue
		}
		addresses, err := i.Addrs()
		if err != nil {
			continue // the interface went away in between
		}
		for _, a := range addresses {
			own = append(own, ownAddress(a)...)
		}
	}
	behind, err := routedNetworks(os.DirFS("/"))
	if err != nil {
		return nil, err
	}
	return compact(append(own, behind...)), nil
}

// clusterAddresses is the interface to which kube-proxy in IPVS mode gives the addresses of all services of the cluster; they
// are answered elsewhere.
const clusterAddresses = "kube-ipvs0"

// ownAddress is an interface's address as a network of one; all of 127.0.0.0/8 is local.
func ownAddress(a net.Addr) []netip.Prefix {
	n, ok := a.(*net.IPNet)
	if !ok {
		return nil
	}
	ip, ok := netip.AddrFromSlice(n.IP)
	if !ok {
		return nil
	}
	ip = ip.Unmap()
	if ip.Is4() && ip.IsLoopback() {
		return []netip.Prefix{netip.PrefixFrom(ip, 8).Masked()}
	}
	return []netip.Prefix{netip.PrefixFrom(ip, ip.BitLen())}
}

// route is one line of the kernel's routing tables.
type route struct {
	device      string
	destination netip.Prefix
	gateway     bool
}

// routedNetworks are the destinations of the routes under root (/proc/self/net/route, /proc/self/net/ipv6_route) that leave through a
// virtual interface without a further router: behind such an interface there is only this host's own.
func routedNetworks(root fs.FS) ([]netip.Prefix, error) {
	routes, err := readRoutes(root, "proc/self/net/route", parseRoute4)
	if err != nil {
		return nil, err
	}
	routes6, err := readRoutes(root, "proc/self/net/ipv6_route", parseRoute6)
	if err != nil {
		return nil, err
	}
	routes = append(routes, routes6...)
	outside := map[string]bool{"lo": true}
	for _, r := range routes {
		if r.destination.Bits() == 0 {
			outside[r.device] = true
		}
	}
	var behind []netip.Prefix
	for _, r := range routes {
		a := r.destination.Addr()
		if r.gateway || outside[r.device] || a.IsMulticast() || a.IsLinkLocalUnicast() || a.IsUnspecified() || !holdsOwn(root, r.device) {
			continue
		}
		behind = append(behind, r.destination)
	}
	return compact(behind), nil
}

// holdsOwn says whether what is behind a device lives on this host: the device has no hardware, is no tunnel, VLAN or bond to
// elsewhere, and, being a bridge, has no port with hardware.
func holdsOwn(root fs.FS, device string) bool {
	if strings.Contains(device, "/") || !fs.ValidPath(device) || device == "." {
		return false
	}
	dir := path.Join("sys/class/net", device)
	if !exists(root, dir) || leadsOutside(root, dir) {
		return false
	}
	ports, _ := fs.ReadDir(root, path.Join(dir, "brif"))
	for _, p := range ports {
		if leadsOutside(root, path.Join("sys/class/net", p.Name())) {
			return false
		}
	}
	return true
}

// outsideTypes are the kernel's DEVTYPEs of virtual interfaces with another machine at their far end.
var outsideTypes = []string{"vlan", "bond", "vxlan", "geneve", "gre", "wireguard", "ppp", "macvlan", "ipvlan", "macsec", "hsr", "team"}

func leadsOutside(root fs.FS, dir string) bool {
	if exists(root, path.Join(dir, "device")) || exists(root, path.Join(dir, "bonding")) {
		return true
	}
	// A lower_ link names the interface that a VLAN, a macvlan or a bond sends through. A bridge has them too, one a port.
	if !exists(root, path.Join(dir, "bridge")) {
		if entries, err := fs.ReadDir(root, dir); err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
			return strings.HasPrefix(e.Name(), "lower_")
		}) {
			return true
		}
	}
	text, _ := fs.ReadFile(root, path.Join(dir, "uevent"))
	for line := range strings.Lines(string(text)) {
		if kind, ok := strings.CutPrefix(strings.TrimSpace(line), "DEVTYPE="); ok && slices.Contains(outsideTypes, kind) {
			return true
		}
	}
	kind, _ := fs.ReadFile(root, path.Join(dir, "type"))
	return slices.Contains(tunnelTypes, strings.TrimSpace(string(kind)))
}

// tunnelTypes are the ARPHRD_ numbers (linux/if_arp.h) of tunnels that have no DEVTYPE: PPP, IPIP, IPv6 in IPv6, SIT, GRE over
// IPv4 and over IPv6, and tun devices, which VPNs use (virtual machines use tap).
var tunnelTypes = []string{"512", "768", "769", "776", "778", "823", "65534"}

func exists(root fs.FS, name string) bool {
	_, err := fs.Stat(root, name)
	return err == nil
}

// readRoutes parses a routing table line by line; a table that does not exist (no IPv6) is empty.
func readRoutes(root fs.FS, name string, parse func(fields []string) (route, bool)) ([]route, error) {
	f, err := root.Open(name)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var routes []route
	for s := bufio.NewScanner(f); ; {
		if !s.Scan() {
			return routes, s.Err()
		}
		if r, ok := parse(strings.Fields(s.Text())); ok {
			routes = append(routes, r)
		}
	}
}

// Flags of a route (linux/route.h).
const (
	routeUp      = 0x1
	routeGateway = 0x2
	routeReject  = 0x200
)

// parseRoute4 reads a line of /proc/self/net/route: addresses are numbers in the host's byte order.
func parseRoute4(f []string) (route, bool) {
	if len(f) < 8 {
		return route{}, false
	}
	destination, err1 := strconv.ParseUint(f[1], 16, 32)
	flags, err2 := strconv.ParseUint(f[3], 16, 32)
	mask, err3 := strconv.ParseUint(f[7], 16, 32)
	if err1 != nil || err2 != nil || err3 != nil || flags&routeUp == 0 || flags&routeReject != 0 {
		return route{}, false
	}
	var a, m [4]byte
	binary.NativeEndian.PutUint32(a[:], uint32(destination))
	binary.NativeEndian.PutUint32(m[:], uint32(mask))
	bits, _ := net.IPMask(m[:]).Size()
	return route{f[0], netip.PrefixFrom(netip.AddrFrom4(a), bits).Masked(), flags&routeGateway != 0}, true
}

// parseRoute6 reads a line of /proc/self/net/ipv6_route: destination, its length, source, its length, next hop, metric,
// references, uses, flags, device; numbers are hexadecimal.
func parseRoute6(f []string) (route, bool) {
	if len(f) < 10 {
		return route{}, false
	}
	destination, err1 := hex.DecodeString(f[0])
	bits, err2 := strconv.ParseUint(f[1], 16, 8)
	flags, err3 := strconv.ParseUint(f[8], 16, 32)
	a, ok := netip.AddrFromSlice(destination)
	if err1 != nil || err2 != nil || err3 != nil || !ok || !a.Is6() || flags&routeUp == 0 || flags&routeReject != 0 {
		return route{}, false
	}
	p := netip.PrefixFrom(a, int(bits))
	return route{f[9], p.Masked(), flags&routeGateway != 0}, p.IsValid()
}

// covers says whether all of inner lies within outer.
func covers(outer, inner netip.Prefix) bool {
	return outer.Bits() <= inner.Bits() && outer.Contains(inner.Addr())
}

// compact sorts networks and drops those that lie within another, which comes right before them.
func compact(networks []netip.Prefix) []netip.Prefix {
	slices.SortFunc(networks, netip.Prefix.Compare)
	kept := networks[:0]
	for _, n := range networks {
		if last := len(kept) - 1; last < 0 || !covers(kept[last], n) {
			kept = append(kept, n)
		}
	}
	return kept
}
