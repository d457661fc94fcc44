package packet

// Reason is what became of a frame: OK, or why it gave no Segment.
type Reason uint8

const (
	OK            Reason = iota
	NotIP                // ARP, spanning tree, 802.3 frames, anything with another EtherType
	OtherProtocol        // IP, but neither TCP nor UDP
	Fragment             // a part of an IP packet that is not whole yet, or never will be (see FragmentStats)
	Truncated            // the snap length cut the headers
	Malformed            // a header contradicts itself or the frame's length
	TooDeep              // a packet in more tunnels than any network has
	LinkType             // a link type this package cannot read

	NumReasons = iota
)

var reasonNames = [NumReasons]string{
	OK:            "ok",
	NotIP:         "not_ip",
	OtherProtocol: "other_protocol",
	Fragment:      "fragment",
	Truncated:     "truncated",
	Malformed:     "malformed",
	TooDeep:       "too_many_tunnels",
	LinkType:      "link_type",
}

// String returns the reason as a label value.
func (r Reason) String() string {
	if int(r) >= NumReasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Stats counts frames by what became of them, indexed by Reason.
type Stats [NumReasons]uint64
