package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// replay runs "replay" on files and returns what it prints.
func replay(t *testing.T, args ...string) string {
	t.Helper()
	stdout, stderr, exit := runProgram(t, nil, append([]string{"replay"}, args...)...)
	if exit != 0 || stderr != "" {
		t.Fatalf("replay %v: exit %d: %s", args, exit, stderr)
	}
	return stdout
}

// transactionsOf reads the lines of --transactions.
func transactionsOf(t *testing.T, lines string) (all []transaction) {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(lines))
	in.DisallowUnknownFields()
	for in.More() {
		var x transaction
		if err := in.Decode(&x); err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	return all
}

// TestTransactions: one line a request, in order of completion, of as many requests as the metrics have.
func TestTransactions(t *testing.T) {
	config := shopConfig(t)
	all := transactionsOf(t, replay(t, "--transactions", config, shopCapture))
	requests := parseScrape(t, []byte(replay(t, "--metrics", config, shopCapture)))
	if float64(len(all)) != requests.sum("wire_requests_total") || len(all) == 0 {
		t.Errorf("%d lines, %v requests", len(all), requests.sum("wire_requests_total"))
	}
	outcomes, ended := map[string]float64{}, time.Time{}
	for _, x := range all {
		outcomes[x.Outcome]++
		if x.Kind != "" || x.Path != "" || x.Statement != "" || x.Protocol == "" || x.Client == "" || x.Server == "" || x.Operation == "" || x.Resource == "" && x.Protocol == "http1" {
			t.Fatalf("%+v", x)
		}
		var before time.Time
		for _, text := range []string{x.Start, x.RequestEnd, x.FirstByte, x.End} {
			if text == "" {
				continue
			}
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil || at.Before(before) {
				t.Fatalf("%+v: %v", x, err)
			}
			before = at
		}
		if x.End != "" && x.Outcome != "aborted" {
			if before.Before(ended) {
				t.Errorf("%+v ended before the line above it", x)
			}
			ended = before
		}
	}
	if want := requests.by("outcome", "wire_requests_total"); !maps.Equal(outcomes, want) {
		t.Errorf("%v, want %v", outcomes, want)
	}
}

// TestAllKinds: --all-kinds adds what is no request, in the order of completion, and says so.
func TestAllKinds(t *testing.T) {
	config := shopConfig(t)
	kinds := map[string]int{}
	for _, x := range transactionsOf(t, replay(t, "--transactions", "--all-kinds", config, shopCapture)) {
		kinds[x.Kind]++
	}
	if kinds[""] != len(transactionsOf(t, replay(t, "--transactions", config, shopCapture))) || kinds["login"] == 0 || kinds["sql_transaction"] == 0 {
		t.Errorf("%v", kinds)
	}
}

// TestRawTransactions: --raw adds the request target and the statement, and nothing else.
func TestRawTransactions(t *testing.T) {
	all := transactionsOf(t, replay(t, "--transactions", shopConfig(t), shopCapture))
	raw := transactionsOf(t, replay(t, "--transactions", "--raw", shopConfig(t), shopCapture))
	if len(all) != len(raw) {
		t.Fatalf("%d and %d", len(all), len(raw))
	}
	query, literal := false, false
	for i, x := range raw {
		if x.Protocol == "http1" && (!strings.HasPrefix(x.Path, "/") || x.Statement != "") || x.Protocol != "http1" && x.Path != "" {
			t.Errorf("%+v", x)
		}
		query = query || strings.Contains(x.Path, "?q=")
		literal = literal || strings.Contains(x.Statement, "'")
		if x.Path, x.Statement = "", ""; x != all[i] {
			t.Errorf("%+v\n%+v", x, all[i])
		}
	}
	if !query || !literal {
		t.Errorf("a target has a query: %v, a statement has a literal: %v", query, literal)
	}
}

// TestWays: however the bytes come in, what comes out is the same.
func TestWays(t *testing.T) {
	config, recorded := shopConfig(t), unzip(t, shopCapture)
	want := replay(t, "--transactions", config, shopCapture)
	plain := filepath.Join(t.TempDir(), "shop.pcap")
	if err := os.WriteFile(plain, recorded, 0o644); err != nil {
		t.Fatal(err)
	}
	if got := replay(t, "--transactions", config, plain); got != want {
		t.Error("an unpacked file gives another result")
	}
	packed, err := os.ReadFile(shopCapture)
	if err != nil {
		t.Fatal(err)
	}
	for name, in := range map[string][]byte{"plain": recorded, "gzip": packed, "pcapng": pcapngOf(t, recorded, 0)} {
		got, stderr, exit := runProgram(t, bytes.NewReader(in), "replay", "--transactions", config, "-")
		if got != want || stderr != "" || exit != 0 {
			t.Errorf("%s on the standard input gives another result: exit %d, %s", name, exit, stderr)
		}
	}
}

