package capture

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func zip(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pcapBytes writes a pcap file by hand, in any byte order and with any magic number.
func pcapBytes(order binary.AppendByteOrder, magic uint32, unit int64, frames []testFrame) []byte {
	b := order.AppendUint32(nil, magic)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 4)
	b = append(b, make([]byte, 8)...)
	b = order.AppendUint32(b, 262144)
	b = order.AppendUint32(b, 0x10000000|113) // with the length of a frame check sequence
	for _, f := range frames {
		b = order.AppendUint32(b, uint32(f.time.Unix()))
		b = order.AppendUint32(b, uint32(int64(f.time.Nanosecond())/unit))
		b = order.AppendUint32(b, uint32(len(f.data)))
		b = order.AppendUint32(b, uint32(f.wireLen))
		b = append(b, f.data...)
	}
	return b
}

func TestPcap(t *testing.T) {
	frames := testFrames(2000) // several times the buffer
	tests := []struct {
		name  string
		order binary.AppendByteOrder
		magic uint32
		unit  int64
	}{
		{"little-endian us", binary.LittleEndian, pcapMagicMicro, 1000},
		{"big-endian us", binary.BigEndian, pcapMagicMicro, 1000},
		{"little-endian ns", binary.LittleEndian, pcapMagicNano, 1},
		{"big-endian ns", binary.BigEndian, pcapMagicNano, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			want := slices.Clone(frames)
			for i := range want {
				want[i].time = want[i].time.Truncate(1000)
				if test.unit == 1 {
					want[i].time = frames[i].time
				}
			}
			content := pcapBytes(test.order, test.magic, test.unit, frames)
			got, c, err := runFiles(t, write(t, "x.pcap", content))
			if err != nil {
				t.Fatal(err)
			}
			checkFrames(t, got.frames, want)
			if got.frames[7].Link != 113 {
				t.Errorf("link type %d", got.frames[7].Link)
			}
			if read, total := c.Progress(); read != int64(len(content)) || total != read {
				t.Errorf("progress %d of %d, want all of %d", read, total, len(content))
			}
			bytesOnWire := uint64(0)
			for _, f := range frames {
				bytesOnWire += uint64(f.wireLen)
			}
			if s := c.Stats()[0]; s.Name != "x.pcap" || s.Packets != 2000 || s.Bytes != bytesOnWire || s.Dropped != [NumDropReasons]uint64{} {
				t.Errorf("stats %+v", s)
			}
		})
	}
}

// What gopacket writes is read as it was meant, packed or not.
func TestFilesByGopacket(t *testing.T) {
	frames := testFrames(1000)
	tests := []struct {
		name    string
		content []byte
		links   [2]uint16
	}{
		{"pcap", pcapFile(t, frames), [2]uint16{1, 1}},
		{"pcap.gz", zip(t, pcapFile(t, frames)), [2]uint16{1, 1}},
		{"pcapng", pcapngFile(t, frames), [2]uint16{1, 101}},
		{"pcapng.gz", zip(t, pcapngFile(t, frames)), [2]uint16{1, 101}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, _, err := runFiles(t, write(t, test.name, test.content))
			if err != nil {
				t.Fatal(err)
			}
			checkFrames(t, got.frames, frames)
			if got.frames[0].Link != test.links[0] || got.frames[1].Link != test.links[1] {
				t.Errorf("link types %d, %d, want %v", got.frames[0].Link, got.frames[1].Link, test.links)
			}
		})
	}
}

// A file may end anywhere: what was whole is handed over, the rest is counted, and only an end inside the file's header is an error.
func TestTruncatedFile(t *testing.T) {
	frames := testFrames(4)
	for name, content := range map[string][]byte{"pcap": pcapFile(t, frames), "pcapng": pcapngFile(t, frames)} {
		last := 0
		for n := 1; n < len(content); n++ {
			r := newReader(bytes.NewReader(content[:n]))
			s := &fileSource{reader: r, filters: &filters{}, counters: make(counters, 1)}
			format, err := detect(r)
			if err != nil {
				if n >= pcapHeaderLen || !(errors.Is(err, errTruncated) || strings.Contains(err.Error(), "not a capture file")) {
					t.Fatalf("%s cut to %d: %v", name, n, err)
				}
				continue
			}
			var got collector
			err = s.records(context.Background(), &got, format, &s.counters[0])
			if err != io.EOF && err != io.ErrUnexpectedEOF {
				t.Fatalf("%s cut to %d: %v", name, n, err)
			}
			if len(got.frames) < last {
				t.Fatalf("%s cut to %d: %d frames, one byte less had %d", name, n, len(got.frames), last)
			}
			last = len(got.frames)
		}
		if last != len(frames)-1 {
			t.Errorf("%s without its last byte: %d frames", name, last)
		}
		for suffix, cut := range map[string][]byte{"": content[:len(content)-1], ".gz": zip(t, content)[:100]} {
			_, c, err := runFiles(t, write(t, name+suffix, cut))
			if err != nil || c.Stats()[0].Dropped[DropTruncatedFile] != 1 {
				t.Errorf("%s%s: %v, %+v", name, suffix, err, c.Stats())
			}
		}
	}
}

