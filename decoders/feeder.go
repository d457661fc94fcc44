package decoders

import (
	"bytes"
	"math"
)

// What Feeder.skip may say beside a number of bytes.
const (
	skipAll  = math.MaxUint64     // to the end of the direction
	skipLine = math.MaxUint64 - 1 // to the next LF
	skipMax  = math.MaxUint64 - 2 // the most bytes one Skip can drop
)

// Feeder drives one Conn: it joins segments, honours Skip, keeps the stamps, applies the limits. The flow table uses it in
// production and decodertest in tests: the same code. 128 bytes, so that a million idle connections stay cheap.
type Feeder struct {
	Flow Flow
	conn Conn
	skip [2]uint64 // so many bytes of a direction are still to be dropped
	held [2]slot   // the unread bytes of a direction; none while a Skip runs
}

// Conn is the Conn that is driven; nil before Attach.
func (f *Feeder) Conn() Conn { return f.conn }

// Attach lets c read on from what is held. Follow it with Resume for each direction that holds bytes.
func (f *Feeder) Attach(p *Pool, c Conn) {
	f.Flow.pool = p
	f.conn = c
}

// Detach takes the Conn away after its Close; bytes that are held and a Skip that runs to the end stay.
func (f *Feeder) Detach() { f.conn = nil }

// Held is what dir holds unread; valid until the next call.
func (f *Feeder) Held(dir Dir) []byte {
	if f.held[dir] == 0 {
		return nil
	}
	return f.Flow.pool.at(f.held[dir]).data
}

// Hold keeps b for the Conn that will be attached. False: the limit is reached, nothing was kept.
func (f *Feeder) Hold(p *Pool, dir Dir, b []byte, now Time) bool {
	if len(f.Held(dir))+len(b) > p.limit() {
		return false
	}
	f.Flow.pool = p
	if f.held[dir] == 0 {
		f.held[dir] = p.get()
	}
	p.at(f.held[dir]).add(p, b, now)
	return true
}

// Swap exchanges the directions, before a Conn is attached: client and server turned out to be the other way round.
func (f *Feeder) Swap() {
	w := &f.Flow
	w.Client, w.Server = w.Server, w.Client
	w.last[0], w.last[1] = w.last[1], w.last[0]
	w.offset[0], w.offset[1] = w.offset[1], w.offset[0]
	f.skip[0], f.skip[1] = f.skip[1], f.skip[0]
	f.held[0], f.held[1] = f.held[1], f.held[0]
}

// Resume feeds the Conn with what is held for dir.
func (f *Feeder) Resume(p *Pool, dir Dir, now Time) error {
	if f.held[dir] == 0 {
		return nil
	}
	return f.feed(p, dir, nil, now)
}

// Segment feeds the next bytes of dir. The error is the Conn's, with ErrShort taken out.
func (f *Feeder) Segment(p *Pool, dir Dir, b []byte, now Time) error {
	now = f.stamp(p, dir, now)
	if f.skip[dir] != 0 {
		if b = f.drop(dir, b, now); f.skip[dir] != 0 {
			return nil
		}
	} else if h := p.at(f.held[dir]); h != nil && len(h.data)+len(b) < h.want {
		h.add(p, b, now)
		return nil
	}
	return f.feed(p, dir, b, now)
}

// stamp is when bytes that were captured at the time now came to their reader: not before those in front of them, which may
// have been sent again.
func (f *Feeder) stamp(p *Pool, dir Dir, now Time) Time {
	if h := p.at(f.held[dir]); h != nil {
		now = max(now, h.marks[len(h.marks)-1].at)
	}
	return max(now, f.Flow.last[dir])
}

// drop takes what a running Skip drops off the front of b.
func (f *Feeder) drop(dir Dir, b []byte, now Time) []byte {
	if len(b) == 0 {
		return b
	}
	f.settle(dir, now)
	n := len(b)
	switch f.skip[dir] {
	case skipAll:
	case skipLine:
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			n = i + 1
			f.skip[dir] = 0
		}
	default:
		n = int(min(f.skip[dir], uint64(n)))
		f.skip[dir] -= uint64(n)
	}
	f.Flow.offset[dir] += uint64(n)
	return b[n:]
}

// settle notes that a byte was seen at the time now.
func (f *Feeder) settle(dir Dir, now Time) {
	if last := &f.Flow.last[dir]; *last >= 0 || now >= -*last {
		*last = now
	}
}

