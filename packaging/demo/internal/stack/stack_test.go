package stack

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProductVersion(t *testing.T) {
	for module, want := range map[string]string{"v0.315.0": "3.15.0", "v0.309.1": "3.9.1", "v0.42.4": "0.42.4"} {
		if got := productVersion(module); got != want {
			t.Errorf("%s is %s, want %s", module, got, want)
		}
	}
}

// TestProgramsFollowGoSum: other versions are other programs.
func TestProgramsFollowGoSum(t *testing.T) {
	m := Module{Dir: t.TempDir(), Tags: "x"}
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(m.Dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module m\n")
	write("go.sum", "one\n")
	first, ready, err := m.Programs("cache")
	if err != nil || ready {
		t.Fatalf("%v, %v", ready, err)
	}
	write("go.sum", "two\n")
	if second, _, _ := m.Programs("cache"); second == first {
		t.Errorf("both are in %s", first)
	}
	if filepath.Dir(first) != filepath.Join("cache", "bin") {
		t.Errorf("programs in %s", first)
	}
}

// TestViewerIsOld: the page is built anew when a dashboard has changed since.
func TestViewerIsOld(t *testing.T) {
	repository := t.TempDir()
	put := func(name string, at time.Time) {
		path := filepath.Join(repository, "dashboards", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	put("perses/wire-wall.json", monday)
	put("viewer/src/main.tsx", monday)
	if !ViewerIsOld(repository) {
		t.Error("it is not built, and said to be new")
	}
	put("viewer/dist/index.html", monday.AddDate(0, 0, 1))
	if ViewerIsOld(repository) {
		t.Error("it is newer than all it is made of, and said to be old")
	}
	put("perses/wire-wall.json", monday.AddDate(0, 0, 2))
	if !ViewerIsOld(repository) {
		t.Error("a dashboard has changed, and it is said to be new")
	}
}

func TestRunLong(t *testing.T) {
	err := runLong(exec.CommandContext(t.Context(), "sh", "-c", "echo the reason >&2; exit 3"), nil)
	if err == nil || !strings.Contains(err.Error(), "the reason") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := runLong(exec.CommandContext(ctx, "sleep", "1000"), nil); err == nil {
		t.Error("cancelled, and no error")
	}
}

func TestProcess(t *testing.T) {
	logs := t.TempDir()
	p, err := Start("shell", logs, logs, nil, "sh", "-c", "echo some words; exec sleep 1000")
	if err != nil {
		t.Fatal(err)
	}
	if p.Memory() == 0 {
		t.Error("a running program without memory")
	}
	p.Stop()
	p.Stop()
	if p.Memory() != 0 {
		t.Error("still there")
	}

	p, err = Start("shell", logs, logs, nil, "sh", "-c", "echo last words")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.WaitReady(ctx, "http://127.0.0.1:0/"); err == nil || !strings.Contains(err.Error(), "last words") {
		t.Errorf("error %v", err)
	}
}

func TestCheckFree(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := CheckFree(l.Addr().String()); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("a used address: %v", err)
	}
	if err := CheckFree("127.0.0.1:0"); err != nil {
		t.Error(err)
	}
}

func TestHavePages(t *testing.T) {
	programs := t.TempDir()
	if HavePages(programs) {
		t.Error("pages out of nothing")
	}
	if err := os.MkdirAll(filepath.Join(PagesDir(programs), pagesPath), 0o755); err != nil {
		t.Fatal(err)
	}
	if !HavePages(programs) {
		t.Error("pages not found")
	}
}
