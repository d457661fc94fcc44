package capture

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// DropPrivileges gives up, for all threads and for good, every capability but CAP_NET_RAW, which opening an interface again
// needs: effective, permitted, inheritable, ambient and, where the process may, the bounding set; and forbids that executing another
// program brings any back. The user id stays as it is: root without capabilities is an ordinary user who owns root's files, so that
// the configuration can be read again, but nothing that other users keep to themselves.
//
// It is called when everything that needs more is open. In a program with cgo it is an error: threads that C has made cannot be
// reached.
func DropPrivileges() error {
	if err := allThreads("clearing ambient capabilities", unix.SYS_PRCTL, unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL); err != nil && !errors.Is(err, unix.EINVAL) {
		return err
	}
	if err := dropBoundingSet(); err != nil {
		return err
	}
	if err := allThreads("forbidding new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1); err != nil {
		return err
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	if err := unix.Capget(&header, &sets[0]); err != nil {
		return fmt.Errorf("capture: reading capabilities: %w", err)
	}
	keep := sets[0].Permitted & (1 << unix.CAP_NET_RAW)
	sets = [2]unix.CapUserData{{Effective: keep, Permitted: keep}}
	_, _, errno := syscall.AllThreadsSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&sets[0])), 0)
	return threadsError("dropping capabilities", errno)
}

// dropBoundingSet takes every other capability out of the bounding set, if the process may (CAP_SETPCAP): without, a process that is not
// root has nothing to lose there, because it may gain no privileges anyway.
func dropBoundingSet() error {
	for capability := uintptr(0); capability < 64; capability++ {
		if capability == unix.CAP_NET_RAW {
			continue
		}
		err := allThreads("dropping the bounding set", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, capability)
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EINVAL) { // EINVAL: no capability has so high a number
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func allThreads(what string, call, a, b uintptr) error {
	_, _, errno := syscall.AllThreadsSyscall6(call, a, b, 0, 0, 0, 0)
	return threadsError(what, errno)
}

func threadsError(what string, errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case syscall.ENOTSUP:
		return fmt.Errorf("capture: %s: not possible in a program built with cgo", what)
	}
	return fmt.Errorf("capture: %s: %w", what, errno)
}
