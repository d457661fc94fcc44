package capture

import "sync/atomic"

// DropReason is why frames or their rest were lost.
type DropReason uint8

const (
	DropKernel        DropReason = iota // live: the ring was full, the program too slow; counted by the kernel
	DropInterfaceDown                   // live: events, not packets: the interface went down, or away, while being listened to
	DropTruncatedFile                   // the file ends inside a record; one for each file
	DropCorruptFile                     // the file's rest was given up because it contradicts itself; one for each file

	NumDropReasons = iota
)

var dropReasonNames = [NumDropReasons]string{
	DropKernel:        "kernel",
	DropInterfaceDown: "interface_down",
	DropTruncatedFile: "truncated_file",
	DropCorruptFile:   "corrupt_file",
}

// String returns the reason as a label value.
func (r DropReason) String() string {
	if int(r) >= NumDropReasons {
		return "unknown"
	}
	return dropReasonNames[r]
}

// InterfaceStats counts what one interface, or file, has given.
type InterfaceStats struct {
	Name    string
	Packets uint64                 // frames handed over
	Bytes   uint64                 // their length on the wire
	Dropped [NumDropReasons]uint64 // indexed by DropReason
}

// counters are one source's part of the statistics: its Run adds up in plain variables and publishes them once a batch.
type counters []interfaceCounters

type interfaceCounters struct {
	packets, bytes atomic.Uint64
	dropped        [NumDropReasons]atomic.Uint64
}

func (c counters) addTo(stats []InterfaceStats) {
	for i := range c {
		stats[i].Packets += c[i].packets.Load()
		stats[i].Bytes += c[i].bytes.Load()
		for r := range c[i].dropped {
			stats[i].Dropped[r] += c[i].dropped[r].Load()
		}
	}
}

// batch is what a source has counted since it published last.
type batch struct{ packets, bytes uint64 }

// publish adds b to c and empties it.
func (c *interfaceCounters) publish(b *batch) {
	if b.packets == 0 {
		return
	}
	c.packets.Add(b.packets)
	c.bytes.Add(b.bytes)
	*b = batch{}
}

// progress is how far the files have been read.
type progress struct {
	read  atomic.Int64
	total int64
}
