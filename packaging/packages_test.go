// Package packaging tests the packages as they are built: installed, started, upgraded, removed and purged in a throw-away
// copy of this system.
package packaging

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// built are the packages of a version that tests share: building them takes longest.
var built = map[string]map[string]string{}

var builds string // the folder they are in

func TestMain(m *testing.M) {
	launchFiltered()
	var err error
	if builds, err = os.MkdirTemp("", "packages"); err != nil {
		panic(err)
	}
	code := m.Run()
	os.RemoveAll(builds)
	os.Exit(code)
}

const first, second = "v0.0.1", "v0.0.2"

// viewer says of a version whether it has the page with the dashboards. That takes npm and as long as all else: the second, which is there
// to upgrade to, has none.
func viewer(version string) string {
	if _, err := exec.LookPath("npm"); err != nil || version != first {
		return "none"
	}
	return "build"
}

// packaged are the packages of a version, built once.
func packaged(t *testing.T, version string) map[string]string {
	t.Helper()
	if built[version] == nil {
		built[version] = build(t, version, filepath.Join(builds, version))
	}
	return built[version]
}

// build builds the packages of one version into dir and returns their paths by name and format.
func build(t *testing.T, version, dir string) map[string]string {
	t.Helper()
	c := exec.Command("./build.sh", dir, "amd64")
	c.Env = append(os.Environ(), "VERSION="+version, "VIEWER="+viewer(version))
	output(t, c)
	paths, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string]string{}
	name := regexp.MustCompile(`^([a-z-]*[a-z])[-_][0-9].*(\.deb|\.rpm)$`)
	for _, p := range paths {
		if strings.HasSuffix(p, ".cdx.json") {
			packages[filepath.Base(p)] = p
			continue
		}
		m := name.FindStringSubmatch(filepath.Base(p))
		if m == nil {
			t.Fatalf("%s is not named like a package", p)
		}
		packages[m[1]+m[2]] = p
	}
	return packages
}

// TestReproducible: the same commit gives the same bytes.
func TestReproducible(t *testing.T) {
	needPackages(t)
	a, b := packaged(t, first), build(t, first, t.TempDir())
	if len(a) == 0 {
		t.Fatal("no packages")
	}
	for name := range a {
		x, err := os.ReadFile(a[name])
		if err != nil {
			t.Fatal(err)
		}
		y, err := os.ReadFile(b[name])
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(x, y) {
			t.Errorf("%s: the second build is not the first", name)
		}
	}
}

func TestDeb(t *testing.T) {
	needPackages(t)
	old, new := packaged(t, first), packaged(t, second)
	s := newSandbox(t)
	debs := s.put(old["wire-exporter.deb"], new["wire-exporter.deb"], old["wire-exporter-rules.deb"], old["wire-exporter-backtest.deb"])

	s.run("dpkg -i " + debs[0])
	s.installed(t, "0.0.1")
	s.serves(t)

	s.run("echo '# mine' >>/etc/wire_exporter/wire_exporter.yml; dpkg -i " + debs[1])
	s.installed(t, "0.0.2")
	if !strings.Contains(s.run("cat /etc/wire_exporter/wire_exporter.yml"), "# mine") {
		t.Error("the upgrade has overwritten the configuration")
	}
	s.serves(t)

	s.run("dpkg -i " + debs[2] + " " + debs[3])
	s.shared(t)
	s.run("dpkg -P wire-exporter-rules wire-exporter-backtest")
	s.absent("/usr/share/wire_exporter", "/usr/bin/wire_backtest")

	s.run("dpkg -r wire-exporter")
	s.absent("/usr/bin/wire_exporter", "/usr/lib/systemd/system/wire_exporter.service")
	s.mode("/etc/wire_exporter/wire_exporter.yml", "640 root:wire_exporter")
	s.run("dpkg -P wire-exporter")
	s.absent("/etc/wire_exporter", "/var/lib/wire_exporter")
	s.run("! getent passwd wire_exporter")
}

func TestRPM(t *testing.T) {
	needPackages(t)
	old, new := packaged(t, first), packaged(t, second)
	s := newSandbox(t)
	rpms := s.put(old["wire-exporter.rpm"], new["wire-exporter.rpm"], old["wire-exporter-rules.rpm"], old["wire-exporter-backtest.rpm"])
	const rpm = "rpm --dbpath /srv/rpmdb --nodeps " // shadow-utils is not known to an rpm on Debian

	s.run(rpm + "-i " + rpms[0])
	s.installed(t, "0.0.1")
	s.serves(t)
	s.run("echo '# mine' >>/etc/wire_exporter/wire_exporter.yml; " + rpm + "-U " + rpms[1])
	s.installed(t, "0.0.2")
	if !strings.Contains(s.run("cat /etc/wire_exporter/wire_exporter.yml"), "# mine") {
		t.Error("the upgrade has overwritten the configuration")
	}
	s.run(rpm + "-i " + rpms[2] + " " + rpms[3])
	s.shared(t)
	s.run(rpm + "-e wire-exporter")
	s.absent("/usr/bin/wire_exporter", "/usr/lib/systemd/system/wire_exporter.service")
}

