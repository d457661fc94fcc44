package packaging

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestImage puts together what the last stage of the Dockerfile says, without a container runtime: the files it copies in an otherwise empty root that
// nobody can write to, its user, its entry point and its command, with the capability of the file and no other right in reach. What the
// first stage builds is taken from the package: the same program.
func TestImage(t *testing.T) {
	needPackages(t)
	text, err := os.ReadFile("container/Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	_, stage, found := strings.Cut(string(text), "\nFROM scratch\n")
	if !found || !strings.Contains(string(text), "setcap cap_net_raw+ep bin/wire_exporter\n") {
		t.Fatal("the image is not what this test knows")
	}
	root, program := t.TempDir(), unpacked(t, packaged(t, first)["wire-exporter.deb"])+"/usr/bin/wire_exporter"
	for _, m := range regexp.MustCompile(`(?m)^COPY --from=build (.*) (\S+)$`).FindAllStringSubmatch(stage, -1) {
		for _, from := range strings.Fields(m[1]) {
			to := root + m[2]
			if strings.HasSuffix(to, "/") {
				to += filepath.Base(from)
			}
			if from = strings.Replace(from, "/src/", "../", 1); from == "../bin/wire_exporter" {
				from = program
			}
			output(t, exec.Command("install", "-D", "--mode=755", from, to))
		}
	}
	output(t, exec.Command("setcap", "cap_net_raw+ep", root+"/wire_exporter"))
	output(t, exec.Command("chmod", "755", root))

	line := "" // to run
	for _, instruction := range []string{"ENTRYPOINT", "CMD"} {
		var words []string
		m := regexp.MustCompile(`(?m)^` + instruction + ` (\[.*\])$`).FindStringSubmatch(stage)
		if m == nil || json.Unmarshal([]byte(m[1]), &words) != nil {
			t.Fatal("no ", instruction)
		}
		line += " " + strings.Join(words, " ")
	}
	user := regexp.MustCompile(`(?m)^USER (\d+:\d+)$`).FindStringSubmatch(stage)
	if user == nil {
		t.Fatal("the image runs as root")
	}
	out := output(t, exec.Command("unshare", "--net", "--mount", "bash", "-euo", "pipefail", "-c", `
ip link set lo up
mount --bind `+root+` `+root+`
mount -o remount,ro,bind `+root+`
setpriv --bounding-set=-all,+net_raw,+sys_chroot,+setuid,+setgid chroot --userspec=`+user[1]+` --groups= `+root+line+` &
trap 'kill $!' EXIT
for try in $(seq 100); do
	curl --silent --fail http://127.0.0.1:10177/-/ready && break
	sleep 0.1
done
grep -E '^(Uid|CapEff):' /proc/$!/status
curl --silent http://127.0.0.1:10177/metrics | grep '^wire_capture_packets_total'`))
	for _, want := range []string{"CapEff:\t0000000000002000\n", "Uid:\t65534\t", `wire_capture_packets_total{interface="any"}`} {
		if !strings.Contains(out, want) {
			t.Errorf("not %q in\n%s", want, out)
		}
	}
}
