package decoders

import (
	"slices"
	"testing"
	"unsafe"
)

// script is a Conn that does what its test says.
type script struct {
	feed   func(dir Dir, s *Stream) error
	gaps   []uint64
	ended  []Dir
	closed int
}

func (c *script) Feed(dir Dir, s *Stream) error { return c.feed(dir, s) }
func (c *script) Gap(_ Dir, n uint64) error     { c.gaps = append(c.gaps, n); return nil }
func (c *script) End(dir Dir, _ Time)           { c.ended = append(c.ended, dir) }
func (c *script) Wake(Time)                     {}
func (c *script) Waiting() (int, Time)          { return 0, 0 }
func (c *script) Close(Time, Why)               { c.closed++ }

// start attaches a Conn that reads with feed.
func start(p *Pool, feed func(dir Dir, s *Stream) error) (*Feeder, *script) {
	f, c := new(Feeder), &script{feed: feed}
	f.Attach(p, c)
	return f, c
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// TestSizes holds an idle connection to its budget: a million of them are kept.
func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(Feeder{}); n > 128 {
		t.Errorf("a Feeder has %d bytes, more than 128", n)
	}
	if n := unsafe.Sizeof(Endpoint{}); n != 18 {
		t.Errorf("an Endpoint has %d bytes, not 18", n)
	}
}

func TestFeederJoinsSegments(t *testing.T) {
	var got []string
	var times [][3]Time
	feed := func(_ Dir, s *Stream) error {
		for {
			begin := s.Begin()
			b, err := s.Next(4)
			if err != nil {
				return err
			}
			got = append(got, string(b))
			times = append(times, [3]Time{begin, s.Time(), Time(s.Offset())})
		}
	}
	p := new(Pool)
	f, _ := start(p, feed)
	for i, b := range []string{"ab", "cdef", "g", "hijklm"} {
		check(t, f.Segment(p, ToServer, []byte(b), Time(10*(i+1))))
	}
	equal(t, "messages", slices.Equal(got, []string{"abcd", "efgh", "ijkl"}), true)
	equal(t, "times and offsets", slices.Equal(times, [][3]Time{{10, 20, 4}, {20, 40, 8}, {40, 40, 12}}), true)
	equal(t, "held", string(f.Held(ToServer)), "m")
	equal(t, "offset", f.Flow.Offset(ToServer), 12)
	equal(t, "last", f.Flow.Last(ToServer), 40)
	equal(t, "other direction", f.Held(ToClient) == nil && f.Flow.Last(ToClient) == 0, true)
}

// TestFeederWaits: after a Peek of n bytes Feed is not called for fewer.
func TestFeederWaits(t *testing.T) {
	calls := 0
	p := new(Pool)
	f, _ := start(p, func(_ Dir, s *Stream) error {
		calls++
		_, err := s.Next(5)
		return err
	})
	for range 5 {
		check(t, f.Segment(p, ToServer, []byte("x"), 1))
	}
	equal(t, "calls", calls, 2)
	equal(t, "held", len(f.Held(ToServer)), 0)
}

func TestFeederSkip(t *testing.T) {
	past, begun := 0, false
	var end Time
	p := new(Pool)
	f, c := start(p, func(_ Dir, s *Stream) error {
		if begun {
			past++
			end = s.Time()
			return nil
		}
		begun = true
		return s.Skip(10)
	})
	check(t, f.Segment(p, ToClient, []byte("12345"), 1))
	equal(t, "covered", f.Covered(ToClient), 5)
	check(t, f.Lost(p, ToClient, 3, 2))
	check(t, f.Pass(p, ToClient, 1, 3))
	equal(t, "called before the end", past, 0)
	check(t, f.Segment(p, ToClient, []byte("x"), 4))
	equal(t, "called at the end, though no byte is left", past, 1)
	equal(t, "time of the last skipped byte", end, 4)
	equal(t, "offset", f.Flow.Offset(ToClient), 10)
	equal(t, "gaps", len(c.gaps), 0)
}

