package mysql

import (
	"encoding/binary"

	"wire_exporter/decoders"
)

// detect is Plugin.Detect. A server is known by its greeting, a client by its handshake response, or in the middle of a connection by
// a command that looks like nothing else.
func detect(dir decoders.Dir, first []byte) decoders.Verdict {
	if dir == decoders.ToClient {
		return looksLikeGreeting(first)
	}
	verdict := looksLikeCommand(first, false)
	if verdict == decoders.No {
		verdict = looksLikeHandshakeResponse(first)
	}
	if verdict != decoders.Yes {
		verdict = max(verdict, looksCompressed(first))
	}
	return verdict
}

// looksLikeGreeting judges whether b begins with a greeting, protocol version 10, or with an error in place of it.
func looksLikeGreeting(b []byte) decoders.Verdict {
	const longestVersion, longest = 60, 1024
	if len(b) >= headSize && (b[3] != 0 || uint24(b) > longest) {
		return decoders.No
	}
	if len(b) <= headSize {
		return decoders.More
	}
	body := b[headSize:]
	if body[0] == errPacket {
		return looksLikeRefusal(body)
	}
	if body[0] != 10 {
		return decoders.No
	}
	for i, x := range body[1:] {
		switch {
		case x == 0 && i > 0:
			return decoders.Yes
		case x < ' ' || x > '~' || i == 0 && (x < '0' || x > '9') || i > longestVersion:
			return decoders.No
		}
	}
	return decoders.More
}

// looksLikeRefusal judges whether b is an error that says in words why a client is refused: too many connections, host blocked.
func looksLikeRefusal(b []byte) decoders.Verdict {
	const first, words = 1000, 12
	if len(b) < words {
		return decoders.More
	}
	if code := binary.LittleEndian.Uint16(b[1:]); code < first || code > 5*first {
		return decoders.No
	}
	for _, x := range b[3:words] {
		if x < ' ' || x > '~' {
			return decoders.No
		}
	}
	return decoders.Yes
}

// looksLikeHandshakeResponse judges whether b begins with a client's first packet, protocol 4.1.
func looksLikeHandshakeResponse(b []byte) decoders.Verdict {
	const filler, fillerEnd = headSize + 4 + 4 + 1, headSize + 4 + 4 + 1 + 19
	if len(b) >= headSize && (b[3] != 1 && b[3] != 2 || uint24(b) < tlsRequestSize || uint24(b) > largestResponse) {
		return decoders.No
	}
	if len(b) < fillerEnd {
		return decoders.More
	}
	flags := capabilities(binary.LittleEndian.Uint32(b[headSize:]))
	if flags&protocol41 == 0 || flags&secureConn == 0 {
		return decoders.No
	}
	for _, x := range b[filler:fillerEnd] {
		if x != 0 {
			return decoders.No
		}
	}
	return decoders.Yes
}
