package mysql

import (
	"wire_exporter/decoders"
	"wire_exporter/decoders/internal/decompress"
)

// A compressed connection carries its packets in frames: the length of the payload, a sequence number, and the length that the
// payload has when it is decompressed, or zero when it is not compressed. A frame may hold several packets, and a packet may need
// several frames. A frame is decompressed when it is complete, because its receiver does so, too: the first byte in it came
// with its first byte, all others with its last. What is skipped is not decompressed at all.

// compressed is what a compressed connection needs beside the rest.
type compressed struct {
	in     decoders.Inner // drives the conn with what was in the frames
	frames [2]frame
	large  [2][]byte // a payload that is too large to be held by the stream
	seq    uint8     // sequence number of the client's last frame
}

// frame is the one being read.
type frame struct {
	begun    decoders.Time // first byte
	from, to uint64        // offsets of the frame
	inner    uint64        // bytes that its payload has, decompressed, and that were not read yet
	left     uint64        // bytes of the payload to come
	state    frameState
	lose     bool // what is skipped cannot be read
}

type frameState uint8

const (
	frameHead  frameState = iota
	frameRaw              // a payload that is not compressed
	frameLarge            // a payload that is collected
	framePast             // what follows a payload that was skipped
	frameLost             // where frames begin is not known
)

const (
	frameHeadSize = 7
	// maxHeld is the largest payload that the stream holds until it is complete; a larger one is collected. Buffers are 16 KiB
	// where the protocol begins, and grow with the packets that a connection has sent.
	maxHeld = 32 << 10
	// maxFrame is the largest payload that is decompressed as a whole. Of a larger one the beginning is, and the rest is skipped: it
	// is nearly always the inside of a packet that is as large.
	maxFrame = 1 << 20
	// ratio is how many times its size a payload may always claim to be: rows compress to a tenth, very regular ones to a fiftieth.
	// What claims more is paid for from an allowance that all connections of a worker share, and that the others fill up: zeros in a large
	// field are read, payloads made to keep their reader busy are not for long.
	ratio        = 64
	maxAllowance = 64 << 20
	// pieceSize is how much is decompressed at a time.
	pieceSize = 16 << 10
)

// compress begins with frames.
func (c *conn) compress(s *decoders.Stream) {
	d := c.d
	c.z = d.frames.Get()
	*c.z = compressed{}
	if d.piece == nil {
		d.piece = make([]byte, pieceSize)
		d.memory.Add(pieceSize)
	}
	s.Inner(&c.z.in, (*inner)(c))
}

// inner is the conn as it reads what was in the frames.
type inner conn

func (i *inner) Feed(dir decoders.Dir, s *decoders.Stream) (err error) {
	for err == nil {
		err = (*conn)(i).readPacket(dir, s)
	}
	return err
}

func (i *inner) Gap(dir decoders.Dir, _ uint64) error {
	c := (*conn)(i)
	c.lose(dir, c.z.frames[dir].to)
	return nil
}

func (*inner) End(decoders.Dir, decoders.Time)           {}
func (*inner) Wake(decoders.Time)                        {}
func (*inner) Waiting() (n int, since decoders.Time)     { return 0, 0 }
func (*inner) Close(now decoders.Time, why decoders.Why) {}

// readFrame reads a frame, or a piece of one.
func (c *conn) readFrame(dir decoders.Dir, s *decoders.Stream) error {
	switch f := &c.z.frames[dir]; f.state {
	case frameRaw:
		return c.readRaw(dir, s, f)
	case frameLarge:
		return c.readLarge(dir, s, f)
	case framePast:
		f.state = frameHead
		return c.passFrame(dir, s, f)
	case frameLost:
		return c.findFrame(dir, s)
	}
	return c.readFrameHead(dir, s)
}

