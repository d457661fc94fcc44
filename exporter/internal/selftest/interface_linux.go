package selftest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Interface is what a network interface and its driver say of themselves. A figure that they do not tell is -1.
type Interface struct {
	Name, Driver  string
	Mbps          int // speed of the link
	MTU           int
	LRO, GRO      int // large receive offload in the card, generic one in the kernel: 1 on, 0 off
	Ring, RingMax int // receive descriptors, now and at most
	Received      int // packets since start
	Dropped       int // of them by the card or the kernel, before anybody could look
}

// Interfaces are those that are up, but the loopback.
func Interfaces() ([]Interface, error) {
	names, err := os.ReadDir("/sys/class/net")
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	var all []Interface
	for _, n := range names {
		name := n.Name()
		flags, err := strconv.ParseUint(strings.TrimPrefix(attribute(name, "flags"), "0x"), 16, 32)
		if err != nil || flags&unix.IFF_UP == 0 || flags&unix.IFF_LOOPBACK != 0 {
			continue
		}
		all = append(all, ask(fd, name))
	}
	return all, nil
}

func ask(fd int, name string) Interface {
	i := Interface{
		Name: name, Mbps: count(name, "speed"), MTU: count(name, "mtu"), Received: count(name, "statistics/rx_packets"),
		Dropped: 0, LRO: -1, GRO: -1, Ring: -1, RingMax: -1,
	}
	for _, reason := range []string{"rx_dropped", "rx_missed_errors", "rx_fifo_errors", "rx_over_errors"} {
		i.Dropped += max(count(name, "statistics/"+reason), 0)
	}
	if info, err := unix.IoctlGetEthtoolDrvinfo(fd, name); err == nil {
		i.Driver = unix.ByteSliceToString(info.Driver[:])
	}
	var ring struct {
		cmd, max, maxMini, maxJumbo, maxTx, now, mini, jumbo, tx uint32 // struct ethtool_ringparam
	}
	ring.cmd = unix.ETHTOOL_GRINGPARAM
	if ethtool(fd, name, unsafe.Pointer(&ring)) {
		i.Ring, i.RingMax = int(ring.now), int(ring.max)
	}
	value := struct{ cmd, data uint32 }{cmd: unix.ETHTOOL_GGRO} // struct ethtool_value
	if ethtool(fd, name, unsafe.Pointer(&value)) {
		i.GRO = int(value.data & 1)
	}
	value.cmd = unix.ETHTOOL_GFLAGS
	if ethtool(fd, name, unsafe.Pointer(&value)) {
		const lro = 1 << 15 // ETH_FLAG_LRO
		i.LRO = int(value.data & lro >> 15)
	}
	return i
}

// ethtool asks the driver (SIOCETHTOOL of <linux/ethtool.h>).
func ethtool(fd int, name string, data unsafe.Pointer) bool {
	var request struct {
		name [unix.IFNAMSIZ]byte
		data unsafe.Pointer
		_    [16]byte // the rest of the union in struct ifreq
	}
	copy(request.name[:unix.IFNAMSIZ-1], name)
	request.data = data
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), unix.SIOCETHTOOL, uintptr(unsafe.Pointer(&request)))
	return errno == 0
}

func attribute(name, file string) string {
	b, err := os.ReadFile(filepath.Join("/sys/class/net", name, file))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

func count(name, file string) int {
	n, err := strconv.Atoi(attribute(name, file))
	if err != nil {
		return -1
	}
	return n
}

// Advice is what should be changed for capturing.
func (i Interface) Advice() (advice []string) {
	if i.LRO == 1 {
		advice = append(advice, fmt.Sprintf("LRO joins segments and loses their times: ethtool -K %s lro off", i.Name))
	}
	if i.Ring >= 0 && i.Ring < i.RingMax {
		advice = append(advice, fmt.Sprintf("the receive ring has %d of %d descriptors, a burst longer than that is lost: ethtool -G %s rx %d", i.Ring, i.RingMax, i.Name, i.RingMax))
	}
	if i.Dropped > 0 && i.Received > 0 && i.Dropped > i.Received/100_000 {
		advice = append(advice, fmt.Sprintf("%d of %d packets were lost before anybody could look: a larger ring, or fewer packets", i.Dropped, i.Received))
	}
	return advice
}

// Kernel is the release that runs here, like 6.1.0-13-amd64, and its number, 6.1 being 601.
func Kernel() (release string, number int) {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return "", 0
	}
	release = unix.ByteSliceToString(u.Release[:])
	var major, minor int
	fmt.Sscanf(release, "%d.%d", &major, &minor)
	return release, major*100 + minor
}