func TestFeederLossBeyondSkip(t *testing.T) {
	calls := 0
	p := new(Pool)
	f, c := start(p, func(_ Dir, s *Stream) error {
		calls++
		return s.Skip(10)
	})
	check(t, f.Segment(p, ToClient, []byte("123"), 1))
	check(t, f.Lost(p, ToClient, 9, 2))
	equal(t, "gaps", slices.Equal(c.gaps, []uint64{2}), true)
	equal(t, "calls", calls, 1)
	equal(t, "offset", f.Flow.Offset(ToClient), 12)
	equal(t, "covered", f.Covered(ToClient), 0)
}

func TestFeederLossOfLastSkippedByte(t *testing.T) {
	end := Time(-1)
	begun := false
	p := new(Pool)
	f, c := start(p, func(_ Dir, s *Stream) error {
		if begun {
			end = s.Time()
			return nil
		}
		begun = true
		return s.Skip(10)
	})
	check(t, f.Segment(p, ToClient, []byte("1"), 1))
	check(t, f.Lost(p, ToClient, 9, 2))
	equal(t, "time of a lost byte", end, 0)
	equal(t, "gaps", len(c.gaps), 0)
}

func TestFeederSkipToEnd(t *testing.T) {
	calls := 0
	p := new(Pool)
	f, c := start(p, func(_ Dir, s *Stream) error {
		calls++
		s.SkipToEnd()
		return nil
	})
	check(t, f.Segment(p, ToClient, []byte("12345"), 1))
	check(t, f.Segment(p, ToClient, []byte("12345"), 2))
	check(t, f.Pass(p, ToClient, 5, 3))
	equal(t, "last", f.Flow.Last(ToClient), 3)
	check(t, f.Lost(p, ToClient, 100, 4))
	equal(t, "last, lost", f.Flow.Last(ToClient), 0)
	f.End(ToClient, 5)
	equal(t, "calls", calls, 1)
	equal(t, "gaps", len(c.gaps), 0)
	equal(t, "ends", slices.Equal(c.ended, []Dir{ToClient}), true)
	equal(t, "offset", f.Flow.Offset(ToClient), 115)
}

// TestFeederLossDropsHeld: what waits for its rest is worth nothing without it.
func TestFeederLossDropsHeld(t *testing.T) {
	p := new(Pool)
	f, c := start(p, func(_ Dir, s *Stream) error { _, err := s.Next(10); return err })
	check(t, f.Segment(p, ToServer, []byte("abc"), 1))
	check(t, f.Lost(p, ToServer, 2, 2))
	equal(t, "gaps", slices.Equal(c.gaps, []uint64{2}), true)
	equal(t, "held", len(f.Held(ToServer)), 0)
	equal(t, "offset", f.Flow.Offset(ToServer), 5)
}

func TestFeederLimit(t *testing.T) {
	p := &Pool{Limit: 8}
	f, _ := start(p, func(Dir, *Stream) error { return ErrShort })
	check(t, f.Segment(p, ToServer, []byte("12345678"), 1))
	if err := f.Segment(p, ToServer, []byte("9"), 2); err != TooLong {
		t.Fatalf("got %v, want %v", err, TooLong)
	}
	equal(t, "held", len(f.Held(ToServer)), 0)

	f, _ = start(p, func(_ Dir, s *Stream) error { _, err := s.Peek(9); return err })
	if err := f.Segment(p, ToServer, []byte("1"), 1); err != TooLong {
		t.Fatalf("got %v, want %v", err, TooLong)
	}
}

// TestFeederBecome: what one Conn leaves the next reads, both directions, with their stamps.
func TestFeederBecome(t *testing.T) {
	p := new(Pool)
	f, _ := start(p, func(dir Dir, s *Stream) error {
		if dir == ToClient {
			return ErrShort
		}
		if _, err := s.Next(2); err != nil {
			return err
		}
		return Become("other")
	})
	check(t, f.Segment(p, ToClient, []byte("hello"), 1))
	if err := f.Segment(p, ToServer, []byte("--rest"), 2); err != Become("other") {
		t.Fatalf("got %v", err)
	}
	f.Detach()
	read := map[Dir]string{}
	f.Attach(p, &script{feed: func(dir Dir, s *Stream) error {
		read[dir] = string(s.Bytes())
		equal(t, "begin", s.Begin(), map[Dir]Time{ToClient: 1, ToServer: 2}[dir])
		return s.Skip(uint64(s.Buffered()))
	}})
	check(t, f.Resume(p, ToServer, 3))
	check(t, f.Resume(p, ToClient, 3))
	equal(t, "to server", read[ToServer], "rest")
	equal(t, "to client", read[ToClient], "hello")
	check(t, f.Resume(p, ToClient, 3))
}

