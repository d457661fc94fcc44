package accesslog

import (
	"bytes"
	"net/netip"
	"unsafe"

	"wire_exporter/decoders"
)

// record is what one line says. Its slices point into the line.
type record struct {
	method, target, host []byte
	client               netip.Addr
	forwarded            []byte
	status               []byte
	at                   int64 // ns since the epoch; the day alone, until the clock is added
	day, clock           bool  // at has it
	duration             int64 // ns; negative: not known
	in, out              uint64
	aborted, failed      bool // the client, the server went away first

	user     decoders.User
	sessions *decoders.Sessions
	zone     zone
	wrong    decoders.Malformed // the first mistake
}

func (r *record) reset() {
	*r = record{sessions: r.sessions, zone: r.zone, duration: -1}
	r.user.Reset()
}

// set takes the value of a field.
func (r *record) set(t *token, v []byte) {
	if len(v) == 0 || len(v) == 1 && v[0] == '-' {
		return // not known
	}
	switch t.field {
	case client, clientPort:
		r.client, _ = address(v, t.field == clientPort)
	case forwarded:
		r.forwarded = v
	case request:
		r.requestLine(v)
	case method:
		r.method = v
	case target:
		r.target = v
	case path:
		if r.target == nil {
			r.target = v
		}
	case host:
		if r.host == nil {
			r.host = v
		}
	case status:
		r.status = v
	case clfTime, isoTime, epoch, epochMillis, epochMicros, date, clock:
		r.time(t.field, v)
	case seconds, millis, micros, nanos:
		r.duration = duration(t.field, v)
	case received:
		r.in, _ = number(v)
	case sent:
		r.out, _ = number(v)
	case termination:
		r.aborted = v[0] == 'C' || v[0] == 'c'
		r.failed = v[0] == 'S' || v[0] == 's'
	case responseFlags:
		r.aborted = r.aborted || listed(v, "DC") || listed(v, "DPE")
	case connection:
		r.aborted = v[0] == 'X'
	default:
		r.session(t, v)
	}
}

// session takes what tells a user from another.
func (r *record) session(t *token, v []byte) {
	if r.sessions == nil {
		return
	}
	switch t.field {
	case cookies:
		r.user.Cookies(r.sessions, v, false)
	case w3cCookies:
		for more := true; more; {
			var pair []byte
			pair, v, more = bytes.Cut(v, semicolon)
			r.user.Cookies(r.sessions, bytes.TrimLeft(pair, "+"), false)
		}
	case cookie:
		r.user.Cookie(r.sessions, unsafe.Slice(unsafe.StringData(t.name), len(t.name)), v) // reads it only
	case authorization:
		r.user.Bearer(r.sessions, v)
	}
}

// requestLine takes "GET /path HTTP/1.1". What is none leaves the method empty: a server logs whatever it was sent.
func (r *record) requestLine(v []byte) {
	i := bytes.IndexByte(v, ' ')
	if i < 0 {
		r.target = v
		return
	}
	r.method, r.target = v[:i], v[i+1:]
	if i = bytes.LastIndexByte(r.target, ' '); i >= 0 {
		r.target = r.target[:i]
	}
}

// listed says whether a list separated by commas has an item.
func listed(list []byte, item string) bool {
	for more := true; more; {
		var x []byte
		x, list, more = bytes.Cut(list, comma)
		if string(x) == item {
			return true
		}
	}
	return false
}

var comma, semicolon = []byte(","), []byte(";")