func (c *conn) readFrameHead(dir decoders.Dir, s *decoders.Stream) error {
	b, err := s.Peek(frameHeadSize)
	if err != nil {
		return err
	}
	f := &c.z.frames[dir]
	*f = frame{begun: s.Begin(), from: s.Offset(), left: uint64(uint24(b)), inner: uint64(uint24(b[4:]))}
	f.to = f.from + frameHeadSize + f.left
	if dir == decoders.ToServer {
		c.z.seq = b[3]
	}
	switch {
	case f.inner == 0:
		f.state, f.inner = frameRaw, f.left
		return s.Skip(frameHeadSize)
	case c.z.in.Covered(dir) >= f.inner:
		return c.skipFrame(s, f)
	case !c.d.affords(f):
		c.d.out.Count(c.f, frameBomb)
		f.lose = true
		return c.skipFrame(s, f)
	}
	if f.left > maxHeld {
		f.state, c.z.large[dir] = frameLarge, c.d.takeLarge()
		return s.Skip(frameHeadSize)
	}
	if b, err = s.Next(frameHeadSize + int(f.left)); err != nil {
		return err
	}
	f.left = 0
	if err := c.unpack(dir, f, b[frameHeadSize:], s.Time()); err != nil {
		return err
	}
	return c.endFrame(dir, s, f)
}

// affords says whether a frame does not claim too much.
func (d *decoder) affords(f *frame) bool {
	left := d.allowance + ratio*int64(f.left) - int64(f.inner)
	if left < 0 {
		return false
	}
	d.allowance = min(left, maxAllowance)
	return true
}

// readLarge collects a payload, and unpacks it when it is complete or there is no room for more of it.
func (c *conn) readLarge(dir decoders.Dir, s *decoders.Stream, f *frame) error {
	buf := &c.z.large[dir]
	b, err := s.Next(min(s.Buffered(), int(f.left), maxFrame-len(*buf)))
	if err != nil {
		return err
	}
	before := cap(*buf)
	*buf = append(*buf, b...)
	c.d.memory.Add(cap(*buf) - before)
	if f.left -= uint64(len(b)); f.left > 0 && len(*buf) < maxFrame {
		return decoders.ErrShort
	}
	err = c.unpack(dir, f, *buf, s.Time())
	c.dropLarge(dir)
	if err != nil {
		return err
	}
	return c.endFrame(dir, s, f)
}

// takeLarge is a buffer for a large payload; one is kept by each worker.
func (d *decoder) takeLarge() []byte {
	b := d.large
	d.large = nil
	return b
}

// dropLarge gives the buffer of dir back.
func (c *conn) dropLarge(dir decoders.Dir) {
	b, d := c.z.large[dir], c.d
	c.z.large[dir] = nil
	if cap(b) > cap(d.large) {
		b, d.large = d.large, b[:0]
	}
	d.memory.Add(-cap(b))
}

// skipFrame drops the frame whose head was peeked at.
func (c *conn) skipFrame(s *decoders.Stream, f *frame) error {
	f.state = framePast
	return s.Skip(frameHeadSize + f.left)
}

// endFrame deals with what is left of a frame whose beginning was unpacked.
func (c *conn) endFrame(dir decoders.Dir, s *decoders.Stream, f *frame) error {
	switch {
	case c.z.in.Covered(dir) >= f.inner:
	case f.left == 0:
		c.d.out.Count(c.f, badFrame) // it is shorter than it claims
		f.lose = true
	default:
		c.d.out.Count(c.f, frameTooLarge)
		f.lose = true
	}
	f.state = framePast
	return s.Skip(f.left)
}

// passFrame is called when a frame is over; what was skipped of it is passed on.
func (c *conn) passFrame(dir decoders.Dir, s *decoders.Stream, f *frame) error {
	n := f.inner
	f.inner = 0
	switch {
	case n == 0:
		return nil
	case f.lose || s.Time() == 0:
		return c.z.in.Lost(dir, n)
	}
	return c.z.in.Pass(dir, n, s.Time())
}