// However the input comes, in whatever pieces: the same frames.
func TestReadSizes(t *testing.T) {
	frames := testFrames(60)
	for name, content := range map[string][]byte{"pcap": pcapFile(t, frames), "pcap.gz": zip(t, pcapFile(t, frames)), "pcapng": pcapngFile(t, frames)} {
		for pieces, src := range map[string]io.Reader{
			"one byte":        iotest.OneByteReader(bytes.NewReader(content)),
			"halves":          iotest.HalfReader(bytes.NewReader(content)),
			"error with data": iotest.DataErrReader(bytes.NewReader(content)),
		} {
			r := newReader(src)
			s := &fileSource{reader: r, filters: &filters{}, counters: make(counters, 1)}
			format, err := detect(r)
			if err != nil {
				t.Fatal(name, pieces, err)
			}
			var got collector
			if err := s.records(context.Background(), &got, format, &s.counters[0]); err != io.EOF {
				t.Error(name, pieces, err)
			}
			if len(got.frames) != len(frames) || !bytes.Equal(got.frames[59].Data, frames[59].data) {
				t.Errorf("%s, %s: %d frames", name, pieces, len(got.frames))
			}
		}
	}
}

func TestReadThatMakesNoProgress(t *testing.T) {
	r := newReader(idleReader{})
	if _, err := detect(r); err != io.ErrNoProgress {
		t.Error(err)
	}
}

type idleReader struct{}

func (idleReader) Read([]byte) (int, error) { return 0, nil }

// A corrupt file is given up with an error, after what came before; the files after it are read.
func TestCorruptFile(t *testing.T) {
	frames := testFrames(3)
	corrupt := pcapFile(t, frames)
	binary.LittleEndian.PutUint32(corrupt[24+16+len(frames[0].data)+8:], 1<<31)
	got, c, err := runFiles(t, write(t, "corrupt.pcap", corrupt), write(t, "good.pcap", pcapFile(t, frames)))
	if err == nil || !strings.Contains(err.Error(), `corrupt.pcap": at byte 60: a record claims a frame of 2147483648 bytes, at most 262144 can be`) {
		t.Errorf("error %v", err)
	}
	if len(got.frames) != 4 || got.frames[3].Interface != 1 {
		t.Errorf("%d frames", len(got.frames))
	}
	if s := c.Stats(); s[0].Packets != 1 || s[0].Dropped[DropCorruptFile] != 1 || s[1].Packets != 3 || s[1].Name != "good.pcap" {
		t.Errorf("stats %+v", s)
	}
	flipped := zip(t, pcapFile(t, testFrames(50)))
	flipped[len(flipped)/2] ^= 0x55
	if _, c, err := runFiles(t, write(t, "flipped.pcap.gz", flipped)); err == nil && c.Stats()[0].Dropped[DropTruncatedFile] == 0 {
		t.Error("damage to a packed file went unnoticed")
	}
}

