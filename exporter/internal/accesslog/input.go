package accesslog

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"time"

	"wire_exporter/decoders"
)

const (
	pause   = 250 * time.Millisecond // between two looks at files to which nothing was added
	search  = 10 * time.Second       // between two searches for files of the pattern
	maxOpen = 1000                   // files of one input
	maxLeft = 10_000                 // files that were left
)

// Input follows the files of one Config.
type Input struct {
	cfg       Config
	sessions  *decoders.Sessions
	positions *Positions
	sink      Sink
	log       *slog.Logger

	files    map[string]*follower
	left     map[inode]int64
	searched bool // at least once: what appears from now on is new, and read from its start
	complain map[string]string
	gone     Stats // of files that are no longer followed
}

// New makes an input. What it finds goes to sink.
func New(c Config, sessions *decoders.Sessions, p *Positions, sink Sink, log *slog.Logger) *Input {
	return &Input{cfg: c, sessions: sessions, positions: p, sink: sink, log: log, files: map[string]*follower{}, left: map[inode]int64{}, complain: map[string]string{}}
}

// Run follows the files until ctx is done. A file that cannot be read is complained about once, and tried again.
func (in *Input) Run(ctx context.Context) {
	next := time.NewTicker(search)
	defer next.Stop()
	in.search()
	for ctx.Err() == nil {
		if in.look() {
			select {
			case <-next.C:
				in.search()
			default:
			}
			continue
		}
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-next.C:
			in.search()
		case <-wait.C:
		}
		wait.Stop()
	}
	in.remember()
	for _, f := range in.files {
		f.close()
	}
}

// look takes a chunk of each file, and says whether there was any.
func (in *Input) look() (more bool) {
	in.sink.Begin()
	defer in.sink.End()
	for path, f := range in.files {
		progress, err := f.look()
		more = more || progress
		if err != nil {
			in.drop(path, err)
		}
	}
	return more
}

// search looks for files of the pattern that are new, and forgets those that are gone.
func (in *Input) search() {
	in.remember()
	if len(in.left) > maxLeft {
		clear(in.left)
	}
	paths, _ := filepath.Glob(in.cfg.Path) // the pattern was checked
	sort.Strings(paths)
	for _, path := range paths[:min(len(paths), maxOpen)] {
		if in.files[path] == nil {
			in.follow(path)
		}
	}
	if len(paths) == 0 {
		in.say(in.cfg.Path, fs.ErrNotExist)
	}
	in.forget()
	in.searched = true
}

// forget stops following files that were deleted, once they were read to their ends.
func (in *Input) forget() {
	in.sink.Begin()
	defer in.sink.End()
	for path, f := range in.files {
		info, err := f.file.Stat()
		if err != nil || !deleted(info) || info.Size() > f.offset {
			continue
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			in.drop(path, nil)
		}
	}
}

// follow begins to follow a file: where it was left, or at its end, or at its start if it is new.
func (in *Input) follow(path string) {
	from, offset, ok := in.place(path)
	if !ok {
		return
	}
	f := &follower{path: path, parser: NewParser(in.cfg, in.sessions), sink: in.sink, left: in.left}
	if err := f.open(from, offset); err != nil {
		in.say(path, err)
		return
	}
	delete(in.complain, path)
	in.sink.Begin()
	in.files[path] = f
	in.sink.End()
}

// place is which file to open for path, and where to begin in it (negative: at its end). false: it is being read already, under the
// name that it had.
func (in *Input) place(path string) (from string, offset int64, ok bool) {
	if info, err := os.Stat(path); err == nil {
		for _, f := range in.files {
			if mine, err := f.file.Stat(); err == nil && os.SameFile(mine, info) {
				return "", 0, false
			}
		}
		if offset, read := in.left[inodeOf(info)]; read {
			return path, offset, true
		}
	}
	if at, known := in.positions.of(path); known {
		from, offset = at.find(path)
		return from, offset, true
	}
	if in.searched || in.cfg.FromStart {
		return path, 0, true
	}
	return path, -1, true
}

// find is the file that the position belongs to: the one at path, or the one that it was renamed to meanwhile. When neither is,
// another is read from its start.
func (p position) find(path string) (string, int64) {
	same := func(name string) bool {
		info, err := os.Stat(name)
		if err != nil {
			return false
		}
		return inodeOf(info) == p.inode && info.Size() >= p.Offset
	}
	if same(path) {
		return path, p.Offset
	}
	rotated, _ := filepath.Glob(path + "*")
	for _, name := range rotated {
		if same(name) {
			return name, p.Offset
		}
	}
	return path, 0
}

// remember notes how far each file was read.
func (in *Input) remember() {
	for path, f := range in.files {
		if info, err := f.file.Stat(); err == nil {
			in.positions.set(path, position{inodeOf(info), f.position()})
		}
	}
	if err := in.positions.Save(); err != nil {
		in.say("positions", err)
	}
}

// drop stops following a file, with what was counted of it kept.
func (in *Input) drop(path string, why error) {
	f := in.files[path]
	f.cutShort()
	f.close()
	in.gone.add(&f.stats)
	delete(in.files, path)
	if why == nil {
		in.positions.forget(path)
		return
	}
	in.say(path, why)
}

// say complains about a file, once about each thing.
func (in *Input) say(path string, err error) {
	if in.complain[path] != err.Error() && len(in.complain) < maxOpen {
		in.complain[path] = err.Error()
		in.log.Warn("an access log cannot be read; it is tried again", "file", path, "err", err)
	}
}

// Path is what the input is called.
func (in *Input) Path() string { return in.cfg.Path }

// Stats is what was read so far. It may be called between Begin and End of the sink only, or while the sink holds Begin off.
func (in *Input) Stats() Stats {
	s := in.gone
	for _, f := range in.files {
		s.add(&f.stats)
	}
	return s
}

func (s *Stats) add(o *Stats) {
	s.Lines += o.Lines
	s.Bytes += o.Bytes
	s.Newest = max(s.Newest, o.Newest)
	for i, n := range o.Malformed {
		s.Malformed[i] += n
	}
}
