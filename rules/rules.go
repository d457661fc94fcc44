// Package rules is the shipped rule files, as they are. It holds no other code; its tests read the rules with the parser of the
// older of the two supported Prometheus versions, and promtool says whether they do what they say (tests/).
package rules

import (
	"embed"
	"io/fs"
	"strings"
)

// Files are recording/*.yml and alerts/*.yml.
//
//go:embed recording/*.yml alerts/*.yml
var Files embed.FS

// Names are the paths of all rule files in Files, in the order in which they are to be loaded.
func Names() (names []string) {
	for _, dir := range []string{"recording", "alerts"} {
		files, err := fs.Glob(Files, dir+"/*.yml")
		if err != nil {
			panic("BUG: " + err.Error())
		}
		names = append(names, files...)
	}
	return names
}

// Text is the content of one of Names.
func Text(name string) []byte {
	text, err := Files.ReadFile(strings.TrimPrefix(name, "rules/"))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return text
}
