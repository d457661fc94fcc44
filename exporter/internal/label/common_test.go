package label

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"wire_exporter/decoders"
)

// bench is a Book with one worker and what a transaction is made of.
type bench struct {
	t    testing.TB
	book *Book
	*Labeler
}

func newBench(t testing.TB, cfg Config) *bench {
	t.Helper()
	if cfg.Protocols == nil {
		cfg.Protocols = []string{"http1", "postgres"}
	}
	b, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &bench{t, b, b.Worker()}
}

const (
	http uint8 = iota
	sql
)

func endpoint(s string) decoders.Endpoint { return decoders.EndpointFrom(netip.MustParseAddrPort(s)) }

func prefixes(s ...string) (ps []netip.Prefix) {
	for _, p := range s {
		ps = append(ps, netip.MustParsePrefix(p))
	}
	return ps
}

// request is an answered HTTP request from 192.0.2.9 to server.
func request(server, method, path, code string) *decoders.Txn {
	outcome := decoders.OK
	switch {
	case strings.HasPrefix(code, "4"):
		outcome = decoders.ClientError
	case strings.HasPrefix(code, "5"):
		outcome = decoders.ServerError
	}
	return &decoders.Txn{
		Flow:      &decoders.Flow{Client: endpoint("192.0.2.9:40000"), Server: endpoint(server)},
		Outcome:   outcome,
		Operation: []byte(method), Resource: []byte(path), ResourceIsPath: true, Code: []byte(code),
		Start: 1, RequestEnd: 1, FirstByte: 2, End: 2,
	}
}

// label is a Set in words.
func (b *bench) label(t *decoders.Txn, protocol uint8) string {
	var s Set
	switch v := b.Label(t, protocol, Wire, &s); v {
	case Counted:
		return b.words(s)
	case Elsewhere:
		return "elsewhere"
	default:
		return "ignored by " + v.Ignored()
	}
}

func (b *bench) words(s Set) string {
	return fmt.Sprintf("%s %s %s %s from %s", b.book.Text(s.Service), b.book.Text(s.Operation), b.book.Text(s.Resource),
		b.book.Text(s.Code), b.book.Text(s.Client))
}

// earn labels t until its resource has its slot and returns the words of the last Set.
func (b *bench) earn(t *decoders.Txn, protocol uint8) (words string) {
	for range earnAfter {
		words = b.label(t, protocol)
	}
	return words
}

// slots is the number of label values that exist.
func (b *bench) slots() int { return len(b.book.slots) }
