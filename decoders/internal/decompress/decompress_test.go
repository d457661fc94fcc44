package decompress

import (
	"bytes"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"wire_exporter/decoders"
)

func deflated(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func zstandard(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return w.EncodeAll(b, nil)
}

// text is n bytes that compress as rows do.
func text(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < n {
		b.WriteString("account ")
		b.WriteByte(byte('0' + r.IntN(10)))
		b.WriteByte(byte(r.IntN(256)))
	}
	return []byte(b.String()[:n])
}

// read is what comes out of src, in pieces of 1000 bytes.
func read(r *Reader, src []byte) (out []byte, err error) {
	if err = r.Open(src); err != nil {
		return nil, err
	}
	piece := make([]byte, 1000)
	for {
		n, err := r.Read(piece)
		out = append(out, piece[:n]...)
		if err != nil {
			return out, err
		}
	}
}

func TestWhole(t *testing.T) {
	var r Reader
	for _, n := range []int{0, 1, 50, 1000, 100_000, 3_000_000} {
		plain := text(n)
		for name, src := range map[string][]byte{"zlib": deflated(plain), "zstd": zstandard(t, plain)} {
			if got, err := read(&r, src); err != io.EOF || !bytes.Equal(got, plain) {
				t.Errorf("%s of %d bytes: %d bytes, %v", name, n, len(got), err)
			}
		}
	}
}

// TestWindow: a frame that needs more memory than is granted is an error, not memory.
func TestWindow(t *testing.T) {
	w, err := zstd.NewWriter(nil, zstd.WithWindowSize(16<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var r Reader
	if _, err := read(&r, w.EncodeAll(text(17<<20), nil)); err == io.EOF {
		t.Error("a window of 16 MiB is accepted")
	}
}

// TestBeginning: the first part of a message gives the first part of its bytes.
func TestBeginning(t *testing.T) {
	var r Reader
	plain := text(400_000)
	for name, src := range map[string][]byte{"zlib": deflated(plain), "zstd": zstandard(t, plain)} {
		got, err := read(&r, src[:len(src)/2])
		if err == nil || err == io.EOF {
			t.Errorf("%s: half a message ends with %v", name, err)
		}
		if len(got) < len(plain)/5 || !bytes.HasPrefix(plain, got) {
			t.Errorf("%s: %d bytes of half a message are not its beginning", name, len(got))
		}
	}
}

func TestGarbage(t *testing.T) {
	var r Reader
	if err := r.Open([]byte("hello")); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	for _, src := range []string{"\x78\x9cgarbage", "\x28\xb5\x2f\xfdgarbage", "", "\x78", "\x28\xb5\x2f\xfd"} {
		if _, err := read(&r, []byte(src)); err == nil || err == io.EOF {
			t.Errorf("%q: %v", src, err)
		}
	}
	if got, err := read(&r, deflated(text(100))); err != io.EOF || len(got) != 100 {
		t.Errorf("after garbage: %d bytes, %v", len(got), err)
	}
}

// TestReuse: nothing runs beside the caller, what is kept is accounted for, and after the first messages Zstandard allocates
// nothing. The standard library's zlib makes the second level of its Huffman tables anew for each block: a few KiB a message.
func TestReuse(t *testing.T) {
	var memory decoders.Memory
	r := Reader{Memory: &memory}
	plain := text(30_000)
	before := runtime.NumGoroutine()
	for name, src := range map[string][]byte{"zlib": deflated(plain), "zstd": zstandard(t, plain)} {
		piece := make([]byte, 16<<10)
		once := func() {
			if err := r.Open(src); err != nil {
				t.Fatal(err)
			}
			for {
				if _, err := r.Read(piece); err != nil {
					break
				}
			}
		}
		once()
		if n := testing.AllocsPerRun(50, once); n > map[string]float64{"zlib": 200}[name] {
			t.Errorf("%s: %v allocations a message", name, n)
		}
	}
	if n := runtime.NumGoroutine(); n != before {
		t.Errorf("%d goroutines, before there were %d", n, before)
	}
	if n := memory.Used(); n < zlibSize+zstdSize+2*30_000 || n > 1<<20 {
		t.Errorf("%d bytes are accounted for", n)
	}
}

// FuzzReader: whatever the bytes are, reading ends, and what is compressed here comes back.
func FuzzReader(f *testing.F) {
	f.Add([]byte("\x78\x9c\x03\x00\x00\x00\x00\x01"))
	f.Add(deflated(text(300)))
	f.Add(zstandard(f, text(300)))
	var r Reader
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(64<<10))
	if err != nil {
		f.Fatal(err)
	}
	piece := make([]byte, 4096)
	f.Fuzz(func(t *testing.T, src []byte) {
		if r.Open(src) == nil {
			for range 1 << 12 { // a bomb goes on for longer; its reader has stopped by then
				if _, err := r.Read(piece); err != nil {
					break
				}
			}
		}
		if got, err := read(&r, deflated(src)); err != io.EOF || !bytes.Equal(got, src) {
			t.Fatalf("zlib: %v", err)
		}
		if got, err := read(&r, encoder.EncodeAll(src, nil)); err != io.EOF || !bytes.Equal(got, src) {
			t.Fatalf("zstd: %v", err)
		}
	})
}
