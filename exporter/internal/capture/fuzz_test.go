package capture

import (
	"bytes"
	"context"
	"io"
	"testing"
	"testing/iotest"

	"github.com/google/gopacket/pcapgo"
)

// FuzzFile reads any bytes as a capture file: no panic, no frame outside the bounds, and the same frames whatever pieces the
// input comes in. For uncompressed pcap files pcapgo must see the same. Its seeds are every format, whole, cut and packed, and blocks that lie about
// their lengths.
func FuzzFile(f *testing.F) {
	frames := testFrames(3)
	for _, content := range [][]byte{pcapFile(f, frames), pcapngFile(f, frames), pcapFile(f, nil), pcapngFile(f, nil)} {
		f.Add(content)
		f.Add(content[:len(content)-1])
		f.Add(zip(f, content))
		f.Add(bytes.Replace(content, []byte{1, 1, 1, 1}, []byte{0xff, 0xff, 0xff, 0xff}, 1))
	}
	for _, order := range orders {
		n := &ng{order: order}
		n.section().iface(1, 64, n.resolution(0x83)+n.offset(-7)).block(blockSimplePacket, n.numbers(uint32(9), "abcd"))
		f.Add(n.enhanced(0, 1<<40, 9, "frame").block(99, []byte("unknown")).b)
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		whole, err := readFuzzed(t, bytes.NewReader(content))
		pieces, again := readFuzzed(t, iotest.HalfReader(bytes.NewReader(content)))
		if len(whole) != len(pieces) || (err == nil) != (again == nil) {
			t.Fatalf("%d frames, %v; in pieces %d, %v", len(whole), err, len(pieces), again)
		}
		r, err := pcapgo.NewReader(bytes.NewReader(content))
		if err != nil || content[0] == 0x1f {
			return
		}
		for i, got := range whole {
			data, info, err := r.ReadPacketData()
			if err != nil {
				return // pcapgo is stricter about lengths
			}
			if !bytes.Equal(got.Data, data) || got.Time != info.Timestamp.UnixNano() {
				t.Fatalf("frame %d: %s, want %s", i, frameText(got.Time, got.WireLen, got.Data), frameText(info.Timestamp.UnixNano(), info.Length, data))
			}
		}
	})
}

// readFuzzed reads at most 1000 frames.
func readFuzzed(t *testing.T, src io.Reader) ([]Frame, error) {
	r := newReader(src)
	format, err := detect(r)
	if err != nil {
		return nil, err
	}
	s := &fileSource{reader: r, filters: &filters{}, counters: make(counters, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var got collector
	got.hook = func(f *Frame) {
		if f.Time < 0 || f.Time > maxTime || len(f.Data) > maxFrame || f.WireLen < len(f.Data) || f.WireLen > maxWireLen {
			t.Fatalf("frame %+v", f)
		}
		if len(got.frames) == 1000 {
			cancel()
		}
	}
	err = s.records(ctx, &got, format, &s.counters[0])
	if err == io.EOF || err == io.ErrUnexpectedEOF || ctx.Err() != nil {
		err = nil
	}
	return got.frames[:min(len(got.frames), 1000)], err
}
