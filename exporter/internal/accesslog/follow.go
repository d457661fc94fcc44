package accesslog

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"

	"wire_exporter/decoders"
)

const (
	chunk   = 256 << 10 // bytes read at once
	maxLine = 64 << 10  // bytes of a line
	// linger is how many looks in a row an old file has to stay silent, after another has taken its name, before it is left: servers
	// go on writing to it until they are told to open the new one. This is why no library follows the files: those that were looked at
	// leave at once.
	linger = 8
)

// follower reads what is added to one file, and goes on with the file that takes its name.
type follower struct {
	path   string
	parser *Parser
	sink   Sink
	left   map[inode]int64 // of the input: how far files were read that are followed no longer

	file   *os.File
	offset int64 // in the file, of what was read
	buffer []byte
	held   int  // bytes at the beginning of buffer that are no whole line yet
	over   bool // the line that is being read is too long; the rest of it is dropped
	silent int  // looks in a row at an old file that found nothing

	stats Stats
}

// Stats is what was read of a file or of an input.
type Stats struct {
	Lines, Bytes uint64
	Newest       decoders.Time // of all transactions
	Malformed    [len(Reasons)]uint64
}

// open opens the file at path and goes to offset; negative: to its end.
func (f *follower) open(path string, offset int64) error {
	file, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // or opening a pipe waits for its other end
	if err != nil {
		return err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		file.Close()
		return err
	}
	if offset < 0 || offset > info.Size() {
		offset = info.Size()
	}
	f.file, f.held, f.over, f.silent = file, 0, false, 0
	if f.parser.format.w3c && offset > 0 {
		f.head()
	}
	f.offset = offset
	return nil
}

// head reads the directives that a W3C log begins with.
func (f *follower) head() {
	n, _ := f.file.ReadAt(f.room(), 0)
	for line := range bytes.Lines(f.buffer[:n]) {
		if line[0] == '#' {
			f.parser.Parse(bytes.TrimSuffix(line, newline))
		}
	}
}

var newline = []byte("\n")

// look reads a chunk of what was added, and says whether there was any.
func (f *follower) look() (bool, error) {
	n, err := f.file.ReadAt(f.room()[f.held:], f.offset)
	if n > 0 {
		f.silent = 0
		f.offset += int64(n)
		f.stats.Bytes += uint64(n)
		f.lines(f.buffer[:f.held+n])
		return true, nil
	}
	if err != nil && err != io.EOF {
		return false, err
	}
	return f.turn()
}

func (f *follower) room() []byte {
	if f.buffer == nil {
		f.buffer = make([]byte, chunk)
	}
	return f.buffer
}

// turn looks, at the end of the file, whether it was truncated or another has taken its name.
func (f *follower) turn() (bool, error) {
	mine, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	if mine.Size() < f.offset {
		f.cutShort()
		f.offset = 0
		return true, nil
	}
	now, err := os.Stat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil // renamed, and the new one is not there yet
	case err != nil:
		return false, err
	case os.SameFile(mine, now):
		f.silent = 0
		return false, nil
	}
	if f.silent++; f.silent < linger {
		return false, nil
	}
	f.cutShort()
	f.left[inodeOf(mine)] = f.offset
	f.close()
	return true, f.open(f.path, 0)
}

// lines takes the whole lines of b, and holds the rest of it.
func (f *follower) lines(b []byte) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		if f.over {
			f.over = false
		} else {
			f.line(b[:i])
		}
		b = b[i+1:]
	}
	if len(b) > maxLine || f.over {
		if !f.over {
			f.stats.Lines++
			f.malformed(LineTooBig)
		}
		f.over = true
		b = nil
	}
	f.held = copy(f.buffer, b)
}

func (f *follower) line(b []byte) {
	if len(b) > maxLine {
		f.stats.Lines++
		f.malformed(LineTooBig)
		return
	}
	t, m := f.parser.Parse(b)
	switch {
	case t != nil:
		f.stats.Lines++
		f.stats.Newest = max(f.stats.Newest, t.End, t.Start)
		f.sink.Transaction(t)
	case m != "":
		f.stats.Lines++
		f.malformed(m)
	}
}

// cutShort counts a line that will never be whole.
func (f *follower) cutShort() {
	if f.held > 0 {
		f.stats.Lines++
		f.malformed(CutOff)
	}
	f.held, f.over = 0, false
}

func (f *follower) malformed(m decoders.Malformed) {
	for i, r := range Reasons {
		if r == m {
			f.stats.Malformed[i]++
		}
	}
}

func (f *follower) close() {
	if f.file != nil {
		f.file.Close()
		f.file = nil
	}
}

// position is where the next line begins.
func (f *follower) position() int64 { return f.offset - int64(f.held) }