func TestOpenFileErrors(t *testing.T) {
	dir := t.TempDir()
	good := write(t, "good.pcap", pcapFile(t, nil))
	version := pcapFile(t, nil)
	version[4] = 9
	tests := []struct {
		name string
		cfg  Config
		want string
	}{
		{"nothing", Config{}, "neither an interface nor a file"},
		{"both", Config{Files: []string{good}, Interfaces: []string{"lo"}}, "at the same time"},
		{"missing", Config{Files: []string{dir + "/none.pcap"}}, `none.pcap" does not exist`},
		{"second missing", Config{Files: []string{good, dir + "/none.pcap"}}, `none.pcap" does not exist`},
		{"folder", Config{Files: []string{dir}}, "is a folder, not a capture file"},
		{"empty path", Config{Files: []string{""}}, "path is empty"},
		{"empty file", Config{Files: []string{write(t, "empty", nil)}}, `empty": not a capture file: it has 0 bytes`},
		{"text", Config{Files: []string{write(t, "text", []byte("hello world"))}}, `text": not a capture file: it starts with the bytes 68656c6c`},
		{"packed text", Config{Files: []string{write(t, "text.gz", zip(t, []byte("hello world")))}}, "not a capture file: it starts with the bytes 68656c6c"},
		{"packed twice", Config{Files: []string{write(t, "x.gz.gz", zip(t, zip(t, pcapFile(t, nil))))}}, "starts with the bytes 1f8b"},
		{"half a header", Config{Files: []string{write(t, "half", pcapFile(t, nil)[:20])}}, "ends inside its header"},
		{"half a gzip header", Config{Files: []string{write(t, "half.gz", zip(t, pcapFile(t, nil))[:6])}}, "ends inside its header"},
		{"version", Config{Files: []string{write(t, "version", version)}}, "pcap version 9.4 is not known"},
		{"stdin twice", Config{Files: []string{"-", "-"}}, "is given 2 times"},
		{"stdin in a loop", Config{Files: []string{"-"}, Speed: SpeedLoop}, "cannot be read in a loop"},
		{"pipe in a loop", Config{Files: []string{os.DevNull}, Speed: SpeedLoop}, "is not a regular file"},
		{"speed", Config{Files: []string{good}, Speed: 9}, "unknown speed 9"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(test.cfg)
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "capture: ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line with %q", err, test.want)
			}
		})
	}
}

func TestStdin(t *testing.T) {
	frames := testFrames(100)
	path := write(t, "x.pcap", pcapFile(t, frames))
	saved := os.Stdin
	defer func() { os.Stdin = saved }()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	os.Stdin = file
	got, c, err := runFiles(t, Stdin)
	if err != nil {
		t.Fatal(err)
	}
	checkFrames(t, got.frames, frames)
	if read, total := c.Progress(); read != total || total == 0 {
		t.Errorf("progress %d of %d", read, total)
	}
}

// A read from a pipe that waits ends when the context does.
func TestStdinPipeIsCancelled(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	saved := os.Stdin
	defer func() { os.Stdin = saved }()
	os.Stdin = r
	c, err := Open(Config{Files: []string{Stdin}})
	if err != nil {
		t.Fatal(err)
	}
	if _, total := c.Progress(); total != 0 {
		t.Errorf("a pipe of %d bytes", total)
	}
	frames := testFrames(2)
	if _, err := w.Write(pcapFile(t, frames)); err != nil { // the pipe holds it; the writer stays open
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var got collector
	got.hook = func(*Frame) {
		if len(got.frames) == len(frames) {
			cancel()
		}
	}
	if err := c.Sources()[0].Run(ctx, &got); err != nil {
		t.Error(err)
	}
	checkFrames(t, got.frames, frames)
}

func TestFileNamesAreBounded(t *testing.T) {
	var names []string
	last := 0
	for i := range 3 * maxFileNames {
		names, last = fileName(names, filepath.Join("dir", strings.Repeat("x", i+1)))
	}
	if len(names) != maxFileNames+1 || last != maxFileNames || names[last] != otherFileName {
		t.Errorf("%d names, the last one's index is %d", len(names), last)
	}
	if names, i := fileName(names, "elsewhere/x"); i != 0 || len(names) != maxFileNames+1 {
		t.Errorf("a name seen before has index %d", i)
	}
}

// Reading allocates for a file, not for a frame.
func TestReadingDoesNotAllocate(t *testing.T) {
	for name, content := range map[string][]byte{"pcap": pcapFile(t, testFrames(1000)), "pcapng": pcapngFile(t, testFrames(1000))} {
		src := bytes.NewReader(content)
		r := newReader(src)
		s := &fileSource{reader: r, filters: &filters{}, counters: make(counters, 1)}
		var count frameCounter
		var h Handler = &count
		ctx := context.Background()
		n := testing.AllocsPerRun(5, func() {
			src.Reset(content)
			r.reset(src)
			format, err := detect(r)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.records(ctx, h, format, &s.counters[0]); err != io.EOF {
				t.Fatal(err)
			}
		})
		if n > 10 || count < 1000 {
			t.Errorf("%s: %v allocations for 1000 frames", name, n)
		}
	}
}

type frameCounter int

func (c *frameCounter) Frame(*Frame) { *c++ }
func (c *frameCounter) Idle(int64)   {}
