package capture

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

func interfaceNames() string {
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		return "none"
	}
	var names []string
	for _, i := range all {
		names = append(names, i.Name)
	}
	return strings.Join(names, ", ")
}

// indexOf returns an interface's index, by way of any socket.
func indexOf(fd int, name string) (int, error) {
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFINDEX, request)
	}
	if err != nil {
		return 0, err
	}
	return int(request.Uint32()), nil
}

// isCooked says whether frames of an interface are taken without their link header, because it is not Ethernet's.
func isCooked(name string) (bool, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return false, fmt.Errorf("capture: looking at interface %q: %w", name, err)
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err == nil {
		err = unix.IoctlIfreq(fd, unix.SIOCGIFHWADDR, request)
	}
	if err != nil {
		return false, fmt.Errorf("capture: looking at interface %q: %w", name, err)
	}
	kind := request.Uint16()
	return kind != unix.ARPHRD_ETHER && kind != unix.ARPHRD_LOOPBACK, nil
}

// attach hands a BPF program to a socket option.
func attach(fd, level, option int, program []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(program))
	for i, ins := range program {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return unix.SetsockoptSockFprog(fd, level, option, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

// socketError is for the user who lacks the right to open a packet socket.
func socketError(err error) error {
	switch err {
	case unix.EPERM, unix.EACCES:
		binary, e := os.Executable()
		if e != nil {
			binary = os.Args[0]
		}
		return fmt.Errorf("capture: opening a packet socket needs CAP_NET_RAW: run as root, or: setcap cap_net_raw+ep %s", binary)
	case unix.EAFNOSUPPORT:
		return errors.New("capture: the kernel has no packet sockets, or a sandbox forbids them (systemd: RestrictAddressFamilies needs AF_PACKET)")
	}
	return fmt.Errorf("capture: opening a packet socket: %w", err)
}