func TestFeederHoldAndSwap(t *testing.T) {
	p := &Pool{Limit: 4}
	f := new(Feeder)
	f.Flow.Client[0], f.Flow.Server[0] = 1, 2
	equal(t, "fits", f.Hold(p, ToServer, []byte("abc"), 1), true)
	equal(t, "does not fit", f.Hold(p, ToServer, []byte("de"), 2), false)
	f.Swap()
	equal(t, "held", string(f.Held(ToClient)), "abc")
	equal(t, "client", f.Flow.Client[0], 2)
	f.Forget(p, ToClient)
	equal(t, "forgotten", len(f.Held(ToClient)), 0)
	equal(t, "offset", f.Flow.Offset(ToClient), 3)
	equal(t, "without a Conn", f.Lost(p, ToServer, 5, 3), nil)
}

func TestFeederDatagram(t *testing.T) {
	p := new(Pool)
	f, _ := start(p, func(_ Dir, s *Stream) error {
		if _, err := s.Next(4); err != nil {
			return err
		}
		s.SkipToEnd()
		return nil
	})
	check(t, f.Datagram(p, ToServer, []byte("12345"), 1))
	if err := f.Datagram(p, ToServer, []byte("123"), 2); err != TooShort {
		t.Fatalf("got %v, want %v", err, TooShort)
	}
	check(t, f.Datagram(p, ToServer, []byte("1234"), 3))
}

func TestFlowWake(t *testing.T) {
	var p Pool
	var woken *Flow
	var at Time
	p.OnWake(func(f *Flow, t Time) { woken, at = f, t })
	f, _ := start(&p, nil)
	f.Flow.Wake(7)
	equal(t, "flow", woken, &f.Flow)
	equal(t, "time", at, 7)
	new(Flow).Wake(7) // of no table: nobody is told
}

// TestMemory: what is held is accounted for, and given back.
func TestMemory(t *testing.T) {
	var m Memory
	p := &Pool{Memory: &m}
	f, _ := start(p, func(Dir, *Stream) error { return ErrShort })
	big := make([]byte, 40<<10)
	check(t, f.Segment(p, ToServer, big, 1))
	if m.Used() < int64(len(big)) {
		t.Fatalf("%d bytes are accounted for %d held", m.Used(), len(big))
	}
	f.Release(p)
	equal(t, "after a large one", m.Used(), 0)
	check(t, start1(p).Segment(p, ToServer, []byte("x"), 1))
	if used := m.Used(); used == 0 || used > keepBytes {
		t.Fatalf("%d bytes are accounted for a small one", used)
	}
	var none *Memory
	none.Add(5)
	equal(t, "nil", none.Used(), 0)
}

func start1(p *Pool) *Feeder {
	f, _ := start(p, func(Dir, *Stream) error { return ErrShort })
	return f
}

// TestAllocs: segments that are joined, skipped and lost allocate nothing once the buffers are there.
func TestAllocs(t *testing.T) {
	p := new(Pool)
	f, _ := start(p, func(_ Dir, s *Stream) error {
		for {
			if _, _, err := s.Line(20); err != nil {
				return err
			}
			if err := s.Skip(8); err != nil {
				return err
			}
		}
	})
	segments := [][]byte{[]byte("a li"), []byte("ne\r\n1234"), []byte("5678"), []byte("line, a line longer than the limit of it"), []byte("\n12345678")}
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range segments {
			f.Segment(p, ToServer, b, 1)
		}
		f.Lost(p, ToServer, 3, 2)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkFeederSkip(b *testing.B) {
	p := new(Pool)
	f, _ := start(p, func(_ Dir, s *Stream) error { return s.Skip(1 << 60) })
	segment := make([]byte, 1460)
	b.SetBytes(int64(len(segment)))
	for b.Loop() {
		f.Segment(p, ToClient, segment, 1)
	}
}
