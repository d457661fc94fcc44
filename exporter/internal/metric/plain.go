package metric

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// plain holds the families that other stages count and that are passed on as they are.
type plain struct {
	users                                        *passed
	inFlight, oldest, sessions                   *passed
	segments, retransmitted, resets, zeroWindows *passed
	connections, attempts, bytes, missing        *passed
	packets, captured, dropped                   *passed
	duplicates, lost, undecoded                  *passed
	elsewhere, ignored, errors                   *passed
	flows, memory, memoryLimit, gaps, evicted    *passed
	series, seriesLimit, seriesFolded            *passed
	reloaded, reloadedAt                         *passed
	logLines, logBytes, logMalformed, logNewest  *passed
	utcOffset, dayType, likeDay, maintenance     *passed
	all                                          []*passed
}

// passed is one family that is passed on. Values of the same labels add up, so a label set never comes twice.
type passed struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	labels int
	oldest bool // the largest value counts, not the sum
	values map[string]float64
}

func newPlain() (p plain) {
	make := func(kind prometheus.ValueType, name, help string, labels ...string) *passed {
		f := &passed{desc: prometheus.NewDesc(name, help, labels, nil), kind: kind, labels: len(labels), values: map[string]float64{}}
		p.all = append(p.all, f)
		return f
	}
	counter := func(name, help string, labels ...string) *passed {
		return make(prometheus.CounterValue, name, help, labels...)
	}
	gauge := func(name, help string, labels ...string) *passed {
		return make(prometheus.GaugeValue, name, help, labels...)
	}

	p.users = gauge("wire_active_users", "Distinct sessions seen in the window that ends now.", "service_name", "window", "source")
	p.inFlight = gauge("wire_requests_in_flight", "Requests that have begun and not ended.", "service_name", "protocol")
	p.oldest = gauge("wire_oldest_request_age_seconds", "Age of the oldest request in flight, in seconds; 0 when there is none.", "service_name", "protocol")
	p.oldest.oldest = true
	p.sessions = gauge("wire_sql_sessions", "Sessions of database clients, by what they are doing; idle_in_transaction holds what it locked.", "service_name", "protocol", "database", "state")

	p.segments = counter("wire_tcp_segments_total", "TCP segments by the side that sent them.", "service_name", "side")
	p.retransmitted = counter("wire_tcp_retransmitted_segments_total", "TCP segments that were sent again, by the side that sent them.", "service_name", "side")
	p.resets = counter("wire_tcp_resets_total", "TCP connections that were reset, by the side that did it.", "service_name", "side")
	p.zeroWindows = counter("wire_tcp_zero_windows_total", "Times a side closed its TCP receive window because it could take no more.", "service_name", "side")
	p.connections = gauge("wire_tcp_connections", "TCP connections that are open.", "service_name")
	p.attempts = counter("wire_tcp_connection_attempts_total", "Attempts to open a TCP connection, by how they ended.", "service_name", "outcome")
	p.bytes = counter("wire_service_bytes_total", "Payload seen, in bytes, without what was sent again.", "service_name")
	p.missing = counter("wire_service_missing_bytes_total", "Payload that was sent but not captured, in bytes.", "service_name")

	p.packets = counter("wire_capture_packets_total", "Packets captured.", "interface")
	p.captured = counter("wire_capture_bytes_total", "Length of the captured packets on the wire, in bytes.", "interface")
	p.dropped = counter("wire_capture_dropped_packets_total", "Packets that were lost before they could be read, by reason.", "interface", "reason")
	p.duplicates = counter("wire_capture_duplicate_packets_total", "Packets that were captured a second time, and ignored.")
	p.lost = counter("wire_capture_missing_bytes_total", "Payload that was sent but not captured, in bytes, over all services.")
	p.undecoded = counter("wire_capture_undecoded_bytes_total", "Payload that went through no decoder, in bytes, by reason.", "reason")
	p.elsewhere = counter("wire_transactions_elsewhere_total", "Transactions left to another sensor, because their server is not among those that this one measures.")
	p.ignored = counter("wire_transactions_ignored_total", "Transactions that the configuration leaves out, by the key of ignore that does.", "reason")
	p.errors = counter("wire_decoder_errors_total", "Connections whose decoder gave up, by reason.", "protocol", "reason")

	p.logLines = counter("wire_accesslog_lines_total", "Lines read from access logs, comments aside.", "file")
	p.logBytes = counter("wire_accesslog_bytes_total", "Bytes read from access logs.", "file")
	p.logMalformed = counter("wire_accesslog_malformed_lines_total", "Lines of access logs that made no request, by reason.", "file", "reason")
	p.logNewest = gauge("wire_accesslog_newest_request_timestamp_seconds", "Time of the newest request read from access logs, in seconds since the epoch.", "file")

	p.flows = gauge("wire_flow_active", "Connections that are being followed.")
	p.memory = gauge("wire_flow_memory_bytes", "Memory used for the connections that are being followed, in bytes.")
	p.memoryLimit = gauge("wire_flow_memory_limit_bytes", "Memory that following connections may use, in bytes.")
	p.gaps = counter("wire_flow_gaps_total", "Holes in the payload of connections that were given up waiting for.")
	p.evicted = counter("wire_flow_evicted_total", "Connections that were forgotten before they closed, by reason.", "reason")

	p.series = gauge("wire_series", "Values in use by each family of label values; label sets in use, for the family series.", "family")
	p.seriesLimit = gauge("wire_series_limit", "Values that each family of label values may have; label sets, for the family series.", "family")
	p.seriesFolded = counter("wire_series_folded_total", "Values that were counted as _other because their family has no room for them.", "family")
	p.reloaded = gauge("wire_exporter_config_last_reload_successful", "Whether the last attempt to load the configuration succeeded: 1 or 0.")
	p.reloadedAt = gauge("wire_exporter_config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully, in seconds since the epoch.")

	p.utcOffset = gauge("wire_calendar_utc_offset_seconds", "Local time is UTC plus this, in seconds, at the newest capture time.")
	p.dayType = gauge("wire_calendar_day_type", "Whether today, in local time, is a day of this type: 1 or 0.", "type")
	p.likeDay = gauge("wire_calendar_like_day_offset_days", "How many days ago the last day like today was; none when that is longer than five weeks.")
	p.maintenance = gauge("wire_calendar_maintenance", "Whether a planned maintenance window of the service, or of all for an empty name, is open: 1 or 0.", "service_name")
	return p
}

// pass adds v to the value of labels.
func (f *passed) pass(v float64, labels ...string) {
	k := key(labels)
	if old, there := f.values[k]; there && f.oldest {
		v = max(old, v)
	} else {
		v += old
	}
	f.values[k] = v
}

// sides passes a pair that is indexed by direction.
func (f *passed) sides(pair [2]uint64, service string) {
	for side, n := range pair {
		f.pass(float64(n), service, sideNames[side])
	}
}

// send hands the values to a scrape and empties f.
func (f *passed) send(ch chan<- prometheus.Metric) {
	for k, v := range f.values {
		var labels []string
		if f.labels > 0 {
			labels = strings.Split(k, "\xff")
		}
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, v, labels...)
	}
	clear(f.values)
}

// valid makes a label value of a text from outside.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
