package main

import (
	"bufio"
	"encoding/json"
	"time"

	"wire_exporter/decoders"
	"wire_exporter/exporter/internal/label"
)

// transaction is one line of replay --transactions.
type transaction struct {
	Kind        string `json:"kind,omitempty"` // of what is no request
	Protocol    string `json:"protocol"`
	ServiceName string `json:"service_name"`
	Client      string `json:"client"`
	Server      string `json:"server"`

	Operation string `json:"operation"`
	Resource  string `json:"resource"`
	Code      string `json:"code"`
	Outcome   string `json:"outcome"`

	Start      string `json:"start"`
	RequestEnd string `json:"request_end,omitempty"`
	FirstByte  string `json:"first_byte,omitempty"`
	End        string `json:"end,omitempty"`

	RequestBytes  uint64 `json:"request_bytes"`
	ResponseBytes uint64 `json:"response_bytes"`
	Rows          uint64 `json:"rows"`

	Path      string `json:"path,omitempty"`      // --raw only
	Statement string `json:"statement,omitempty"` // --raw only
}

// writeTransaction prints t as one line of JSON.
func writeTransaction(out *bufio.Writer, book *label.Book, protocol string, t *decoders.Txn, set *label.Set, raw bool) error {
	x := transaction{
		Protocol: protocol, ServiceName: book.Text(set.Service), Client: t.Flow.Client.AddrPort().String(), Server: t.Flow.Server.AddrPort().String(),
		Operation: book.Text(set.Operation), Resource: resource(book, t, set), Code: book.Text(set.Code), Outcome: t.Outcome.String(),
		RequestBytes: t.BytesIn, ResponseBytes: t.BytesOut, Rows: t.Rows,
	}
	if t.Kind != decoders.Request {
		x.Kind = t.Kind.String()
	}
	x.times(t)
	if raw {
		x.Path, x.Statement = string(t.Target), string(t.Statement)
	}
	line, err := json.Marshal(&x)
	if err != nil {
		return err
	}
	out.Write(line)
	return out.WriteByte('\n')
}

// resource is the label, but for paths and tables that have not earned one yet: here nothing is limited, so the path's template and the
// table's name are shown.
func resource(book *label.Book, t *decoders.Txn, set *label.Set) string {
	if set.Resource == label.Other {
		switch {
		case t.ResourceIsPath:
			return string(label.Template(nil, t.Resource))
		case t.SQL != nil:
			return string(t.SQL.Resource)
		}
	}
	return book.Text(set.Resource)
}

// times fills in the times, in rising order: a request that was answered before it was complete has no end that fits, and
// where two capture points disagree the request begins with its response at the latest.
func (x *transaction) times(t *decoders.Txn) {
	start, requestEnd := t.Start, t.RequestEnd
	for _, later := range [...]decoders.Time{t.FirstByte, t.End} {
		if later != 0 {
			start = min(start, later)
			if requestEnd > later {
				requestEnd = 0
			}
		}
	}
	x.Start, x.RequestEnd, x.FirstByte, x.End = stamp(start), stamp(requestEnd), stamp(t.FirstByte), stamp(t.End)
}

func stamp(t decoders.Time) string {
	if t == 0 {
		return ""
	}
	return time.Unix(0, int64(t)).UTC().Format(time.RFC3339Nano)
}
