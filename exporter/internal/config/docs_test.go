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
			c, err := testLoader().parse("example", text[at[2]:at[3]])
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

// TestDocumentedKeys: each key of the file stands in a table of the documentation.
func TestDocumentedKeys(t *testing.T) {
	text, err := os.ReadFile(documentation)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range knownKeys(t) {
		if !strings.Contains(string(text), "`"+key+"`") && !strings.Contains(string(text), "\n## "+key+"\n") {
			t.Errorf("the key %q is not described in %s", key, documentation)
		}
	}
	for _, cookie := range DefaultCookies() {
		if !strings.Contains(string(text), "`"+cookie+"`") {
			t.Errorf("the cookie %q is not listed in %s", cookie, documentation)
		}
	}
}

// knownKeys asks for a key that does not exist at every level, and takes the known ones from the answers.
func knownKeys(t *testing.T) (keys []string) {
	const unknown = "x.x.x.x.x.x.x.x.x.x.x.x"
	_, err := testLoader().parse("f", []byte(strings.ReplaceAll(`
X: 1
measure: {X: 1}
services: [{X: 1, logins: [{X: 1}]}]
clients: [{X: 1}]
users: {X: 1}
ignore: {X: 1}
limits: {X: 1}
flow: {X: 1}
calendar: {X: 1, holidays: [{X: 1}], days: [{X: 1}], maintenance: [{X: 1}]}
`, "X", unknown)))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for line := range strings.Lines(err.Error()) {
		if _, known, ok := strings.Cut(line, "write one of "); ok {
			keys = append(keys, strings.Split(strings.TrimSpace(known), ", ")...)
		}
	}
	if len(keys) < 45 {
		t.Fatalf("only %d keys: %q", len(keys), keys)
	}
	return keys
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
	text, err = os.ReadFile(demo)
	if err != nil {
		t.Skip("there is no demo")
	}
	if _, err := testLoader().parse(demo, text); err != nil {
		t.Error(err)
	}
}
