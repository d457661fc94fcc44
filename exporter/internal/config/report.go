package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Mistake is one thing that is wrong with a configuration file.
type Mistake struct {
	File string
	Line int    // from 1; 0: not tied to a line
	Text string // the path of the key, what is wrong, and what to write instead
}

func (m Mistake) String() string {
	if m.Line == 0 {
		return strings.TrimPrefix(m.File+": "+m.Text, ": ")
	}
	return fmt.Sprintf("%s:%d: %s", m.File, m.Line, m.Text)
}

// Mistakes is everything that is wrong with a configuration file, by line. It is never empty.
type Mistakes []Mistake

// Error lists the mistakes, one a line.
func (ms Mistakes) Error() string {
	texts := make([]string, len(ms))
	for i, m := range ms {
		texts[i] = m.String()
	}
	return strings.Join(texts, "\n")
}

const (
	maxMistakes = 100     // so many are listed; a file with more is of another kind
	maxNodes    = 1 << 20 // values that are looked at, those behind aliases each time
	maxQuoted   = 60      // bytes of the file that are repeated in a message
)

// report collects what is found about one file.
type report struct {
	file     string
	into     *report // of a file that another one names: where its mistakes go; nil: here
	mistakes Mistakes
	warnings Mistakes
	nodes    int  // values that were looked at
	stopped  bool // the rest is not read: there are too many values or mistakes
}

// named is the report about a file that r's file names.
func (r *report) named(file string) *report { return &report{file: file, into: r} }

// all is where mistakes are collected.
func (r *report) all() *report {
	if r.into != nil {
		return r.into
	}
	return r
}

func (r *report) mistake(line int, text string) {
	if !r.full() {
		all := r.all()
		all.mistakes = append(all.mistakes, Mistake{r.file, line, text})
	}
}

// full says that reading on is pointless.
func (r *report) full() bool { return r.stopped || len(r.all().mistakes) >= maxMistakes }

func (r *report) warning(line int, text string) {
	if all := r.all(); len(all.warnings) < maxMistakes {
		all.warnings = append(all.warnings, Mistake{r.file, line, text})
	}
}

// err is the Mistakes by file and line, or nil.
func (r *report) err() error {
	if len(r.mistakes) == 0 {
		return nil
	}
	sortByLine(r.mistakes)
	if len(r.mistakes) >= maxMistakes {
		return append(r.mistakes, Mistake{r.file, 0, "that is enough; there may be more mistakes"})
	}
	return r.mistakes
}

func (r *report) warningTexts() []string {
	sortByLine(r.warnings)
	texts := make([]string, len(r.warnings))
	for i, w := range r.warnings {
		texts[i] = w.String()
	}
	return texts
}

func sortByLine(ms Mistakes) {
	slices.SortStableFunc(ms, func(a, b Mistake) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
}
