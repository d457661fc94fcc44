package packet

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// split cuts a raw IP packet into fragments of at most size payload bytes, rounded down to 8.
func split(packet []byte, id uint32, size int) (fragments [][]byte) {
	v6 := packet[0]>>4 == 6
	header := 20
	if v6 {
		header = 40
	}
	payload := packet[header:]
	for at := 0; at < len(payload); at += size &^ 7 {
		end := min(at+size&^7, len(payload))
		f := bytes.Clone(packet[:header])
		more := uint16(1)
		if end == len(payload) {
			more = 0
		}
		if v6 {
			f = append(f, f[6], 0)
			f[6] = extFragment
			f = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint16(f, uint16(at)|more), id)
			binary.BigEndian.PutUint16(f[4:], uint16(8+end-at))
		} else {
			binary.BigEndian.PutUint16(f[2:], uint16(20+end-at))
			binary.BigEndian.PutUint16(f[4:], uint16(id))
			binary.BigEndian.PutUint16(f[6:], uint16(at/8)|more<<13)
		}
		fragments = append(fragments, append(f, payload[at:end]...))
	}
	return fragments
}

// big is an IP packet with a payload, and how it is read when it is whole.
func big(t testing.TB, rnd *rand.Rand, bits, payload int) ([]byte, Segment) {
	t.Helper()
	b := recipe{link: LinkRaw, v6: bits&1 != 0, udp: bits&2 != 0, payload: payload}.frame(t, rnd)
	var p Parser
	var s Segment
	if r := p.Parse(LinkRaw, b, len(b), 0, &s); r != OK {
		t.Fatal(r)
	}
	return b, s
}

// Whatever the order in which the fragments come, and how often: the last one that was missing makes the packet whole, once.
func TestFragmentsInAnyOrder(t *testing.T) {
	rnd := rand.New(rand.NewPCG(31, 32))
	var p Parser
	for n := range 2000 {
		b, want := big(t, rnd, n, 1+rnd.IntN(4000))
		if !(n&1 != 0) {
			want.IPID = uint16(n)
		}
		fragments := split(b, uint32(n), 400+rnd.IntN(1200))
		if len(fragments) == 1 {
			continue
		}
		for range rnd.IntN(3) { // copies
			fragments = append(fragments, fragments[rnd.IntN(len(fragments))])
		}
		rnd.Shuffle(len(fragments), func(i, j int) { fragments[i], fragments[j] = fragments[j], fragments[i] })
		whole := 0
		for i, f := range fragments {
			var s Segment
			switch r := p.Parse(LinkRaw, f, len(f), int64(n)*1e6+int64(i), &s); {
			case r == OK && same(&s, &want) && s.Missing == 0 && p.Reassembled():
				whole++
			case r != Fragment || p.Reassembled():
				t.Fatalf("packet %d: %v %+v, want %+v", n, r, s, want)
			}
		}
		if whole != 1 {
			t.Fatalf("packet %d became whole %d times", n, whole)
		}
	}
	if st := p.Fragments(); st.Lost != [NumFragmentLosses]uint64{} || st.Duplicates == 0 {
		t.Errorf("%+v", st)
	}
}

// A tunnel's packets that are too long for the way come in fragments, and so may what is inside.
func TestFragmentsAroundATunnel(t *testing.T) {
	rnd := rand.New(rand.NewPCG(33, 34))
	for _, w := range wrappers {
		if w.gives != etherAnyIP {
			continue
		}
		b, want := big(t, rnd, 0, 1460)
		want.IPID = 77
		var p Parser
		whole := 0
		for i, inside := range split(b, 77, 800) {
			kind := uint16(etherAnyIP)
			inside, _ = to(rnd, inside, kind, w.takes)
			for _, f := range split(w.wrap(rnd, inside), uint32(i), 600) {
				var s Segment
				switch r := p.Parse(LinkRaw, f, len(f), 1, &s); {
				case r == OK && same(&s, &want):
					whole++
				case r != Fragment:
					t.Fatalf("%s: %v %+v", w.name, r, s)
				}
			}
		}
		if whole != 1 {
			t.Errorf("%s: whole %d times; %+v", w.name, whole, p.Fragments())
		}
	}
}

