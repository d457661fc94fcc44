package http1

// parseTrace reads the trace id from a traceparent field (W3C Trace Context, section 3.2): version-traceid-parentid-flags, all
// lower-case hexadecimal. Later versions may be longer; ids of zeros and version ff are forbidden.
func parseTrace(b []byte) (id [16]byte, ok bool) {
	const length = 2 + 1 + 32 + 1 + 16 + 1 + 2
	if len(b) < length || b[2] != '-' || b[35] != '-' || b[52] != '-' {
		return id, false
	}
	var version, flags [1]byte
	var parent [8]byte
	if !lowerHex(version[:], b[0:]) || !lowerHex(id[:], b[3:]) || !lowerHex(parent[:], b[36:]) || !lowerHex(flags[:], b[53:]) {
		return [16]byte{}, false
	}
	longer := len(b) > length
	if version[0] == 0xff || version[0] == 0 && longer || longer && b[length] != '-' || id == [16]byte{} || parent == [8]byte{} {
		return [16]byte{}, false
	}
	return id, true
}

// lowerHex fills dst from twice as many lower-case hexadecimal digits.
func lowerHex(dst, src []byte) bool {
	const lowerBit = 0x20 // in digits and lower-case letters, not in capitals
	bad := byte(0)
	for i := range dst {
		hi, lo := src[2*i], src[2*i+1]
		h, l := hexValues[hi], hexValues[lo]
		bad |= h | l | ^(hi&lo)&lowerBit
		dst[i] = h<<4 | l
	}
	return bad <= 15
}
