package decoders

// Inner drives a Conn with bytes that came wrapped in those of a connection: compressed, or encrypted. It is a Feeder inside the
// one that read the wrapping, and shares its Pool: what is held in it counts against the same limit and the same memory. The
// Conn in it reports with the outer Flow, and asks that one to be woken; offsets within its Streams are those of the unwrapped
// bytes. The zero value becomes usable with Stream.Inner.
type Inner struct{ f Feeder }

// Inner lets in drive c with what the caller unwraps.
func (s *Stream) Inner(in *Inner, c Conn) { in.f.Attach(s.pool, c) }

// Segment feeds the next unwrapped bytes of dir, which were there at the time at. The error is the Conn's, with ErrShort taken
// out.
func (in *Inner) Segment(dir Dir, b []byte, at Time) error {
	return in.f.Segment(in.f.Flow.pool, dir, b, at)
}

// Covered is how many of the next unwrapped bytes of dir a Skip drops: they need not be unwrapped, Pass will do.
func (in *Inner) Covered(dir Dir) uint64 { return in.f.Covered(dir) }

// Pass says that the next n bytes of dir, all of them Covered, were there at the time at.
func (in *Inner) Pass(dir Dir, n uint64, at Time) error {
	return in.f.Pass(in.f.Flow.pool, dir, n, at)
}

// Lost says that the next n unwrapped bytes of dir will never come.
func (in *Inner) Lost(dir Dir, n uint64) error { return in.f.Lost(in.f.Flow.pool, dir, n, 0) }

// Close gives back what is held. It does not close the Conn.
func (in *Inner) Close() {
	if p := in.f.Flow.pool; p != nil {
		in.f.Release(p)
	}
	in.f.Flow = Flow{}
}
