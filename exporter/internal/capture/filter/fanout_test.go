package filter

import (
	"encoding/binary"
	"fmt"
	"testing"

	"golang.org/x/net/bpf"
)

// testFanout is the fanout program for a frame in a file: the network layer starts behind the Ethernet header.
func testFanout(t *testing.T) *bpf.VM {
	t.Helper()
	vm, err := bpf.NewVM(fanout(14, Tunnels{}, func(p *program) { p.emit(bpf.LoadAbsolute{Off: 12, Size: 2}) }))
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

func hash(t *testing.T, vm *bpf.VM, f frame) int {
	t.Helper()
	n, err := vm.Run(f.bytes(Ethernet))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFanoutIsSymmetric(t *testing.T) {
	vm := testFanout(t)
	for _, f := range testFrames() {
		back := f
		back.src, back.dst, back.sport, back.dport = f.dst, f.src, f.dport, f.sport
		untagged := f
		untagged.tags = nil
		if f.etherType == 0 && hash(t, vm, f) != hash(t, vm, back) {
			t.Errorf("%v and its answer part", f)
		}
		if hash(t, vm, f) != hash(t, vm, untagged) {
			t.Errorf("%v and the same without tags part", f)
		}
	}
}

func TestFanoutSpreads(t *testing.T) {
	vm := testFanout(t)
	for name, make := range map[string]func(i int) frame{
		"clients' ports": func(i int) frame {
			return frame{src: "10.0.0.1", dst: "10.0.0.2", proto: protoTCP, sport: uint16(32768 + i), dport: 5432}
		},
		"clients": func(i int) frame {
			return frame{src: fmt.Sprintf("10.0.%d.%d", i/250, 1+i%250), dst: "192.0.2.1", proto: protoTCP, sport: 40000, dport: 80}
		},
		"IPv6 clients": func(i int) frame {
			return frame{src: fmt.Sprintf("2001:db8::%x", i), dst: "2001:db8:1::1", proto: protoUDP, sport: 40000, dport: 53}
		},
	} {
		for _, workers := range []int{2, 3, 8} {
			counts := map[int]int{}
			for i := range 2000 {
				counts[hash(t, vm, make(i))%workers]++
			}
			for w := range workers {
				if share := counts[w] * workers; share < 1400 || share > 2600 {
					t.Errorf("%s over %d workers: %v", name, workers, counts)
					break
				}
			}
		}
	}
}

// Fragments of UDP go with their datagrams.
func TestFanoutKeepsDatagramsTogether(t *testing.T) {
	vm := testFanout(t)
	f := frame{src: "10.0.0.1", dst: "10.0.0.2", proto: protoUDP, sport: 40000, dport: 53}
	want := hash(t, vm, f)
	for _, fragment := range []uint16{0x2000, 0x2010, 0x0020} {
		f.fragment = fragment
		if got := hash(t, vm, f); got != want {
			t.Errorf("fragment %#x has %d, the whole datagram %d", fragment, got, want)
		}
	}
}

// A frame that this host sends tagged has its network offset behind the tag already, though its EtherType is the tag's.
func TestFanoutOfTaggedFrameGoingOut(t *testing.T) {
	plain, vm := testFanout(t), testFanout(t)
	f := frame{src: "10.0.0.1", dst: "10.0.0.2", proto: protoTCP, sport: 40000, dport: 53}
	data := f.bytes(Ethernet)
	binary.BigEndian.PutUint16(data[12:], etherVLAN)
	if got, err := vm.Run(data); err != nil || got != hash(t, plain, f) {
		t.Errorf("%d, %v", got, err)
	}
}
