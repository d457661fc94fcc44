package packet

// Bounds of the fragments that wait for the rest of their packets.
const (
	maxDatagrams     = 2048      // packets being put together, and those that were a moment ago
	maxFragmentBytes = 4 << 20   // what they hold; less than 1 MiB more describes them
	maxFragmentAge   = 30e9      // ns of capture time; what Linux gives them
	maxSpans         = 16        // stretches of one packet with holes between them
	maxPacket        = 1<<16 - 1 // longest payload of an IP packet

	// A packet that was put together is remembered for as long as a copy of its fragments may come: less than 65,536 packets take.
	fragmentCopyWithin = 20e6
)

// FragmentLoss is why fragments gave no packet.
type FragmentLoss uint8

// The reasons.
const (
	FragmentOverlap    FragmentLoss = iota // two fragments contradict each other: no honest sender does that (RFC 5722)
	FragmentIncomplete                     // the rest did not come
	FragmentNoRoom                         // pushed out by newer ones, or in too many pieces
	FragmentChecksum                       // put together, the checksum is wrong: pieces of two packets
	NumFragmentLosses  = iota
)

var fragmentLossNames = [NumFragmentLosses]string{"fragment_overlap", "fragment_incomplete", "fragment_no_room", "fragment_checksum"}

// String returns the reason as a label value.
func (l FragmentLoss) String() string { return fragmentLossNames[l] }

// FragmentStats counts what became of fragments.
type FragmentStats struct {
	Packets    uint64                    // put together
	Duplicates uint64                    // fragments that were seen before
	Lost       [NumFragmentLosses]uint64 // payload bytes of fragments, indexed by FragmentLoss
}

// fragmentKey is what the fragments of one packet have in common.
type fragmentKey struct {
	src, dst [16]byte
	id       uint32
	proto    uint8 // IPv4 only: in IPv6 only the first fragment knows
}

// fragment is one of them.
type fragment struct {
	start, length int // place and size in the packet's payload, on the wire
	more          bool
	next          uint8 // IPv6: what the payload starts with, if this is the first
	data          []byte
}

func (f *fragment) end() int { return f.start + f.length }

// fragments puts packets together.
type fragments struct {
	byHash  [maxDatagrams]uint16 // first of a chain, its number plus one
	all     []datagram           // in use in the order in which they began, oldest at head
	head, n int
	pool    bufferPool
	reading [][]byte // buffers of packets that are being read
	stats   FragmentStats
}

// datagram is a packet being put together.
type datagram struct {
	key   fragmentKey
	hash  uint32
	chain uint16 // the next one with this hash, its number plus one
	state uint8
	next  uint8

	began, ended int64
	data         []byte
	total        int // length of the payload, 0: not known yet
	known        int // bytes from the start that the snap length did not cut
	lost         int // bytes of fragments, should it be given up
	spans        [maxSpans]span
	numSpans     int
}

// span is a stretch of the payload.
type span struct{ start, end uint16 }

// States of a datagram.
const (
	collecting uint8 = iota
	complete         // read
	refused
)

func newFragments() *fragments { return &fragments{all: make([]datagram, maxDatagrams)} }

// find returns the datagram with that key, a new one if there is none.
func (f *fragments) find(key *fragmentKey, now int64) *datagram {
	h := key.hash()
	for i := f.byHash[h%maxDatagrams]; i != 0; i = f.all[i-1].chain {
		d := &f.all[i-1]
		if d.hash != h || d.key != *key {
			continue
		}
		if d.state != complete || max(now-d.ended, d.ended-now) <= fragmentCopyWithin {
			return d
		}
		d.key.id = ^d.key.id // forgotten: its number is used again
		break
	}
	if f.n == maxDatagrams {
		f.dropOldest(FragmentNoRoom)
	}
	i := (f.head + f.n) % maxDatagrams
	f.n++
	d := &f.all[i]
	first := &f.byHash[h%maxDatagrams]
	*d = datagram{key: *key, hash: h, chain: *first, began: now, known: maxPacket}
	*first = uint16(i + 1)
	return d
}

// hash spreads keys. Whoever makes them collide makes one chain of at most maxDatagrams.
func (k *fragmentKey) hash() uint32 {
	h := uint64(k.id)<<8 | uint64(k.proto)
	for _, a := range [...]*[16]byte{&k.src, &k.dst} {
		for i := 0; i < 16; i += 4 {
			h = (h ^ uint64(a[i]) ^ uint64(a[i+1])<<8 ^ uint64(a[i+2])<<16 ^ uint64(a[i+3])<<24) * 0x9e3779b97f4a7c15
			h ^= h >> 29
		}
	}
	return uint32(h >> 16)
}

// expire gives up what has waited too long.
func (f *fragments) expire(now int64) {
	for f.n > 0 && now-f.all[f.head].began > maxFragmentAge {
		f.dropOldest(FragmentIncomplete)
	}
}

// dropOldest forgets the oldest datagram, which is counted if it was not read.
func (f *fragments) dropOldest(why FragmentLoss) {
	d := &f.all[f.head]
	if d.state == collecting {
		f.stats.Lost[why] += uint64(d.lost)
	}
	f.pool.put(d.data)
	number := uint16(f.head + 1)
	at := &f.byHash[d.hash%maxDatagrams]
	for *at != number {
		if *at == 0 {
			panic("BUG: a datagram is not in its chain")
		}
		at = &f.all[*at-1].chain
	}
	*at = d.chain
	*d = datagram{}
	f.head = (f.head + 1) % maxDatagrams
	f.n--
}

// refuse gives a datagram up: what has come and what is still to come.
func (f *fragments) refuse(d *datagram, why FragmentLoss) {
	f.stats.Lost[why] += uint64(d.lost)
	f.pool.put(d.data)
	d.state, d.data = refused, nil
}