func TestFragmentLosses(t *testing.T) {
	rnd := rand.New(rand.NewPCG(35, 36))
	b, _ := big(t, rnd, 0, 2000)
	parts := split(b, 9, 800) // 800, 800, 420
	other, _ := big(t, rnd, 0, 2000)
	copy(other[12:20], b[12:20])
	foreign := split(other, 9, 800)
	early := func(f []byte) []byte { // the same fragment, 8 bytes further ahead
		f = bytes.Clone(f)
		f[7]--
		return f
	}
	longer := bytes.Clone(parts[1]) // ends behind the last one
	longer[6], longer[7] = 0x21, 4
	for _, c := range []struct {
		name string
		in   [][]byte
		gap  int64 // between fragments
		want FragmentLoss
		lost uint64
	}{
		{"overlap", [][]byte{parts[0], early(parts[1]), parts[1], parts[2]}, 1, FragmentOverlap, 800 + 800 + 800 + 420},
		{"other bytes at the same place", [][]byte{parts[0], foreign[0], parts[1], parts[2]}, 1, FragmentOverlap, 800 + 800 + 800 + 420},
		{"two ends", [][]byte{parts[2], longer}, 1, FragmentOverlap, 420 + 800},
		{"end before what has come", [][]byte{longer, parts[2]}, 1, FragmentOverlap, 420 + 800},
		{"the rest does not come", [][]byte{parts[0], parts[2]}, 1, FragmentIncomplete, 800 + 420},
		{"the rest comes too late", [][]byte{parts[0], parts[1], parts[2]}, 31e9, FragmentIncomplete, 2020},
		{"pieces of two packets", [][]byte{parts[0], foreign[1], parts[2]}, 1, FragmentChecksum, 2020},
	} {
		var p Parser
		now := int64(1)
		for _, f := range c.in {
			var s Segment
			if r := p.Parse(LinkRaw, f, len(f), now, &s); r != Fragment {
				t.Errorf("%s: %v", c.name, r)
			}
			now += c.gap
		}
		p.Close()
		want := FragmentStats{}
		want.Lost[c.want] = c.lost
		if st := p.Fragments(); st != want {
			t.Errorf("%s: %+v, want %+v", c.name, st, want)
		}
	}
}

func TestBadFragments(t *testing.T) {
	rnd := rand.New(rand.NewPCG(37, 38))
	b, _ := big(t, rnd, 0, 2000)
	odd := bytes.Clone(split(b, 9, 800)[0])
	odd[3]-- // 799 bytes and more to come
	death := bytes.Clone(split(b, 9, 800)[2])
	death[6], death[7] = 0x1f, 0xff // ends behind 65535
	empty := bytes.Clone(split(b, 9, 800)[1])[:20]
	empty[2], empty[3] = 0, 20
	for name, f := range map[string][]byte{"length no multiple of 8": odd, "ping of death": death, "empty": empty} {
		var p Parser
		var s Segment
		if r := p.Parse(LinkRaw, f, len(f), 1, &s); r != Malformed || p.Fragments() != (FragmentStats{}) {
			t.Errorf("%s: %v %+v", name, r, p.Fragments())
		}
	}
}

// What the snap length cut of a fragment, and all behind it, is missing of the packet.
func TestFragmentsSnaplen(t *testing.T) {
	rnd := rand.New(rand.NewPCG(39, 40))
	b, want := big(t, rnd, 0, 2000)
	var p Parser
	var s Segment
	for i, f := range split(b, 9, 800) {
		n := min(len(f), 620)
		if r := p.Parse(LinkRaw, f[:n:n], len(f), 1, &s); (r == OK) != (i == 2) {
			t.Fatal(r)
		}
	}
	if n := 600 - 20; len(s.Payload) != n || s.Missing != 2000-n || !bytes.Equal(s.Payload, want.Payload[:n]) {
		t.Errorf("%d bytes and %d missing", len(s.Payload), s.Missing)
	}
}

// Fragments that never become packets do not grow without bound, and the newest packet has its chance.
func TestFragmentsAreBounded(t *testing.T) {
	rnd := rand.New(rand.NewPCG(41, 42))
	for _, size := range []int{100, 2000, 12000, 60000} {
		b, want := big(t, rnd, 2, size)
		parts := split(b, 0, (size/2+8)&^7)
		var p Parser
		var s Segment
		for id := range 3 * maxDatagrams {
			f := bytes.Clone(parts[0])
			binary.BigEndian.PutUint16(f[4:], uint16(id))
			p.Parse(LinkRaw, f, len(f), int64(id), &s)
			if p.fragments.pool.bytes > maxFragmentBytes || p.fragments.n > maxDatagrams {
				t.Fatalf("%d bytes, %d packets", p.fragments.pool.bytes, p.fragments.n)
			}
		}
		last := bytes.Clone(parts[1])
		binary.BigEndian.PutUint16(last[4:], 3*maxDatagrams-1)
		want.IPID = 3*maxDatagrams - 1
		if r := p.Parse(LinkRaw, last, len(last), 1e6, &s); r != OK || !same(&s, &want) {
			t.Errorf("size %d: the newest packet: %v", size, r)
		}
		first := uint64(len(parts[0]) - 20)
		p.Close()
		if st := p.Fragments(); st.Packets != 1 || st.Lost[FragmentNoRoom]+st.Lost[FragmentIncomplete] != (3*maxDatagrams-1)*first || st.Lost[FragmentNoRoom] < 2*maxDatagrams*first {
			t.Errorf("size %d: %+v", size, st)
		}
	}
}

