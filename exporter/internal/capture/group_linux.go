package capture

import (
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"

	"wire_exporter/exporter/internal/capture/filter"
)

// group is one interface with a ring for every worker. The kernel spreads its frames over them (packet fanout) by the position in which
// they joined, which is the worker's: so a connection that is seen on two interfaces comes to one worker.
type group struct {
	name        string
	workers     int
	bytes       int // of a ring
	snaplen     uint32
	promiscuous bool
	filters     *filters
	tunnels     filter.Tunnels

	mu    sync.Mutex // held when rings change, once a second by every worker, never for a frame
	index int        // of the interface; 0: all
	fresh []*ring    // of each worker: what it is to use from now on, nil when it has that
}

// openRings opens the group's rings. They take nothing before start.
func (g *group) openRings() error {
	index, err := g.lookUp()
	if err != nil {
		return err
	}
	rings := make([]*ring, 0, g.workers)
	fanoutID := 0
	for range g.workers {
		r, err := g.openRing(index)
		if err == nil {
			rings = append(rings, r)
			fanoutID, err = g.join(r, len(rings), fanoutID)
		}
		if err != nil {
			closeRings(rings)
			return err
		}
	}
	closeRings(g.fresh)
	g.index, g.fresh = index, rings
	return nil
}

func closeRings(rings []*ring) error {
	var errs []error
	for _, r := range rings {
		if r != nil {
			errs = append(errs, r.close())
		}
	}
	return errors.Join(errs...)
}

// lookUp returns the interface's index.
func (g *group) lookUp() (int, error) {
	if g.name == Any {
		return 0, nil
	}
	i, err := net.InterfaceByName(g.name)
	if err != nil {
		return 0, fmt.Errorf("capture: interface %q does not exist (have: %s)", g.name, interfaceNames())
	}
	if i.Flags&net.FlagUp == 0 {
		return 0, fmt.Errorf("capture: interface %q is down", g.name)
	}
	return i.Index, nil
}

// openRing opens a socket that takes nothing, with a ring, on interface index.
func (g *group) openRing(index int) (*ring, error) {
	kind, cooked := unix.SOCK_RAW, g.name == Any
	if !cooked {
		var err error
		if cooked, err = isCooked(g.name); err != nil {
			return nil, err
		}
	}
	if cooked {
		kind = unix.SOCK_DGRAM
		if g.filters.program != nil {
			return nil, fmt.Errorf("capture: a program of tcpdump -ddd is for Ethernet, interface %q has another link layer; write an expression instead", g.name)
		}
	}
	fd, err := unix.Socket(unix.AF_PACKET, kind|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, socketError(err)
	}
	r, err := g.prepare(fd, index, cooked)
	if err != nil {
		unix.Close(fd)
		return nil, err
	}
	return r, nil
}

// prepare gives the socket its ring and its interface.
func (g *group) prepare(fd, index int, cooked bool) (*ring, error) {
	nothing, err := filter.Assemble(filter.Everything(0))
	if err != nil {
		return nil, err
	}
	if err := attach(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, nothing); err != nil {
		return nil, fmt.Errorf("capture: attaching a filter: %w", err)
	}
	r, err := newRing(fd, g.bytes, cooked)
	if err != nil {
		return nil, err
	}
	all := uint16(unix.ETH_P_ALL)
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all<<8 | all>>8, Ifindex: index}); err != nil {
		_ = unix.Munmap(r.mem)
		return nil, fmt.Errorf("capture: listening to interface %q: %w", g.name, err)
	}
	if g.promiscuous {
		mreq := unix.PacketMreq{Ifindex: int32(index), Type: unix.PACKET_MR_PROMISC}
		if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &mreq); err != nil {
			_ = unix.Munmap(r.mem)
			return nil, fmt.Errorf("capture: making interface %q promiscuous: %w", g.name, err)
		}
	}
	return r, nil
}

// join makes r the position-th member of the fanout group; the first one makes the group and its id.
func (g *group) join(r *ring, position, id int) (int, error) {
	if g.workers == 1 {
		return 0, nil
	}
	arg := id | unix.PACKET_FANOUT_CBPF<<16
	if position == 1 {
		arg |= unix.PACKET_FANOUT_FLAG_UNIQUEID << 16
	}
	if err := unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT, arg); err != nil {
		return 0, fmt.Errorf("capture: sharing interface %q among workers: %w", g.name, err)
	}
	if position > 1 {
		return id, nil
	}
	program, err := filter.Assemble(filter.Fanout(g.tunnels))
	if err != nil {
		return 0, err
	}
	if err := attach(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT_DATA, program); err != nil {
		return 0, fmt.Errorf("capture: sharing interface %q among workers: %w", g.name, err)
	}
	got, err := unix.GetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_FANOUT)
	if err != nil {
		return 0, fmt.Errorf("capture: sharing interface %q among workers: %w", g.name, err)
	}
	return got & 0xffff, nil
}

// start lets the new rings take frames, now that all workers have one.
func (g *group) start() error {
	for _, r := range g.fresh {
		link := filter.EthernetKernel
		if r.cooked {
			link = filter.CookedKernel
		}
		if err := g.attachFilter(r.fd, link); err != nil {
			return err
		}
	}
	return nil
}

// attachFilter attaches the filter. Where the kernel gives little room for one (net.core.optmem_max), a filter from ports is made coarser.
func (g *group) attachFilter(fd int, link filter.Link) error {
	for maxRanges := filter.MaxRanges; ; maxRanges /= 4 {
		program, err := g.filters.kernel(link, g.snaplen, maxRanges)
		if err != nil {
			return err
		}
		err = attach(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, program)
		switch {
		case err == nil:
			return nil
		case err == unix.ENOMEM && maxRanges >= 4 && len(g.filters.ports) > 0:
		case err == unix.ENOMEM:
			return fmt.Errorf("capture: the kernel has no room for a filter of %d instructions: raise net.core.optmem_max", len(program))
		case err == unix.EINVAL && g.filters.program != nil:
			return errors.New("capture: the kernel refuses the filter's program as wrong")
		default:
			return fmt.Errorf("capture: attaching the filter: %w", err)
		}
	}
}

// renew looks whether the interface was taken away and made again, and opens it again if so; fd is any socket. It returns what take does.
func (g *group) renew(worker, fd int) *ring {
	g.mu.Lock()
	// The index is compared, not the flags: an interface that only was down is listened to again by the kernel.
	if i, err := indexOf(fd, g.name); g.name != Any && err == nil && i != g.index && g.openRings() == nil && g.start() != nil {
		_ = closeRings(g.fresh)
		g.fresh, g.index = make([]*ring, g.workers), -1
	}
	g.mu.Unlock()
	return g.take(worker)
}

// take returns the ring that worker is to use from now on, nil when that is the one it has.
func (g *group) take(worker int) *ring {
	g.mu.Lock()
	defer g.mu.Unlock()
	r := g.fresh[worker]
	g.fresh[worker] = nil
	return r
}

// close closes the rings that no worker has taken.
func (g *group) close() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	err := closeRings(g.fresh)
	g.fresh = make([]*ring, g.workers)
	return err
}
