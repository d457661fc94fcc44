// Package stack builds and runs the programs that surround the exporter in
// the demo and in the tests of the whole: Prometheus, promtool and their web
// pages.
//
// In: the Go modules under packaging/stack, which pin every version. Out:
// programs in the user's cache folder, one set for each content of a module's
// go.sum, and child processes that die with their parent. It never asks for
// more rights, and needs the Go module proxy (the web pages: npm) only the
// first time.
package stack

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

const (
	progressEvery = 10 * time.Second
	buildNiceness = 10

	buildStopLimit = 3 * time.Second
)

// Progress is told every few seconds how long a build has been going on.
type Progress func(elapsed time.Duration)

// Module is one of the modules under packaging/stack.
type Module struct {
	Dir  string // the folder with go.mod
	Main string // module path of the program that gives the set its version
	Tags string // build tags
	// Name and Packages are for a part of the module's programs; all of them, under the name of the folder, when empty.
	Name     string
	Packages []string
}

// Prometheus is the module with the servers prometheus and promtool. The tag
// leaves out the service discoveries of clouds: a third of the binary.
func Prometheus(repository string) Module {
	return Module{
		Dir:  filepath.Join(repository, "packaging", "stack", "prometheus"),
		Main: "github.com/prometheus/prometheus",
		Tags: "remove_all_sd",
	}
}

// Alertmanager is alertmanager and amtool out of the module with the servers of Thanos, which take ten times as long to build.
func Alertmanager(repository string) Module {
	const path = "github.com/prometheus/alertmanager"
	return Module{
		Dir:  filepath.Join(repository, "packaging", "stack", "thanos"),
		Main: path,
		Tags: "slicelabels",
		Name: "alertmanager", Packages: []string{path + "/cmd/alertmanager", path + "/cmd/amtool"},
	}
}

// Thanos is thanos out of the same module. Without the tag it compiles, and panics in its first gRPC call.
func Thanos(repository string) Module {
	const path = "github.com/thanos-io/thanos"
	return Module{
		Dir:  filepath.Join(repository, "packaging", "stack", "thanos"),
		Main: path,
		Tags: "slicelabels",
		Name: "thanos", Packages: []string{path + "/cmd/thanos"},
	}
}

// ObjectStore is gofakes3, an object store that speaks S3's protocol: for tests.
func ObjectStore(repository string) Module {
	const path = "github.com/johannesboyne/gofakes3"
	return Module{
		Dir:  filepath.Join(repository, "packaging", "stack", "tools"),
		Main: path,
		Name: "gofakes3", Packages: []string{path + "/cmd/gofakes3"},
	}
}

// Programs is the folder where the module's programs are once they are built;
// ready says whether they are.
func (m Module) Programs(cache string) (dir string, ready bool, err error) {
	h := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		b, err := os.ReadFile(filepath.Join(m.Dir, name))
		if err != nil {
			return "", false, err
		}
		h.Write(b)
	}
	h.Write([]byte(m.Tags))
	dir = filepath.Join(cache, "bin", fmt.Sprintf("%s-%x", cmp.Or(m.Name, filepath.Base(m.Dir)), h.Sum(nil)[:6]))
	_, err = os.Stat(dir)
	return dir, err == nil, nil
}

// Build builds all programs of the module, if that has not been done before,
// and returns their folder.
func (m Module) Build(ctx context.Context, cache string, progress Progress) (string, error) {
	dir, ready, err := m.Programs(cache)
	if err != nil || ready {
		return dir, err
	}
	version, err := m.query(ctx, "{{.Version}}")
	if err != nil {
		return "", err
	}
	tmp, err := tempBeside(dir)
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	// -p 1: linking two such programs at once would take twice the memory.
	packages := m.Packages
	if len(packages) == 0 {
		packages = []string{"tool"}
	}
	cmd := exec.CommandContext(ctx, "go", slices.Concat([]string{"build", "-C", m.Dir, "-p", "1", "-tags", m.Tags, "-ldflags",
		"-s -w -X github.com/prometheus/common/version.Version=" + productVersion(version), "-o", tmp + "/"}, packages)...)
	cmd.Env = m.environment()
	if err := runLong(cmd, progress); err != nil {
		return "", err
	}
	return dir, install(tmp, dir)
}

// query asks go list about the module's main dependency.
func (m Module) query(ctx context.Context, format string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-C", m.Dir, "-m", "-f", format, m.Main)
	cmd.Env = m.environment()
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// environment keeps flags that are meant for the exporter's module out.
func (m Module) environment() []string {
	return append(os.Environ(), "GOFLAGS=-mod=readonly", "GOWORK=off")
}

// productVersion undoes how Prometheus numbers its Go module: 3.15.0 is
// v0.315.0.
func productVersion(module string) string {
	minor, ok := strings.CutPrefix(module, "v0.3")
	if !ok {
		return strings.TrimPrefix(module, "v")
	}
	return "3." + strings.TrimPrefix(minor, "0")
}

// tempBeside makes an empty folder on the same file system as dir.
func tempBeside(dir string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "building-")
	if err != nil {
		return "", err
	}
	return tmp, os.Chmod(tmp, 0o755)
}

// install puts a finished folder in its place, in one step. Somebody else
// having been faster is fine.
func install(tmp, dir string) error {
	if err := os.Rename(tmp, dir); err != nil {
		if _, statErr := os.Stat(dir); statErr != nil {
			return err
		}
	}
	return nil
}

// runLong runs a build in the background of everything else. Its output is
// shown only if it fails. Cancelling ends all its children too.
func runLong(cmd *exec.Cmd, progress Progress) error {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// Asked first, so that go deletes its working folder; killed below.
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
	cmd.WaitDelay = buildStopLimit
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	_ = syscall.Setpriority(syscall.PRIO_PGRP, cmd.Process.Pid, buildNiceness)
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // whatever it left behind
	ticker := time.NewTicker(progressEvery)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, lastLines(output.Bytes(), 20))
			}
			return nil
		case <-ticker.C:
			if progress != nil {
				progress(time.Since(begin))
			}
		}
	}
}

func lastLines(b []byte, n int) []byte {
	lines := bytes.Split(bytes.TrimSpace(b), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-n):], []byte("\n"))
}
