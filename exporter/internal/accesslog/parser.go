package accesslog

import (
	"bytes"
	"net/netip"
	"time"

	"wire_exporter/decoders"
)

// Parser reads the lines of one file.
type Parser struct {
	format Format
	fields *text // of the format; W3C: of the last #Fields line
	scan   scanner
	record record
	txn    decoders.Txn
	flow   decoders.Flow
}

// NewParser makes the parser of one file. sessions may be nil: users are not told apart.
func NewParser(c Config, sessions *decoders.Sessions) *Parser {
	p := &Parser{format: c.Format, fields: c.Format.text}
	p.record.sessions = sessions
	p.record.zone.location = c.Zone
	if c.Format.w3c {
		p.record.zone.location = time.UTC // as the format has it
	}
	p.scan.tokens = c.Format.json
	p.flow.Server = c.Server
	return p
}

// Parse reads a line without its end. Of a line that says nothing of a request, as of a comment, both results are zero. The
// transaction is valid until the next call.
func (p *Parser) Parse(line []byte) (*decoders.Txn, decoders.Malformed) {
	line = bytes.TrimSuffix(line, carriage)
	if len(line) == 0 {
		return nil, ""
	}
	if p.format.w3c && line[0] == '#' {
		if fields := directive(line); fields != nil {
			p.fields = fields
		}
		return nil, ""
	}
	if p.format.skip != "" {
		if i := bytes.Index(line, []byte(p.format.skip)); i >= 0 {
			line = line[i+len(p.format.skip):]
		}
	}
	r := &p.record
	r.reset()
	if m := p.split(line); m != "" {
		return nil, m
	}
	return p.transaction()
}

var carriage = []byte("\r")

func (p *Parser) split(line []byte) decoders.Malformed {
	switch {
	case p.format.json != nil:
		return p.scan.object(line, &p.record)
	case p.fields == nil:
		return NoFields
	}
	return p.fields.split(line, &p.record)
}

// transaction makes one of the record.
func (p *Parser) transaction() (*decoders.Txn, decoders.Malformed) {
	r := &p.record
	code, ok := r.code()
	switch {
	case r.wrong != "":
		return nil, r.wrong
	case !r.day || !r.clock:
		return nil, BadTime
	case !ok:
		return nil, BadStatus
	case len(r.method) == 0 && (len(r.target) == 0 || string(code) == "408" || len(code) == 0):
		return nil, NoRequest
	}
	p.flow.Client = decoders.Endpoint{}
	if r.client.IsValid() {
		p.flow.Client = decoders.EndpointFrom(netip.AddrPortFrom(r.client, 0))
	}
	t := &p.txn
	*t = decoders.Txn{
		Flow: &p.flow, Operation: r.method, Target: r.target, Code: code, Outcome: r.outcome(code),
		ResourceIsPath: true, BytesIn: r.in, BytesOut: r.out, Session: r.who(),
	}
	t.Resource, t.Authority = cut(r.target, r.host)
	t.Start, t.End = r.span(p.format.begin)
	return t, ""
}

// code is the status, empty when none was sent; false: it is no status.
func (r *record) code() ([]byte, bool) {
	switch string(r.status) {
	case "", "0", "000", "-1":
		return nil, true
	}
	n, ok := number(r.status)
	return r.status, ok && n >= 100 && n <= 999 && len(r.status) == 3
}

// outcome follows from the status and from who went away. 499 is nginx' and Traefik's word for a client that did.
func (r *record) outcome(code []byte) decoders.Outcome {
	switch {
	case r.aborted || string(code) == "499":
		return decoders.Aborted
	case len(code) == 0:
		return decoders.Unanswered
	case code[0] == '5':
		return decoders.ServerError
	case code[0] == '4':
		return decoders.ClientError
	}
	return decoders.OK
}

// span is the beginning and the end of the request. Without a duration the end alone is said, so that there is no sample.
func (r *record) span(begin bool) (from, to decoders.Time) {
	switch {
	case r.duration < 0:
		return 0, decoders.Time(r.at)
	case begin:
		return decoders.Time(r.at), decoders.Time(r.at + r.duration)
	}
	return decoders.Time(r.at - r.duration), decoders.Time(r.at)
}

// who is the hash of the session; 0: nothing is known of it.
func (r *record) who() uint64 {
	if r.sessions == nil {
		return 0
	}
	if r.forwarded != nil && r.client.IsValid() && r.sessions.Trusts(r.client) {
		r.user.Forwarded(r.sessions, r.forwarded)
	}
	if !r.client.IsValid() && !r.user.Found() {
		return 0
	}
	return r.user.Sum(r.sessions, r.client)
}

// cut takes the path out of a target, and the host without its port.
func cut(target, host []byte) (path, authority []byte) {
	path = target
	if i := bytes.Index(target, scheme); i > 0 && target[0] != '/' {
		path = target[i+len(scheme):]
		slash := bytes.IndexByte(path, '/')
		if slash < 0 {
			slash = len(path)
		}
		host, path = path[:slash], path[slash:]
		if len(path) == 0 {
			path = root
		}
	}
	if i := bytes.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	if i := bytes.LastIndexByte(host, ':'); i >= 0 && i > bytes.LastIndexByte(host, ']') {
		host = host[:i]
	}
	return path, host
}

var scheme, root = []byte("://"), []byte("/")
