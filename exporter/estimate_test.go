package main

import (
	"regexp"
	"strconv"
	"testing"
)

// TestEstimate: the figures are those of the scrape that the same capture gives.
func TestEstimate(t *testing.T) {
	out, errs, exit := runProgram(t, nil, "estimate", "--interval=1s", "testdata/shop.pcap.gz")
	if exit != 0 {
		t.Fatalf("exit %d: %s", exit, errs)
	}
	metrics, _, _ := runProgram(t, nil, "replay", "--metrics", "testdata/shop.pcap.gz")
	s := parseScrape(t, []byte(metrics))
	for _, family := range []string{"wire_requests_total", "wire_request_duration_seconds", "wire_operation_duration_seconds", "wire_tcp_segments_total"} {
		m := regexp.MustCompile(`(?m)^ *` + family + ` +(\d+) +(\d+) +([\d.]+) +(\d+) +([\d.]+)$`).FindStringSubmatch(out)
		if m == nil {
			t.Fatalf("%s is not in\n%s", family, out)
		}
		sets, native, classic := number(t, m[1]), number(t, m[2]), number(t, m[4])
		if want := len(s[family].GetMetric()); int(sets) != want || native != sets {
			t.Errorf("%s: %v label sets, %v samples, want %d", family, sets, native, want)
		}
		samples := 0
		for _, m := range s[family].GetMetric() {
			samples++
			if h := m.GetHistogram(); h != nil && len(h.Bucket) > 1 { // with +Inf alone it has native buckets only
				samples += len(h.Bucket) + 2 // _sum and _count
			}
		}
		if int(classic) != samples {
			t.Errorf("%s: %v samples with classic histograms, want %d", family, classic, samples)
		}
	}
	if !regexp.MustCompile(`At limits\.series = 50000 label sets \(now [1-9]\d*\) it would be [1-9]\d* MB a day at most`).MatchString(out) {
		t.Errorf("no bound in\n%s", out)
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
