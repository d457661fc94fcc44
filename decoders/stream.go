package decoders

import "bytes"

// Stream is the reading end of one direction: a buffered reader that never blocks. It is valid during one call of Feed.
type Stream struct {
	f    *Feeder
	held *held // what dir held before this Feed; nil: nothing
	pool *Pool
	buf  []byte // what is there: the held bytes and the new segment, or the segment alone
	pos  int    // buf[:pos] is consumed
	dir  Dir
	now  Time // stamp of the new segment

	want    int // how many unread bytes make the next Feed worth while
	scanned int // so many unread bytes hold no LF
}

// Bytes is what is there, unread. Capped, valid until Feed returns.
func (s *Stream) Bytes() []byte { return s.buf[s.pos:len(s.buf):len(s.buf)] }

// Buffered is the number of unread bytes that are there.
func (s *Stream) Buffered() int { return len(s.buf) - s.pos }

// Peek returns the next n bytes without consuming them, or ErrShort, or TooLong when n is more than a direction may hold.
func (s *Stream) Peek(n int) ([]byte, error) {
	if uint(n) > uint(len(s.buf)-s.pos) { // a negative n, too
		return nil, s.short(n)
	}
	return s.buf[s.pos : s.pos+n : s.pos+n], nil
}

// Next consumes and returns the next n bytes, or ErrShort, or TooLong when n is more than a direction may hold.
func (s *Stream) Next(n int) ([]byte, error) {
	b, err := s.Peek(n)
	if err == nil {
		s.consume(n)
	}
	return b, err
}

// short notes that n bytes are needed, so that Feed is not called for fewer.
func (s *Stream) short(n int) error {
	if n < 0 || n > s.pool.limit() {
		return TooLong
	}
	s.want = n
	return ErrShort
}

// Line consumes one line and returns it without its LF or CRLF. Of a line longer than max bytes the first max are returned
// with cut set, and the rest of it is dropped without being held. max must not be above the Pool's limit.
func (s *Stream) Line(max int) (line []byte, cut bool, err error) {
	b := s.buf[s.pos:]
	to := min(len(b), max+2)
	from := min(s.scanned, to) // to may be less: another decoder, with another limit, has scanned
	i := bytes.IndexByte(b[from:to], '\n')
	switch {
	case i >= 0:
		line = b[: from+i : from+i]
		s.consume(from + i + 1)
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) > max {
			line, cut = line[:max:max], true
		}
		return line, cut, nil
	case len(b) >= max+2:
		line = b[:max:max]
		s.consume(max)
		s.SkipLine()
		return line, true, nil
	}
	s.want, s.scanned = 0, len(b)
	return nil, false, ErrShort
}

// Scanned is how many unread bytes the last Line was called for in vain: they hold no LF.
func (s *Stream) Scanned() int { return s.scanned }

// SkipLine drops everything up to and including the next LF, here and still to come.
func (s *Stream) SkipLine() {
	if i := bytes.IndexByte(s.buf[s.pos:], '\n'); i >= 0 {
		s.consume(i + 1)
		return
	}
	s.consume(len(s.buf) - s.pos)
	s.f.skip[s.dir] = skipLine
}

// Skip drops the next n bytes, here and still to come: they are never buffered, and loss among them is no event. It returns
// ErrShort while some are still to come; Feed is called when the last of them is past, even if no byte follows it.
func (s *Stream) Skip(n uint64) error {
	there := uint64(len(s.buf) - s.pos)
	if n <= there {
		s.consume(int(n))
		return nil
	}
	s.consume(int(there))
	s.f.skip[s.dir] = min(n-there, skipMax)
	return ErrShort
}

// SkipToEnd drops everything until the direction ends.
func (s *Stream) SkipToEnd() {
	s.consume(len(s.buf) - s.pos)
	s.f.skip[s.dir] = skipAll
}

// Skipping says that a Skip goes on beyond the bytes that are there.
func (s *Stream) Skipping() bool { return s.f.skip[s.dir] != 0 }

// Begin is the capture time of the next unread byte; of the newest segment when there is none.
func (s *Stream) Begin() Time {
	if s.held == nil {
		return s.now
	}
	return s.held.stampAt(s.pos, s.now)
}

// Time is the capture time of the last consumed byte; zero when it is not known whether all before it were there then.
func (s *Stream) Time() Time {
	last := s.f.Flow.last[s.dir]
	if s.pos == 0 {
		return max(last, 0)
	}
	at := s.stamp()
	if last < 0 && at < -last {
		return 0
	}
	return at
}

// stamp is the capture time of the last consumed byte; there is one.
func (s *Stream) stamp() Time {
	if s.held == nil {
		return s.now
	}
	return s.held.stampAt(s.pos-1, s.now)
}

// Now is the capture time of the newest segment.
func (s *Stream) Now() Time { return s.now }

// Offset is the number of bytes consumed, skipped or lost in this direction so far. The difference of two Offsets is the
// length of what lies between.
func (s *Stream) Offset() uint64 { return s.f.Flow.offset[s.dir] + uint64(s.pos) }

// consume moves on; the Flow learns of it when Feed returns.
func (s *Stream) consume(n int) {
	s.pos += n
	s.want, s.scanned = 0, 0
}
