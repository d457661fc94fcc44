// Package capture brings frames in: from network interfaces through AF_PACKET rings, or from capture files. In goes a
// Config, out come Sources, one for every worker, that hand frames to a Handler in place, without copying them. It counts
// what was received and what was lost, and why. It never looks into a frame except to filter it, never sends one, never keeps
// one, and starts no goroutine: a Source runs in its caller's.
package capture

import (
	"context"
	"errors"

	"wire_exporter/exporter/internal/capture/filter"
)

// Frame is one captured frame.
type Frame struct {
	Data      []byte // what was captured of it; valid until Handler.Frame returns
	Time      int64  // capture time, ns since the epoch, 0 to 1<<62; not always rising (files, and a clock that is set)
	WireLen   int    // length on the wire
	Link      uint16 // link type of Data: a LINKTYPE_ number
	VLAN      uint16 // tag control information of the VLAN tag that the kernel took off (live), else 0
	Interface int    // index into Capture.Interfaces
}

// Handler takes the frames of one Source. Its methods are called from the goroutine that is in Source.Run.
type Handler interface {
	// Frame takes one frame. f and its Data belong to the Source again when Frame returns.
	Frame(f *Frame)

	// Idle is called between batches of frames, and about every 100 ms at least when the source is live or paced. now is how far
	// capture time has come, ns. Live, it is the wall clock less the 60 ms that a frame may spend in the kernel, or the newest
	// frame's time if that is later, or the next one's if the worker is behind: so frames to come are not older. At full speed it is
	// the newest frame's time, paced the time that replay has reached; 0 as long as no frame was seen. It never falls, unless the system's
	// clock was set back by more than a second.
	Idle(now int64)
}

// Source is one worker's stream of frames.
type Source interface {
	// Run hands frames to h until the input ends or ctx is done; then it returns nil. It is called once.
	Run(ctx context.Context, h Handler) error
	// Close gives up what the source holds. It is called once, after Run has returned or when Run never was called.
	Close() error
}

// Capture is an opened Config.
type Capture struct {
	sources    []Source
	interfaces []string
	counters   []*counters // of each interface: one for every source
	progress   *progress
	config     Config
}

// Open checks cfg and opens the interfaces or looks at the files. Its errors are one line, for the user.
func Open(cfg Config) (*Capture, error) {
	cfg = cfg.withDefaults()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	open := openLive
	if len(cfg.Files) > 0 {
		open = openFiles
	}
	c, err := open(cfg)
	if err != nil {
		return nil, err
	}
	c.config = cfg
	return c, nil
}

// Tunnels returns the UDP ports that tunnels use besides the usual ones.
func (c *Capture) Tunnels() (vxlan, geneve []uint16) {
	return c.config.VXLANPorts, c.config.GenevePorts
}

// Worker returns which of the Sources gets the frames with packets between two endpoints, each an IPv6 or IPv4-mapped address and a port. Fragments,
// and what is in tunnels that cannot be looked into when frames are shared out, may come elsewhere.
func (c *Capture) Worker(a, b *[18]byte, tcp bool) int {
	return int(filter.Spread(a, b, tcp) % uint32(len(c.sources)))
}

// Sources returns the sources: one for every worker when live, exactly one for files.
func (c *Capture) Sources() []Source { return c.sources }

// Interfaces returns the names that Frame.Interface is an index into: of network interfaces, or of files without their folder.
// The list does not change.
func (c *Capture) Interfaces() []string { return c.interfaces }

// Stats returns what every interface has received and lost, in the order of Interfaces. It may be called by any goroutine at
// any time; figures are as of the last batch.
func (c *Capture) Stats() []InterfaceStats {
	stats := make([]InterfaceStats, len(c.interfaces))
	for i, name := range c.interfaces {
		stats[i].Name = name
	}
	for _, s := range c.counters {
		s.addTo(stats)
	}
	return stats
}

// Progress returns how many bytes of the files were read, and how many there are; total is 0 when that is not known (a pipe,
// a loop, live).
func (c *Capture) Progress() (read, total int64) {
	if c.progress == nil {
		return 0, 0
	}
	return c.progress.read.Load(), c.progress.total
}

// Close closes all sources, for a Capture whose sources are not run.
func (c *Capture) Close() error {
	var errs []error
	for _, s := range c.sources {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}
