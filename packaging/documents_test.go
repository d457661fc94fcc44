package packaging

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var shell = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// commands are the blocks of shell commands in a document, without those that say that they are not tested, and why.
func commands(t *testing.T, document string) string {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range shell.FindAllSubmatch(text, -1) {
		first, _, _ := strings.Cut(string(block[1]), "\n")
		if reason, untested := strings.CutPrefix(first, "# untested"); !untested {
			script.Write(block[1])
		} else if len(reason) < len(": it is so") {
			t.Errorf("%s: an untested block without a reason: %s", document, first)
		}
	}
	return script.String()
}

// TestDocuments runs the commands of documents as they stand there, in a sandbox with a network of its own that has an eth0.
func TestDocuments(t *testing.T) {
	needPackages(t)
	packages := packaged(t, first)
	for _, document := range []string{"../docs/installing.md", "../docs/mirroring.md"} {
		s := newSandbox(t)
		s.put(packages["wire-exporter.deb"])
		script := commands(t, document)
		if len(script) < 50 {
			t.Fatalf("%s has no commands", document)
		}
		output(t, s.isolated("ip link set lo up; ip link add eth0 type veth peer name other; ip link set eth0 up; cd /srv\nset -x\n"+script))
	}
}
