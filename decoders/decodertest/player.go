package decodertest

import (
	"fmt"
	"net/netip"

	"wire_exporter/decoders"
)

// Subject is the decoder under test.
type Subject struct {
	Plugin    decoders.Plugin
	Sessions  *decoders.Sessions
	Unmarshal func(any) error // fills the decoder's configuration; nil: its defaults
	Vague     []string        // operations that stand for one that is not known, because it was named before a loss
}

// player is one worker: a decoder, its pool, and what they account for.
type player struct {
	pool    decoders.Pool
	memory  decoders.Memory
	decoder decoders.Decoder
	out     decoders.Sink
	feeder  *decoders.Feeder
	ended   [2]bool
	stopped bool // the Conn is closed
}

// newPlayer makes a worker; a test that cannot have one panics.
func newPlayer(s Subject, out decoders.Sink) *player {
	p := &player{out: out, feeder: new(decoders.Feeder)}
	p.pool.Memory = &p.memory
	d, err := s.Plugin.New(decoders.Env{Sessions: s.Sessions, Memory: &p.memory}, s.Unmarshal)
	if err != nil {
		panic(fmt.Sprintf("%s: %v", s.Plugin.Name, err))
	}
	p.decoder = d
	return p
}

var (
	client = decoders.EndpointFrom(netip.MustParseAddrPort("192.0.2.1:40000"))
	server = decoders.EndpointFrom(netip.MustParseAddrPort("198.51.100.1:80"))
)

// open begins a connection.
func (p *player) open(midstream bool, transport decoders.Transport) {
	p.ended, p.stopped = [2]bool{}, false
	p.feeder.Flow = decoders.Flow{Client: client, Server: server, Midstream: midstream, Transport: transport}
	p.feeder.Attach(&p.pool, p.decoder.Open(&p.feeder.Flow, p.out))
}

// do makes one event happen, and returns what ended the Conn: a Become, a Malformed, or nothing.
func (p *player) do(e event) (err error) {
	if p.stopped {
		return nil
	}
	switch e.what {
	case segment:
		if p.feeder.Flow.Transport == decoders.UDP {
			err = p.feeder.Datagram(&p.pool, e.dir, e.data, e.at)
		} else if !p.ended[e.dir] {
			err = p.feeder.Segment(&p.pool, e.dir, e.data, e.at)
		}
	case loss:
		if !p.ended[e.dir] {
			err = p.feeder.Lost(&p.pool, e.dir, e.n, e.at)
		}
	case end:
		if !p.ended[e.dir] {
			p.ended[e.dir] = true
			p.feeder.End(e.dir, e.at)
			if p.ended[e.dir.Other()] {
				p.close(e.at, decoders.FIN)
			}
		}
	case closing:
		p.close(e.at, e.why)
	}
	switch err.(type) {
	case nil:
	case decoders.Become:
		p.close(e.at, decoders.HandedOver)
	case decoders.Malformed:
		p.close(e.at, decoders.GaveUp)
	default:
		panic(fmt.Sprintf("Feed or Gap returned %T, which is none of ErrShort, Become and Malformed", err))
	}
	return err
}

func (p *player) close(at decoders.Time, why decoders.Why) {
	p.feeder.Conn().Close(at, why)
	p.feeder.Release(&p.pool)
	p.stopped = true
}

// held is the number of bytes that wait unread.
func (p *player) held() int {
	if p.stopped {
		return 0
	}
	return len(p.feeder.Held(decoders.ToServer)) + len(p.feeder.Held(decoders.ToClient))
}
