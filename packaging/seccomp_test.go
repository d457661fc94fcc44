package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// allowed are the numbers of the system calls that the unit's SystemCallFilter lets through, by systemd's own sets and the kernel's table for
// amd64. The first line says what is allowed, later ones add to that or, with a ~, take away.
func allowed(t *testing.T, unit string) (numbers []string) {
	t.Helper()
	sets := output(t, exec.Command("systemd-analyze", "syscall-filter", "--no-pager"))
	names := map[string]bool{}
	for _, line := range regexp.MustCompile(`(?m)^SystemCallFilter=(.*)$`).FindAllStringSubmatch(unit, -1) {
		list, deny := strings.CutPrefix(line[1], "~")
		for _, name := range strings.Fields(list) {
			for _, call := range members(sets, name) {
				names[call] = !deny
			}
		}
	}
	table, err := os.ReadFile("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
	if err != nil {
		t.Fatal("apt-get install linux-libc-dev: ", err)
	}
	for _, m := range regexp.MustCompile(`(?m)^#define __NR_(\w+) (\d+)$`).FindAllStringSubmatch(string(table), -1) {
		if names[m[1]] {
			numbers = append(numbers, m[2])
		}
	}
	if len(numbers) < 100 || names["reboot"] || !names["read"] {
		t.Fatalf("the unit allows %d calls", len(numbers))
	}
	return numbers
}

// members are the calls of a set, with those of the sets in it.
func members(sets, name string) (all []string) {
	if !strings.HasPrefix(name, "@") {
		return []string{name}
	}
	_, rest, _ := strings.Cut("\n"+sets, "\n"+name+"\n")
	for line := range strings.Lines(rest) {
		if !strings.HasPrefix(line, " ") {
			break
		}
		if f := strings.Fields(line); f[0] != "#" {
			all = append(all, members(sets, f[0])...)
		}
	}
	return all
}

const filterVariable = "ALLOWED_SYSTEM_CALLS"

// launchFiltered is what this program does when a test starts it again under the filter of the unit: nothing but to become the program that its
// arguments name, which may then make those calls only. Others fail with EPERM, as SystemCallErrorNumber says.
func launchFiltered() {
	list := os.Getenv(filterVariable)
	if list == "" {
		return
	}
	const auditArchX86_64 = 0xc000003e
	program := []bpf.Instruction{
		bpf.LoadAbsolute{Off: 4, Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArchX86_64, SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: 0, Size: 4},
	}
	for _, text := range append(strings.Split(list, ","), strconv.Itoa(unix.SYS_EXECVE)) {
		n, err := strconv.Atoi(text)
		if err != nil {
			panic(err)
		}
		program = append(program, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(n), SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW})
	}
	raw, err := bpf.Assemble(append(program, bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}))
	if err != nil {
		panic(err)
	}
	runtime.LockOSThread()
	fprog := unix.SockFprog{Len: uint16(len(raw)), Filter: (*unix.SockFilter)(unsafe.Pointer(&raw[0]))}
	environment := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, filterVariable) })
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&fprog)), 0, 0); err == nil {
		err = syscall.Exec(os.Args[1], os.Args[1:], environment)
	}
	fmt.Fprintln(os.Stderr, "under the filter:", err)
	os.Exit(1)
}
