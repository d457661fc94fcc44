package config

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

const (
	documentation = "../../../docs/configuration.md"
	packaged      = "../../../packaging/etc/wire_exporter.yml"
	demo          = "../../../packaging/demo/wire_exporter.yml"
	kubernetes    = "../../../packaging/kubernetes/wire_exporter.yml"
)

var fence = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// TestDocumentation loads every example of the documentation; all together they use every key.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	examples := fence.FindAllSubmatchIndex(text, -1)
	if len(examples) < 9 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, at := range examples {
		line := 1 + strings.Count(string(text[:at[2]]), "\n")
		t.Run(fmt.Sprintf("line %d", line), func(t *testing.T) {
			l := testLoader()
			l.glob = func(string) []string { return nil } // nobody has written files of services
			c, err := l.parse("example", text[at[2]:at[3]])
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range c.Warnings {
				if !strings.Contains(w, "users.key_file: not given") {
					t.Error(w)
				}
			}
		})
	}
}

// TestShippedFiles loads the packaged configuration, as it is and with its examples switched on, and the demo's.
func TestShippedFiles(t *testing.T) {
	text, err := os.ReadFile(packaged)
	if err != nil {
		t.Fatal(err)
	}
	c, err := testLoader().parse(packaged, text)
	if err != nil {
		t.Fatal(err)
	}
	if c.Label.Measure.All || len(c.Label.Measure.Local) == 0 || len(c.Label.Services) > 0 || len(c.Warnings) != 1 {
		t.Errorf("the packaged configuration is to measure this host's services under their address: %+v, %q", c.Label, c.Warnings)
	}
	on := regexp.MustCompile(`(?m)^#( *([a-z0-9_]+:|- |# ).*)$`).ReplaceAllString(string(text), "$1")
	if c, err = testLoader().parse(packaged, []byte(on)); err != nil {
		t.Fatal(err)
	}
	if len(c.Label.Services) != 2 || len(c.Label.Clients) != 1 || len(c.Label.Ignore.Paths) != 2 || len(c.Warnings) != 0 {
		t.Errorf("the examples in the packaged configuration: %+v, %q", c.Label, c.Warnings)
	}
	if text, err = os.ReadFile(kubernetes); err != nil {
		t.Fatal(err)
	}
	l := testLoader()
	l.glob = func(string) []string { return nil } // no cluster has written names
	if c, err = l.parse(kubernetes, text); err != nil {
		t.Fatal(err)
	}
	if c.Label.Measure.All || len(c.Label.Measure.Local) == 0 {
		t.Errorf("the sensor of a node is to measure what is on the node: %+v", c.Label.Measure)
	}
	text, err = os.ReadFile(demo)
	if err != nil {
		t.Skip("there is no demo")
	}
	if _, err := testLoader().parse(demo, text); err != nil {
		t.Error(err)
	}
}
