package rules

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinkCommands: what README.md says to do with the addresses in the alerts leaves links that lead somewhere.
func TestLinkCommands(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile(`(?m)^sed -i .*$`).FindAllString(string(readme), -1)
	want := []*regexp.Regexp{
		regexp.MustCompile(`: https://(grafana\.example\.com/d/wire-[a-z]+(\?var-\S.*)?|git\.example\.com/wire_exporter/rules/runbooks/Wire\w+\.md)$`),
		regexp.MustCompile(`: http(://prometheus\.example\.com:9090/user/\?d=wire-[a-z]+&(var-\S.*)?|s://wire\.example\.com/runbooks/Wire\w+)$`),
	}
	if len(commands) != len(want) {
		t.Fatalf("%q", commands)
	}
	for i, command := range commands {
		dir := t.TempDir()
		if err := os.CopyFS(filepath.Join(dir, "rules", "alerts"), os.DirFS("alerts")); err != nil {
			t.Fatal(err)
		}
		run := exec.Command("sh", "-c", command)
		run.Dir = dir
		if out, err := run.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v %s", command, err, out)
		}
		files, err := filepath.Glob(filepath.Join(dir, "rules", "alerts", "*.yml"))
		if err != nil || len(files) == 0 {
			t.Fatal(files, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				if line = strings.TrimRight(line, "\n"); strings.Contains(line, "_url: ") && !want[i].MatchString(line) {
					t.Errorf("%s\n%s", command, line)
				}
			}
		}
	}
}
