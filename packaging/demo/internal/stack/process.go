package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	stopLimit = 10 * time.Second
	askEvery  = 100 * time.Millisecond
)

// Process is a running program of the stack.
type Process struct {
	Name string
	Log  string // file with everything it has printed since its start
	cmd  *exec.Cmd
	done chan struct{}
	err  error // valid once done is closed
}

// Start starts a program in dir, with its output in logs/<name>.log. The
// kernel ends it if this process is killed (but not a program with file
// capabilities), so the calling goroutine must be locked to the main thread.
// stdin may be nil.
func Start(name, dir, logs string, stdin io.Reader, program string, args ...string) (*Process, error) {
	p := &Process{Name: name, Log: filepath.Join(logs, name+".log"), done: make(chan struct{})}
	log, err := os.Create(p.Log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir, p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = dir, stdin, log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// Done is closed when the program has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Failure describes the end of a program that was not asked to end.
func (p *Process) Failure() error {
	<-p.done
	b, _ := os.ReadFile(p.Log)
	return fmt.Errorf("%s ended (%v); the end of %s:\n%s", p.Name, p.cmd.ProcessState, p.Log, lastLines(b, 10))
}

// Stop ends the program, gently at first.
func (p *Process) Stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopLimit):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
}

// Reload has the program read its configuration again, where it does so by SIGHUP.
func (p *Process) Reload() error { return p.cmd.Process.Signal(syscall.SIGHUP) }

// Memory is the program's resident set in bytes, 0 if it has ended.
func (p *Process) Memory() int64 { return residentSet(strconv.Itoa(p.cmd.Process.Pid)) }

// OwnMemory is the resident set of this process in bytes.
func OwnMemory() int64 { return residentSet("self") }

func residentSet(pid string) int64 {
	b, err := os.ReadFile(filepath.Join("/proc", pid, "statm"))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// WaitReady asks the URL until it answers 200, the program ends, or ctx does.
func (p *Process) WaitReady(ctx context.Context, url string) error {
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	client := http.Client{Timeout: time.Second}
	for {
		if res, err := client.Get(url); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-p.done:
			return p.Failure()
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer at %s: %w", p.Name, url, ctx.Err())
		case <-ticker.C:
		}
	}
}

// CheckFree says in one line which of the addresses somebody else uses.
func CheckFree(addresses ...string) error {
	for _, a := range addresses {
		l, err := net.Listen("tcp4", a)
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is in use by another program (`ss -ltnp` shows which); stop that one first", a)
		}
		if err != nil {
			return err
		}
		l.Close()
	}
	return nil
}

// MayCapture says whether the program may open a capture device: because this
// process may, and hands the right on, or because the file has CAP_NET_RAW.
func MayCapture(program string) bool {
	// Protocol 0: the socket receives nothing.
	fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		syscall.Close(fd)
		return true
	}
	return hasFileCapability(program)
}

// hasFileCapability reads the attribute that setcap writes
// (struct vfs_cap_data: flags, then the permitted set, little endian).
func hasFileCapability(program string) bool {
	const effective, capNetRaw = 1, 13
	attr := make([]byte, 64)
	n, err := syscall.Getxattr(program, "security.capability", attr)
	if err != nil || n < 8 {
		return false
	}
	return attr[0]&effective != 0 && attr[4+capNetRaw/8]&(1<<(capNetRaw%8)) != 0
}
