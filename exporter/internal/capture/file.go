package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// maxFileNames bounds the names in Capture.Interfaces; the files past it share one.
	maxFileNames  = 100
	otherFileName = "_other"

	// loopPause is the capture time between the last frame of one round and the first of the next, ns.
	loopPause = int64(10 * time.Millisecond)
)

// openFiles makes the one Source over all files. Regular files are looked at, so that one that cannot be read is known now.
func openFiles(cfg Config) (*Capture, error) {
	f, err := newFilters(cfg)
	if err != nil {
		return nil, err
	}
	if err := f.files(); err != nil {
		return nil, err
	}
	s := &fileSource{speed: cfg.Speed, filters: f, progress: &progress{}, reader: newReader(nil)}
	c := &Capture{sources: []Source{s}, progress: s.progress}
	known := cfg.Speed != SpeedLoop
	for _, path := range cfg.Files {
		size, err := s.inspect(path, cfg.Speed)
		if err != nil {
			return nil, err
		}
		known = known && size >= 0
		s.progress.total += size
		var i int
		c.interfaces, i = fileName(c.interfaces, path)
		s.files = append(s.files, inputFile{path: path, index: i})
	}
	if !known {
		s.progress.total = 0
	}
	s.counters = make(counters, len(c.interfaces))
	c.counters = []*counters{&s.counters}
	return c, nil
}

// fileName adds the name of path to names, and returns its index.
func fileName(names []string, path string) ([]string, int) {
	name := filepath.Base(path)
	if path == Stdin {
		name = "stdin"
	}
	if i := slices.Index(names, name); i >= 0 {
		return names, i
	}
	if len(names) == maxFileNames {
		names = append(names, otherFileName)
	}
	if len(names) > maxFileNames {
		return names, maxFileNames
	}
	return append(names, name), len(names)
}

type inputFile struct {
	path  string
	index int // into Capture.Interfaces
}

// fileSource reads capture files.
type fileSource struct {
	files    []inputFile
	speed    Speed
	filters  *filters
	counters counters
	progress *progress
	reader   *reader

	careful bool   // frames may be unwanted, or have to wait
	pacer   *pacer // nil at full speed
	frame   Frame
	batch   batch
	now     int64 // newest capture time handed over
	fresh   bool  // no frame of the current file was handed over yet
	shift   int64 // added to time stamps, for a loop's rounds
	round   round // of the loop
}

// round is the span of time stamps in one round of a loop.
type round struct {
	any         bool
	first, last int64
}

// inspect looks whether path is a capture file, and returns its size. Other than regular files it leaves alone: their size is -1.
func (s *fileSource) inspect(path string, speed Speed) (size int64, err error) {
	if path != Stdin {
		info, err := os.Stat(path)
		if err != nil {
			return 0, openError(path, err)
		}
		if !info.Mode().IsRegular() && !info.IsDir() {
			if speed == SpeedLoop {
				return 0, fmt.Errorf("capture: %q is not a regular file and cannot be read in a loop", path)
			}
			return -1, nil
		}
	}
	in, err := openInput(path)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return 0, openError(path, err)
	}
	if path == Stdin {
		return stdinSize(in, info), nil
	}
	s.reader.reset(in)
	if _, err := detect(s.reader); err != nil {
		return 0, fileError(path, err)
	}
	return info.Size(), nil
}

// stdinSize returns how much is left to read of a standard input that is a file, else -1.
func stdinSize(in *os.File, info os.FileInfo) int64 {
	at, err := in.Seek(0, io.SeekCurrent)
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	return max(info.Size()-at, 0)
}

func fileError(path string, err error) error {
	if path == Stdin {
		return fmt.Errorf("capture: the standard input: %w", err)
	}
	return fmt.Errorf("capture: %q: %w", path, err)
}

