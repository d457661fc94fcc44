package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"wire_exporter/exporter/internal/capture"
	"wire_exporter/exporter/internal/selftest"
)

// tester is the command selftest.
type tester struct {
	sensor
	inside bool // this is the process in a network namespace of its own
	step   time.Duration
}

// selftestCommand adds "selftest".
func selftestCommand(app *kingpin.Application) func() error {
	cmd := app.Command("selftest", "Say what this host can do for a capture: privileges, kernel, network cards, and how many packets a second it takes without loss.")
	t := &tester{}
	t.flags(cmd)
	cmd.Flag("capture.workers", "Workers that share a live capture.").Default(defaultWorkers()).IntVar(&t.capture.Workers)
	cmd.Flag("step", "How long each rate is tried.").Default("1s").DurationVar(&t.step)
	cmd.Flag("inside", "Set by the program itself.").Hidden().BoolVar(&t.inside)
	return t.run
}

func (t *tester) run() error {
	if t.inside {
		return t.measure()
	}
	release, number := selftest.Kernel()
	fmt.Printf("kernel      %s: %s\n", release, kernelSays(number))
	fmt.Printf("processors  %d, of which %d workers capture\n", runtime.NumCPU(), t.capture.Workers)
	capturing := t.mayCapture()
	interfaces, err := selftest.Interfaces()
	if err != nil {
		fmt.Printf("interface   they cannot be listed: %v\n", err)
	}
	for _, i := range interfaces {
		show(i)
	}
	if err := t.isolated(); err != nil {
		fmt.Printf("capacity    not measured: %v\n", err)
	}
	return capturing
}

func kernelSays(number int) string {
	switch {
	case number == 0:
		return "its version cannot be read"
	case number < 418:
		return "older than 4.18, the oldest that the program is meant for"
	}
	return "rings (TPACKET_V3), workers that share an interface by a program (cBPF fanout)"
}

// mayCapture tries to.
func (t *tester) mayCapture() error {
	c := t.capture
	c.Interfaces = []string{"lo"}
	opened, err := capture.Open(c)
	if err != nil {
		fmt.Printf("privileges  may not capture: %v\n", err)
		return exitCode(1)
	}
	opened.Close()
	fmt.Println("privileges  may capture")
	return nil
}

func show(i selftest.Interface) {
	fmt.Printf("interface   %s: driver %s, %s, MTU %d, LRO %s, GRO %s, receive ring %s of %s, %d packets received, %d dropped\n", i.Name, orUnknown(i.Driver),
		speed(i.Mbps), i.MTU, onOff(i.LRO), onOff(i.GRO), known(i.Ring), known(i.RingMax), i.Received, i.Dropped)
	for _, a := range i.Advice() {
		fmt.Printf("            %s\n", a)
	}
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

func speed(mbps int) string {
	if mbps <= 0 {
		return "speed unknown"
	}
	return fmt.Sprintf("%d Mbit/s", mbps)
}

func onOff(n int) string {
	return map[int]string{0: "off", 1: "on"}[n] + map[bool]string{true: "unknown"}[n < 0]
}

func known(n int) string {
	if n < 0 {
		return "unknown"
	}
	return fmt.Sprint(n)
}

// isolated starts this program in a network namespace of its own, as root there: with a user namespace if it is not root here.
func (t *tester) isolated() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(self, "selftest", "--inside", "--step="+t.step.String(), fmt.Sprintf("--capture.workers=%d", t.capture.Workers), "--memory.limit="+t.memory.String())
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	err = cmd.Run()
	if errors.Is(err, syscall.EPERM) {
		return errors.New("a network namespace of its own takes root, or user namespaces")
	}
	return err
}
