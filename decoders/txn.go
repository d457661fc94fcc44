package decoders

// Kind says what a Txn is. Only a Request is counted as a request of its service.
type Kind uint8

// The kinds.
const (
	Request Kind = iota
	Login
	SQLTransaction
	Handshake // of TLS
	Turn      // a message of a conversation that has no requests (WebSocket)
)

var kindNames = [...]string{"request", "login", "sql_transaction", "handshake", "turn"}

func (k Kind) String() string { return kindNames[k] }

// Outcome is how a transaction ended: the same six for every protocol, so that they can be compared.
type Outcome uint8

// The outcomes.
const (
	OK          Outcome = iota
	ClientError         // the caller's fault: HTTP 4xx; SQL class 22, 23, 42 and the like
	ServerError         // the server's fault, a response cut off by the server among them
	Aborted             // the client went away first
	Unanswered          // the server closed or reset without a response; UDP: 10 s of silence
	Unknown             // the capture lost the response, or ended
	NumOutcomes = 6
)

var outcomeNames = [NumOutcomes]string{"ok", "client_error", "server_error", "aborted", "unanswered", "unknown"}

func (o Outcome) String() string { return outcomeNames[o] }

// Txn is one finished transaction. Its byte slices are raw, from the wire: whoever makes labels of them bounds them first.
type Txn struct {
	Kind    Kind
	Flow    *Flow
	Outcome Outcome

	Operation []byte // GET · SELECT; of a request only
	Resource  []byte // path without query · first table
	Code      []byte // 503 · 23505; empty when there was no response
	Database  []byte // SQL

	ResourceIsPath bool   // Resource is a path: identifiers in it are to be replaced by {id} and the like
	Authority      []byte // HTTP Host without port; names the service
	ContentType    []byte // of the response, without parameters
	Target         []byte // the request target as it came; for replay --raw only, never for a label
	Statement      []byte // SQL text as it came; for replay --raw only (see Env.Raw), never for a label

	SQL *Statement // SQL: what is known of the text, without literals; nil: no text, or not seen

	Session uint64   // keyed hash of who asked (see Sessions); 0: not known
	TraceID [16]byte // from traceparent (W3C Trace Context); zero: none

	Start      Time // first byte of the request
	RequestEnd Time // last byte of the request; zero: not known, no request and no wait phase
	FirstByte  Time // first byte of the response; zero: there was none, no wait phase
	End        Time // last byte of the response, or of the abort; zero: not known, no duration

	BytesIn, BytesOut uint64 // of the request and the response on the wire, heads and lost body bytes included
	Rows              uint64 // SQL
}

// Duration is first request byte to last response byte in nanoseconds; false when one of them is not known, when the stamps
// contradict each other (two capture points with different clocks), or when the outcome has no duration.
func (t *Txn) Duration() (int64, bool) {
	if t.Outcome >= Unanswered || t.Start == 0 || t.End < t.Start {
		return 0, false
	}
	return int64(t.End - t.Start), true
}

// RequestPhase is first to last request byte in nanoseconds.
func (t *Txn) RequestPhase() (int64, bool) { return phase(t.Start, t.RequestEnd) }

// Wait is last request byte to first response byte in nanoseconds; false when the response began before the request was
// complete.
func (t *Txn) Wait() (int64, bool) { return phase(t.RequestEnd, t.FirstByte) }

// ResponsePhase is first to last response byte in nanoseconds.
func (t *Txn) ResponsePhase() (int64, bool) { return phase(t.FirstByte, t.End) }

func phase(from, to Time) (int64, bool) { return int64(to - from), from != 0 && to >= from }
