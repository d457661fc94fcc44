package pipeline

import (
	"bytes"
	"testing"

	"wire_exporter/exporter/internal/packet"
)

func segment(port byte, payload string) *packet.Segment {
	s := &packet.Segment{Proto: packet.TCP, Payload: []byte(payload), Seq: uint32(port)}
	s.Src[17] = port
	return s
}

// What is put into an inbox comes out of it once, as it was, though the buffers of who put it there are used again.
func TestInbox(t *testing.T) {
	var b inbox
	for range 3 {
		for i := range byte(10) {
			s := segment(i, "payload of "+string('0'+i))
			b.put(s)
			clear(s.Payload)
		}
		n := byte(0)
		b.take(func(s *packet.Segment) {
			if want := segment(n, "payload of "+string('0'+n)); s.Src != want.Src || !bytes.Equal(s.Payload, want.Payload) {
				t.Errorf("segment %d: %+v", n, s)
			}
			n++
		})
		if n != 10 {
			t.Errorf("%d segments", n)
		}
		b.take(func(s *packet.Segment) { t.Errorf("again: %+v", s) })
	}
}

// An inbox that nobody empties does not grow without bound, and a closed one takes nothing; what is refused is counted.
func TestInboxIsBounded(t *testing.T) {
	var b inbox
	s := segment(1, string(make([]byte, 60000)))
	for range 100 {
		b.put(s)
	}
	kept := 0
	b.take(func(*packet.Segment) { kept++ })
	if want := maxHandedOverBytes / 60000; kept != want || b.refused() != uint64(100-want)*60000 {
		t.Errorf("%d kept, %d bytes refused", kept, b.refused())
	}
	for range 2000 {
		b.put(segment(1, ""))
	}
	kept = 0
	b.take(func(*packet.Segment) { kept++ })
	if kept != maxHandedOver {
		t.Errorf("%d empty ones kept", kept)
	}
	b.close()
	before := b.refused()
	b.put(segment(1, "late"))
	b.take(func(*packet.Segment) { t.Error("taken after close") })
	if b.refused() != before+4 {
		t.Errorf("%d bytes refused", b.refused()-before)
	}
}