// unsettle notes that the stamp of the newest byte is not known, because n bytes were lost; it may be after by.
func (f *Feeder) unsettle(dir Dir, n uint64, by Time) {
	last, skip := &f.Flow.last[dir], f.skip[dir]
	switch inside := skip > n && skip <= skipMax; {
	case by > 0:
		*last = min(*last, -by)
	case !inside: // or the bytes behind them will tell
		*last = min(*last, -*last)
	}
}

// Lost says that the next n bytes of dir will never come. They were there at the time by at the latest, perhaps sent again after those behind
// them, so no message that goes on is known to be complete before; 0: they came in their place. The error is the Conn's.
func (f *Feeder) Lost(p *Pool, dir Dir, n uint64, by Time) error {
	if n == 0 {
		return nil
	}
	f.unsettle(dir, n, by)
	f.Flow.offset[dir] += n + uint64(len(f.Held(dir)))
	switch skip := f.skip[dir]; {
	case skip == skipAll:
		return nil
	case skip == skipLine:
		f.skip[dir] = 0
	case skip >= n:
		if f.skip[dir] -= n; f.skip[dir] > 0 {
			return nil
		}
		return f.feed(p, dir, nil, by)
	default:
		n -= skip
		f.skip[dir] = 0
	}
	f.forget(p, dir)
	if f.conn == nil {
		return nil
	}
	return f.conn.Gap(dir, n)
}

// feed calls the Conn with the held bytes and b, and holds what it leaves.
func (f *Feeder) feed(p *Pool, dir Dir, b []byte, now Time) error {
	s := p.stream()
	// Field by field: a composite literal is made elsewhere and copied.
	s.f, s.pool, s.dir, s.now = f, p, dir, now
	s.held, s.buf, s.pos, s.want, s.scanned = nil, b, 0, 0, 0
	if h := p.at(f.held[dir]); h != nil {
		h.add(p, b, now)
		s.held, s.buf, s.scanned = h, h.data, h.scanned
	}
	err := f.conn.Feed(dir, s)
	if _, ok := err.(short); ok {
		err = nil
	}
	if s.pos > 0 {
		f.settle(dir, s.stamp())
	}
	f.Flow.offset[dir] += uint64(s.pos)
	rest := len(s.buf) - s.pos
	if rest > 0 && f.skip[dir] != 0 {
		panic("BUG: a Skip goes on although bytes are unread")
	}
	_, become := err.(Become)
	switch {
	case rest == 0 || err != nil && !become:
		f.forget(p, dir)
	case rest > p.limit():
		f.forget(p, dir)
		err = TooLong
	default:
		f.keep(p, s)
	}
	s.f, s.held, s.buf = nil, nil, nil
	p.streams = append(p.streams, s)
	return err
}

// keep holds what s left unread.
func (f *Feeder) keep(p *Pool, s *Stream) {
	h := s.held
	if h == nil {
		f.held[s.dir] = p.get()
		h = p.at(f.held[s.dir])
		h.add(p, s.buf[s.pos:], s.now)
	} else {
		h.cut(s.pos)
	}
	h.want, h.scanned = s.want, s.scanned
}

func (f *Feeder) forget(p *Pool, dir Dir) {
	if f.held[dir] != 0 {
		p.put(f.held[dir])
		f.held[dir] = 0
	}
}

// TooShort is a datagram that ends before its message does.
const TooShort Malformed = "datagram_too_short"

// Datagram feeds one UDP datagram; nothing of it is kept. Bytes that the Conn asked for in vain are TooShort.
func (f *Feeder) Datagram(p *Pool, dir Dir, b []byte, now Time) error {
	err := f.feed(p, dir, b, now)
	f.skip[dir] = 0
	if f.held[dir] != 0 {
		f.forget(p, dir)
		if err == nil {
			err = TooShort
		}
	}
	return err
}

// End tells the Conn that dir sends no more.
func (f *Feeder) End(dir Dir, now Time) { f.conn.End(dir, now) }

// Release gives the held bytes of both directions back and forgets the Conn; the Flow stays.
func (f *Feeder) Release(p *Pool) {
	f.forget(p, ToServer)
	f.forget(p, ToClient)
	f.skip, f.conn = [2]uint64{}, nil
}
