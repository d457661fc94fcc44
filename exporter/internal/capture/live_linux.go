package capture

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// ringDelay is how old a frame can get in the kernel before its block is handed over, ns, with some room for the kernel's timers.
	ringDelay = int64(60 * time.Millisecond)

	// maintainEvery is how often drop counters are read and interfaces looked at.
	maintainEvery = time.Second
)

// openLive opens rings on all interfaces for all workers.
func openLive(cfg Config) (*Capture, error) {
	f, err := newFilters(cfg)
	if err != nil {
		return nil, err
	}
	c := &Capture{interfaces: slices.Clone(cfg.Interfaces)}
	var groups []*group
	for _, name := range cfg.Interfaces {
		g := &group{name: name, workers: cfg.Workers, bytes: cfg.RingBytes / len(cfg.Interfaces), snaplen: maxSnaplen, promiscuous: cfg.Promiscuous, filters: f, tunnels: cfg.tunnels()}
		if cfg.Snaplen > 0 {
			g.snaplen = uint32(cfg.Snaplen)
		}
		groups = append(groups, g)
		err = errors.Join(err, g.openRings())
		if err != nil {
			break
		}
	}
	for _, g := range groups {
		if err == nil {
			err = g.start()
		}
	}
	if err != nil {
		for _, g := range groups {
			_ = g.close()
		}
		return nil, err
	}
	for worker := range cfg.Workers {
		s := &liveSource{worker: worker, groups: groups, rings: make([]*ring, len(groups)), batches: make([]batch, len(groups)), counters: make(counters, len(groups))}
		for i, g := range groups {
			s.rings[i] = g.take(worker)
		}
		c.sources = append(c.sources, s)
		c.counters = append(c.counters, &s.counters)
	}
	return c, nil
}

// liveSource is one worker's rings: one for each interface, merged by time.
type liveSource struct {
	worker   int
	groups   []*group
	rings    []*ring
	batches  []batch
	counters counters
	polls    []unix.PollFd
	frame    Frame

	last       int64     // time of the newest frame handed over
	now        int64     // what Idle was told
	held       time.Time // since when frames are held back; zero: none are
	maintained time.Time
}

// Run takes frames until ctx is done. The rings' time stamps are kept in order over all of them: a frame waits until no
// earlier one can be in the kernel still.
func (s *liveSource) Run(ctx context.Context, h Handler) error {
	s.polls = make([]unix.PollFd, len(s.rings))
	for ctx.Err() == nil {
		wall := time.Now()
		more := s.drain(h, wall)
		s.publish()
		s.idle(h, wall)
		if wall.Sub(s.maintained) >= maintainEvery {
			s.maintained = wall
			s.maintain()
		}
		if !more {
			if err := s.wait(); err != nil {
				return err
			}
		}
	}
	s.readDrops()
	return nil
}

// Close closes the rings.
func (s *liveSource) Close() error {
	err := closeRings(s.rings)
	s.rings = nil
	for _, g := range s.groups {
		err = errors.Join(err, g.close())
	}
	return err
}

// drain hands over frames until a block is done. It returns whether it has handed any over.
func (s *liveSource) drain(h Handler, wall time.Time) (any bool) {
	for now := wall.UnixNano(); ; any = true {
		first, limit := s.first(now)
		if first < 0 {
			s.held = time.Time{}
			return any
		}
		if s.rings[first].stamp > limit {
			// If the clock was set back, frames seem to be from the future: they wait by another clock then, that is not set.
			if s.held.IsZero() {
				s.held = wall
			}
			if wall.Sub(s.held) < time.Duration(ringDelay) {
				return any
			}
			limit = math.MaxInt64
		}
		s.held = time.Time{}
		if s.hand(h, first, limit) {
			return true
		}
	}
}

// hand hands over the frames of a ring's open block up to time limit. It returns whether the block is done.
func (s *liveSource) hand(h Handler, first int, limit int64) (done bool) {
	r, f, b := s.rings[first], &s.frame, &s.batches[first]
	f.Interface = first
	for r.left > 0 && r.stamp <= limit {
		if r.fill(f) {
			b.packets++
			b.bytes += uint64(f.WireLen)
			s.last = f.Time
			h.Frame(f)
		}
		r.advance()
	}
	if r.left == 0 {
		r.release()
		return true
	}
	return false
}

// first returns the ring whose next frame is the earliest, -1 when there is no frame, and up to which time its frames may be handed
// over: the next frame of another ring is to come first, and so is one that a ring without frames may still bring.
func (s *liveSource) first(wall int64) (first int, limit int64) {
	first, limit = -1, math.MaxInt64
	for i, r := range s.rings {
		switch {
		case !r.visible():
			limit = min(limit, wall-ringDelay)
		case first < 0:
			first = i
		case r.stamp < s.rings[first].stamp:
			limit = min(limit, s.rings[first].stamp)
			first = i
		default:
			limit = min(limit, r.stamp)
		}
	}
	if len(s.rings) == 1 {
		limit = math.MaxInt64
	}
	return first, limit
}

// idle tells h how far time has come: no frame that comes later is older, but for the kernel's small disorder.
func (s *liveSource) idle(h Handler, wall time.Time) {
	now := wall.UnixNano() - ringDelay
	for _, r := range s.rings {
		if r.left > 0 {
			now = min(now, r.stamp)
		}
	}
	now = max(now, s.last)
	if now < s.now && s.now-now < int64(time.Second) { // more than that: the clock was set back
		now = s.now
	}
	s.now = now
	h.Idle(now)
}

func (s *liveSource) publish() {
	for i := range s.batches {
		s.counters[i].publish(&s.batches[i])
	}
}

// wait waits for a block of a ring that has none, or until held frames are due. A ring with held frames would not let it wait.
func (s *liveSource) wait() error {
	timeout := time.Duration(maxSleep)
	for i, r := range s.rings {
		s.polls[i] = unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN | unix.POLLERR}
		if r.left > 0 {
			s.polls[i].Fd = -1
			timeout = min(timeout, time.Duration(retireAfter)*time.Millisecond)
		}
	}
	_, err := unix.Poll(s.polls, int(timeout.Milliseconds()))
	if err != nil && err != unix.EINTR {
		return errors.New("capture: waiting for frames: " + err.Error())
	}
	for i := range s.polls {
		if err == nil && s.polls[i].Revents&unix.POLLERR != 0 {
			s.failed(i)
		}
	}
	return nil
}

// failed takes note of an error of ring i. All workers see it, one counts it.
func (s *liveSource) failed(i int) {
	code, err := unix.GetsockoptInt(s.rings[i].fd, unix.SOL_SOCKET, unix.SO_ERROR) // which clears it
	if err == nil && code == int(unix.ENETDOWN) && s.worker == 0 {
		s.counters[i].dropped[DropInterfaceDown].Add(1)
	}
}

// maintain reads the drop counters, and takes over rings of interfaces that were made again.
func (s *liveSource) maintain() {
	s.readDrops()
	for i, g := range s.groups {
		if r := g.renew(s.worker, s.rings[i].fd); r != nil {
			_ = s.rings[i].close()
			s.rings[i] = r
		}
	}
}

// readDrops adds up what the kernel has dropped: it forgets what it has told.
func (s *liveSource) readDrops() {
	for i, r := range s.rings {
		s.counters[i].dropped[DropKernel].Add(r.dropped())
	}
}
