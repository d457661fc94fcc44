// Package config turns the configuration file into checked values for the stages. In goes YAML; out comes a Config, or every
// mistake in the file at once, each with its line and what to write instead. It never starts anything, never changes a file,
// and knows protocols only as the list of plugins it is handed.
package config

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/accesslog"
	"wire_exporter/exporter/internal/calendar"
	"wire_exporter/exporter/internal/flow"
	"wire_exporter/exporter/internal/label"
)

// Config is a configuration that was checked as a whole. It is never changed after Load, but by Refresh, and by replay before it
// makes decoders.
type Config struct {
	Label      label.Config       // services, clients, limits, what to leave out and for whom to measure
	Flow       flow.Config        // timeouts, the plugins, and which server is configured to speak which of them
	Sessions   *decoders.Sessions // how users are recognised; never nil
	AccessLogs []accesslog.Config // the second source
	Calendar   *calendar.Config   // what kind of day it is; nil: there is no calendar
	// Warnings are what is allowed but hardly meant, in the order of the file, each with its place.
	Warnings []string
	// Raw asks the decoders to keep SQL texts as they came; no key sets it, replay --raw does.
	Raw bool

	plugins  []decoders.Plugin
	blocks   []block // one for each plugin, at the plugin's index
	capture  []uint16
	patterns []string // service_files
	files    []serviceFile
	measured []netip.Prefix // measure.servers without "local"
	local    bool           // measure.servers has "local"
	networks func() ([]netip.Prefix, error)
	read     func(path string) ([]byte, error)
	glob     func(pattern string) []string
}

// Load reads and checks the file at path for the given plugins. Without a path (""), as with an empty file, everything has
// its default. An error about what the file says is a Mistakes.
func Load(path string, plugins []decoders.Plugin) (*Config, error) {
	l := loader{plugins: plugins, resolve: net.DefaultResolver.LookupNetIP, local: LocalNetworks, key: processKey, secret: readSecret, read: readFile, glob: matchingFiles}
	if path == "" {
		return l.parse("", nil)
	}
	text, _, err := readBounded(path, maxFile)
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return l.parse(path, text)
}

// Decoders makes one worker's decoders. The slice has the length of the list of plugins, and nil stands for one that is
// switched off; mem accounts for what they keep.
func (c *Config) Decoders(mem *decoders.Memory) ([]decoders.Decoder, error) {
	made := make([]decoders.Decoder, len(c.plugins))
	for i, p := range c.plugins {
		if c.blocks[i].off {
			continue
		}
		d, err := p.New(decoders.Env{Sessions: c.Sessions, Memory: mem, Raw: c.Raw}, c.blocks[i].unmarshal)
		if err != nil {
			return nil, fmt.Errorf("protocols.%s: %w", p.Name, err)
		}
		made[i] = d
	}
	return made, nil
}

// CapturePorts are the server ports that measure.ports restricts the capture to, in rising order; nil: all.
func (c *Config) CapturePorts() []uint16 { return c.capture }

// loader holds what a configuration depends on beside its text, so that tests can replace it.
type loader struct {
	plugins []decoders.Plugin
	resolve func(ctx context.Context, network, host string) ([]netip.Addr, error)
	local   func() ([]netip.Prefix, error) // the networks that "local" stands for
	key     func() [16]byte                // for hashing sessions when there is no key file
	secret  func(path string) (content []byte, mode os.FileMode, err error)
	read    func(path string) ([]byte, error) // of a file that the configuration names
	glob    func(pattern string) []string     // files of services
}

const (
	maxFile        = 1 << 20 // bytes of a configuration file
	resolveTimeout = 10 * time.Second
)

// parse checks text, which is the content of the file at path.
func (l loader) parse(path string, text []byte) (*Config, error) {
	ctx, cancel := context.WithTimeout(context.Background(), resolveTimeout)
	defer cancel()
	p := &parser{
		loader: l, ctx: ctx, report: &report{file: path},
		cfg:      &Config{plugins: l.plugins, blocks: make([]block, len(l.plugins)), networks: l.local, read: l.read, glob: l.glob},
		resolved: map[string]resolution{},
	}
	p.defaults()
	if root := p.report.document(text); root.y != nil {
		p.root(root)
	}
	if !p.report.full() {
		p.check()
	}
	if len(p.report.mistakes) == 0 {
		p.finish()
	}
	if err := p.report.err(); err != nil {
		return nil, err
	}
	p.cfg.Warnings = p.report.warningTexts()
	return p.cfg, nil
}

// processKey stands in for a key file: a reload must not make new users of the old ones, so it lasts as long as the process.
var processKey = sync.OnceValue(func() (key [16]byte) {
	rand.Read(key[:])
	return key
})

// readSecret reads a file with a key.
func readSecret(path string) ([]byte, os.FileMode, error) { return readBounded(path, maxKey) }

// readFile reads a file that the configuration names.
func readFile(path string) ([]byte, error) {
	text, _, err := readBounded(path, maxFile)
	return text, err
}

// readBounded reads a regular file of at most limit bytes: not a device or a pipe, which may never end.
func readBounded(path string, limit int64) ([]byte, os.FileMode, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // or opening a pipe waits for its other end
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, 0, err
	case !info.Mode().IsRegular():
		return nil, 0, fmt.Errorf("%s: not a regular file", path)
	}
	content, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, 0, fmt.Errorf("%s: at most %d bytes are read, and it has more", path, limit)
	}
	return content, info.Mode(), err
}
