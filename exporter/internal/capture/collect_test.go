package capture

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"
)

// collector is a Handler that keeps copies of all frames.
type collector struct {
	frames []Frame
	idle   []int64
	hook   func(f *Frame)
}

func (c *collector) Frame(f *Frame) {
	kept := *f
	kept.Data = bytes.Clone(f.Data)
	c.frames = append(c.frames, kept)
	if c.hook != nil {
		c.hook(f)
	}
}

func (c *collector) Idle(now int64) { c.idle = append(c.idle, now) }

// runFiles reads files at full speed.
func runFiles(t testing.TB, paths ...string) (*collector, *Capture, error) {
	t.Helper()
	c, err := Open(Config{Files: paths})
	if err != nil {
		t.Fatal(err)
	}
	var got collector
	err = c.Sources()[0].Run(context.Background(), &got)
	for i := 1; i < len(got.idle); i++ {
		if got.idle[i] < got.idle[i-1] {
			t.Errorf("Idle's time falls from %d to %d", got.idle[i-1], got.idle[i])
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	return &got, c, err
}

// write puts content into a new file and returns its path.
func write(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// testFrame is what the test files are made of.
type testFrame struct {
	time    time.Time
	data    []byte
	wireLen int
}

var testStart = time.Unix(1700000000, 123456789)

// testFrames are n frames of rising length, every third of them cut.
func testFrames(n int) []testFrame {
	frames := make([]testFrame, n)
	for i := range frames {
		data := bytes.Repeat([]byte{byte(i)}, 20+i*37%1500)
		frames[i] = testFrame{testStart.Add(time.Duration(i) * 1000003), data, len(data) + i%3*100}
	}
	return frames
}

func (f testFrame) info() gopacket.CaptureInfo {
	return gopacket.CaptureInfo{Timestamp: f.time, CaptureLength: len(f.data), Length: f.wireLen}
}

// pcapFile is a pcap file with ns time stamps, written by gopacket.
func pcapFile(t testing.TB, frames []testFrame) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.WritePacket(f.info(), f.data); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// pcapngFile is a pcapng file with two interfaces that frames come from in turn, written by gopacket.
func pcapngFile(t testing.TB, frames []testFrame) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	second, err := w.AddInterface(pcapgo.NgInterface{Name: "second", LinkType: layers.LinkTypeRaw})
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range frames {
		info := f.info()
		if i%2 == 1 {
			info.InterfaceIndex = second
		}
		if err := w.WritePacket(info, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// checkFrames compares what was read with what was written, except for the link type.
func checkFrames(t *testing.T, got []Frame, want []testFrame) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if !bytes.Equal(g.Data, w.data) || g.WireLen != w.wireLen || g.Time != w.time.UnixNano() {
			t.Fatalf("frame %d: %s, want %s", i, frameText(g.Time, g.WireLen, g.Data), frameText(w.time.UnixNano(), w.wireLen, w.data))
		}
	}
}

func frameText(t int64, wireLen int, data []byte) string {
	return fmt.Sprintf("time %d, %d bytes of %d, %.20x", t, len(data), wireLen, data)
}
