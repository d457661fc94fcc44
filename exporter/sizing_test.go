package main

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

const sizingPage = "../docs/sizing.md"

// seriesOf is how many series Prometheus keeps of a service.
type seriesOf struct {
	families        map[string]int // label sets
	values          map[string]map[string]bool
	native, classic int // all, with native histograms, and with classic ones beside them
}

// count adds one label set.
func (s *seriesOf) count(family string, m *dto.Metric) {
	s.families[family]++
	for _, l := range m.Label {
		if s.values[l.GetName()] == nil {
			s.values[l.GetName()] = map[string]bool{}
		}
		s.values[l.GetName()][l.GetValue()] = true
	}
	s.native++
	s.classic++
	if h := m.GetHistogram(); h != nil && len(h.Bucket) > 0 {
		s.classic += samplesOf(h)
	}
}

// labelOf is the value of a label.
func labelOf(m *dto.Metric, name string) string {
	for _, l := range m.Label {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// shopSeries are the series of the demo's services; those of the sensor itself are under "".
func shopSeries(t *testing.T) map[string]*seriesOf {
	all := map[string]*seriesOf{}
	for name, f := range shopExporter(t).scrapeProtobuf(t) {
		if !strings.HasPrefix(name, "wire_") {
			continue
		}
		for _, m := range f.Metric {
			service := labelOf(m, "service_name")
			if strings.HasPrefix(name, "wire_calendar_") {
				service = ""
			}
			if all[service] == nil {
				all[service] = &seriesOf{families: map[string]int{}, values: map[string]map[string]bool{}}
			}
			all[service].count(name, m)
		}
	}
	return all
}

var (
	// What each service has, whatever it does.
	always = map[string]int{
		"wire_requests_in_flight": 1, "wire_oldest_request_age_seconds": 1, "wire_request_phase_duration_seconds": 3, "wire_request_size_bytes": 1, "wire_response_size_bytes": 1,
		"wire_tcp_segments_total": 2, "wire_tcp_retransmitted_segments_total": 2, "wire_tcp_resets_total": 2, "wire_tcp_zero_windows_total": 2, "wire_tcp_rtt_seconds": 2,
		"wire_tcp_handshake_duration_seconds": 1, "wire_tcp_connections": 1, "wire_tcp_connection_attempts_total": 3, "wire_service_bytes_total": 1, "wire_service_missing_bytes_total": 1,
	}
	shopTable = regexp.MustCompile(`(?ms)^<!-- series of the demo -->\n.*?^<!-- end -->$`)
)

// TestSizingPage: how many series a service has is what docs/sizing.md says: the numbers of its formula, and the table of the demo's services.
func TestSizingPage(t *testing.T) {
	all := shopSeries(t)
	page, err := os.ReadFile(sizingPage)
	if err != nil {
		t.Fatal(err)
	}
	table := bytes.NewBufferString("<!-- series of the demo -->\n| service | operations | routes or tables | codes | callers | databases | series | with classic histograms, too |\n| --- | --: | --: | --: | --: | --: | --: | --: |\n")
	for _, name := range slices.Sorted(maps.Keys(all)) {
		s := all[name]
		if name == "" {
			continue
		}
		for family, want := range always {
			if s.families[family] != want {
				t.Errorf("%s: %d series of %s, want %d", name, s.families[family], family, want)
			}
		}
		for family, want := range map[string]int{
			"wire_requests_total": 6 * len(s.values["operation"]), "wire_calls_total": 6 * len(s.values["client_name"]), "wire_responses_total": len(s.values["code"]),
			"wire_sql_logins_total": 6 * len(s.values["database"]), "wire_sql_sessions": 3 * len(s.values["database"]), "wire_sql_rows_total": len(s.values["database"]),
			"wire_active_users": len(s.values["window"]),
		} {
			if s.families[family] != want {
				t.Errorf("%s: %d series of %s, want %d", name, s.families[family], family, want)
			}
		}
		if want := 21 * (s.families["wire_request_duration_seconds"] + s.families["wire_request_phase_duration_seconds"]); s.classic-s.native != want {
			t.Errorf("%s: classic histograms add %d series, want %d", name, s.classic-s.native, want)
		}
		fmt.Fprintf(table, "| %s | %d | %d | %d | %d | %d | %d | %d |\n", name, len(s.values["operation"]), len(s.values["resource"]), len(s.values["code"]), len(s.values["client_name"]), len(s.values["database"]), s.native, s.classic)
	}
	fmt.Fprintf(table, "| the sensor itself | | | | | | %d | %d |\n<!-- end -->", all[""].native, all[""].classic)
	if !shopTable.Match(page) {
		t.Fatalf("%s has no table of the demo's series", sizingPage)
	}
	golden(t, sizingPage, shopTable.ReplaceAllLiteral(page, table.Bytes()))
}
