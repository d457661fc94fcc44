package postgres

import (
	"bytes"
	"encoding/binary"
	"strings"

	"wire_exporter/decoders"
)

// detect is Plugin.Detect. A connection begins with one of the start-up messages; from its middle it is known by a whole Query
// or by whole messages of the server up to a ReadyForQuery.
func detect(dir decoders.Dir, first []byte) decoders.Verdict {
	switch {
	case len(first) == 0:
		return decoders.More
	case dir == decoders.ToClient:
		return detectResponse(first)
	case first[0] != 0:
		return isQuery(first)
	}
	return detectStartup(first)
}

// detectStartup knows a start-up message by its code; that of protocol 3 has the name of a parameter behind it, which tells it from
// other protocols that begin with a length.
func detectStartup(first []byte) decoders.Verdict {
	if len(first) < 2 {
		return decoders.More
	}
	if first[1] != 0 {
		return decoders.No
	}
	if len(first) < header+4 {
		if len(first) >= 8 && isRequestCode(first) {
			return decoders.Yes
		}
		return decoders.More
	}
	n := binary.BigEndian.Uint32(first)
	switch {
	case isRequestCode(first):
		return decoders.Yes
	case binary.BigEndian.Uint16(first[4:]) == protocol3 && n > 8 && n <= maxStartup && isWord(first[8]):
		return decoders.Yes
	}
	return decoders.No
}

// isRequestCode says whether b begins with an SSLRequest, a GSSENCRequest or a CancelRequest, whose key has 4 bytes, or up to 256
// since protocol 3.2.
func isRequestCode(b []byte) bool {
	switch n := binary.BigEndian.Uint32(b); binary.BigEndian.Uint32(b[4:]) {
	case sslRequest, gssRequest:
		return n == 8
	case cancelRequest:
		return n >= 16 && n <= 12+256
	}
	return false
}

func isWord(b byte) bool { return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b == '_' }

// detectResponse wants whole messages with a ReadyForQuery at the end.
func detectResponse(first []byte) decoders.Verdict {
	end := len(first) - len(readyForQuery)
	if end < 0 || string(first[end:end+header]) != readyForQuery[:header] || !isStatus(first[len(first)-1]) {
		return decoders.No
	}
	for len(first) > 0 {
		n, verdict := wholeMessage(first)
		if verdict != decoders.Yes {
			return decoders.No
		}
		first = first[n:]
	}
	return decoders.Yes
}

// maxFound is the largest message that is taken for the first one after a loss: a text of four ASCII letters is no length.
const maxFound = 1 << 24

// isQuery says whether b begins with a whole Query.
func isQuery(b []byte) decoders.Verdict {
	if b[0] != 'Q' {
		return decoders.No
	}
	if len(b) < header {
		return moreIf(len(b) < 2 || b[1] == 0)
	}
	n := 1 + int(binary.BigEndian.Uint32(b[1:]))
	if n < header+1 || n > header+maxText {
		return decoders.No
	}
	text := b[header:min(n, len(b))]
	if len(b) < n {
		return moreIf(isText(text))
	}
	if text[len(text)-1] != 0 || !isText(text[:len(text)-1]) || !mayFollow(b[n:], requestTypes) {
		return decoders.No
	}
	return decoders.Yes
}

// isText says whether b has no control characters but white space.
func isText(b []byte) bool {
	for _, c := range b {
		if c < ' ' && (c < '\t' || c > '\r') || c == 0x7f {
			return false
		}
	}
	return true
}

func moreIf(ok bool) decoders.Verdict {
	if ok {
		return decoders.More
	}
	return decoders.No
}

// The types of messages: those with which a client may begin to ask, those with which an answer may begin, and all of the server.
const (
	requestTypes  = "QPBDECFSHX"
	answerTypes   = "TEC123tnIGHWVN"
	responseTypes = answerTypes + "DdcsSAKRvZ"
)

// isRequest says whether b may be the beginning of a message of a client that begins to ask.
func isRequest(b []byte) decoders.Verdict {
	if !mayFollow(b, requestTypes) {
		return decoders.No
	}
	if len(b) < header {
		return decoders.More
	}
	return decoders.Yes
}

// mayFollow says whether b is empty or begins like a message of one of the types.
func mayFollow(b []byte, types string) bool {
	if len(b) == 0 {
		return true
	}
	if strings.IndexByte(types, b[0]) < 0 || len(b) > 1 && b[1] != 0 {
		return false
	}
	return len(b) < header || binary.BigEndian.Uint32(b[1:]) >= 4
}

// maxFirst is how much of the first message of an answer is waited for.
const maxFirst = 16 << 10

// isResponse says whether b begins with a whole message with which an answer may begin.
func isResponse(b []byte) decoders.Verdict {
	if !mayFollow(b, answerTypes) {
		return decoders.No
	}
	n, verdict := wholeMessage(b)
	if verdict == decoders.Yes && !mayFollow(b[n:], responseTypes) {
		return decoders.No
	}
	return verdict
}

// wholeMessage says whether b begins with a message of the server that is whole and makes sense, n bytes.
func wholeMessage(b []byte) (n int, v decoders.Verdict) {
	if len(b) < header {
		return 0, decoders.More
	}
	length := binary.BigEndian.Uint32(b[1:])
	if length < 4 || length >= maxFound {
		return 0, decoders.No
	}
	if n = 1 + int(length); n > len(b) {
		return n, moreIf(n <= maxFirst)
	}
	if !makesSense(b[0], b[header:n]) {
		return n, decoders.No
	}
	return n, decoders.Yes
}

// makesSense checks the body of a message of the server as far as its length and its strings tell.
func makesSense(kind byte, b []byte) bool {
	switch kind {
	case '1', '2', '3', 'n', 'I', 's', 'c':
		return len(b) == 0
	case 'Z':
		return len(b) == 1 && isStatus(b[0])
	case 'C':
		return len(b) > 1 && len(b) <= maxTag && b[0] >= 'A' && b[0] <= 'Z' && bytes.IndexByte(b, 0) == len(b)-1
	case 'E', 'N':
		return len(b) > 2 && b[0] == 'S' && b[len(b)-1] == 0
	case 'T':
		return isRowDescription(b)
	case 't':
		return len(b) >= 2 && len(b) == 2+4*int(binary.BigEndian.Uint16(b))
	case 'G', 'H', 'W':
		return len(b) >= 3 && b[0] <= 1 && len(b) == 3+2*int(binary.BigEndian.Uint16(b[1:]))
	case 'D':
		return len(b) >= 2
	case 'S':
		return len(b) > 2 && b[len(b)-1] == 0
	case 'A', 'K':
		return len(b) > 4
	case 'R', 'V':
		return len(b) >= 4
	}
	return kind == 'd' || kind == 'v'
}

// isRowDescription says whether b has as many fields as it says: a name, and 18 bytes of facts.
func isRowDescription(b []byte) bool {
	if len(b) < 2 {
		return false
	}
	fields := binary.BigEndian.Uint16(b)
	for b = b[2:]; fields > 0; fields-- {
		end := bytes.IndexByte(b, 0)
		if end < 0 || len(b) < end+1+18 {
			return false
		}
		b = b[end+1+18:]
	}
	return len(b) == 0
}
