// Package proxyproto reads the header that load balancers put in front of a connection (the PROXY protocol, versions 1 and
// 2): in goes the beginning of a connection, out comes nothing but where the real protocol begins. The addresses in it are
// skipped, not read.
package proxyproto

import (
	"bytes"

	"wire_exporter/decoders"
)

// Plugin is the PROXY protocol. It reports no transactions.
var Plugin = decoders.Plugin{Name: "proxy", Preamble: true, Detect: detect, New: newDecoder}

const (
	signature1 = "PROXY "                               // section 2.1
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"               // section 2.2
	longest1   = 107                                    // of a header of version 1 with its CRLF
	fixed2     = 16                                     // bytes of version 2 in front of the addresses
	badHeader  = decoders.Malformed("bad_proxy_header") // it began like one
)

// detect knows both versions by their first bytes, which no other protocol shares.
func detect(dir decoders.Dir, first []byte) decoders.Verdict {
	if dir == decoders.ToClient {
		return decoders.No
	}
	verdict := decoders.No
	for _, signature := range [...]string{signature1, signature2} {
		n := min(len(first), len(signature))
		switch {
		case string(first[:n]) != signature[:n]:
		case n == len(signature):
			return decoders.Yes
		default:
			verdict = decoders.More
		}
	}
	return verdict
}

func newDecoder(_ decoders.Env, unmarshal func(any) error) (decoders.Decoder, error) {
	if unmarshal != nil {
		if err := unmarshal(&struct{}{}); err != nil {
			return nil, err
		}
	}
	return new(decoder), nil
}

type decoder struct{ free []*conn }

// keep is how many unused conns are kept: they live for one segment, so that few are in use at a time.
const keep = 64

// Open implements decoders.Decoder.
func (d *decoder) Open(*decoders.Flow, decoders.Sink) decoders.Conn {
	if n := len(d.free); n > 0 {
		c := d.free[n-1]
		d.free = d.free[:n-1]
		return c
	}
	return &conn{d: d}
}

// conn is one connection until its header is past.
type conn struct {
	d    *decoder
	past bool // all of the header is skipped
}

// Feed implements decoders.Conn. What the server says before the header is complete waits for the next decoder.
func (c *conn) Feed(dir decoders.Dir, s *decoders.Stream) error {
	if dir == decoders.ToClient {
		return decoders.ErrShort
	}
	if !c.past {
		if err := c.skip(s); err != nil {
			return err
		}
	}
	return decoders.Become("")
}

func (c *conn) skip(s *decoders.Stream) error {
	b, err := s.Peek(len(signature2))
	if err != nil {
		return err
	}
	if string(b) != signature2 {
		line, cut, err := s.Line(longest1 - 2)
		if err == nil && (cut || !bytes.HasPrefix(line, []byte(signature1))) {
			err = badHeader
		}
		return err
	}
	if b, err = s.Peek(fixed2); err != nil {
		return err
	}
	if version := b[12] >> 4; version != 2 {
		return badHeader
	}
	c.past = true
	return s.Skip(fixed2 + uint64(b[14])<<8 + uint64(b[15]))
}

// Gap implements decoders.Conn.
func (c *conn) Gap(decoders.Dir, uint64) error { return badHeader }

// End implements decoders.Conn.
func (c *conn) End(decoders.Dir, decoders.Time) {}

// Wake implements decoders.Conn.
func (c *conn) Wake(decoders.Time) {}

// Waiting implements decoders.Conn.
func (c *conn) Waiting() (int, decoders.Time) { return 0, 0 }

// Close implements decoders.Conn.
func (c *conn) Close(decoders.Time, decoders.Why) {
	c.past = false
	if len(c.d.free) < keep {
		c.d.free = append(c.d.free, c)
	}
}