func TestFragmentsInTooManyPieces(t *testing.T) {
	rnd := rand.New(rand.NewPCG(43, 44))
	b, _ := big(t, rnd, 0, 2000)
	parts := split(b, 9, 16)
	var p Parser
	var s Segment
	lost := uint64(0)
	for i := 0; i <= 2*maxSpans; i += 2 {
		p.Parse(LinkRaw, parts[i], len(parts[i]), 1, &s)
		lost += 16
	}
	if st := p.Fragments(); st.Lost[FragmentNoRoom] != lost {
		t.Errorf("%+v", st)
	}
}

func TestFragmentsDoNotAllocate(t *testing.T) {
	rnd := rand.New(rand.NewPCG(45, 46))
	b, _ := big(t, rnd, 0, 2000)
	parts := split(b, 0, 800)
	var p Parser
	var s Segment
	id, now := uint16(0), int64(0)
	one := func() {
		id++
		now += 1e5
		for _, f := range parts {
			binary.BigEndian.PutUint16(f[4:], id)
			p.Parse(LinkRaw, f, len(f), now, &s)
		}
	}
	for range 2 * maxDatagrams {
		one()
	}
	if n := testing.AllocsPerRun(1000, one); n != 0 {
		t.Errorf("%v allocations for a packet", n)
	}
}

// FuzzFragments gives the parser fragments of packets with few addresses and identifications, so that they meet. Each takes six bytes of the
// script: identification, place, length, whether more follow, what it is filled with, time. Nothing may panic, be held when all is given up,
// or take more room than there is.
func FuzzFragments(f *testing.F) {
	f.Add([]byte("\x00\x00\x04\x01a\x00\x00\x04\x04\x00b\x00"))
	f.Add([]byte("\x01\x02\x02\x00a\x01\x01\x00\x02\x01b\x00\x01\x01\x02\x01b\x00"))
	f.Fuzz(func(t *testing.T, script []byte) {
		var p Parser
		var s Segment
		now, sent := int64(0), uint64(0)
		for ; len(script) >= 6; script = script[6:] {
			length := int(script[2]) * 8
			if script[3]&2 != 0 {
				length += 5
			}
			now += int64(script[5]) * 1e8
			var frame []byte
			payload := bytes.Repeat(script[4:5], length)
			place := uint16(script[1])<<(script[0]>>5)&0x1fff | uint16(script[3]&1)<<13
			if script[0]&1 != 0 {
				frame = in6(extFragment)(nil, append(be(17<<8, place<<3|place>>13, 0, uint16(script[0]>>1&3)), payload...))
			} else {
				frame = in4(17)(rand.New(rand.NewPCG(1, 1)), payload)
				binary.BigEndian.PutUint16(frame[4:], uint16(script[0]>>1&3))
				binary.BigEndian.PutUint16(frame[6:], place)
			}
			if r := p.Parse(LinkRaw, frame, len(frame), now, &s); r == Fragment || r == OK && p.Reassembled() {
				sent += uint64(length)
			}
			if g := p.fragments; g != nil {
				for i := range g.n {
					d := &g.all[(g.head+i)%maxDatagrams]
					if !slices.IsSortedFunc(d.spans[:d.numSpans], func(a, b span) int { return int(a.start) - int(b.start) }) {
						t.Fatalf("spans %v", d.spans)
					}
				}
			}
		}
		p.Close()
		g := p.fragments
		if g == nil {
			return
		}
		p.reassembled = true
		p.doneReading()
		free := 0
		for class, list := range g.pool.free {
			free += len(list) * bufferSizes[class]
		}
		lost := uint64(0)
		for _, n := range g.stats.Lost {
			lost += n
		}
		if g.n != 0 || free != g.pool.bytes || free > maxFragmentBytes || g.byHash != [maxDatagrams]uint16{} || lost > sent {
			t.Fatalf("%d left, %d of %d bytes free, %d lost of %d", g.n, free, g.pool.bytes, lost, sent)
		}
	})
}