// unpack decompresses a payload, or its beginning, as far as somebody wants to read it.
func (c *conn) unpack(dir decoders.Dir, f *frame, payload []byte, at decoders.Time) error {
	d, in := c.d, &c.z.in
	if d.unpack.Open(payload) != nil {
		return nil
	}
	for f.inner > 0 && in.Covered(dir) < f.inner {
		n, err := d.unpack.Read(d.piece[:min(f.inner, pieceSize)])
		if err != nil {
			return nil
		}
		if err := c.deliver(dir, f, d.piece[:n], at); err != nil {
			return err
		}
	}
	return nil
}

// deliver hands on what was in a frame: its first byte came when the frame began.
func (c *conn) deliver(dir decoders.Dir, f *frame, b []byte, at decoders.Time) error {
	f.inner -= uint64(len(b))
	if f.begun != 0 && f.begun != at && len(b) > 1 {
		if err := c.z.in.Segment(dir, b[:1], f.begun); err != nil {
			return err
		}
		b = b[1:]
	}
	f.begun = 0
	return c.z.in.Segment(dir, b, at)
}

// readRaw reads a payload that is not compressed, in pieces.
func (c *conn) readRaw(dir decoders.Dir, s *decoders.Stream, f *frame) error {
	if f.left == 0 {
		f.state = frameHead
		return nil
	}
	if c.z.in.Covered(dir) >= f.left {
		n := f.left
		f.left, f.state = 0, framePast
		return s.Skip(n)
	}
	b, err := s.Next(int(min(f.left, pieceSize)))
	if err != nil {
		return err
	}
	f.left -= uint64(len(b))
	return c.deliver(dir, f, b, s.Time())
}

// loseFrames says that nobody knows where the frames of dir go on. How much was in those that were lost is not known either.
func (c *conn) loseFrames(dir decoders.Dir, n uint64) {
	const more = 1 << 40 // than any Skip has left
	f := &c.z.frames[dir]
	f.state, f.to = frameLost, c.f.Offset(dir)-n
	c.dropLarge(dir)
	c.z.in.Lost(dir, more)
}

// findFrame looks for a frame that can be proven to begin here; see lost.go.
func (c *conn) findFrame(dir decoders.Dir, s *decoders.Stream) error {
	if s.Buffered() == 0 {
		return decoders.ErrShort
	}
	if dir == decoders.ToServer {
		s.Skip(uint64(c.stale))
		c.stale, c.waiting = 0, 0
		verdict := decoders.No
		if c.turn != inside {
			verdict = looksCompressed(s.Bytes())
		}
		switch verdict {
		case decoders.More:
			c.waiting = uint8(s.Buffered())
			return decoders.ErrShort
		case decoders.No:
			c.turn = inside
			return drop(s)
		}
		c.z.frames[dir].state = frameHead
		return nil
	}
	if !c.mayAnswer(s.Begin()) {
		return drop(s)
	}
	b, err := s.Peek(frameHeadSize)
	if err != nil {
		return err
	}
	if b[3] != c.z.seq+1 {
		c.forsakeAll()
		return drop(s)
	}
	c.z.frames[dir].state = frameHead
	return nil
}

// looksCompressed judges whether b begins with the frame of a command: a frame with the sequence number 0 that holds one whole
// packet with the sequence number 0, or compressed bytes.
func looksCompressed(b []byte) decoders.Verdict {
	const enough = frameHeadSize + headSize + 1
	if len(b) >= headSize && (b[3] != 0 || uint24(b) <= headSize) {
		return decoders.No
	}
	if len(b) < enough {
		return decoders.More
	}
	n, inner, payload := uint24(b), uint24(b[4:]), b[frameHeadSize:]
	switch {
	case inner == 0 && uint24(payload)+headSize == n:
		return looksLikeCommand(payload, true)
	case inner > n && (decompress.IsZlib(payload) || decompress.IsZstd(payload)):
		return decoders.Yes
	}
	return decoders.No
}
