package metric

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"wire_exporter/exporter/internal/label"
)

// family is one metric name that is counted by Shards.
type family struct {
	name   string
	help   string
	labels []string // sorted
	scale  *scale   // nil: a counter
	traced bool     // with exemplars
	info   bool     // neither: it is always 1, and its labels tell something
	desc   *prometheus.Desc

	protocol, outcome, source bool // what its labels name
	ids                       [len(idLabels)]bool
}

// idsOf are the parts of a label.Set that are IDs, in the order of family.ids.
func idsOf(set *label.Set) [len(idLabels)]*label.ID {
	return [...]*label.ID{&set.Service, &set.Operation, &set.Resource, &set.Code, &set.Client, &set.Database, &set.Statement}
}

// idLabels are the labels of these.
var idLabels = [...]string{"service_name", "operation", "resource", "code", "client_name", "database", "statement_id"}

// project is the part of set that f's labels name.
func (f *family) project(set label.Set) label.Set {
	for i, id := range idsOf(&set) {
		if !f.ids[i] {
			*id = label.None
		}
	}
	if !f.protocol {
		set.Protocol = 0
	}
	if !f.outcome {
		set.Outcome = 0
	}
	if !f.source {
		set.Source = 0
	}
	return set
}

// mentions says whether one of f's labels has a value in set that is gone.
func (f *family) mentions(set label.Set, gone map[label.ID]bool) bool {
	for i, id := range idsOf(&set) {
		if f.ids[i] && gone[*id] {
			return true
		}
	}
	return false
}

// The families, by their place in the list below.
const (
	requestDuration = iota
	requests
	responses
	operationDuration
	phaseDuration
	requestSize
	responseSize
	calls
	callDuration
	logins
	logouts
	handshakeDuration
	rtt
	unmatched
	sqlRows
	sqlLogins
	sqlTransactionDuration
	statementDuration
	statementInfo
	numFamilies
)

var families = func() (f [numFamilies]*family) {
	f[requestDuration] = newFamily("wire_request_duration_seconds",
		"Time from the first byte of the request to the last byte of the response, in seconds.",
		durations, true, "service_name", "protocol", "outcome", "source")
	f[requests] = newFamily("wire_requests_total",
		"Requests that have ended, by how they ended.",
		nil, false, "service_name", "protocol", "operation", "outcome", "source")
	f[responses] = newFamily("wire_responses_total",
		"Responses by the code they carried, as the protocol has it.",
		nil, false, "service_name", "protocol", "code", "source")
	f[operationDuration] = newFamily("wire_operation_duration_seconds",
		"Time from the first byte of the request to the last byte of the response, in seconds, for each operation and resource.",
		nativeDurations, true, "service_name", "protocol", "operation", "resource", "outcome", "source")
	f[phaseDuration] = newFamily("wire_request_phase_duration_seconds",
		"Time a request spent in each phase, in seconds: its bytes arriving, waiting for the first byte of the response, the response's bytes arriving.",
		durations, false, "service_name", "protocol", "phase")
	f[requestSize] = newFamily("wire_request_size_bytes",
		"Size of requests on the wire, in bytes, head and body.",
		sizes, false, "service_name", "protocol")
	f[responseSize] = newFamily("wire_response_size_bytes",
		"Size of responses on the wire, in bytes, head and body.",
		sizes, false, "service_name", "protocol")
	f[calls] = newFamily("wire_calls_total",
		"Requests that have ended, by who asked whom and how they ended.",
		nil, false, "client_name", "service_name", "protocol", "outcome")
	f[callDuration] = newFamily("wire_call_duration_seconds",
		"Time from the first byte of the request to the last byte of the response, in seconds, by who asked whom.",
		nativeDurations, false, "client_name", "service_name", "protocol", "outcome")
	f[logins] = newFamily("wire_user_logins_total",
		"Requests that the configuration names as log-ins of users, by how they ended.",
		nil, false, "service_name", "outcome", "source")
	f[logouts] = newFamily("wire_user_logouts_total",
		"Requests that the configuration names as log-outs of users, by how they ended.",
		nil, false, "service_name", "outcome", "source")
	f[handshakeDuration] = newFamily("wire_tcp_handshake_duration_seconds",
		"Time from the first SYN to the client's ACK of the server's SYN, in seconds.",
		nativeDurations, false, "service_name")
	f[rtt] = newFamily("wire_tcp_rtt_seconds",
		"Time from a TCP segment to its acknowledgement, in seconds, between the capture point and the side that acknowledged.",
		nativeDurations, false, "service_name", "side")
	f[unmatched] = newFamily("wire_transactions_unmatched_total",
		"Messages on the wire that could not be made part of a transaction, by reason.",
		nil, false, "service_name", "reason")
	f[sqlRows] = newFamily("wire_sql_rows_total",
		"Rows that SQL statements returned or changed, as the server reported them.",
		nil, false, "service_name", "protocol", "database")
	f[sqlLogins] = newFamily("wire_sql_logins_total",
		"Log-ins of database clients, by how they ended.",
		nil, false, "service_name", "protocol", "database", "outcome")
	f[sqlTransactionDuration] = newFamily("wire_sql_transaction_duration_seconds",
		"Time from the first statement of an SQL transaction to its end, in seconds; outcome ok: committed.",
		nativeDurations, false, "service_name", "protocol", "database", "outcome")
	f[statementDuration] = newFamily("wire_sql_statement_duration_seconds",
		"Time from the first byte of the request to the last byte of the response, in seconds, for the SQL statements that a service spends most of its time on.",
		nativeDurations, false, "service_name", "statement_id")
	f[statementInfo] = newFamily("wire_sql_statement_info",
		"The text of an SQL statement, without literals and cut; always 1.",
		nil, false, "service_name", "statement_id", "statement")
	f[statementInfo].info = true
	return f
}()

func newFamily(name, help string, s *scale, traced bool, labels ...string) *family {
	slices.Sort(labels)
	f := &family{name: name, help: help, labels: labels, scale: s, traced: traced, desc: prometheus.NewDesc(name, help, labels, nil)}
	f.protocol, f.outcome, f.source = slices.Contains(labels, "protocol"), slices.Contains(labels, "outcome"), slices.Contains(labels, "source")
	for i, l := range idLabels {
		f.ids[i] = slices.Contains(labels, l)
	}
	return f
}

// The values of the labels that do not come from a label.Set.
var (
	phaseNames  = [...]string{"request", "wait", "response"}
	sideNames   = [...]string{"client", "server"} // indexed by the direction that the side sends in
	sourceNames = [...]string{"wire", "log"}      // indexed by label.Source
)

// values are the label values of one series of f; extra is the one that set does not have.
func (r *registry) values(f *family, set label.Set, extra string) []string {
	values := make([]string, len(f.labels))
	for i, name := range f.labels {
		values[i] = r.value(name, set, extra)
	}
	return values
}

func (r *registry) value(name string, set label.Set, extra string) string {
	if i := slices.Index(idLabels[:], name); i >= 0 {
		return r.text(*idsOf(&set)[i])
	}
	switch name {
	case "protocol":
		return r.protocol(int(set.Protocol))
	case "outcome":
		return set.Outcome.String()
	case "source":
		return sourceNames[set.Source]
	}
	return extra
}
