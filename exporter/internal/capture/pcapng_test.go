package capture

import (
	"encoding/binary"
	"math"
	"strings"
	"testing"
)

// ng writes pcapng blocks by hand.
type ng struct {
	order binary.AppendByteOrder
	b     []byte
}

func (n *ng) block(kind uint32, body []byte) *ng {
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	length := uint32(len(body) + 12)
	n.b = n.order.AppendUint32(n.b, kind)
	n.b = n.order.AppendUint32(n.b, length)
	n.b = append(n.b, body...)
	n.b = n.order.AppendUint32(n.b, length)
	return n
}

func (n *ng) numbers(values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case uint16:
			b = n.order.AppendUint16(b, v)
		case uint32:
			b = n.order.AppendUint32(b, v)
		case string:
			b = append(b, v...)
		}
	}
	return b
}

func (n *ng) section() *ng {
	return n.block(blockSection, n.numbers(uint32(byteOrderMagic), uint16(1), uint16(0), uint32(math.MaxUint32), uint32(math.MaxUint32)))
}

func (n *ng) iface(link uint16, snaplen uint32, options string) *ng {
	return n.block(blockInterface, n.numbers(link, uint16(0), snaplen, options))
}

func (n *ng) enhanced(iface uint32, stamp uint64, wireLen uint32, data string) *ng {
	return n.block(blockEnhancedPacket, n.numbers(iface, uint32(stamp>>32), uint32(stamp), uint32(len(data)), wireLen, data))
}

// resolution is an if_tsresol option.
func (n *ng) resolution(v byte) string {
	return string(n.numbers(uint16(optionTSResol), uint16(1), string([]byte{v, 0, 0, 0})))
}

// offset is an if_tsoffset option.
func (n *ng) offset(seconds int64) string {
	first, second := uint32(uint64(seconds)>>32), uint32(seconds)
	if n.order == binary.AppendByteOrder(binary.LittleEndian) {
		first, second = second, first
	}
	return string(n.numbers(uint16(optionTSOffset), uint16(8), first, second))
}

var orders = map[string]binary.AppendByteOrder{"little": binary.LittleEndian, "big": binary.BigEndian}

func TestPcapngBlocks(t *testing.T) {
	for name, order := range orders {
		t.Run(name, func(t *testing.T) {
			other := &ng{order: orders["little"]}
			if name == "little" {
				other = &ng{order: orders["big"]}
			}
			n := &ng{order: order}
			n.section().block(10, []byte("CLIENT_RANDOM secrets")).block(4, make([]byte, 700<<10)) // passed over
			n.iface(1, 3, n.resolution(9)).iface(101, 0, n.offset(1000)).iface(113, 0, n.resolution(0x80|10)+n.offset(-1))
			n.enhanced(0, 1234567890123456789, 100, "first").enhanced(1, 5_000_001, 0, "second")
			n.block(blockPacket, n.numbers(uint16(2), uint16(0), uint32(0), uint32(3<<10|1<<9), uint32(5), uint32(5), "third"))
			n.block(blockSimplePacket, n.numbers(uint32(9), "fou")).block(5, n.numbers(uint32(0)))
			other.section().iface(228, 0, "").enhanced(0, 1, 5, "fifth")
			got, _, err := runFiles(t, write(t, "x.pcapng", append(n.b, other.b...)))
			if err != nil {
				t.Fatal(err)
			}
			want := []Frame{
				{Data: []byte("first"), Time: 1234567890123456789, WireLen: 100, Link: 1},
				{Data: []byte("second"), Time: 1005_000001000, WireLen: 6, Link: 101},
				{Data: []byte("third"), Time: 2_500000000, WireLen: 5, Link: 113},
				{Data: []byte("fou"), Time: 2_500000000, WireLen: 9, Link: 1},
				{Data: []byte("fifth"), Time: 1000, WireLen: 5, Link: 228},
			}
			if len(got.frames) != len(want) {
				t.Fatalf("%d frames, want %d", len(got.frames), len(want))
			}
			for i, w := range want {
				g := got.frames[i]
				if string(g.Data) != string(w.Data) || g.Time != w.Time || g.WireLen != w.WireLen || g.Link != w.Link {
					t.Errorf("frame %d: %+v, want %+v", i, g, w)
				}
			}
		})
	}
}

