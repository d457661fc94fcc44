package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
)

// The recording of a client that does everything once, at a real nginx, and what nginx has written in its access log meanwhile.
// testdata/make.sh says how they are made.
const (
	nginxCapture = "testdata/nginx.pcap.gz"
	nginxLog     = "testdata/nginx.access.log"
)

// TestRecordedNginx: what was in the recording is what nginx has answered.
func TestRecordedNginx(t *testing.T) {
	compareWithLog(t, parseScrape(t, []byte(replay(t, "--metrics", nginxCapture))), onCable(readLog(t, nginxLog, 0)))
}

// answered is a request in the access log.
type answered struct {
	method, code string
	complete     bool
	sent, got    float64 // bytes
	uri          string
}

// readLog reads an access log from line from on.
func readLog(t *testing.T, file string, from int) (all []answered) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for i := 0; lines.Scan(); i++ {
		var a answered
		var completion string
		if _, err := fmt.Sscanf(lines.Text(), "%s %s %q %g %g %s", &a.method, &a.code, &completion, &a.sent, &a.got, &a.uri); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if a.complete = completion == "OK"; i >= from {
			all = append(all, a)
		}
	}
	return all
}

// onCable leaves out what nginx has sent to itself, to hand it on.
func onCable(log []answered) []answered {
	return slices.DeleteFunc(log, func(a answered) bool { return a.method == "POST" && a.uri == "/created" })
}

// outcome is how the design says that the request ended.
func (a answered) outcome() string {
	switch {
	case a.code == "444": // nginx closes without an answer
		return "unanswered"
	case a.code == "499", !a.complete: // the client went away before the answer, or during it
		return "aborted"
	case a.code >= "500":
		return "server_error"
	case a.code >= "400":
		return "client_error"
	}
	return "ok"
}

// compareWithLog compares what the exporter says with what nginx does.
func compareWithLog(t *testing.T, s scrape, log []answered) {
	t.Helper()
	methods, codes, outcomes := map[string]float64{}, map[string]float64{}, map[string]float64{}
	var got, sent float64
	for _, a := range log {
		methods[a.method]++
		outcomes[a.outcome()]++
		if a.code != "444" && a.code != "499" { // these two are no answers
			codes[a.code]++
		}
		if a.code != "413" { // that comes before the request is complete, so it has no size
			got += a.got
		}
		if a.outcome() != "aborted" {
			sent += a.sent
		}
	}
	for _, c := range []struct {
		family, label string
		want          map[string]float64
	}{
		{"wire_requests_total", "operation", methods}, {"wire_requests_total", "outcome", outcomes}, {"wire_responses_total", "code", codes},
	} {
		if got := s.by(c.label, c.family); !maps.Equal(got, c.want) {
			t.Errorf("%s by %s: %v, nginx has %v", c.family, c.label, got, c.want)
		}
	}
	if size := s.total("wire_request_size_bytes"); size != got {
		t.Errorf("%.0f bytes of requests, nginx has %.0f", size, got)
	}
	if size := s.total("wire_response_size_bytes"); outcomes["aborted"] == 0 && size != sent {
		t.Errorf("%.0f bytes of responses, nginx has %.0f", size, sent)
	}
	for _, family := range []string{"wire_capture_dropped_packets_total", "wire_flow_gaps_total", "wire_transactions_unmatched_total", "wire_decoder_errors_total", "wire_capture_undecoded_bytes_total"} {
		reasons := s.by("reason", family)
		delete(reasons, "not_ip")      // ARP
		delete(reasons, "after_close") // of an answer that the client did not wait for
		if len(reasons) > 0 {
			t.Errorf("%s: %v", family, reasons)
		}
	}
}

// zipped is b as a gzip file.
func zipped(t *testing.T, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(b)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
