package selftest

import (
	"fmt"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// Sender puts frames onto an interface.
type Sender struct{ fd int }

// NewSender opens the interface for sending. It needs CAP_NET_RAW.
func NewSender(name string) (*Sender, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("a socket to send on: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: i.Index}); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("bind to %s: %w", name, err)
	}
	unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_QDISC_BYPASS, 1) // faster, where the kernel knows it
	return &Sender{fd}, nil
}

// Close closes the socket.
func (s *Sender) Close() error { return unix.Close(s.fd) }

// burst is how many frames are sent before the clock is looked at.
const burst = 32

// Send sends frames of t for a time, at most rate a second (0: as fast as it can), and returns how many and how many bytes were
// sent. What the kernel had no room for is not among them.
func (s *Sender) Send(t *Traffic, rate int, d time.Duration) (frames, bytes int) {
	begin := time.Now()
	for due := 0; ; {
		elapsed := time.Since(begin)
		if elapsed >= d {
			return frames, bytes
		}
		if rate > 0 && due > int(elapsed.Seconds()*float64(rate)) {
			time.Sleep(50 * time.Microsecond)
			continue
		}
		for range burst {
			due++
			f := t.Next()
			if _, err := unix.Write(s.fd, f); err == nil {
				frames++
				bytes += len(f)
			}
		}
	}
}