// installed checks what both kinds of packages have to bring.
func (s *sandbox) installed(t *testing.T, version string) {
	t.Helper()
	if out := s.run("wire_exporter --version"); !strings.Contains(out, "version v"+version+" ") {
		t.Errorf("--version says %s", out)
	}
	s.run("wire_exporter check-config /etc/wire_exporter/wire_exporter.yml")
	s.mode("/etc/wire_exporter", "750 root:wire_exporter")
	s.mode("/etc/wire_exporter/wire_exporter.yml", "640 root:wire_exporter")
	s.mode("/etc/wire_exporter/wire_exporter.env", "640 root:wire_exporter")
	s.mode("/usr/bin/wire_exporter", "755 root:root")
	if page := s.run("zcat /usr/share/man/man1/wire_exporter.1.gz"); !strings.Contains(page, ".TH wire_exporter 1") {
		t.Errorf("the man page begins with %.100q", page)
	}
	s.run("bash -n /usr/share/bash-completion/completions/wire_exporter")
}

// shared checks the packages for the host of Prometheus.
func (s *sandbox) shared(t *testing.T) {
	t.Helper()
	for _, file := range []string{
		"rules/recording/signals.yml", "rules/alerts/faults.yml", "rules/runbooks/WireServiceFault.md", "alertmanager/alertmanager.yml",
		"dashboards/grafana/wire-wall.json", "dashboards/perses/wire-wall.json", "thanos/flags/store.flags",
	} {
		s.mode("/usr/share/wire_exporter/"+file, "644 root:root")
	}
	s.run("wire_backtest --help")
}

// serves starts the service as its unit would: its command line, its user, its capability and nothing else, under its limits and its filter of
// system calls. What systemd does with namespaces and control groups is not there.
func (s *sandbox) serves(t *testing.T) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close()
	unit := s.run("cat /usr/lib/systemd/system/wire_exporter.service")
	start := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)
	if start == nil {
		t.Fatal("the unit starts nothing")
	}
	launcher := s.put(os.Args[0])[0]
	c := s.command(`. /etc/wire_exporter/wire_exporter.env
chmod 755 ` + launcher + `
export GOMEMLIMIT=` + setting(t, unit, "Environment=GOMEMLIMIT") + ` ` + filterVariable + `=` + strings.Join(allowed(t, unit), ",") + `
exec prlimit --core=` + setting(t, unit, "LimitCORE") + ` \
	setpriv --reuid=wire_exporter --regid=wire_exporter --clear-groups --no-new-privs \
	--bounding-set=-all,+net_raw --inh-caps=-all,+net_raw --ambient-caps=-all,+net_raw \
	` + launcher + ` ` + start[1] + " --web.listen-address=" + address)
	var log bytes.Buffer
	c.Stdout, c.Stderr = &log, &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			t.Errorf("stopped: %v\n%s", err, &log)
		}
	}()
	for try := 0; ; try++ {
		response, err := http.Get("http://" + address + "/metrics")
		if err == nil {
			body, _ := io.ReadAll(response.Body)
			response.Body.Close()
			if !bytes.Contains(body, []byte(`wire_capture_packets_total{interface="`)) {
				t.Errorf("it captures nothing:\n%s", body)
			}
			return
		}
		if try == 100 {
			t.Fatalf("%v\n%s", err, &log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// setting is the value of a line of the unit.
func setting(t *testing.T, unit, name string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindStringSubmatch(unit)
	if m == nil {
		t.Fatalf("the unit has no %s", name)
	}
	return m[1]
}

// TestUnit holds the unit to an exposure of 2.0 by systemd's own measure.
func TestUnit(t *testing.T) {
	needPackages(t)
	out := output(t, exec.Command("systemd-analyze", "security", "--offline=true", "systemd/wire_exporter.service"))
	m := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatal(out)
	}
	if level, err := strconv.ParseFloat(m[1], 64); err != nil || level > 2 {
		t.Errorf("exposure %s\n%s", m[1], out)
	}
}
