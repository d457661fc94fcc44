package packaging

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// block is a fenced block of a document.
type block struct {
	document string
	line     int
	language string
	text     string
}

// In a page that newcomers read first the mark stands in front of the block, where it is not shown.
var fenced = regexp.MustCompile("(?ms)^(?:<!-- (untested[^\n]*) -->\n)?```([a-z]*)[^\n]*\n(.*?)^```$")

// blocks are those of a document.
func blocks(t *testing.T, document string) (all []block) {
	t.Helper()
	text, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range fenced.FindAllSubmatchIndex(text, -1) {
		b := block{document, 1 + strings.Count(string(text[:at[0]]), "\n"), string(text[at[4]:at[5]]), string(text[at[6]:at[7]])}
		if at[2] >= 0 {
			b.text = "# " + string(text[at[2]:at[3]]) + "\n" + b.text
		}
		all = append(all, b)
	}
	return all
}

// untested says that a block is not run or loaded, and that it says why.
func (b block) untested(t *testing.T) bool {
	t.Helper()
	first, _, _ := strings.Cut(b.text, "\n")
	reason, untested := strings.CutPrefix(first, "# untested")
	if untested && len(reason) < len(": it is so") {
		t.Errorf("%s:%d: an untested block without a reason: %s", b.document, b.line, first)
	}
	return untested
}

// Documents whose commands are run, each in a sandbox of its own, in the order in which they stand.
var runnable = []string{"../docs/installing.md", "../docs/mirroring.md", "../docs/operating.md", "../docs/configuration.md", "../docs/troubleshooting.md"}

// documents are all that hold commands or configuration for those who run the program.
func documents(t *testing.T) []string {
	t.Helper()
	all := []string{"../README.md", "../CONTRIBUTING.md", "../rules/README.md", "../dashboards/README.md", "../thanos/README.md", "README.md"}
	for _, pattern := range []string{"../docs/*.md", "*/README.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatal(pattern, err)
		}
		all = append(all, found...)
	}
	return all
}

var (
	indented = regexp.MustCompile(`(?m)^(?: {4}|\t)\S`)
	inline   = regexp.MustCompile("`((?:wire_exporter|tcpdump|ethtool|setcap|systemctl|kubectl|promtool|amtool|ip|tc|dpkg|rpm|dnf|timeout|docker) [^`]+)`")
	// Inline, a command may be part of a sentence instead of one to be typed: a name, or one with a word like FILE.
	nameOnly = regexp.MustCompile(`^\S+ [a-z-]+( [a-z-]+)?$|\b[A-Z]{3,}\b`)
)

// TestDocumentBlocks: commands and configuration stand in fenced blocks that say what they are; a block of commands is one that TestDocuments
// runs, or says why it is not run.
func TestDocumentBlocks(t *testing.T) {
	var commands strings.Builder // of all documents
	for _, document := range documents(t) {
		for _, b := range blocks(t, document) {
			commands.WriteString(b.text)
		}
	}
	for _, document := range documents(t) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range blocks(t, document) {
			switch b.language {
			case "sh":
				if !b.untested(t) && !slices.Contains(runnable, document) {
					t.Errorf("%s:%d: nobody runs these commands, and nothing says why not", document, b.line)
				}
			case "yaml", "filter", "text", "go":
				b.untested(t)
			default:
				t.Errorf("%s:%d: a block of which nobody knows what it is: write the language behind its fence", document, b.line)
			}
		}
		prose := fenced.ReplaceAllStringFunc(string(text), func(s string) string { return strings.Repeat("\n", strings.Count(s, "\n")) })
		if at := indented.FindStringIndex(prose); at != nil {
			t.Errorf("%s:%d: a block without a fence", document, 1+strings.Count(prose[:at[0]], "\n"))
		}
		for _, m := range inline.FindAllStringSubmatch(prose, -1) {
			if command := m[1]; !nameOnly.MatchString(command) && !strings.Contains(commands.String(), command) {
				t.Errorf("%s: `%s` is in no block of commands", document, command)
			}
		}
	}
}

// script is what a document's blocks of commands and of filters come to.
func script(t *testing.T, document string) string {
	t.Helper()
	var all strings.Builder
	for _, b := range blocks(t, document) {
		switch {
		case b.untested(t):
		case b.language == "sh":
			all.WriteString(b.text)
		case b.language == "filter":
			for line := range strings.Lines(b.text) {
				filter, _, _ := strings.Cut(line, "#")
				all.WriteString("wire_exporter replay --capture.filter='" + strings.TrimSpace(filter) + "' sample.pcap\n")
			}
		}
	}
	return all.String()
}

// kubectl prints what a cluster would say.
const kubectl = `cat >/usr/local/bin/kubectl <<'END'
#!/bin/sh
[ "$1 $3 $4 $5" = "get --all-namespaces -o json" ] || exit 1
exec cat /srv/$2.json
END
chmod +x /usr/local/bin/kubectl
`

// TestDocuments runs the commands of documents as they stand there, in a sandbox with a network of its own that has an eth0.
func TestDocuments(t *testing.T) {
	needPackages(t)
	packages := packaged(t, "v0.0.1")
	for _, document := range runnable {
		t.Run(filepath.Base(document), func(t *testing.T) {
			s := newSandbox(t)
			s.put(packages["wire-exporter.deb"], "kubernetes/testdata/endpointslices.json", "kubernetes/testdata/pods.json", "../exporter/testdata/shop.pcap.gz")
			commands := script(t, document)
			if len(commands) < 50 {
				t.Fatalf("%s has no commands", document)
			}
			before := ""
			if document != "../docs/installing.md" {
				before = "dpkg -i /srv/wire-exporter_*_amd64.deb\n"
			}
			output(t, s.isolated("ip link set lo up; ip link add eth0 type veth peer name other; ip link set eth0 up; ip link set other up; cd /srv; zcat shop.pcap.gz >sample.pcap\n"+
				kubectl+before+"set -x\n"+commands))
			if document == "../docs/configuration.md" {
				s.namesOf(t)
			}
		})
	}
}

// namesOf loads the files of services that the documented commands have made of what the cluster says.
func (s *sandbox) namesOf(t *testing.T) {
	t.Helper()
	for file, want := range map[string]string{
		"services.json": `data/postgres ["10.42.1.30"] [5432]` + "\n" + `web/shop ["10.42.0.11","10.42.1.12","2001:db8:42::11"] [8080]`,
		"pods.json":     `data/postgres-0 ["10.42.1.30"] [5432]` + "\n" + `web/shop-7c9d5b8f6d-m2x4k ["10.42.0.11","2001:db8:42::11"] [8080]`,
	} {
		s.run("cd /srv; echo 'service_files: [" + file + "]' >names.yml; wire_exporter check-config names.yml")
		got := s.run(`cd /srv; jq -r 'sort_by(.name)[] | "\(.name) \(.addresses) \(.ports)"' ` + file)
		if strings.TrimSpace(got) != want {
			t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
		}
	}
}