// Run reads the files, one after the other. A file that turns out corrupt does not keep it from the next ones; what it gave until
// then has been handed over, and Run's error says so in the end.
func (s *fileSource) Run(ctx context.Context, h Handler) error {
	if s.speed != SpeedFull && s.pacer == nil {
		s.pacer = newPacer()
	}
	s.careful = s.pacer != nil || s.filters.matchers != nil
	for {
		s.round = round{}
		var errs []error
		for _, file := range s.files {
			if err := s.read(ctx, h, file); err != nil {
				errs = append(errs, err)
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		if len(errs) > 0 || s.speed != SpeedLoop {
			return errors.Join(errs...)
		}
		if err := s.nextRound(); err != nil {
			return err
		}
	}
}

// nextRound sets the shift of time stamps so that the next round follows on this one.
func (s *fileSource) nextRound() error {
	if !s.round.any {
		return errors.New("capture: there is no frame in the files to be read in a loop")
	}
	s.shift += s.round.last - s.round.first + loopPause
	if s.round.last+s.shift > maxTime {
		return errors.New("capture: the loop's time stamps have come to their end")
	}
	return nil
}

// Close has nothing to do: files are open only in Run.
func (s *fileSource) Close() error { return nil }

// read reads one file.
func (s *fileSource) read(ctx context.Context, h Handler, file inputFile) error {
	in, err := openInput(file.path)
	if err != nil {
		return err
	}
	defer in.Close()
	// A pipe's read that waits for input ends with an error; other files do not wait.
	stop := context.AfterFunc(ctx, func() { _ = in.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()

	s.reader.reset(countingReader{in, &s.progress.read})
	s.frame, s.fresh = Frame{Interface: file.index}, true
	count := &s.counters[file.index]
	format, err := detect(s.reader)
	if err == nil {
		err = s.records(ctx, h, format, count)
		count.publish(&s.batch)
		h.Idle(s.now)
	}
	switch {
	case err == io.EOF || ctx.Err() != nil:
		return nil
	case err == io.ErrUnexpectedEOF:
		count.dropped[DropTruncatedFile].Add(1)
		return nil
	}
	count.dropped[DropCorruptFile].Add(1)
	return fileError(file.path, err)
}

// records hands over the file's frames until its end, io.EOF, or what comes before: an end inside a record is io.ErrUnexpectedEOF.
func (s *fileSource) records(ctx context.Context, h Handler, format format, count *interfaceCounters) error {
	r, f := s.reader, &s.frame
	for {
		kind, n, err := format.next(r.unread(), f)
		if err != nil {
			return fmt.Errorf("at byte %d: %w", r.position(), err)
		}
		switch kind {
		case recordFrame:
			r.lo += int(n)
			if s.careful {
				if wanted, err := s.admit(ctx, h, f, count); err != nil {
					return err
				} else if !wanted {
					continue
				}
			}
			s.batch.packets++
			s.batch.bytes += uint64(f.WireLen)
			s.now = max(s.now, f.Time)
			h.Frame(f)
		case recordOther:
			if err := r.discard(n); err == io.EOF {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
		case recordShort:
			count.publish(&s.batch)
			h.Idle(s.now)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := r.fill(int(n)); err == io.EOF && len(r.unread()) > 0 {
				return io.ErrUnexpectedEOF
			} else if err != nil {
				return err
			}
		}
	}
}

// admit says whether a frame is wanted, when its time has come.
func (s *fileSource) admit(ctx context.Context, h Handler, f *Frame, count *interfaceCounters) (wanted bool, err error) {
	if !s.filters.match(f) {
		return false, nil
	}
	if s.pacer == nil {
		return true, nil
	}
	s.note(f)
	if s.fresh {
		s.fresh = false
		s.pacer.cut(f.Time)
	}
	return true, s.wait(ctx, h, f.Time, count)
}

// note keeps the round's span of time, and shifts the frame's time by those of the rounds before.
func (s *fileSource) note(f *Frame) {
	if !s.round.any {
		s.round = round{true, f.Time, f.Time}
	}
	s.round.last = max(s.round.last, f.Time)
	f.Time = max(f.Time+s.shift, 0)
}

// wait waits until replay has reached capture time t.
func (s *fileSource) wait(ctx context.Context, h Handler, t int64, count *interfaceCounters) error {
	for {
		reached, ok := s.pacer.reach(t)
		if ok {
			return nil
		}
		count.publish(&s.batch)
		s.now = max(s.now, reached)
		h.Idle(s.now)
		if err := s.pacer.sleep(ctx, t-reached); err != nil {
			return err
		}
	}
}
