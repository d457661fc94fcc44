package capture

import (
	"io"
)

const (
	// readBytes is how much a file is read ahead: one read(2) into a buffer that stays in a core's second-level cache.
	readBytes = 512 << 10
	// maxFrame is the longest frame that a capture file may hold, libpcap's limit too.
	maxFrame = 256 << 10
	// maxRecord is the longest record that is held as a whole: a frame with its header and options.
	maxRecord = maxFrame + 64<<10
	// maxWireLen bounds what a record may claim of its frame's length on the wire; offloading makes up to 512 KiB.
	maxWireLen = 1 << 20
	// maxEmptyReads bounds how often an input may give neither bytes nor an error.
	maxEmptyReads = 100
)

// reader is a window that moves over an input: data[lo:hi] is read, but not yet consumed.
type reader struct {
	src    io.Reader
	data   []byte
	lo, hi int
	offset int64 // of data[0] in the input
}

func newReader(src io.Reader) *reader { return &reader{src: src, data: make([]byte, readBytes)} }

// reset starts over with another input.
func (r *reader) reset(src io.Reader) { r.src, r.lo, r.hi, r.offset = src, 0, 0, 0 }

// unread returns the window. It is valid until the next call of fill or discard.
func (r *reader) unread() []byte { return r.data[r.lo:r.hi] }

// position is the place of the next unread byte in the input.
func (r *reader) position() int64 { return r.offset + int64(r.lo) }

// fill reads until the window holds n bytes, at most maxRecord, and whatever comes with them. It returns io.EOF when the input ends before.
func (r *reader) fill(n int) error {
	if r.lo > 0 {
		copy(r.data, r.data[r.lo:r.hi])
		r.offset += int64(r.lo)
		r.lo, r.hi = 0, r.hi-r.lo
	}
	for empty := 0; r.hi < n; {
		m, err := r.src.Read(r.data[r.hi:])
		r.hi += m
		if r.hi >= n {
			return nil // an error comes again with the next call
		}
		if err != nil {
			return err
		}
		if m > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads {
			return io.ErrNoProgress
		}
	}
	return nil
}

// discard consumes n bytes, whether they are in the window or still to be read.
func (r *reader) discard(n int64) error {
	for {
		if have := int64(r.hi - r.lo); n <= have {
			r.lo += int(n)
			return nil
		} else {
			n -= have
		}
		r.lo = r.hi
		if err := r.fill(1); err != nil {
			return err
		}
	}
}
