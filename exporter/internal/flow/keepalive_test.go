package flow

import (
	"testing"

	"wire_exporter/exporter/internal/packet"
)

// A connection that is found while it rests begins with a keep-alive probe, which may carry one byte that was there before.
func TestKeepAliveProbeFirst(t *testing.T) {
	for _, dir := range []byte{'>', '<'} {
		b := newBench(Config{})
		p := b.connect(1000, [2]uint32{1, 1})
		p.send(0, dir, packet.ACK, "\x00")
		p.send(10, '>', packet.ACK|packet.PSH, "? a\n")
		p.send(20, '<', packet.ACK|packet.PSH, "= 0\n")
		b.expect(t, "a ok 10 10 20 20")
		if k := b.counters(); k.Retransmitted != [2]uint64{} || k.Bytes != 8 {
			t.Errorf("%+v", k)
		}
	}
}
