package config

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/fstest"
)

// host builds the files under /proc and /sys that say what is routed where.
type host struct {
	files   fstest.MapFS
	routes4 []string
	routes6 []string
}

func newHost() *host { return &host{files: fstest.MapFS{}} }

// device adds a network interface with the named entries in its folder; "type=772" gives an entry content.
func (h *host) device(name string, entries ...string) *host {
	for _, e := range append(entries, "mtu=1500") {
		key, value, _ := strings.Cut(e, "=")
		h.files["sys/class/net/"+name+"/"+key] = &fstest.MapFile{Data: []byte(value + "\n")}
	}
	return h
}

// route adds a route as the kernel prints it.
func (h *host) route(device, network string, gateway bool) *host {
	p := netip.MustParsePrefix(network)
	flags := uint32(routeUp)
	if gateway {
		flags |= routeGateway
	}
	if p.Addr().Is6() {
		h.routes6 = append(h.routes6, fmt.Sprintf("%x %02x %032x 00 %032x 00000400 00000001 00000000 %08x %8s", p.Addr().As16(), p.Bits(), 0, 0, flags, device))
		return h
	}
	mask := uint32(0xffffffff) << (32 - p.Bits())
	a := p.Addr().As4()
	h.routes4 = append(h.routes4, fmt.Sprintf("%s\t%08X\t00000000\t%04X\t0\t0\t0\t%08X\t0\t0\t0", device, native(a), flags, native([4]byte(binary.BigEndian.AppendUint32(nil, mask)))))
	return h
}

// native is how the kernel prints four bytes that are in network order.
func native(b [4]byte) uint32 { return binary.NativeEndian.Uint32(b[:]) }

func (h *host) networks(t *testing.T) string {
	t.Helper()
	const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
	h.files["proc/self/net/route"] = &fstest.MapFile{Data: []byte(head + strings.Join(h.routes4, "\n") + "\n")}
	if h.routes6 != nil {
		h.files["proc/self/net/ipv6_route"] = &fstest.MapFile{Data: []byte(strings.Join(h.routes6, "\n") + "\n")}
	}
	found, err := routedNetworks(h.files)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(found)
}

func TestRoutedNetworks(t *testing.T) {
	plain := func() *host {
		return newHost().device("eth0", "device=x", "type=1").route("eth0", "0.0.0.0/0", true).route("eth0", "192.0.2.0/24", false)
	}
	for name, test := range map[string]struct {
		host *host
		want string
	}{
		"nothing but a network card": {plain(), "[]"},
		"a bridge of containers": {
			plain().device("docker0", "bridge/x=1", "uevent=DEVTYPE=bridge", "brif/veth1/x=1", "lower_veth1=x").device("veth1").route("docker0", "172.17.0.0/16", false),
			"[172.17.0.0/16]",
		},
		"a bridge without a container": {plain().device("docker0", "bridge/x=1").route("docker0", "172.17.0.0/16", false), "[172.17.0.0/16]"},
		"a bridge with a card in it": {
			plain().device("br1", "bridge/x=1", "brif/eth1/x=1").device("eth1", "device=x").route("br1", "198.51.100.0/24", false), "[]",
		},
		"a bridge with a VLAN in it": {
			plain().device("br1", "bridge/x=1", "brif/eth1.7/x=1").device("eth1.7", "lower_eth1=x").route("br1", "198.51.100.0/24", false), "[]",
		},
		"a bridge with the default route": {
			newHost().device("br0", "bridge/x=1").route("br0", "0.0.0.0/0", true).route("br0", "198.51.100.0/24", false), "[]",
		},
		"pods, each with its route": {
			plain().device("cali1", "type=1").device("cali2", "type=1").route("cali1", "10.42.0.5/32", false).route("cali2", "10.42.0.9/32", false),
			"[10.42.0.5/32 10.42.0.9/32]",
		},
		"pods of other hosts":       {plain().device("flannel.1", "uevent=DEVTYPE=vxlan").route("flannel.1", "10.42.1.0/24", true), "[]"},
		"an overlay without router": {plain().device("vxlan7", "uevent=DEVTYPE=vxlan").route("vxlan7", "10.42.1.0/24", false), "[]"},
		"a virtual machine":         {plain().device("tap0", "type=1", "tun_flags=0x1002").route("tap0", "198.51.100.9/32", false), "[198.51.100.9/32]"},
		"a VPN":                     {plain().device("tun0", "type=65534").route("tun0", "10.8.0.0/24", false), "[]"},
		"a VLAN":                    {plain().device("eth0.5", "uevent=DEVTYPE=vlan", "lower_eth0=x").route("eth0.5", "198.51.100.0/24", false), "[]"},
		"a bond":                    {plain().device("bond1", "bonding/mode=x", "uevent=DEVTYPE=bond").route("bond1", "198.51.100.0/24", false), "[]"},
		"a device that went away":   {plain().route("veth9", "198.51.100.0/24", false), "[]"},
		"a name that is a path":     {plain().route("../x", "198.51.100.0/24", false), "[]"},
		"IPv6": {
			plain().device("br7", "bridge/x=1").route("eth0", "::/0", true).route("br7", "2001:db8:7::/64", false).route("br7", "fe80::/64", false).route("br7", "ff00::/8", false),
			"[2001:db8:7::/64]",
		},
		"one within another": {
			plain().device("br7", "bridge/x=1").route("br7", "10.7.1.0/24", false).route("br7", "10.7.0.0/16", false).route("br7", "10.7.0.0/16", false), "[10.7.0.0/16]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.host.networks(t); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

// FuzzRoutes: the kernel's tables are believed, but not blindly.
func FuzzRoutes(f *testing.F) {
	f.Add("docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n", "20010db8000700000000000000000000 40 0 00 0 00000400 1 0 00000001 docker0\n") // one of each
	f.Add("docker0\tx\n", "20010db8 ff 0 00 0 0 1 0 00000001 docker0\n")                                                                                   // too short
	f.Fuzz(func(t *testing.T, routes4, routes6 string) {
		files := fstest.MapFS{
			"proc/self/net/route": {Data: []byte(routes4)}, "proc/self/net/ipv6_route": {Data: []byte(routes6)},
			"sys/class/net/docker0/bridge/x": {},
		}
		found, err := routedNetworks(files)
		if err != nil {
			return
		}
		for _, n := range found {
			if !n.IsValid() || n != n.Masked() || n.Bits() == 0 {
				t.Errorf("%v", n)
			}
		}
	})
}

// TestLocalNetworks reads this host's own: whatever it has, the loopback is among it.
func TestLocalNetworks(t *testing.T) {
	found, err := LocalNetworks()
	if err != nil {
		t.Fatal(err)
	}
	t.Log(found)
	for _, n := range found {
		if n.Contains(netip.MustParseAddr("127.0.0.2")) || n.Contains(netip.IPv6Loopback()) {
			return
		}
	}
	t.Skip("this host has no loopback address")
}
