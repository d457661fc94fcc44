package packet

// bufferPool hands out buffers for the payloads of packets that are put together, maxFragmentBytes in all.
type bufferPool struct {
	free  [len(bufferSizes)][][]byte
	bytes int // made and not given back to the garbage collector
}

// bufferSizes are the sizes there are: two or three Ethernet frames, a jumbo frame, everything.
var bufferSizes = [...]int{4 << 10, 16 << 10, maxPacket + 1}

// get returns a buffer that holds n bytes, nil when there is no room for another one.
func (p *bufferPool) get(n int) []byte {
	class := 0
	for bufferSizes[class] < n {
		class++
	}
	if free := p.free[class]; len(free) > 0 {
		p.free[class] = free[:len(free)-1]
		return free[len(free)-1]
	}
	for other := range p.free {
		for len(p.free[other]) > 0 && p.bytes+bufferSizes[class] > maxFragmentBytes {
			p.free[other] = p.free[other][:len(p.free[other])-1]
			p.bytes -= bufferSizes[other]
		}
	}
	if p.bytes+bufferSizes[class] > maxFragmentBytes {
		return nil
	}
	p.bytes += bufferSizes[class]
	return make([]byte, bufferSizes[class])
}

// put takes a buffer back; nil is none.
func (p *bufferPool) put(b []byte) {
	for class, size := range bufferSizes {
		if len(b) == size {
			p.free[class] = append(p.free[class], b)
		}
	}
}
