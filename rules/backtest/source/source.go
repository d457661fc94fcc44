// Package source gives history to the engine. In goes an address, a folder or a file; out come samples, in order of time. It
// changes nothing where it reads.
package source

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"wire_exporter/rules/backtest/engine"
	"wire_exporter/rules/backtest/store"
)

// Source is history of which it is known from when to when it goes.
type Source interface {
	engine.Source
	// Span is the time of the oldest and the newest sample, ms.
	Span(ctx context.Context) (lo, hi int64, err error)
	Close() error
}

// Options say what cannot be seen from the name.
type Options struct {
	Exporter string        // the program that reads capture files
	Config   string        // its configuration file
	Every    time.Duration // the scrape interval that it pretends to have
	Bearer   string        // for addresses: sent as Authorization: Bearer
}

// Open finds out what name is: an address (http://…), a TSDB folder, or a file: OpenMetrics text, CSV, the delimited protobuf of
// "wire_exporter replay --metrics --every", or a capture file.
func Open(ctx context.Context, name string, opts Options) (Source, error) {
	if strings.HasPrefix(name, "http://") || strings.HasPrefix(name, "https://") {
		return newAPI(name, opts.Bearer)
	}
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	head, err := in.Peek(4096)
	if err != nil && err != io.EOF {
		return nil, err
	}
	s := store.New()
	switch {
	case isCapture(head):
		err = replay(ctx, name, opts, s)
	case strings.HasSuffix(name, ".csv"):
		err = readCSV(in, s)
	case isText(head):
		err = readText(in, s)
	default:
		err = readProtobuf(in, s)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	s.Sort()
	return memory{s}, nil
}

// memory is a file that was read.
type memory struct{ s *store.Store }

// Names are the metrics in it.
func (m memory) Names() []string { return m.s.Names() }

// Load implements Source.
func (m memory) Load(_ context.Context, names []string, lo, hi int64, into *store.Store) error {
	return engine.Copy(m.s, names, lo, hi, into)
}

// Span implements Source.
func (m memory) Span(context.Context) (lo, hi int64, err error) {
	lo, hi, ok := m.s.Span()
	if !ok {
		err = fmt.Errorf("there are no samples with a time")
	}
	return lo, hi, err
}

// Close implements Source.
func (m memory) Close() error { return nil }

// isCapture knows pcap, pcapng and gzip by their first bytes.
func isCapture(head []byte) bool {
	for _, magic := range []string{"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", "\x0a\x0d\x0d\x0a", "\x1f\x8b"} {
		if strings.HasPrefix(string(head), magic) {
			return true
		}
	}
	return false
}

func isText(head []byte) bool {
	return strings.HasPrefix(string(head), "#") || strings.IndexFunc(string(head), func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' && r != '\r' }) < 0
}
