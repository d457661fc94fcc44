package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// module is one that is linked into the exporter.
type module struct {
	Path, Version, Dir string
}

// linked are the modules whose packages are linked into the exporter and the backtest for Linux, by path.
func linked(root string) ([]module, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Module", "./exporter", "./rules/backtest")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", cmd, err, &complaint)
	}
	var all []module
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && p.Module.Version != "" && !slices.Contains(all, *p.Module) {
			all = append(all, *p.Module)
		}
	}
	slices.SortFunc(all, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return all, nil
}

// known are the licences that may be linked, by words that only their texts have.
var known = []struct {
	name string
	text *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`Apache License\s+Version 2\.0`)},
	{"MPL-2.0", regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`)},
	{"BSD-3-Clause", regexp.MustCompile(`(?s)Redistribution and use in source and binary forms.*[Nn]either the name`)},
	{"BSD-2-Clause", regexp.MustCompile(`Redistribution and use in source and binary forms`)},
	{"ISC", regexp.MustCompile(`Permission to use, copy, modify, and(/or)? distribute this software for any\s+purpose`)},
	{"MIT", regexp.MustCompile(`Permission is hereby granted, free of charge, to any person obtaining`)},
}

var (
	licenceFile = regexp.MustCompile(`(?i)^(licen[cs]e|copying)([.-].*)?$`)
	noticeFile  = regexp.MustCompile(`(?i)^notice([.-].*)?$`)
)

// licence is the name and the text of a module's licence, and what its NOTICE says.
func (m module) licence() (name, text, notice string, err error) {
	files, err := os.ReadDir(m.Dir)
	if err != nil {
		return "", "", "", err
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(m.Dir, f.Name()))
		switch {
		case err != nil:
		case licenceFile.MatchString(f.Name()) && text == "":
			text = string(content)
		case noticeFile.MatchString(f.Name()):
			notice = strings.TrimSpace(string(content))
		}
	}
	for _, k := range known {
		if k.text.MatchString(text) {
			return k.name, strings.TrimSpace(strings.ReplaceAll(text, "\r", "")), notice, nil
		}
	}
	return "", "", "", fmt.Errorf("%s %s has no licence that is known here; look at %s", m.Path, m.Version, m.Dir)
}

// notice makes the texts of NOTICE and LICENSES.txt.
func notice(root string) (short, long []byte, err error) {
	modules, err := linked(root)
	if err != nil {
		return nil, nil, err
	}
	var s, l bytes.Buffer
	fmt.Fprint(&s, "wire_exporter\nCopyright The wire_exporter Authors\n\nLicensed under the Apache License, Version 2.0; see LICENSE.\n\n"+
		"The programs contain these modules, whose licences are in LICENSES.txt (written by go run ./packaging/supply notice):\n\n")
	texts := map[string][]string{} // who has which text
	var order, notices []string
	var missing error
	for _, m := range modules {
		name, text, n, err := m.licence()
		missing = errors.Join(missing, err)
		fmt.Fprintf(&s, "%s %s (%s)\n", m.Path, m.Version, name)
		if texts[text] == nil {
			order = append(order, text)
		}
		texts[text] = append(texts[text], m.Path)
		if n != "" {
			notices = append(notices, m.Path+":\n\n"+n)
		}
	}
	if len(notices) > 0 {
		fmt.Fprintf(&s, "\nWhat their own NOTICE files say:\n\n%s\n", strings.Join(notices, "\n\n"))
	}
	for _, text := range order {
		fmt.Fprintf(&l, "%s\n%s\n\n%s\n\n", strings.Repeat("=", 79), strings.Join(texts[text], "\n"), text)
	}
	return s.Bytes(), l.Bytes(), missing
}

func writeNotice(root string) error {
	short, long, err := notice(root)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(filepath.Join(root, "NOTICE"), short, 0o644),
		os.WriteFile(filepath.Join(root, "LICENSES.txt"), long, 0o644))
}
