//go:build !linux

package capture

import "errors"

func openLive(Config) (*Capture, error) {
	return nil, errors.New("capture: network interfaces can be captured on Linux only")
}

// DropPrivileges does nothing on this system.
func DropPrivileges() error { return nil }
