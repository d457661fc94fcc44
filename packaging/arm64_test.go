package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestARM64: the packages for arm64 hold programs that run there, by an emulated processor: the exporter says of a capture exactly what the one for
// amd64 says. What takes the kernel's packet sockets is not emulated.
func TestARM64(t *testing.T) {
	needPackages(t)
	qemu, err := exec.LookPath("qemu-aarch64-static")
	if err != nil {
		t.Skip("apt-get install qemu-user-static: without it nothing for arm64 runs here")
	}
	dir := t.TempDir()
	c := exec.Command("./build.sh", dir, "arm64")
	c.Env = append(os.Environ(), "VERSION="+first, "VIEWER=none")
	output(t, c)
	native := unpacked(t, packaged(t, first)["wire-exporter.deb"])
	debs, err := filepath.Glob(dir + "/*_arm64.deb")
	if err != nil || len(debs) != 2 { // the rules are for all
		t.Fatalf("%q, %v", debs, err)
	}
	root := ""
	for _, deb := range debs {
		files := unpacked(t, deb)
		if strings.Contains(deb, "backtest") {
			output(t, exec.Command(qemu, files+"/usr/bin/wire_backtest", "--help"))
		} else {
			root = files
		}
	}
	program := root + "/usr/bin/wire_exporter"
	if out := output(t, exec.Command(qemu, program, "--version")); !strings.Contains(out, "version "+first+" ") || !strings.Contains(out, "linux/arm64") {
		t.Errorf("--version says %s", out)
	}
	output(t, exec.Command(qemu, program, "check-config", root+"/etc/wire_exporter/wire_exporter.yml"))

	others := regexp.MustCompile(`(?m)^wire_(exporter_build_info|exporter_config_last_reload_success_timestamp_seconds|flow_memory_bytes)\b.*\n`)
	replay := []string{"replay", "--metrics", "--config.file=demo/wire_exporter.yml", "../exporter/testdata/shop.pcap.gz"}
	got := others.ReplaceAllString(output(t, exec.Command(qemu, append([]string{program}, replay...)...)), "")
	want := others.ReplaceAllString(output(t, exec.Command(native+"/usr/bin/wire_exporter", replay...)), "")
	if got != want || !strings.Contains(want, "\nwire_requests_total{") {
		t.Errorf("arm64 says\n%s\namd64 says\n%s", got, want)
	}
}

// unpacked is a folder with the files of a package.
func unpacked(t *testing.T, deb string) string {
	t.Helper()
	dir := t.TempDir()
	output(t, exec.Command("dpkg-deb", "-x", deb, dir))
	return dir
}
