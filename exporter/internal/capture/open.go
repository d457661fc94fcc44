package capture

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
)

// openInput opens one of Config.Files.
func openInput(path string) (*os.File, error) {
	if path == Stdin {
		return openStdin()
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, openError(path, err)
	}
	if info, err := f.Stat(); err == nil && info.IsDir() {
		f.Close()
		return nil, fmt.Errorf("capture: %q is a folder, not a capture file", path)
	}
	return f, nil
}

// openStdin returns the standard input so that, when it is a pipe, a read that waits can be ended.
func openStdin() (*os.File, error) {
	info, err := os.Stdin.Stat()
	if err != nil {
		return nil, fmt.Errorf("capture: the standard input cannot be read: %w", err)
	}
	fd, err := syscall.Dup(int(os.Stdin.Fd()))
	if err != nil {
		return nil, fmt.Errorf("capture: the standard input cannot be read: %w", err)
	}
	syscall.CloseOnExec(fd)
	if info.Mode()&(fs.ModeNamedPipe|fs.ModeSocket) != 0 {
		if err := syscall.SetNonblock(fd, true); err != nil {
			syscall.Close(fd)
			return nil, fmt.Errorf("capture: the standard input cannot be read: %w", err)
		}
	}
	return os.NewFile(uintptr(fd), "standard input"), nil
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("capture: %q does not exist", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("capture: %q may not be read: permission denied", path)
	}
	return fmt.Errorf("capture: %w", err)
}

// countingReader counts what is read.
type countingReader struct {
	src io.Reader
	n   *atomic.Int64
}

func (c countingReader) Read(b []byte) (int, error) {
	n, err := c.src.Read(b)
	c.n.Add(int64(n))
	return n, err
}

// errTruncated says that an input ends inside the header of its format.
var errTruncated = errors.New("it ends inside its header")

// detect finds out how the input of r is written, and leaves r at the first record. It unpacks gzip.
func detect(r *reader) (format, error) {
	err := r.fill(4)
	if err == nil && r.unread()[0] == 0x1f && r.unread()[1] == 0x8b {
		if err = unpack(r); err != nil {
			return nil, err
		}
		err = r.fill(4)
	}
	if err == io.ErrUnexpectedEOF { // of gzip
		return nil, errTruncated
	}
	if err == io.EOF {
		return nil, fmt.Errorf("not a capture file: it has %d bytes", len(r.unread()))
	}
	if err != nil {
		return nil, err
	}
	magic := r.unread()[:4]
	if (byteOrder{}).uint32(magic) == blockSection {
		return &pcapng{}, nil
	}
	p, ok := isPcap(magic)
	if !ok {
		return nil, fmt.Errorf("not a capture file: it starts with the bytes %x", magic)
	}
	if err := r.fill(pcapHeaderLen); err == io.EOF {
		return nil, errTruncated
	} else if err != nil {
		return nil, err
	}
	if err := p.header(r.unread()); err != nil {
		return nil, err
	}
	return &p, r.discard(pcapHeaderLen)
}

// unpack puts a gzip reader between r and its input.
func unpack(r *reader) error {
	start := bytes.NewReader(bytes.Clone(r.unread()))
	packed := bufio.NewReaderSize(io.MultiReader(start, r.src), readBytes/2)
	z, err := gzip.NewReader(packed)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errTruncated
	}
	if err != nil {
		return err
	}
	r.reset(z)
	return nil
}
