package filter

import (
	"os"
	"strings"
	"testing"
)

// TestDocumentation: the examples of the documentation are in the language.
func TestDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n```filter\n")
	section, _, _ = strings.Cut(section, "```")
	examples := 0
	for line := range strings.Lines(section) {
		expression, _, _ := strings.Cut(strings.TrimSpace(line), "#")
		if expression == "" {
			continue
		}
		examples++
		if _, err := Parse(expression); err != nil {
			t.Errorf("%s: %v", expression, err)
		}
	}
	if examples < 7 {
		t.Errorf("%d examples", examples)
	}
}
