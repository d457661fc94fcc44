package filter

import (
	"errors"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The kernel runs a socket's filter on what is sent to a Unix socket too: so it can be asked, without any privilege, whether
// it takes a program and what it decides.
func TestKernelAgreesWithVM(t *testing.T) {
	for _, e := range expressions {
		checkKernel(t, e.text, compile(t, e.text, Ethernet), compile(t, e.text, EthernetKernel))
	}
	for _, ports := range [][]uint16{{80}, append(manyPorts(500), 80, 53)} {
		plain, err1 := Ports(ports, Tunnels{}, MaxRanges).Compile(Ethernet, 1<<18)
		kernel, err2 := Ports(ports, Tunnels{}, MaxRanges).Compile(EthernetKernel, 1<<18)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		checkKernel(t, "ports", plain, kernel)
	}
	checkKernel(t, "vlan", compile(t, "vlan 7 and port 80", Ethernet), compile(t, "vlan 7 and port 80", EthernetKernel))
	cooked := compile(t, "vlan 7 or tcp port 80 or net 2001:db8::/32", CookedKernel)
	attachTo(t, socketPair(t)[1], cooked)
	attachTo(t, socketPair(t)[1], Fanout(Tunnels{}))
}

func socketPair(t *testing.T) [2]int {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds
}

func attachTo(t *testing.T, fd int, program []bpf.Instruction) {
	t.Helper()
	raw, err := Assemble(program)
	if err != nil {
		t.Fatal(err)
	}
	code := make([]unix.SockFilter, len(raw))
	for i, ins := range raw {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}); err != nil {
		t.Fatalf("the kernel refuses a program of %d instructions: %v", len(program), err)
	}
}

func checkKernel(t *testing.T, name string, plain, kernel []bpf.Instruction) {
	t.Helper()
	vm, err := bpf.NewVM(plain)
	if err != nil {
		t.Fatal(err)
	}
	fds := socketPair(t)
	attachTo(t, fds[1], kernel)
	buf := make([]byte, 2048)
	for _, f := range testFrames() {
		data := f.bytes(Ethernet)
		want, err := vm.Run(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Send(fds[0], data, 0); err != nil && err != unix.EPERM {
			t.Fatal(err)
		}
		n, err := unix.Read(fds[1], buf)
		if got := err == nil && n > 0; got != (want > 0) {
			t.Fatalf("%s: the kernel says %v for %v, the VM %d", name, got, f, want)
		}
	}
}
