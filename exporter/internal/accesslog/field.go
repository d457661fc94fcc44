package accesslog

// field is what a part of a line says.
type field uint8

// The fields.
const (
	ignored       field = iota
	client              // address of the peer, with or without a port
	clientPort          // address and port of the peer, without brackets
	forwarded           // X-Forwarded-For
	request             // the request line: method, target, version
	method              // alone
	target              // alone
	path                // the target without its query
	host                // Host, or the server's name, with or without a port
	status              // three digits; - or 0: none was sent
	clfTime             // 10/Oct/2000:13:55:36 -0700, with or without a fraction and a zone
	isoTime             // 2000-10-10T13:55:36.5Z, with or without a fraction and a zone
	epoch               // seconds since 1970, with or without a fraction
	epochMillis         // milliseconds since 1970
	epochMicros         // microseconds since 1970
	date                // 2000-10-10
	clock               // 20:55:36
	seconds             // duration, with or without a fraction
	millis              // duration
	micros              // duration
	nanos               // duration
	received            // bytes of the request
	sent                // bytes of the response
	cookies             // the whole Cookie field
	w3cCookies          // the same with a plus for each blank
	cookie              // the value of one cookie, which the token names
	authorization       // the Authorization field
	termination         // HAProxy's termination state, its manual's section 8.5
	responseFlags       // Envoy's response flags
	connection          // Apache's %X: X when the client went away first
)

// token is a stretch of fixed text and the field behind it.
type token struct {
	before string
	field  field
	name   string // of a cookie
	quoted bool   // the field ends at the next quote without a backslash in front
}
