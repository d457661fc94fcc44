// Package packet turns one captured frame into one Segment: the TCP or UDP payload of the frame with its endpoints, flags
// and sequence numbers. In goes a link type and the frame's bytes, out comes a filled Segment or the Reason why there is
// none. It reads every length from the frame, checks it against the bytes that are there, and never looks behind them; it
// never allocates (but the room for fragments, once), copies a payload that is whole, looks at one, or verifies its
// checksum (offloading makes checksums of captured frames meaningless). It looks into tunnels, and keeps IP fragments within a bound
// until their packet is whole.
package packet

// Link types: the LINKTYPE_ numbers that capture files carry, as registered with the pcap file formats.
const (
	LinkNull      uint16 = 0   // BSD loopback, address family in the capturing host's byte order
	LinkEthernet  uint16 = 1   // Ethernet
	LinkRawBSD    uint16 = 12  // raw IP, as some systems' DLT_RAW is written to files
	LinkRawOpen   uint16 = 14  // raw IP, as OpenBSD's DLT_RAW is written to files
	LinkRaw       uint16 = 101 // raw IPv4 or IPv6
	LinkCiscoHDLC uint16 = 104 // Cisco HDLC, as on serial lines
	LinkLoop      uint16 = 108 // OpenBSD loopback, address family in network byte order
	LinkLinuxSLL  uint16 = 113 // Linux cooked capture v1
	LinkIPv4      uint16 = 228 // raw IPv4
	LinkIPv6      uint16 = 229 // raw IPv6
	LinkNFLOG     uint16 = 239 // Linux netfilter log
	LinkLinuxSLL2 uint16 = 276 // Linux cooked capture v2
)

// TCP flags, as they stand in the header (RFC 9293 section 3.1). Segment.Flags holds no others.
const (
	FIN uint8 = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// IP protocol numbers of Segment.Proto.
const (
	TCP uint8 = 6
	UDP uint8 = 17
)

// Segment is one TCP segment or UDP datagram. A Parser fills all of it.
type Segment struct {
	Src, Dst Endpoint
	Window   uint16 // TCP only: as in the header, unscaled
	IPID     uint16 // IPv4 identification; 0 for IPv6
	Time     int64  // capture time, ns since the epoch
	Seq, Ack uint32 // TCP only, else 0
	Checksum uint16 // as in the TCP or UDP header; not checked
	Proto    uint8  // TCP or UDP
	Flags    uint8  // TCP only: FIN, SYN, RST, PSH, ACK
	TTL      uint8  // IPv4 time to live or IPv6 hop limit
	Options  uint8  // TCP only: length of the options
	Payload  []byte // in the frame's buffer: valid as long as that is; the capacity ends with the payload
	Missing  int    // payload bytes that follow Payload on the wire, but were cut from the frame by the snap length
}

// Parser parses frames and counts what became of them. It is used by one goroutine; every worker has its own.
// The zero value is ready.
type Parser struct {
	// Tunnels are the UDP ports of tunnels besides the usual ones.
	Tunnels []Tunnel

	stats       Stats
	depth       int        // tunnels and fragments around what is being read
	fragments   *fragments // nil: there were none
	reassembled bool       // what was read last came in fragments
}

// Stats returns the counts so far.
func (p *Parser) Stats() Stats { return p.stats }

// Parse reads one frame. data is what was captured of it, wireLen its length on the wire (0, or less than len(data):
// nothing was cut), t its capture time. When the answer is OK, all of s is set; otherwise s is to be ignored.
func (p *Parser) Parse(link uint16, data []byte, wireLen int, t int64, s *Segment) Reason {
	s.Time = t
	if link == LinkEthernet && !p.reassembled && plain(data, s) {
		p.stats[OK]++
		return OK
	}
	return p.parse(link, data, max(wireLen-len(data), 0), s)
}

func (p *Parser) parse(link uint16, data []byte, cut int, s *Segment) Reason {
	if p.depth = 0; p.reassembled {
		p.doneReading()
	}
	r := p.parseLink(link, data, cut, s)
	p.stats[r]++
	return r
}
