package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

var (
	toBoard    = regexp.MustCompile(`https://wire\.example\.com/d/([\w-]+)(\S*)`)
	toVariable = regexp.MustCompile(`[?&]var-(\w+)=`)
)

// TestAlertsLinkHere: the dashboards that alerts link to exist, and have the variables that the links set. Grafana says nothing when one does not.
func TestAlertsLinkHere(t *testing.T) {
	variables := map[string][]string{}
	for _, b := range Boards() {
		variables[b.UID] = []string{}
		for _, v := range b.Variables {
			variables[b.UID] = append(variables[b.UID], v.Name)
		}
	}
	n := 0
	files, err := filepath.Glob("../rules/alerts/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range toBoard.FindAllStringSubmatch(string(text), -1) {
			n++
			have := variables[link[1]]
			if have == nil {
				t.Errorf("%s links to a dashboard %s, which there is not", file, link[1])
			}
			for _, v := range toVariable.FindAllStringSubmatch(link[2], -1) {
				if !slices.Contains(have, v[1]) {
					t.Errorf("%s sets the variable %s of %s, which has %v", file, v[1], link[1], have)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d links were found", n)
	}
}
