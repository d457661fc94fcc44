package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// edition is part of the files' names: it changes with what is in them, so that an old file is never measured as a new one.
const edition = 2

// capture is a capture file and what is in it.
type capture struct {
	Name    string
	Packets int
	Bytes   int64 // of the file
	Counts  counts
	path    string
}

// counts are the requests in a capture by the outcome they have, and what else databases are asked.
type counts struct {
	OK, ClientError, ServerError int
	Rows, Logins, Transactions   int // of SQL
}

func (c counts) total() int { return c.OK + c.ClientError + c.ServerError }

func (c *counts) add(d counts) {
	c.OK += d.OK
	c.ClientError += d.ClientError
	c.ServerError += d.ServerError
	c.Rows += d.Rows
	c.Logins += d.Logins
	c.Transactions += d.Transactions
}

func (c *capture) remove() {
	os.Remove(c.path)
	os.Remove(notes(c.path))
}

// notes is the file beside a capture that says what is in it.
func notes(path string) string { return path + ".json" }

// provide finds the capture of p in dir, or writes it.
func provide(dir string, p profile) (*capture, error) {
	path := filepath.Join(dir, fmt.Sprintf("%s-%d.pcap", p.name, edition))
	c, err := load(path)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return c, err
	}
	if err := discard(dir, p); err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "writing %s\n", path)
	return write(path, p)
}

// discard removes the captures of earlier editions, and what an interrupted run has left.
func discard(dir string, p profile) error {
	old, err := filepath.Glob(filepath.Join(dir, p.name+"-*.pcap*"))
	for _, path := range old {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// load reads the notes of a capture that is there; fs.ErrNotExist: it is not, or not whole.
func load(path string) (*capture, error) {
	text, err := os.ReadFile(notes(path))
	if err != nil {
		return nil, err
	}
	c := &capture{path: path}
	if err := json.Unmarshal(text, c); err != nil {
		return nil, fmt.Errorf("%s: %w", notes(path), err)
	}
	info, err := os.Stat(path)
	if err == nil && info.Size() != c.Bytes {
		err = fs.ErrNotExist
	}
	return c, err
}

// write writes the capture of p, and its notes when it is whole.
func write(path string, p profile) (*capture, error) {
	part := path + ".part"
	f, err := os.Create(part)
	if err != nil {
		return nil, err
	}
	defer os.Remove(part)
	defer f.Close()
	w := newWriter(f)
	c := &capture{Name: p.name, path: path, Counts: generate(p, w)}
	if err := w.close(); err != nil {
		return nil, err
	}
	if err := errors.Join(f.Close(), os.Rename(part, path)); err != nil {
		return nil, err
	}
	c.Packets, c.Bytes = w.packets, w.bytes
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return c, os.WriteFile(notes(path), text, 0o644)
}

// writer writes a pcap file (the savefile format of libpcap) with microseconds, as tcpdump does.
type writer struct {
	out     *bufio.Writer
	packets int
	bytes   int64
	last    int64 // stamp of the last packet, µs
	err     error
}

func newWriter(out io.Writer) *writer {
	w := &writer{out: bufio.NewWriterSize(out, 1<<20)}
	var head [24]byte
	binary.LittleEndian.PutUint32(head[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(head[4:], 2)
	binary.LittleEndian.PutUint16(head[6:], 4)
	binary.LittleEndian.PutUint32(head[16:], 262144)
	binary.LittleEndian.PutUint32(head[20:], 1) // Ethernet
	w.put(head[:])
	return w
}

func (w *writer) put(b []byte) {
	n, err := w.out.Write(b)
	w.bytes += int64(n)
	if w.err == nil {
		w.err = err
	}
}

// frame adds one frame. No two have the same stamp.
func (w *writer) frame(at int64, frame []byte) {
	w.last = max(at/1000, w.last+1)
	w.packets++
	var head [16]byte
	binary.LittleEndian.PutUint32(head[0:], uint32(w.last/1e6))
	binary.LittleEndian.PutUint32(head[4:], uint32(w.last%1e6))
	binary.LittleEndian.PutUint32(head[8:], uint32(len(frame)))
	binary.LittleEndian.PutUint32(head[12:], uint32(len(frame)))
	w.put(head[:])
	w.put(frame)
}

func (w *writer) close() error { return errors.Join(w.err, w.out.Flush()) }
