package relay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// Dialer opens TCP connections from one local address. With a nil Relay they
// are ordinary ones.
type Dialer struct {
	Relay   *Relay
	From    netip.Addr // IPv4
	Timeout time.Duration
	// Goodbye says that the client's last word in the protocol has no answer, so that one who leaves with the last word does not
	// break anything off.
	Goodbye bool
}

// DialContext has the shape that http.Transport asks for. The address must be
// a literal IPv4 address and port.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	server, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, err
	}
	var s *session
	dialer := net.Dialer{
		Timeout: d.Timeout,
		Control: func(_, _ string, raw syscall.RawConn) error {
			client, err := bind(raw, d.From)
			if err == nil && d.Relay != nil {
				s = newSession(d.Relay, client, server)
				s.goodbye = d.Goodbye
				s.syn()
			}
			return err
		},
	}
	nc, err := dialer.DialContext(ctx, "tcp4", address)
	if d.Relay == nil || s == nil {
		return nc, err
	}
	if err != nil {
		if errors.Is(err, syscall.ECONNREFUSED) {
			s.refused()
		}
		return nil, err
	}
	s.established()
	return &conn{Conn: nc, tcp: nc.(*net.TCPConn), session: s}, nil
}

// bind gives the socket its local address before it connects, so that the
// port in the SYN is known when the SYN leaves.
func bind(raw syscall.RawConn, from netip.Addr) (local netip.AddrPort, err error) {
	controlErr := raw.Control(func(fd uintptr) {
		if err = syscall.Bind(int(fd), &syscall.SockaddrInet4{Addr: from.As4()}); err != nil {
			err = fmt.Errorf("bind %s: %w", from, err)
			return
		}
		var sa syscall.Sockaddr
		if sa, err = syscall.Getsockname(int(fd)); err == nil {
			local = netip.AddrPortFrom(from, uint16(sa.(*syscall.SockaddrInet4).Port))
		}
	})
	return local, errors.Join(controlErr, err)
}

// failed shows how the other side ended the connection, where it did.
func (s *session) failed(err error) {
	switch {
	case errors.Is(err, io.EOF):
		s.serverClosed()
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		s.reset(&s.server, &s.client)
	}
}
