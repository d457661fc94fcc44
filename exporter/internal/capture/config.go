package capture

import (
	"fmt"
	"strings"

	"wire_exporter/exporter/internal/capture/filter"
)

// Config says what to capture. Either Interfaces or Files is set.
type Config struct {
	Interfaces  []string // names of network interfaces; "any" stands for all of them and stands alone
	Workers     int      // live: number of Sources; 0: 1
	Promiscuous bool     // live: ask for frames to other hosts too (a mirror port, a TAP)
	Snaplen     int      // live: bytes to keep of a frame; 0: whole frames
	RingBytes   int      // live: memory of a worker's rings together; 0: 64 MiB over all workers

	// Filter is an expression (see package filter), or the output of tcpdump -ddd. Without it, a live capture takes what
	// FilterPorts lets through, or everything when that is empty too; files are read whole.
	Filter string
	// FilterPorts are the TCP and UDP ports whose traffic is wanted. The filter made from them lets all fragments, VLANs and
	// tunnels pass.
	FilterPorts []uint16

	// VXLANPorts and GenevePorts are UDP ports that these tunnels use besides the usual ones. They matter to FilterPorts, and to which worker
	// gets a frame; Capture.Tunnels tells them to who parses frames.
	VXLANPorts, GenevePorts []uint16

	Files []string // paths of capture files, read one after the other; "-" is the standard input
	Speed Speed    // of reading files
}

// Speed is how fast files are read.
type Speed uint8

const (
	SpeedFull     Speed = iota // as fast as possible
	SpeedRecorded              // at the pace at which they were captured; time stamps stay as they are
	SpeedLoop                  // like SpeedRecorded, over and over, with time stamps that go on rising
)

var speedNames = []string{SpeedFull: "full", SpeedRecorded: "recorded", SpeedLoop: "loop"}

// String returns the name that ParseSpeed takes.
func (s Speed) String() string {
	if int(s) >= len(speedNames) {
		return "unknown"
	}
	return speedNames[s]
}

// ParseSpeed reads "full", "recorded" or "loop".
func ParseSpeed(name string) (Speed, error) {
	for i, n := range speedNames {
		if n == name {
			return Speed(i), nil
		}
	}
	return 0, fmt.Errorf("capture: unknown speed %q (have: %s)", name, strings.Join(speedNames, ", "))
}

// Bounds of Config.
const (
	maxWorkers      = 256
	maxInterfaces   = 64
	maxSnaplen      = 1 << 18
	minRingBytes    = 1 << 20
	maxRingBytes    = 1 << 30
	defaultAllRings = 64 << 20

	// Any is the name of all interfaces together. A frame that passes several of them, like a bridge, a veth pair or a VLAN's
	// device, is seen at each.
	Any = "any"
	// Stdin is the standard input's name among Config.Files.
	Stdin = "-"
)

func (cfg Config) tunnels() filter.Tunnels {
	return filter.Tunnels{VXLAN: cfg.VXLANPorts, Geneve: cfg.GenevePorts}
}

// withDefaults returns cfg with its zero values replaced.
func (cfg Config) withDefaults() Config {
	if cfg.Workers == 0 {
		cfg.Workers = 1
	}
	if cfg.RingBytes == 0 && cfg.Workers > 0 {
		cfg.RingBytes = max(defaultAllRings/cfg.Workers, minRingBytes)
	}
	return cfg
}

// Validate says what is wrong with cfg, as far as that shows without opening anything. Zero values are right.
func (cfg Config) Validate() error {
	cfg = cfg.withDefaults()
	switch {
	case len(cfg.Interfaces) == 0 && len(cfg.Files) == 0:
		return fmt.Errorf("capture: neither an interface nor a file is given")
	case len(cfg.Interfaces) > 0 && len(cfg.Files) > 0:
		return fmt.Errorf("capture: interfaces and files cannot be captured at the same time")
	case int(cfg.Speed) >= len(speedNames):
		return fmt.Errorf("capture: unknown speed %d", cfg.Speed)
	}
	if _, err := newFilters(cfg); err != nil {
		return err
	}
	if len(cfg.Files) > 0 {
		return cfg.validateFiles()
	}
	return cfg.validateLive()
}

func (cfg Config) validateFiles() error {
	stdins := 0
	for _, path := range cfg.Files {
		switch path {
		case "":
			return fmt.Errorf("capture: a file's path is empty")
		case Stdin:
			stdins++
		}
	}
	if stdins > 1 {
		return fmt.Errorf("capture: the standard input (%q) is given %d times", Stdin, stdins)
	}
	if stdins > 0 && cfg.Speed == SpeedLoop {
		return fmt.Errorf("capture: the standard input cannot be read in a loop")
	}
	return nil
}

func (cfg Config) validateLive() error {
	if cfg.Speed != SpeedFull {
		return fmt.Errorf("capture: speed %q is for files", cfg.Speed)
	}
	if len(cfg.Interfaces) > maxInterfaces {
		return fmt.Errorf("capture: %d interfaces, at most %d can be captured; use %q", len(cfg.Interfaces), maxInterfaces, Any)
	}
	if cfg.Workers < 0 || cfg.Workers > maxWorkers {
		return fmt.Errorf("capture: %d workers, must be 1 to %d", cfg.Workers, maxWorkers)
	}
	if cfg.Snaplen < 0 || cfg.Snaplen > maxSnaplen {
		return fmt.Errorf("capture: snap length %d, must be 1 to %d, or 0 for whole frames", cfg.Snaplen, maxSnaplen)
	}
	if cfg.RingBytes < minRingBytes || cfg.RingBytes > maxRingBytes {
		return fmt.Errorf("capture: ring of %d bytes, must be %d to %d", cfg.RingBytes, minRingBytes, maxRingBytes)
	}
	if cfg.Promiscuous && cfg.Interfaces[0] == Any {
		return fmt.Errorf("capture: %q cannot be promiscuous: name the interfaces", Any)
	}
	seen := map[string]bool{}
	for _, name := range cfg.Interfaces {
		switch {
		case name == "":
			return fmt.Errorf("capture: an interface's name is empty")
		case seen[name]:
			return fmt.Errorf("capture: interface %q is given twice", name)
		case name == Any && len(cfg.Interfaces) > 1:
			return fmt.Errorf("capture: %q stands for all interfaces and cannot be given together with others", Any)
		}
		seen[name] = true
	}
	return nil
}
