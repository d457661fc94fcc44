package decoders

// Covered is how many of the next bytes of dir a running Skip drops: a segment that lies within them need not be kept while
// it waits for its place, its length will do.
func (f *Feeder) Covered(dir Dir) uint64 {
	if n := f.skip[dir]; n != skipLine {
		return n
	}
	return 0
}

// Pass says that the next n bytes of dir, all of them Covered, were seen at the time now. The error is the Conn's.
func (f *Feeder) Pass(p *Pool, dir Dir, n uint64, now Time) error {
	if f.Covered(dir) < n {
		panic("BUG: Pass of bytes that no Skip covers")
	}
	now = f.stamp(p, dir, now)
	f.settle(dir, now)
	f.Flow.offset[dir] += n
	if f.skip[dir] == skipAll {
		return nil
	}
	if f.skip[dir] -= n; f.skip[dir] > 0 {
		return nil
	}
	return f.feed(p, dir, nil, now)
}

// Forget drops what dir holds: it was no beginning of anything.
func (f *Feeder) Forget(p *Pool, dir Dir) {
	f.Flow.offset[dir] += uint64(len(f.Held(dir)))
	f.forget(p, dir)
}
