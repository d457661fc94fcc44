package capture

import (
	"encoding/binary"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const testBlock = 4096

// testRing is a ring that the test fills in the kernel's place, with blocks of testBlock bytes.
func testRing(blocks int) *ring {
	return &ring{fd: -1, mem: make([]byte, blocks*testBlock), size: testBlock}
}

// give makes block number n of the ring hold frames with the given times.
func (r *ring) give(n int, times ...int64) {
	block := r.mem[n*r.size:][:r.size]
	at := 48
	order := binary.NativeEndian
	order.PutUint32(block[blockPackets:], uint32(len(times)))
	order.PutUint32(block[blockFirst:], uint32(at))
	for _, t := range times {
		h := block[at:]
		order.PutUint32(h[0:], 128)
		order.PutUint32(h[4:], uint32(t/1e9))
		order.PutUint32(h[8:], uint32(t%1e9))
		order.PutUint32(h[12:], 10)
		order.PutUint32(h[16:], 60)
		order.PutUint16(h[24:], 100)
		h[58] = 0
		at += 128
	}
	atomic.StoreUint32(status(block), unix.TP_STATUS_USER)
}

func (r *ring) given(n int) bool {
	return atomic.LoadUint32(status(r.mem[n*r.size:][:r.size])) == unix.TP_STATUS_USER
}

func testSource(rings ...*ring) *liveSource {
	return &liveSource{rings: rings, batches: make([]batch, len(rings)), counters: make(counters, len(rings))}
}

func times(frames []Frame) []int64 {
	var out []int64
	for _, f := range frames {
		out = append(out, f.Time)
	}
	return out
}

func TestRingIsReadInOrderAndGivenBack(t *testing.T) {
	r := testRing(3)
	s := testSource(r)
	var got collector
	var want []int64
	for round := range int64(7) {
		if s.drain(&got, time.Unix(100, 0)) {
			t.Fatalf("round %d: there is a frame before one was given", round)
		}
		n := int(round % 3)
		r.give(n, round*10, round*10+1)
		want = append(want, round*10, round*10+1)
		if !s.drain(&got, time.Unix(100, 0)) || r.given(n) {
			t.Fatalf("round %d: the block was not read, or not given back", round)
		}
	}
	r.give(1) // the kernel may hand over an empty block
	r.give(2, 99)
	s.drain(&got, time.Unix(100, 0))
	if want = append(want, 99); !slices.Equal(times(got.frames), want) || r.given(1) {
		t.Errorf("frames %v, want %v", times(got.frames), want)
	}
	s.publish()
	if n := s.counters[0].packets.Load(); n != 15 || s.counters[0].bytes.Load() != 15*60 {
		t.Errorf("counted %d", n)
	}
	if f := got.frames[0]; len(f.Data) != 10 || cap(f.Data) < 10 || f.WireLen != 60 || f.Link != linkEthernet {
		t.Errorf("frame %+v", f)
	}
}

// Frames of two rings come in order. The last ones of one ring wait until none can come before them from the other.
func TestRingsAreMerged(t *testing.T) {
	a, b := testRing(2), testRing(2)
	s := testSource(a, b)
	const base = int64(1000e9)
	wall := func(offset int64) time.Time { return time.Unix(0, base+offset) }
	var got collector
	a.give(0, base+10, base+30, base+50)
	b.give(0, base+20, base+40)
	for s.drain(&got, wall(100)) {
	}
	if want := []int64{base + 10, base + 20, base + 30, base + 40}; !slices.Equal(times(got.frames), want) {
		t.Fatalf("frames %v, want %v", times(got.frames), want)
	}
	s.idle(&got, wall(100))
	if s.drain(&got, wall(ringDelay+49)) {
		t.Fatal("a frame came too early")
	}
	b.give(1, base+45, base+60)
	for s.drain(&got, wall(ringDelay+50)) {
	}
	if want := []int64{base + 10, base + 20, base + 30, base + 40, base + 45, base + 50}; !slices.Equal(times(got.frames), want) {
		t.Fatalf("frames %v, want %v", times(got.frames), want)
	}
	s.drain(&got, wall(ringDelay+60))
	s.idle(&got, wall(ringDelay+60))
	if len(got.frames) != 7 || got.frames[6].Interface != 1 {
		t.Errorf("%d frames", len(got.frames))
	}
	if want := []int64{base + 40, base + 60}; !slices.Equal(got.idle, want) {
		t.Errorf("Idle's times %v, want %v", got.idle, want)
	}
}

// When the system's clock is set back, frames that wait are not kept until it has come so far again.
func TestHeldFramesAfterClockStep(t *testing.T) {
	a, b := testRing(2), testRing(2)
	s := testSource(a, b)
	now := time.Now()
	a.give(0, now.Add(time.Hour).UnixNano())
	var got collector
	if s.drain(&got, now) || s.drain(&got, now.Add(time.Duration(ringDelay)-1)) {
		t.Fatal("the frame came at once")
	}
	if !s.drain(&got, now.Add(time.Duration(ringDelay))) || len(got.frames) != 1 {
		t.Fatal("the frame does not come")
	}
	s.idle(&got, now)
	a.give(1, now.UnixNano())
	s.drain(&got, now.Add(time.Duration(ringDelay)+1))
	s.idle(&got, now.Add(time.Duration(ringDelay)+1))
	if got.idle[1] > now.UnixNano()+1 {
		t.Errorf("Idle's time stays in the future: %v", got.idle)
	}
}

func TestRingSkipsLoopbackEcho(t *testing.T) {
	r := testRing(1)
	r.give(0, 1, 2)
	address := r.mem[48+unix.SizeofTpacket3Hdr:]
	binary.NativeEndian.PutUint16(address[8:], unix.ARPHRD_LOOPBACK)
	address[10] = unix.PACKET_OUTGOING
	var got collector
	testSource(r).drain(&got, time.Unix(100, 0))
	if !slices.Equal(times(got.frames), []int64{2}) {
		t.Errorf("frames %v", times(got.frames))
	}
}

func TestRingDoesNotAllocate(t *testing.T) {
	a, b := testRing(1), testRing(1)
	s := testSource(a, b)
	var count frameCounter
	var h Handler = &count
	wall := time.Unix(100, 0)
	n := testing.AllocsPerRun(100, func() {
		a.give(0, 1, 3, 5, 7)
		b.give(0, 2, 4, 6, 8)
		for s.drain(h, wall) {
		}
		s.publish()
		s.idle(h, wall)
	})
	if n != 0 || count < 800 {
		t.Errorf("%v allocations, %d frames", n, count)
	}
}
