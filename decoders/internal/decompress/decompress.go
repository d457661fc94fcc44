// Package decompress turns the payload of one compressed message back into bytes: in go the compressed bytes, or the first part of
// them, out come the bytes as far as they can be known from that. zlib (RFC 1950) and Zstandard (RFC 8878) are told apart by
// how they begin. It keeps no state from one message to the next, starts no goroutine, and needs a bounded amount of memory
// whatever the bytes say. How much may come out of a message is the caller's business: it stops reading.
package decompress

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/zlib" // the standard library's allocates 4 KB for every message
	"github.com/klauspost/compress/zstd"

	"wire_exporter/decoders"
)

// Reader decompresses one message after another. Its zero value, with Memory set, is ready; it is not for use by more than one
// goroutine. What it allocates is allocated once, when the first message of its kind comes.
type Reader struct {
	Memory *decoders.Memory // where the working memory is accounted; nil: nowhere

	src    bytes.Reader
	zlib   io.ReadCloser
	zstd   *zstd.Decoder
	window int       // the largest that a Zstandard frame has needed, bytes
	from   io.Reader // the one in use
}

// What is accounted for: a window and the tables for zlib; tables and blocks for Zstandard, and its window twice, as the library
// keeps the history in a buffer that it fills before it moves. maxWindow is what RFC 8878 wants every decoder to support.
const (
	zlibSize  = 48 << 10
	zstdSize  = 256 << 10
	maxWindow = 8 << 20
)

// ErrUnknown is the error for bytes that begin like neither format.
var ErrUnknown = errors.New("not zlib and not Zstandard")

// IsZlib says whether b begins like a zlib stream with a window of at most 32 KiB: RFC 1950 section 2.2.
func IsZlib(b []byte) bool {
	const deflate, maxWindow = 8, 7
	return len(b) >= 2 && b[0]&15 == deflate && b[0]>>4 <= maxWindow && (uint(b[0])<<8|uint(b[1]))%31 == 0 && b[1]&0x20 == 0
}

// IsZstd says whether b begins like a Zstandard frame: RFC 8878 section 3.1.1.
func IsZstd(b []byte) bool { return len(b) >= 4 && string(b[:4]) == "\x28\xb5\x2f\xfd" }

// Open begins with a message. src must stay as it is while it is read.
func (r *Reader) Open(src []byte) (err error) {
	r.src.Reset(src)
	switch {
	case IsZstd(src):
		if r.zstd == nil {
			r.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
			if err != nil {
				return err
			}
			r.Memory.Add(zstdSize)
		}
		r.grow(src)
		r.from = r.zstd
		return r.zstd.Reset(&r.src)
	case !IsZlib(src):
		return ErrUnknown
	case r.zlib == nil:
		if r.zlib, err = zlib.NewReader(&r.src); err != nil {
			return err
		}
		r.Memory.Add(zlibSize)
	default:
		if err = r.zlib.(zlib.Resetter).Reset(&r.src, nil); err != nil {
			return err
		}
	}
	r.from = r.zlib
	return nil
}

// grow accounts for the window of the frame that src begins with.
func (r *Reader) grow(src []byte) {
	var head zstd.Header
	if head.Decode(src) != nil {
		return // it will be refused
	}
	window := head.WindowSize
	if head.SingleSegment {
		window = head.FrameContentSize
	}
	if n := int(min(window, maxWindow)); n > r.window {
		r.Memory.Add(2 * (n - r.window))
		r.window = n
	}
}

// Read fills p as far as it can. io.EOF comes when the message is over, io.ErrUnexpectedEOF when more of it is needed.
func (r *Reader) Read(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.from.Read(p[n:])
		n += m
	}
	if n > 0 {
		return n, nil // the error comes again
	}
	return 0, err
}
