package filter

import (
	"strconv"
	"strings"
)

const (
	// maxText bounds an expression's length, bytes.
	maxText = 1 << 16
	// maxDepth bounds how deep parentheses and negations may nest.
	maxDepth = 100
)

// Parse reads an expression; the package comment has the language. Errors say where, counting characters from 1, and what
// was expected.
func Parse(text string) (*Filter, error) {
	if len(text) > maxText {
		return nil, errorAt(maxText, "it is %d characters long, at most %d can be", len(text), maxText)
	}
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := parser{tokens: tokens}
	root, err := p.expression()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.text != "" {
		return nil, t.expected(`"and" or "or"`)
	}
	return &Filter{root: root}, nil
}

type parser struct {
	tokens []token
	depth  int
	last   qualifiers // of the last primitive, for one that leaves them out
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.text != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept takes the next token if it is one of words.
func (p *parser) accept(words ...string) bool {
	for _, w := range words {
		if p.peek().text == w {
			p.next()
			return true
		}
	}
	return false
}

// expression is terms joined by and and or, from left to right.
func (p *parser) expression() (node, error) {
	left, err := p.term()
	for err == nil {
		var right node
		switch {
		case p.accept("and", "&&"):
			right, err = p.term()
			left = andNode{left, right}
		case p.accept("or", "||"):
			right, err = p.term()
			left = orNode{left, right}
		default:
			return left, nil
		}
	}
	return nil, err
}

// term is a primitive, a negation, or an expression in parentheses.
func (p *parser) term() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errorAt(p.peek().at, "more than %d parentheses and negations inside each other", maxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.accept("not", "!"):
		of, err := p.term()
		return notNode{of}, err
	case p.accept("("):
		inner, err := p.expression()
		if err != nil {
			return nil, err
		}
		if !p.accept(")") {
			return nil, p.peek().expected(`")", "and" or "or"`)
		}
		return inner, nil
	}
	return p.primitive()
}

// qualifiers are the words in front of an address or number.
type qualifiers struct {
	proto string // ip, ip6, tcp, udp, sctp or none
	dir   direction
	kind  string // host, net, port, portrange, proto, vlan or none
}

const primitives = `"host", "net", "port", "portrange", "proto", "vlan", a protocol, "src", "dst", "not" or "("`

// names of protocols that are primitives themselves, with the IP versions that they go with.
var protocols = map[string]struct {
	number  uint32
	version uint32 // EtherType, 0: both
}{
	"tcp": {protoTCP, 0}, "udp": {protoUDP, 0}, "sctp": {protoSCTP, 0}, "esp": {protoESP, 0}, "ah": {protoAH, 0}, "pim": {protoPIM, 0},
	"icmp": {protoICMP, etherIPv4}, "igmp": {protoIGMP, etherIPv4}, "icmp6": {protoICMPv6, etherIPv6},
}

var etherNames = map[string]uint32{"ip": etherIPv4, "ip6": etherIPv6, "arp": etherARP}

// primitive is qualifiers with their value, or a protocol's name alone.
func (p *parser) primitive() (node, error) {
	start := p.peek()
	q, err := p.qualifiers()
	if err != nil {
		return nil, err
	}
	if q.kind == "" && q.dir == either && q.proto != "" { // a protocol's name alone
		if isValue(p.peek()) {
			return nil, p.peek().expected(`"host", "net", "port", "portrange" or "proto" after ` + strconv.Quote(q.proto))
		}
		p.last = qualifiers{}
		return named(q.proto), nil
	}
	if q == (qualifiers{}) {
		if !isValue(p.peek()) {
			return nil, start.expected(primitives)
		}
		if q = p.last; q.kind == "" {
			q.kind = "host"
		}
	}
	if q.kind == "" {
		q.kind = "host"
	}
	p.last = q
	return p.value(q, start)
}

// isValue says whether t is an address or a number.
func isValue(t token) bool {
	return t.text != "" && (t.text[0] >= '0' && t.text[0] <= '9' || strings.Contains(t.text, ":"))
}

func (p *parser) qualifiers() (q qualifiers, err error) {
	word := p.peek().text
	if _, ok := protocols[word]; ok || etherNames[word] != 0 {
		q.proto = p.next().text
	}
	if q.dir, err = p.direction(); err != nil {
		return q, err
	}
	switch word := p.peek(); word.text {
	case "host", "net", "port", "portrange", "proto", "vlan":
		q.kind = p.next().text
		if !q.agree() {
			return q, errorAt(word.at, "%q does not go with the words before it", word.text)
		}
	default:
		if q.dir != either && !isValue(word) {
			return q, word.expected(`"host", "net", "port", "portrange" or an address`)
		}
		if q.dir != either && q.proto != "" && q.proto != "ip" && q.proto != "ip6" {
			return q, word.expected(`"port" or "portrange"`)
		}
	}
	return q, nil
}

// agree says whether the qualifiers go together.
func (q qualifiers) agree() bool {
	switch q.kind {
	case "host", "net":
		return q.proto == "" || q.proto == "ip" || q.proto == "ip6"
	case "port", "portrange":
		return q.proto == "" || q.proto == "tcp" || q.proto == "udp" || q.proto == "sctp"
	case "proto":
		return q.dir == either && (q.proto == "" || q.proto == "ip" || q.proto == "ip6")
	}
	return q.proto == "" && q.dir == either
}

// direction reads src, dst, src or dst, src and dst.
func (p *parser) direction() (direction, error) {
	dir := either
	switch {
	case p.accept("src"):
		dir = source
	case p.accept("dst"):
		dir = destination
	default:
		return either, nil
	}
	if len(p.tokens) < 2 {
		return dir, nil
	}
	if second := p.tokens[1].text; second != "src" && second != "dst" {
		return dir, nil
	}
	joined := either
	switch {
	case p.accept("and", "&&"):
		joined = both
	case p.accept("or", "||"):
	default:
		return dir, nil
	}
	if second := p.next(); (second.text == "src") == (dir == source) {
		return dir, second.expected("the other of \"src\" and \"dst\"")
	}
	return joined, nil
}

// named is the node of a protocol's name.
func named(name string) node {
	if etherType, ok := etherNames[name]; ok {
		return etherNode{[]uint32{etherType}}
	}
	proto := protocols[name]
	return versioned(proto.version, protoNode{[]uint32{proto.number}})
}

// versioned is n, for one IP version only when etherType is not 0.
func versioned(etherType uint32, n node) node {
	if etherType == 0 {
		return n
	}
	return andNode{etherNode{[]uint32{etherType}}, n}
}
