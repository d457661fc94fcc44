package sql

import (
	"os"
	"strconv"
	"strings"
	"testing"
)

// witness is a statement with the number of the group that a server's own statistics put it in, or 0 where the server did not record
// it, and the reason, one of those listed in README.md, where this package groups it otherwise.
type witness struct {
	group  int
	reason string
	text   string
	id     uint64
}

// TestWitnesses compares fingerprints with the groups that real servers make of the same statements, recorded in testdata: two statements
// are of one group here when, and only when, they are there, or one of them has a reason.
func TestWitnesses(t *testing.T) {
	for file, d := range map[string]Dialect{"postgresql-15.txt": PostgreSQL, "mariadb-10.11.txt": MySQL} {
		t.Run(file, func(t *testing.T) {
			all := witnesses(t, file, d)
			needed := make([]bool, len(all))
			for i, a := range all {
				for j, b := range all[:i] {
					if a.group == 0 || b.group == 0 || (a.group == b.group) == (a.id == b.id) {
						continue
					}
					needed[i], needed[j] = true, true
					if a.reason == "" && b.reason == "" {
						t.Errorf("the server's groups are %d and %d, ours %x and %x:\n%s\n%s", a.group, b.group, a.id, b.id, a.text, b.text)
					}
				}
			}
			for i, w := range all {
				if w.reason != "" && !needed[i] {
					t.Errorf("needs no reason: %s", w.text)
				}
			}
		})
	}
}

// witnesses reads a file with a line a statement: group, reason, text, with tabs between; ⏎ in the text is a line feed.
func witnesses(t *testing.T, file string, d Dialect) (all []witness) {
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	book, quoting := NewBook(d, nil), Plain
	if d == MySQL {
		quoting = Escapes
	}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.SplitN(line, "\t", 3)
		w := witness{reason: f[1], text: strings.ReplaceAll(f[2], "⏎", "\n")}
		if w.group, err = strconv.Atoi(f[0]); err != nil {
			t.Fatal(line)
		}
		s, n := book.NextQuoted([]byte(w.text), false, quoting)
		if s == nil || n != len(w.text) {
			t.Fatalf("%d of %d bytes: %s", n, len(w.text), w.text)
		}
		w.id = s.ID
		t.Logf("%d %x %s %s %s", w.group, w.id, s.Operation, s.Resource, s.Text)
		all = append(all, w)
	}
	return all
}
