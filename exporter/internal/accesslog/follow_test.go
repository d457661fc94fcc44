package accesslog

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"wire_exporter/decoders"
)

// recorder is a Sink that keeps the paths of the transactions.
type recorder struct{ paths []string }

func (r *recorder) Begin()                      {}
func (r *recorder) End()                        {}
func (r *recorder) Transaction(t *decoders.Txn) { r.paths = append(r.paths, string(t.Resource)) }

// take returns what has come since the last take.
func (r *recorder) take() string {
	s := strings.Join(r.paths, " ")
	r.paths = nil
	return s
}

// log is an access log that a test writes.
type log struct {
	t   *testing.T
	dir string
	in  *Input
	got recorder
}

func newLog(t *testing.T, p *Positions, fromStart bool) *log {
	l := &log{t: t, dir: t.TempDir()}
	l.restart(p, fromStart)
	return l
}

// restart is a new process that follows the same files.
func (l *log) restart(p *Positions, fromStart bool) {
	format, err := Preset("common")
	if err != nil {
		l.t.Fatal(err)
	}
	l.in = New(Config{Path: filepath.Join(l.dir, "access*"), Format: format, FromStart: fromStart}, nil, p, &l.got, slog.New(slog.DiscardHandler))
}

func line(path string) string {
	return fmt.Sprintf("192.0.2.1 - - [10/Oct/2026:13:55:36 +0000] \"GET /%s HTTP/1.1\" 200 1\n", path)
}

func (l *log) write(name, text string) {
	l.t.Helper()
	f, err := os.OpenFile(filepath.Join(l.dir, name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
		f.Close()
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

func (l *log) rename(from, to string) {
	l.t.Helper()
	if err := os.Rename(filepath.Join(l.dir, from), filepath.Join(l.dir, to)); err != nil {
		l.t.Fatal(err)
	}
}

// expect looks until nothing is found any more, long enough to leave an old file.
func (l *log) expect(what, want string) {
	l.t.Helper()
	for silent := 0; silent <= linger; silent++ {
		if l.in.look() {
			silent = 0
		}
	}
	if got := l.got.take(); got != want {
		l.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func TestFollow(t *testing.T) {
	l := newLog(t, new(Positions).empty(), false)
	l.write("access.log", line("before"))
	l.in.search()
	l.expect("what was there does not count", "")
	l.write("access.log", line("a")+line("b"))
	l.expect("added", "/a /b")
	half := line("c")
	l.write("access.log", half[:20])
	l.expect("half a line", "")
	l.write("access.log", half[20:]+line("d"))
	l.expect("its other half", "/c /d")

	l.rename("access.log", "access.log.1")
	l.write("access.log.1", line("e"))
	l.expect("the old file, before the new one is there", "/e")
	l.write("access.log", line("f"))
	l.write("access.log.1", line("g"))
	l.expect("both", "/g /f")
	l.in.search()
	l.expect("the old file matches the pattern, and was read", "")

	if err := os.Truncate(filepath.Join(l.dir, "access.log"), 0); err != nil {
		t.Fatal(err)
	}
	l.expect("truncated", "")
	l.write("access.log", line("h"))
	l.expect("after that", "/h")

	l.write("access-other.log", line("i"))
	l.in.search()
	l.expect("a new file is read from its start", "/i")
	os.Remove(filepath.Join(l.dir, "access-other.log"))
	l.in.search()
	if len(l.in.files) != 2 {
		t.Errorf("%d files are followed, want access.log and access.log.1", len(l.in.files))
	}
	if s := l.in.Stats(); s.Lines != 9 || s.Malformed != [len(Reasons)]uint64{} {
		t.Errorf("%+v", s)
	}
}

// empty are Positions in memory only.
func (p *Positions) empty() *Positions {
	p.all = map[string]position{}
	return p
}

func TestMalformedLines(t *testing.T) {
	l := newLog(t, new(Positions).empty(), true)
	l.write("access.log", "nonsense\n"+line("a")+strings.Repeat("x", 3*chunk)+"\n"+line("b")+strings.Repeat("y", maxLine+1)+"\n\n"+line("c")+"cut sho")
	l.in.search()
	l.expect("lines between nonsense", "/a /b /c")
	l.rename("access.log", "old")
	l.write("access.log", line("d"))
	l.expect("the next file", "/d")
	want := Stats{Lines: 8, Newest: l.in.Stats().Newest, Bytes: l.in.Stats().Bytes}
	for i, r := range Reasons {
		want.Malformed[i] = map[decoders.Malformed]uint64{NoMatch: 1, LineTooBig: 2, CutOff: 1}[r]
	}
	if got := l.in.Stats(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestPositions: nothing is lost or counted twice over a restart, even if the file was renamed meanwhile.
func TestPositions(t *testing.T) {
	file := filepath.Join(t.TempDir(), "positions.json")
	load := func() *Positions {
		p, err := LoadPositions(file)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := load()
	l := newLog(t, p, false)
	l.write("access.log", line("a"))
	l.in.search()
	l.write("access.log", line("b")+line("c")[:10])
	l.expect("before the restart", "/b")
	l.in.remember()
	if err := p.Save(); err != nil {
		t.Fatal(err)
	}

	l.write("access.log", line("c")[10:])
	p = load()
	l.restart(p, false)
	l.in.search()
	l.expect("after the restart", "/c")
	l.in.remember()
	if err := p.Save(); err != nil {
		t.Fatal(err)
	}

	l.write("access.log", line("d"))
	l.rename("access.log", "access.log.1")
	l.write("access.log", line("e"))
	l.restart(load(), false)
	l.in.search()
	l.expect("after a restart and a rotation", "/d /e")

	if err := os.WriteFile(file, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadPositions(file); err == nil || !strings.Contains(err.Error(), "delete it") {
		t.Errorf("nonsense: %v", err)
	}
}

// TestW3CHead: where a file is picked up in its middle, its beginning says what the fields are.
func TestW3CHead(t *testing.T) {
	l := newLog(t, new(Positions).empty(), false)
	format, err := Preset("w3c")
	if err != nil {
		t.Fatal(err)
	}
	l.in.cfg.Format = format
	l.write("access.log", "#Version: 1.0\n#Fields: date time cs-method cs-uri-stem sc-status\n2026-10-10 13:55:36 GET /a 200\n")
	l.in.search()
	l.write("access.log", "2026-10-10 13:55:36 GET /b 200\n")
	l.expect("added", "/b")
}

func TestUnreadable(t *testing.T) {
	l := newLog(t, new(Positions).empty(), true)
	if err := os.Mkdir(filepath.Join(l.dir, "access.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	l.in.search()
	l.expect("a folder", "")
	if err := os.Remove(filepath.Join(l.dir, "access.log")); err != nil {
		t.Fatal(err)
	}
	l.write("access.log", line("a"))
	l.in.search()
	l.expect("a file", "/a")
}