// TestInterfaces: a pcapng with several interfaces is one capture, and so are several files.
func TestInterfaces(t *testing.T) {
	config, recorded := shopConfig(t), unzip(t, shopCapture)
	want := replay(t, "--transactions", config, shopCapture)
	dir := t.TempDir()
	several := filepath.Join(dir, "several.pcapng")
	if err := os.WriteFile(several, pcapngOf(t, recorded, 3), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := replay(t, "--transactions", config, several); got != want {
		t.Error("several interfaces give another result")
	}

	first, second := filepath.Join(dir, "1.pcap"), filepath.Join(dir, "2.pcap")
	head, cut := recorded[:24], cutOf(recorded, len(recorded)/2)
	for file, b := range map[string][]byte{first: recorded[:cut], second: append(slices.Clone(head), recorded[cut:]...)} {
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got := replay(t, "--transactions", config, first, second); got != want {
		t.Error("two files in a row give another result")
	}
}

// TestSteps: --every prints an exposition per step of capture time, with rising time stamps and native histograms, and the last one is
// what --metrics prints.
func TestSteps(t *testing.T) {
	config := shopConfig(t)
	families := parseProtobuf(t, strings.NewReader(replay(t, "--metrics", "--every=5s", config, shopCapture)))
	var steps []scrape
	var at []int64
	for _, f := range families {
		for _, m := range f.Metric {
			if ms := m.GetTimestampMs(); len(at) == 0 || ms != at[len(at)-1] {
				at, steps = append(at, ms), append(steps, scrape{})
			}
		}
		if len(steps) > 0 {
			steps[len(steps)-1][f.GetName()] = f
		}
	}
	if len(steps) < 5 || at[0]%5000 != 0 {
		t.Fatalf("steps at %v", at)
	}
	for i := 1; i < len(at); i++ {
		if at[i]-at[i-1] != 5000 {
			t.Errorf("steps at %v", at)
		}
		for family, f := range steps[i-1] {
			if strings.HasSuffix(family, "_total") && steps[i].sum(family) < steps[i-1].sum(family) {
				t.Errorf("%s falls from %v to %v", family, f, steps[i][family])
			}
		}
	}
	last, want := steps[len(steps)-1], parseScrape(t, []byte(replay(t, "--metrics", config, shopCapture)))
	for family := range want {
		if last.sum(family) != want.sum(family) && !differs(family) {
			t.Errorf("%s: %v in the last step, %v in all", family, last.sum(family), want.sum(family))
		}
	}
	for _, m := range last["wire_operation_duration_seconds"].GetMetric() {
		if len(m.GetHistogram().GetPositiveSpan()) == 0 {
			t.Errorf("%v is no native histogram", m)
		}
	}
}

// TestSummary: the object has the same numbers as the metrics.
func TestSummary(t *testing.T) {
	config := shopConfig(t)
	var got struct {
		Services, Operations []row
		Capture              []struct {
			Packets uint64
			Dropped []struct{ N uint64 }
		}
		Flow          map[string]any
		Undecoded     []struct{ Reason string }
		DecoderErrors []any `json:"decoder_errors"`
	}
	if err := json.Unmarshal([]byte(replay(t, "--summary-json", config, shopCapture)), &got); err != nil {
		t.Fatal(err)
	}
	want := parseScrape(t, []byte(replay(t, "--metrics", config, shopCapture)))
	services := map[string]float64{}
	for _, r := range got.Services {
		services[r.Service] = float64(r.Requests)
	}
	if w := want.by("service_name", "wire_requests_total"); !maps.Equal(services, w) {
		t.Errorf("%v, want %v", services, w)
	}
	if len(got.Capture) != 1 || float64(got.Capture[0].Packets) != want.sum("wire_capture_packets_total") || len(got.Operations) == 0 || len(got.Flow) == 0 {
		t.Errorf("%+v", got)
	}
}

// TestTables: what people read has each service, slowest and failing operations, and how far it is to be trusted.
func TestTables(t *testing.T) {
	text := replay(t, "--top=3", shopConfig(t), shopCapture)
	for _, part := range []string{"Services, busiest first", "Operations, slowest first", "Operations, most failures first", "  web ", "P95", "(--top)",
		"shop.pcap.gz: ", "0 holes, 0 payload bytes missing"} {
		if !strings.Contains(text, part) {
			t.Errorf("there is no %q in\n%s", part, text)
		}
	}
}

// TestServedSpeeds: a file that is served in a loop counts on, with rising time; at recorded speed nothing is lost.
func TestServedSpeeds(t *testing.T) {
	whole := unzip(t, shopCapture)
	short := filepath.Join(t.TempDir(), "short.pcap")
	if err := os.WriteFile(short, whole[:cutOf(whole, len(whole)/200)], 0o644); err != nil {
		t.Fatal(err)
	}
	once := parseScrape(t, []byte(replay(t, "--metrics", short))).sum("wire_capture_packets_total")
	loop := startExporter(t, nil, nil, "--capture.file="+short, "--capture.speed=loop")
	loop.until(t, "the third round", func(s scrape) bool { return s.sum("wire_capture_packets_total") > 2*once })
	if s := loop.scrape(t); s.sum("wire_capture_dropped_packets_total") != 0 || s.sum("wire_flow_gaps_total") != 0 {
		t.Errorf("dropped %v, gaps %v", s.sum("wire_capture_dropped_packets_total"), s.sum("wire_flow_gaps_total"))
	}
	recorded := startExporter(t, nil, nil, "--capture.file="+shopCapture, "--capture.speed=recorded")
	recorded.until(t, "the first requests", func(s scrape) bool { return s.sum("wire_requests_total") > 0 })
	if strings.Contains(recorded.log.String(), "has ended") {
		t.Error("half a minute of traffic was read at once")
	}
}
