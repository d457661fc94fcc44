package decodertest

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
)

// Fuzz feeds the decoder with whatever the fuzzer thinks of, beginning with the conversations. It must not panic, must stay
// within bounds, and while nothing is lost any cut must give the same (law 1).
func Fuzz(f *testing.F, s Subject) {
	for _, c := range load(f) {
		f.Add(encode(c), uint8(3)) // a conversation in pieces of three bytes
	}
	f.Fuzz(func(t *testing.T, script []byte, cut uint8) {
		c := decode(script)
		whole := c.play(s, c.events)
		pieces := c.play(s, c.cut(int(cut)%64+1))
		if c.comparable(whole) {
			same(t, pieces.lines, whole.lines, "in pieces of %d bytes", int(cut)%64+1)
		}
	})
}

// comparable says whether a cut must not matter: nothing was lost, and nothing came that did not fit.
func (c *Conversation) comparable(r *record) bool {
	return !c.Midstream && !slices.ContainsFunc(c.events, func(e event) bool { return e.what == loss }) &&
		!slices.ContainsFunc(r.lines, func(l string) bool { return strings.HasPrefix(l, "count ") })
}

// A script is a conversation as bytes: for each event one byte that says what, two that say how long, and the data.
const (
	dirBit       = 1 << 0
	midstreamBit = 1 << 1 // of the first event
	whatShift    = 4
)

func encode(c *Conversation) (script []byte) {
	for _, e := range c.events {
		b := byte(e.what)<<whatShift | byte(e.dir)
		if c.Midstream {
			b |= midstreamBit
		}
		n := uint16(len(e.data))
		switch e.what {
		case loss:
			n = uint16(e.n)
		case closing:
			n = uint16(e.why)
		}
		script = append(binary.LittleEndian.AppendUint16(append(script, b), n), e.data...)
	}
	return script
}

func decode(script []byte) *Conversation {
	c := new(Conversation)
	last := event{what: closing, why: decoders.CaptureEnd, at: epoch}
	for len(script) >= 3 && last.why == decoders.CaptureEnd {
		b, n := script[0], binary.LittleEndian.Uint16(script[1:])
		script = script[3:]
		if len(c.events) == 0 {
			c.Midstream = b&midstreamBit != 0
		}
		e := event{what: what(b >> whatShift & 3), dir: decoders.Dir(b & dirBit), at: last.at}
		switch e.what {
		case segment:
			e.data = script[:min(int(n), len(script))]
			script = script[len(e.data):]
		case loss:
			e.n = uint64(n)
		case closing:
			last.why = decoders.Why(n) % (decoders.CaptureEnd + 1)
			continue
		}
		c.events = append(c.events, e)
		last.at += decoders.Time(time.Millisecond)
	}
	c.events = append(c.events, last)
	return c
}

// Mutations is law 6 as far as a short test can show it: conversations with bytes changed, lost, repeated and cut anywhere. The
// fuzzer goes on from there.
func Mutations(t *testing.T, s Subject) {
	all := load(t)
	random := rand.New(rand.NewPCG(1, 2)) // the same every time
	for range 3000 {
		script := encode(all[random.IntN(len(all))])
		for range 1 + random.IntN(4) {
			script = mutate(random, script)
		}
		c := decode(script)
		c.play(s, c.events)
		c.play(s, c.cut(1+random.IntN(9)))
	}
}

func mutate(random *rand.Rand, script []byte) []byte {
	if len(script) == 0 {
		return script
	}
	i, n := random.IntN(len(script)), 1+random.IntN(20)
	switch random.IntN(4) {
	case 0:
		script[i] = byte(random.Uint32())
	case 1:
		script[i] ^= 1 << random.IntN(8)
	case 2:
		script = slices.Delete(script, i, min(i+n, len(script)))
	case 3:
		script = slices.Insert(script, i, slices.Clone(script[i:min(i+n, len(script))])...)
	}
	return script
}

// maxMemory is what one connection may keep, whatever is on it.
const maxMemory = 2 << 20

// Bounds is law 7: one side's words alone, again and again, do not pile up; and connections leave nothing behind.
func Bounds(t *testing.T, s Subject) {
	eachStream(t, func(t *testing.T, c *Conversation) {
		for _, dir := range []decoders.Dir{decoders.ToServer, decoders.ToClient} {
			c.flood(t, s, dir)
		}
		p := newPlayer(s, nowhere{})
		var before int64
		for i := range 300 {
			p.open(c.Midstream, c.Transport)
			for _, e := range c.cut(9) {
				p.do(e)
			}
			if p.do(event{what: closing, why: decoders.CaptureEnd}); i == 0 {
				before = p.memory.Used()
			}
		}
		if after := p.memory.Used(); after > before {
			t.Fatalf("300 connections left %d bytes, the first %d", after, before)
		}
	})
}

// flood says one direction's segments over and over without the other's.
func (c *Conversation) flood(t *testing.T, s Subject, dir decoders.Dir) {
	p := newPlayer(s, nowhere{})
	p.open(c.Midstream, c.Transport)
	var most int64
	for range 3000 {
		for _, e := range c.events {
			if e.what == segment && e.dir == dir {
				p.do(e)
				most = max(most, p.memory.Used())
			}
		}
	}
	if most > maxMemory {
		t.Fatalf("%d bytes are kept, %v", most, dir)
	}
}