func TestPcapngErrors(t *testing.T) {
	start := func() *ng { return (&ng{order: binary.LittleEndian}).section() }
	raw := func(n *ng, values ...any) *ng { n.b = append(n.b, n.numbers(values...)...); return n }
	manyInterfaces := start()
	for range maxInterfaceBlocks + 1 {
		manyInterfaces.iface(1, 0, "")
	}
	tests := []struct {
		name string
		file *ng
		want string
	}{
		{"byte order mark", raw(&ng{order: binary.LittleEndian}, uint32(blockSection), uint32(28), uint32(7), uint32(0), uint32(0), uint32(0), uint32(28)), "byte order mark"},
		{"section too short", raw(&ng{order: binary.LittleEndian}, uint32(blockSection), uint32(16), uint32(byteOrderMagic), uint32(16)), "section header claims"},
		{"version", (&ng{order: binary.LittleEndian}).block(blockSection, start().numbers(uint32(byteOrderMagic), uint16(3), uint16(1), uint32(0), uint32(0))), "pcapng version 3.1"},
		{"length 0", raw(start(), uint32(99), uint32(0), uint32(0)), "a block claims a length of 0 bytes"},
		{"odd length", raw(start(), uint32(99), uint32(13), uint32(0)), "a block claims a length of 13 bytes"},
		{"huge packet", raw(start(), uint32(6), uint32(0xfffffffc), uint32(0)), "a block claims a length of 4294967292 bytes, at most"},
		{"lengths differ", raw(start(), uint32(1), uint32(20), uint32(1), uint32(0), uint32(24)), "20 bytes at its start, 24 at its end"},
		{"interface too short", start().block(blockInterface, nil), "interface description of 12 bytes"},
		{"option too long", start().iface(1, 0, string(start().numbers(uint16(2), uint16(100)))), "an option of 100 bytes"},
		{"resolution 10^-20", start().iface(1, 0, start().resolution(20)), "10^-20 s is too fine"},
		{"resolution 2^-64", start().iface(1, 0, start().resolution(0x80|64)), "2^-64 s is too fine"},
		{"too many interfaces", manyInterfaces, "more than 4096 interfaces"},
		{"packet too short", start().block(blockEnhancedPacket, make([]byte, 16)), "a packet block of 28 bytes"},
		{"unknown interface", start().enhanced(0, 0, 1, "x"), "names interface 0, only 0 are described"},
		{"unknown interface, obsolete", start().iface(1, 0, "").block(blockPacket, start().numbers(uint16(7), uint16(0), uint32(0), uint32(0), uint32(0), uint32(0))), "names interface 7, only 1 are"},
		{"interfaces end with the section", start().iface(1, 0, "").section().enhanced(0, 0, 1, "x"), "names interface 0, only 0"},
		{"frame longer than its block", start().iface(1, 0, "").block(blockEnhancedPacket, start().numbers(uint32(0), uint32(0), uint32(0), uint32(5), uint32(5), "abcd")), "claims a frame of 5 bytes"},
		{"simple packet too short", start().iface(1, 0, "").block(blockSimplePacket, nil), "simple packet block of 12 bytes"},
		{"simple packet first", start().block(blockSimplePacket, make([]byte, 8)), "before any interface"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c, err := Open(Config{Files: []string{write(t, "x.pcapng", test.file.b)}})
			if err != nil {
				t.Fatal(err)
			}
			err = c.Sources()[0].Run(t.Context(), &collector{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if c.Stats()[0].Dropped[DropCorruptFile] != 1 {
				t.Errorf("stats %+v", c.Stats())
			}
		})
	}
}

func TestClock(t *testing.T) {
	tests := []struct {
		resolution byte
		offset     int64
		stamp      uint64
		want       int64
	}{
		{0, 0, 7, 7e9},
		{3, 0, 7, 7e6},
		{6, 0, 1700000000123456, 1700000000123456000},
		{9, 0, 1700000000123456789, 1700000000123456789},
		{12, 0, 1700000000123456789, 1700000000123456},
		{19, 0, math.MaxUint64, 1844674407},
		{0x80, 0, 5, 5e9},
		{0x80 | 1, 0, 5, 2_500000000},
		{0x80 | 32, 0, 1700000000<<32 | 1<<31, 1700000000_500000000},
		{0x80 | 63, 0, 1<<63 | 1<<62, 1_500000000},
		{0, 0, math.MaxUint64, maxTime},
		{9, 0, math.MaxUint64, maxTime},
		{0x80 | 1, 0, math.MaxUint64, maxTime},
		{9, -5, 1e9, 0},
		{9, math.MinInt64, 1e9, 0},
		{9, math.MaxInt64, 1e9, maxTime},
		{9, 4_000_000_000, maxTime, maxTime},
		{9, -1, 3e9, 2e9},
	}
	for _, test := range tests {
		c := microseconds
		if err := c.resolution(test.resolution); err != nil {
			t.Fatal(err)
		}
		c.offset = test.offset
		if got := c.time(test.stamp); got != test.want {
			t.Errorf("%+v: %d", test, got)
		}
	}
}
