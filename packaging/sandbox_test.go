package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needPackages skips unless the packages are to be built and installed: that takes root and a Debian.
func needPackages(t *testing.T) {
	t.Helper()
	if os.Getenv("WIRE_TEST_PACKAGES") == "" {
		t.Skip("set WIRE_TEST_PACKAGES=1 (make test-packages)")
	}
}

// sandbox is a copy of this system for one test: an overlay over /, whose changes live in memory and are gone with the test.
// The network is this system's.
type sandbox struct {
	t    *testing.T
	root string // where / of the sandbox is seen from outside
}

func newSandbox(t *testing.T) *sandbox {
	t.Helper()
	s := &sandbox{t: t, root: filepath.Join(t.TempDir(), "sandbox", "root")}
	base := filepath.Dir(s.root)
	script := strings.NewReplacer("BASE", base).Replace(`set -e
mkdir -p BASE
mount -t tmpfs tmpfs BASE
mkdir BASE/upper BASE/work BASE/root
mount -t overlay overlay -o lowerdir=/,upperdir=BASE/upper,workdir=BASE/work BASE/root
mount -t proc proc BASE/root/proc
mount --rbind /dev BASE/root/dev
mount --make-rslave BASE/root/dev
mount -t tmpfs tmpfs BASE/root/run`)
	output(t, exec.Command("sh", "-c", script))
	t.Cleanup(func() {
		output(t, exec.Command("sh", "-c", "umount -R "+s.root+" && umount "+base))
	})
	return s
}

// run runs a shell script inside, as root, and returns what it printed. It fails the test where the script fails.
func (s *sandbox) run(script string) string {
	s.t.Helper()
	return output(s.t, s.command(script))
}

func (s *sandbox) command(script string) *exec.Cmd {
	return exec.Command("chroot", s.root, "bash", "-euo", "pipefail", "-c", script)
}

// isolated is command in a network of its own, which has a loopback interface that is down.
func (s *sandbox) isolated(script string) *exec.Cmd {
	return exec.Command("unshare", "--net", "chroot", s.root, "bash", "-euo", "pipefail", "-c", "mount -t sysfs sysfs /sys; "+script)
}

// put copies files into the sandbox's /srv and returns their paths inside.
func (s *sandbox) put(paths ...string) (inside []string) {
	s.t.Helper()
	for _, p := range paths {
		content, err := os.ReadFile(p)
		if err != nil {
			s.t.Fatal(err)
		}
		name := "/srv/" + filepath.Base(p)
		if err := os.WriteFile(s.root+name, content, 0o644); err != nil {
			s.t.Fatal(err)
		}
		inside = append(inside, name)
	}
	return inside
}

// absent fails the test when one of the paths exists inside.
func (s *sandbox) absent(paths ...string) {
	s.t.Helper()
	for _, p := range paths {
		if _, err := os.Lstat(s.root + p); !os.IsNotExist(err) {
			s.t.Errorf("%s is still there (%v)", p, err)
		}
	}
}

// mode fails the test unless a path has this mode, owner and group inside.
func (s *sandbox) mode(path, want string) {
	s.t.Helper()
	if got := strings.TrimSpace(s.run("stat -c '%a %U:%G' " + path)); got != want {
		s.t.Errorf("%s: %s, want %s", path, got, want)
	}
}

func output(t *testing.T, c *exec.Cmd) string {
	t.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatal(fmt.Errorf("%s: %w\n%s", c, err, out))
	}
	return string(out)
}
