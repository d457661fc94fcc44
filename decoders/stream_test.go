package decoders

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// lines reads text in pieces of n bytes and returns its lines, a cut one with a dash behind it.
func lines(t *testing.T, text string, max, n int) (got []string) {
	t.Helper()
	p := new(Pool)
	f, _ := start(p, func(_ Dir, s *Stream) error {
		for {
			line, cut, err := s.Line(max)
			if err != nil {
				return err
			}
			got = append(got, string(line)+map[bool]string{true: "-"}[cut])
		}
	})
	for piece := range slices.Chunk([]byte(text), n) {
		check(t, f.Segment(p, ToServer, piece, 1))
	}
	if n := len(f.Held(ToServer)); n > max+1 {
		t.Fatalf("%d bytes are held for a line of at most %d", n, max)
	}
	return got
}

func TestStreamLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"a\nb\r\n\n\r\nc", "a|b||"},
		{"123456\n", "123456"},
		{"123456\r\n", "123456"},
		{"1234567\n", "123456-"},
		{"1234567\r\n", "123456-"},
		{"123456\r\r\n", "123456-"},
		{"12345\r\r\n", "12345\r"},
		{"12345678901234567890\nab\n", "123456-|ab"},
		{"123456789", "123456-"},
		{"\r", ""},
		{"a\rb\n", "a\rb"},
	} {
		for n := 1; n < 20; n++ {
			if got := strings.Join(lines(t, c.text, 6, n), "|"); got != c.want {
				t.Errorf("%q in pieces of %d: got %q, want %q", c.text, n, got, c.want)
			}
		}
	}
}

// TestStreamLineLimits: the next decoder may have a lower limit than the one that has looked for the line's end.
func TestStreamLineLimits(t *testing.T) {
	max := 1000
	p := new(Pool)
	var got string
	f, _ := start(p, func(_ Dir, s *Stream) error {
		line, cut, err := s.Line(max)
		got = fmt.Sprintf("%s %v", line, cut)
		return err
	})
	check(t, f.Segment(p, ToServer, []byte("0123456789"), 1))
	max = 3
	check(t, f.Segment(p, ToServer, []byte("0"), 2))
	equal(t, "line", got, "012 true")
}

func TestStreamSkipLine(t *testing.T) {
	p := new(Pool)
	var got string
	first := true
	f, c := start(p, func(_ Dir, s *Stream) error {
		if first {
			first = false
			s.SkipLine()
			return nil
		}
		got += string(s.Bytes())
		return s.Skip(uint64(s.Buffered()))
	})
	for _, b := range []string{"ab", "cd", "e\nfg"} {
		check(t, f.Segment(p, ToServer, []byte(b), 1))
	}
	equal(t, "after the line", got, "fg")
	first = true
	check(t, f.Segment(p, ToServer, []byte("ab"), 2))
	check(t, f.Lost(p, ToServer, 3, 3))
	equal(t, "loss before the line end is a gap", len(c.gaps), 1)
}

func TestStreamNext(t *testing.T) {
	p := new(Pool)
	f, _ := start(p, func(_ Dir, s *Stream) error {
		b, err := s.Peek(3)
		check(t, err)
		equal(t, "peeked", string(b), "abc")
		equal(t, "capacity", cap(b), 3)
		b, err = s.Next(3)
		check(t, err)
		equal(t, "next", string(b), "abc")
		equal(t, "buffered", s.Buffered(), 2)
		equal(t, "bytes", string(s.Bytes()), "de")
		equal(t, "not skipping", s.Skipping(), false)
		check(t, s.Skip(2))
		equal(t, "begin after the last byte", s.Begin(), 5)
		equal(t, "now", s.Now(), 5)
		if _, err := s.Next(-1); err != TooLong {
			t.Errorf("a negative length: %v", err)
		}
		err = s.Skip(1)
		equal(t, "short", err, ErrShort)
		equal(t, "skipping", s.Skipping(), true)
		return err
	})
	check(t, f.Segment(p, ToServer, []byte("abcde"), 5))
}

func TestHeldStamps(t *testing.T) {
	p := new(Pool)
	h := newHeld(p)
	h.add(p, []byte("ab"), 1)
	h.add(p, []byte("cd"), 1)
	h.add(p, []byte("ef"), 2)
	h.cut(3)
	equal(t, "data", string(h.data), "def")
	for i, want := range []Time{1, 2, 2, 9} {
		equal(t, fmt.Sprint("stamp of byte ", i), h.stampAt(i, 9), want)
	}
}
