package decoders

import "testing"

// TestInner: what is unwrapped goes through a Feeder of its own, over the Pool of the one around it.
func TestInner(t *testing.T) {
	var memory Memory
	p := &Pool{Memory: &memory}
	var in Inner
	var got []string
	inside := &script{feed: func(dir Dir, s *Stream) error {
		for {
			line, _, err := s.Line(10)
			if err != nil {
				return err
			}
			got = append(got, dir.String()+" "+string(line))
			if string(line) == "skip" {
				return s.Skip(5)
			}
		}
	}}
	opened := false
	f, _ := start(p, func(dir Dir, s *Stream) error {
		if !opened {
			opened = true
			s.Inner(&in, inside)
		}
		b, err := s.Next(s.Buffered())
		if err != nil || len(b) == 0 {
			return ErrShort
		}
		return in.Segment(dir, b[1:], s.Time()) // the wrapping is one byte a segment
	})
	check(t, f.Segment(p, ToServer, []byte("!ab"), 1))
	check(t, f.Segment(p, ToServer, []byte("!c\nskip\n12"), 2))
	check(t, f.Segment(p, ToClient, []byte("!x\n"), 2))
	equal(t, "lines", len(got), 3)
	equal(t, "a line over two segments", got[0], "to server abc")
	equal(t, "the other direction", got[2], "to client x")
	equal(t, "covered", in.Covered(ToServer), 3)
	check(t, in.Pass(ToServer, 2, 3))
	check(t, in.Lost(ToServer, 1))
	equal(t, "a loss that is skipped", len(inside.gaps), 0)
	check(t, in.Lost(ToServer, 7))
	equal(t, "a loss", inside.gaps[0], 7)
	check(t, f.Segment(p, ToServer, []byte("!held"), 4))
	in.Close()
	in.Close() // twice is no harm
	equal(t, "buffers that are in use", len(p.slots)-len(p.free), 0)
}
