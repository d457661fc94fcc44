package config

import (
	"crypto/sha256"
	"path/filepath"
	"slices"
)

const (
	maxServiceFiles = 1000 // over all patterns
	maxPatterns     = 100
)

// serviceFile is a file with services that another program writes, as it was read.
type serviceFile struct {
	name string
	sum  [sha256.Size]byte
}

// serviceFiles reads services from the files of patterns: what another program knows of a cluster.
func (p *parser) serviceFiles(n node) {
	n.items(maxPatterns, "[services/*.yml]", func(item node) {
		pattern, ok := item.text("services/*.yml")
		if !ok {
			return
		}
		if _, err := filepath.Match(pattern, ""); err != nil || pattern == "" {
			item.wrong("%s is no pattern of file names; write it like services/*.yml", quote(pattern))
			return
		}
		pattern = p.beside(pattern)
		p.cfg.patterns = append(p.cfg.patterns, pattern)
		for _, name := range p.glob(pattern) {
			p.serviceFile(item, name)
		}
	})
}

// beside is where a relative name is looked for: beside the configuration file.
func (p *parser) beside(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(p.report.file), name)
}

// matchingFiles are the files of a pattern, in order. The pattern was checked.
func matchingFiles(pattern string) []string {
	names, _ := filepath.Glob(pattern)
	slices.Sort(names)
	return names
}

func (p *parser) serviceFile(item node, name string) {
	text, err := p.read(name)
	if err != nil {
		item.wrong("%s", err)
		return
	}
	if len(p.cfg.files) == maxServiceFiles {
		item.wrong("more than %d files; join some", maxServiceFiles)
		return
	}
	p.cfg.files = append(p.cfg.files, serviceFile{name, sha256.Sum256(text)})
	if root := p.report.named(name).document(text); root.y != nil {
		p.services(root)
	}
}

// FilesChanged says that the files of services are other than those that were read: a reload would find something new.
func (c *Config) FilesChanged() bool {
	var now []serviceFile
	for _, pattern := range c.patterns {
		for _, name := range c.glob(pattern) {
			text, err := c.read(name)
			if err != nil || len(now) == maxServiceFiles {
				return true // the reload says what is wrong
			}
			now = append(now, serviceFile{name, sha256.Sum256(text)})
		}
	}
	return !slices.Equal(now, c.files)
}
