package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document parses the file; a node without a yaml.Node stands for an empty one or one that is no YAML.
func (r *report) document(text []byte) node {
	var doc, second yaml.Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&doc); err != nil {
		if !errors.Is(err, io.EOF) {
			r.syntax(text, err)
		}
		return node{}
	}
	switch err := d.Decode(&second); {
	case err == nil:
		r.mistake(second.Line, "a second document begins here (---); write everything into one")
		return node{}
	case !errors.Is(err, io.EOF):
		r.syntax(text, err)
		return node{}
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return node{}
	}
	return node{r: r, y: doc.Content[0]}
}

var yamlLine = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// splitLine takes the line number out of an error of the YAML library; 0: there is none.
func splitLine(text string) (int, string) {
	m := yamlLine.FindStringSubmatch(strings.ReplaceAll(text, "\n", " "))
	line, _ := strconv.Atoi(m[1])
	return line, m[2]
}
