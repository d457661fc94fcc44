package capture

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// DropPrivileges cannot be taken back, so a second process does it and tells what is left.
func TestDropPrivileges(t *testing.T) {
	if os.Getenv("WIRE_TEST_DROP") == "1" {
		dropAndTell(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDropPrivileges$", "-test.v")
	cmd.Env = append(os.Environ(), "WIRE_TEST_DROP=1")
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "built with cgo") {
		t.Skip("this test needs CGO_ENABLED=0")
	}
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

func dropAndTell(t *testing.T) {
	if err := DropPrivileges(); err != nil {
		t.Fatal(err)
	}
	tasks, err := filepath.Glob("/proc/self/task/*/status")
	if err != nil || len(tasks) == 0 {
		t.Fatal(tasks, err)
	}
	root := os.Geteuid() == 0
	for _, task := range tasks {
		status, err := os.ReadFile(task)
		if err != nil {
			t.Fatal(err)
		}
		for field, want := range map[string]string{"CapInh": "0+", "CapPrm": "0+(2000)?", "CapEff": "0+(2000)?", "CapAmb": "0+", "NoNewPrivs": "1", "CapBnd": "[0-9a-f]+"} {
			if root && field != "CapInh" && field != "CapAmb" && field != "NoNewPrivs" {
				want = "0+2000"
			}
			if !regexp.MustCompile(`(?m)^` + field + `:\s*` + want + `$`).Match(status) {
				t.Errorf("%s: %s is not %s", task, field, want)
			}
		}
	}
	if !root {
		return
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Errorf("no packet socket afterwards: %v", err)
	}
	unix.Close(fd)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.Sethostname([]byte(host)); err != unix.EPERM {
		t.Errorf("root's rights are left: %v", err)
	}
}
