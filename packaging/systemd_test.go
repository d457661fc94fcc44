package packaging

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// boot makes of a sandbox a machine on which systemd runs: process 1 in namespaces of its own, with a network of its own. What would reach the
// kernel of this system, or takes long, is masked.
const boot = `#!/bin/bash
mount -t proc proc /proc
umount -l /.old
mount -t sysfs sysfs /sys
mount -t tmpfs tmpfs /dev
mkdir /dev/pts /dev/shm
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
	IFS=: read -r name major minor <<<"$device"
	mknod -m 666 "/dev/$name" c "$major" "$minor"
done
ln -s /proc/self/fd /dev/fd
ln -s pts/ptmx /dev/ptmx
mount -t tmpfs tmpfs /run
mount -t cgroup2 cgroup2 /sys/fs/cgroup
ip link set lo up
ip link add eth0 type veth peer name other
ip link set eth0 up
for unit in sysctl udevd udev-trigger modules-load random-seed update-utmp timesyncd binfmt hwdb-update remount-fs machine-id-commit \
	journal-flush sysusers tmpfiles-setup tmpfiles-setup-dev tmpfiles-clean logind pstore network-generator pcrphase pcrphase-sysinit; do
	ln -sf /dev/null "/etc/systemd/system/systemd-$unit.service"
done
printf '[Unit]\nAllowIsolate=yes\n' >/etc/systemd/system/nothing.target
exec env -i container=other PATH="$PATH" /lib/systemd/systemd --unit=nothing.target --log-target=journal
`

// machine is a sandbox on which systemd runs.
type machine struct {
	t    *testing.T
	init string // the process id of its process 1, as it is seen here
}

func (s *sandbox) boot(t *testing.T) *machine {
	t.Helper()
	if err := os.WriteFile(s.root+"/srv/boot.sh", []byte(boot), 0o755); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--cgroup", "bash", "-c",
		"mount --make-rprivate / && cd "+s.root+" && mkdir -p .old && pivot_root . .old && exec chroot . /srv/boot.sh")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	m := &machine{t: t}
	m.await("process 1", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", c.Process.Pid))
		m.init = strings.TrimSpace(string(children))
		return m.init != ""
	})
	m.await("systemd", func() bool {
		out, _ := m.command("systemctl is-system-running").CombinedOutput()
		return strings.TrimSpace(string(out)) == "running"
	})
	return m
}

// await waits up to a minute.
func (m *machine) await(what string, is func() bool) {
	m.t.Helper()
	for range 600 {
		if is() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	m.t.Fatalf("no %s\n%s", what, m.journal())
}

func (m *machine) command(script string) *exec.Cmd {
	return exec.Command("nsenter", "--target", m.init, "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "bash", "-euo", "pipefail", "-c", script)
}

func (m *machine) run(script string) string {
	m.t.Helper()
	out, err := m.command(script).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v\n%s%s", script, err, out, m.journal())
	}
	return string(out)
}

func (m *machine) journal() string {
	if m.init == "" {
		return ""
	}
	out, _ := m.command("journalctl --no-pager --lines=40").CombinedOutput()
	return string(out)
}

// serving waits until the service is up and captures.
func (m *machine) serving() {
	m.t.Helper()
	m.await("metrics of a sensor that captures", func() bool {
		out, err := m.command("curl --silent --fail http://127.0.0.1:10177/metrics").Output()
		return err == nil && strings.Contains(string(out), `wire_capture_packets_total{interface="any"}`)
	})
}

// TestService: under systemd itself the package starts its unit, which captures with one right and under all that the unit forbids; it is reloaded,
// brought up again when it is killed, upgraded, and stopped when the package goes.
func TestService(t *testing.T) {
	needPackages(t)
	s := newSandbox(t)
	debs := s.put(packaged(t, first)["wire-exporter.deb"], packaged(t, second)["wire-exporter.deb"])
	m := s.boot(t)

	m.run("dpkg -i " + debs[0])
	m.serving()
	status := m.run("cat /proc/$(systemctl show --property=MainPID --value wire_exporter)/status")
	for _, line := range []string{"CapEff:\t0000000000002000", "CapBnd:\t0000000000002000", "NoNewPrivs:\t1", "Seccomp:\t2"} {
		if !strings.Contains(status, line) {
			t.Errorf("the process has not %q:\n%s", line, status)
		}
	}
	if out := m.run("systemctl is-enabled wire_exporter"); strings.TrimSpace(out) != "enabled" {
		t.Errorf("after the next boot: %s", out)
	}

	pid := m.run("systemctl show --property=MainPID wire_exporter")
	m.run("echo 'services: [{name: shop, ports: [8080]}]' >>/etc/wire_exporter/wire_exporter.yml; systemctl reload wire_exporter")
	m.await("word of a reload", func() bool { return strings.Contains(m.journal(), "the configuration was reloaded") })
	if now := m.run("systemctl show --property=MainPID wire_exporter"); now != pid {
		t.Errorf("a reload has made %s of %s", now, pid)
	}
	m.run("systemctl kill --signal=KILL wire_exporter")
	m.await("another process", func() bool {
		now := m.run("systemctl show --property=MainPID wire_exporter")
		return now != pid && now != "MainPID=0\n"
	})
	m.serving()

	m.run("dpkg -i " + debs[1])
	m.serving()
	if out := m.run("curl --silent http://127.0.0.1:10177/metrics"); !strings.Contains(out, `version="`+second+`"`) {
		t.Error("the old version runs after an upgrade")
	}
	m.run("dpkg -P wire-exporter; ! systemctl is-active wire_exporter; ! curl --silent http://127.0.0.1:10177/metrics")
}
