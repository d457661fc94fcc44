// Package decodertest is the harness that every decoder is held to. In go a plugin and conversations, text files that show what
// client and server send and which transactions must come out; the package plays them through the same Feeder that is used in
// production, in every cut, with every loss, from every point, and compares. It never looks inside a decoder.
package decodertest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"wire_exporter/decoders"
)

// A Conversation is what happens on one connection and what is expected of it.
//
// Its file has a line for each piece; runs of > or < lines make one segment, and each segment comes a millisecond after the one
// before. Text is written as in a Go string literal, without the quotes.
//
//	# a comment
//	> GET / HTTP/1.1\r\n      the client sends
//	< HTTP/1.1 200 OK\r\n     the server sends
//	<* 400                    the server sends 400 bytes that mean nothing; >* likewise
//	|                         a segment ends here
//	+ 20ms                    time passes, and a segment ends here
//	<! 400                    400 bytes from the server are lost; >! likewise
//	>. <.                     FIN of the client, of the server (each on a line of its own)
//	>x <x                     RST of the client, of the server
//	! midstream               the start of the connection was not seen (on top of the file)
//	! udp                     each segment is a datagram
//	! unrecoverable           after a loss nothing is found again (requests that overtake each other)
//	! evicted                 the connection is closed for want of room; without this the capture ends
//	! compressed              its bytes are decompressed, which may allocate a little
//	! again                   from here on it can be said again (in front of it: a log-in); without this, from the beginning
//	= GET resource=/ …        what comes out, in this order; `go test -update` writes these lines
type Conversation struct {
	Name      string
	Midstream bool
	Transport decoders.Transport

	unrecoverable bool
	compressed    bool
	repeats       int // index of the first event that can be said again

	events []event
	want   []string
	path   string
	head   []byte // the file without the expected lines
}

// event is one thing that happens.
type event struct {
	what what
	dir  decoders.Dir
	data []byte
	n    uint64 // bytes lost
	at   decoders.Time
	why  decoders.Why
}

type what uint8

const (
	segment what = iota
	loss
	end
	closing
)

// epoch is when conversations begin: not zero, which means unknown.
const epoch = decoders.Time(time.Second)

// load reads all conversations in testdata, at least one.
func load(tb testing.TB) []*Conversation {
	tb.Helper()
	paths, err := filepath.Glob("testdata/*.conv")
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no conversation in testdata/*.conv (%v)", err)
	}
	var all []*Conversation
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			tb.Fatal(err)
		}
		c, err := parse(text)
		if err != nil {
			tb.Fatalf("%s:%v", path, err)
		}
		c.Name, c.path = strings.TrimSuffix(filepath.Base(path), ".conv"), path
		all = append(all, c)
	}
	return all
}

// parse reads one conversation.
func parse(text []byte) (*Conversation, error) {
	p := parser{c: new(Conversation), at: epoch - decoders.Time(time.Millisecond)}
	last := event{what: closing, why: decoders.CaptureEnd}
	for i, line := range bytes.Split(text, []byte("\n")) {
		if bytes.HasPrefix(line, []byte("= ")) {
			p.c.want = append(p.c.want, string(line[2:]))
			continue
		}
		if len(line) > 0 || len(p.c.head) > 0 {
			p.c.head = append(append(p.c.head, line...), '\n')
		}
		if string(line) == "! evicted" {
			last.why = decoders.Evicted
		} else if err := p.line(string(line)); err != nil {
			return nil, fmt.Errorf("%d: %w", i+1, err)
		}
	}
	p.c.head = append(bytes.TrimRight(p.c.head, "\n"), '\n')
	last.at = p.at
	p.c.events = append(p.c.events, last)
	return p.c, nil
}

type parser struct {
	c      *Conversation
	at     decoders.Time
	joined bool // the next text of the same direction belongs to the last segment
}

func (p *parser) line(line string) error {
	if line == "" || line[0] == '#' {
		return nil
	}
	dir := decoders.ToServer
	if line[0] == '<' {
		dir = decoders.ToClient
	}
	mark, text, _ := strings.Cut(line, " ")
	switch mark {
	case ">", "<":
		data, err := strconv.Unquote(`"` + strings.ReplaceAll(text, `"`, `\"`) + `"`)
		if err != nil {
			return fmt.Errorf("%q is not the text of a Go string", text)
		}
		p.send(dir, []byte(data))
	case ">*", "<*":
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		p.send(dir, bytes.Repeat([]byte("."), n))
	case ">!", "<!":
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return err
		}
		p.add(event{what: loss, dir: dir, n: n})
	case ">.", "<.":
		p.add(event{what: end, dir: dir})
	case ">x", "<x":
		why := decoders.ResetByClient
		if dir == decoders.ToClient {
			why = decoders.ResetByServer
		}
		p.add(event{what: closing, why: why})
	case "+":
		d, err := time.ParseDuration(text)
		if err != nil {
			return err
		}
		p.at += decoders.Time(d)
		p.joined = false
	case "|":
		p.joined = false
	case "!":
		return p.directive(text)
	default:
		return fmt.Errorf("%q begins no line of a conversation", mark)
	}
	return nil
}

func (p *parser) directive(text string) error {
	switch text {
	case "midstream":
		p.c.Midstream = true
	case "unrecoverable":
		p.c.unrecoverable = true
	case "compressed":
		p.c.compressed = true
	case "udp":
		p.c.Transport = decoders.UDP
	case "again":
		p.c.repeats, p.joined = len(p.c.events), false
	default:
		return fmt.Errorf("unknown directive %q", text)
	}
	return nil
}

// send adds bytes to the last segment, or begins one.
func (p *parser) send(dir decoders.Dir, b []byte) {
	if n := len(p.c.events); p.joined && p.c.events[n-1].dir == dir {
		p.c.events[n-1].data = append(p.c.events[n-1].data, b...)
		return
	}
	p.add(event{what: segment, dir: dir, data: b})
	p.joined = true
}

func (p *parser) add(e event) {
	p.at += decoders.Time(time.Millisecond)
	e.at = p.at
	p.c.events = append(p.c.events, e)
	p.joined = false
}
