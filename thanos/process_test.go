package thanos

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

const (
	readyLimit = 90 * time.Second // a loaded machine starts eight programs at once
	askEvery   = 200 * time.Millisecond
)

// needPrograms skips tests against the real components, unless WIRE_TEST_THANOS lists the folders where they are: make test-thanos
// builds them.
func needPrograms(t *testing.T) {
	t.Helper()
	if os.Getenv("WIRE_TEST_THANOS") == "" {
		t.Skip("WIRE_TEST_THANOS is not set")
	}
}

// program is the path of thanos, prometheus, promtool or gofakes3.
func program(t *testing.T, name string) string {
	t.Helper()
	for _, dir := range filepath.SplitList(os.Getenv("WIRE_TEST_THANOS")) {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil && dir != "" {
			return path
		}
	}
	t.Fatalf("no %s in WIRE_TEST_THANOS", name)
	return ""
}

// process is a running program.
type process struct {
	name, log string
	cmd       *exec.Cmd
	done      chan struct{}
}

// start runs a program until the test ends. The kernel ends it when the test is killed: for that, the thread that has started it
// lives as long as it does.
func start(t *testing.T, name string, args ...string) *process {
	t.Helper()
	p := &process{name: filepath.Base(name), log: filepath.Join(t.TempDir(), filepath.Base(name)+".log"), done: make(chan struct{})}
	log, err := os.Create(p.log)
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.Command(name, args...)
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = filepath.Dir(p.log), log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer log.Close()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the end of what %s %s has said:\n%s", p.name, args[0], p.said(2000))
		}
	})
	return p
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// again starts the program once more, as it was.
func (p *process) again(t *testing.T) *process {
	t.Helper()
	next := start(t, p.cmd.Path, p.cmd.Args[1:]...)
	next.name = p.name
	return next
}

// said is the end of what the program has printed.
func (p *process) said(most int) string {
	b, _ := os.ReadFile(p.log)
	return string(b[max(0, len(b)-most):])
}

// waitReady waits for a component to say that it is.
func (p *process) waitReady(t *testing.T, client *http.Client, url string) {
	t.Helper()
	await(t, readyLimit, p.name+" is ready at "+url, func() error {
		select {
		case <-p.done:
			t.Fatalf("%s has ended:\n%s", p.name, p.said(2000))
		default:
		}
		res, err := client.Get(url)
		if err != nil {
			return err
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("it says %s", res.Status)
		}
		return nil
	})
}

// waitSaid waits for a program to print something.
func (p *process) waitSaid(t *testing.T, limit time.Duration, text string) {
	t.Helper()
	await(t, limit, fmt.Sprintf("%s says %q", p.name, text), func() error {
		if b, _ := os.ReadFile(p.log); !strings.Contains(string(b), text) {
			return fmt.Errorf("it says %s", p.said(1000))
		}
		return nil
	})
}

// await asks until there is no error any more.
func await(t *testing.T, limit time.Duration, what string, ask func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	ticker := time.NewTicker(askEvery)
	defer ticker.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %v: %v", what, limit, err)
		case <-ticker.C:
		}
	}
}

// nextPort is where free goes on looking.
var nextPort atomic.Int64

const firstPort, ports = 20_000, 12_000 // below those that the kernel gives to connections

// free are addresses on the loopback interface that nobody uses. Not what the kernel gives: until the program that is meant to have such a port
// has it, the kernel gives it to another, too.
func free(t *testing.T, n int) []string {
	t.Helper()
	nextPort.CompareAndSwap(0, int64(os.Getpid())*97)
	var all []string
	for len(all) < n {
		l, err := net.Listen("tcp4", fmt.Sprintf("127.0.0.1:%d", firstPort+nextPort.Add(1)%ports))
		if err == nil {
			defer l.Close()
			all = append(all, l.Addr().String())
		}
	}
	return all
}

// component starts a component of Thanos with the shipped file of flags, but for what is given here, and waits for it. An empty
// value takes a shipped flag away.
func startThanos(t *testing.T, name, http string, flags ...string) *process {
	t.Helper()
	p := start(t, program(t, "thanos"), slices.Concat([]string{component(name)}, shipped(t, name, append(flags, "--http-address="+http)))...)
	p.name = name
	return p
}

// shipped are the flags of flags/NAME.flags, with others in the place of those of the same name. A flag that ends with = is left
// out.
func shipped(t *testing.T, name string, others []string) []string {
	t.Helper()
	all := slices.DeleteFunc(readFlags(t, "flags/"+name+".flags"), func(flag string) bool {
		flag, _, _ = strings.Cut(flag, "=")
		return slices.ContainsFunc(others, func(o string) bool { o, _, _ = strings.Cut(o, "="); return o == flag })
	})
	return append(all, slices.DeleteFunc(slices.Clone(others), func(o string) bool { return strings.HasSuffix(o, "=") })...)
}

// run runs a program to its end, and returns what it has printed.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t, name), args...)
	cmd.Dir = t.TempDir()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mustRun fails the test when the program does.
func mustRun(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := run(t, name, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out[max(0, len(out)-3000):])
	}
	return out
}

// write puts a text into a file of its own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestThanosFlags: the list of flags that the other tests go by is what the programs say.
func TestThanosFlags(t *testing.T) {
	needPrograms(t)
	for name := range addresses {
		help := mustRun(t, "thanos", name, "--help")
		for _, flag := range known(t)[name] {
			if flag != "--receive.limits-config-file" && !strings.Contains(help, flag) && !strings.Contains(help, "--[no-]"+flag[2:]) {
				t.Errorf("thanos %s has no flag %s", name, flag)
			}
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
