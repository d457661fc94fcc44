package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cost is what a process took.
type cost struct {
	cpu time.Duration // user and system
	rss int64         // peak, bytes
}

// row is one line of the table.
type row struct {
	*capture
	exporter, tcpdump time.Duration // CPU of the fastest round
	rss               int64         // peak of the exporter over all rounds, bytes
}

// measure lets both programs read c in turn, after one round that warms up the file and checks what was counted.
func measure(c *capture, exporter, tcpdump string, rounds int) (row, error) {
	r := row{capture: c}
	if err := verify(c, exporter); err != nil {
		return r, err
	}
	for i := range rounds {
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", c.Name, i+1, rounds)
		t, err := spend(nil, tcpdump, "-r", c.path, "-w", os.DevNull)
		if err != nil {
			return r, err
		}
		e, err := spend(nil, exporter, "replay", "--metrics", c.path)
		if err != nil {
			return r, err
		}
		if i == 0 {
			r.exporter, r.tcpdump = e.cpu, t.cpu
		}
		r.exporter, r.tcpdump, r.rss = min(r.exporter, e.cpu), min(r.tcpdump, t.cpu), max(r.rss, e.rss)
	}
	return r, nil
}

// spend runs a program to its end. Its output goes to out; nil: nowhere.
func spend(out io.Writer, program string, args ...string) (cost, error) {
	cmd := exec.Command(program, args...)
	var complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = out, &complaint
	if err := cmd.Run(); err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", cmd, err, complaint.Bytes())
	}
	s := cmd.ProcessState
	c := cost{cpu: s.UserTime() + s.SystemTime()}
	if usage, ok := s.SysUsage().(*syscall.Rusage); ok {
		c.rss = int64(usage.Maxrss) << 10 // Linux counts KiB
	}
	return c, nil
}

// verify has the exporter count the requests in c, and compares.
func verify(c *capture, exporter string) error {
	var out bytes.Buffer
	if _, err := spend(&out, exporter, "replay", "--metrics", c.path); err != nil {
		return err
	}
	for _, want := range []struct {
		family, label string
		n             int
	}{
		{"wire_requests_total", "", c.Counts.total()},
		{"wire_requests_total", `outcome="ok"`, c.Counts.OK},
		{"wire_requests_total", `outcome="client_error"`, c.Counts.ClientError},
		{"wire_requests_total", `outcome="server_error"`, c.Counts.ServerError},
		{"wire_sql_rows_total", "", c.Counts.Rows},
		{"wire_sql_logins_total", `outcome="ok"`, c.Counts.Logins},
		{"wire_sql_transaction_duration_seconds_count", `outcome="ok"`, c.Counts.Transactions},
		{"wire_capture_packets_total", "", c.Packets},
		{"wire_capture_missing_bytes_total", "", 0},
		{"wire_capture_duplicate_packets_total", "", 0},
		{"wire_tcp_retransmitted_segments_total", "", 0},
		{"wire_transactions_unmatched_total", "", 0},
	} {
		if got := total(out.Bytes(), want.family, want.label); got != float64(want.n) {
			return fmt.Errorf("%s: the exporter says %s{%s} is %v, but it is %d", c.Name, want.family, want.label, got, want.n)
		}
	}
	return nil
}

// total adds up the series of a family, in Prometheus' text format, that have a label.
func total(text []byte, family, label string) (sum float64) {
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), "{")
		if name != family && !strings.HasPrefix(name, family+" ") || !strings.Contains(rest, label) {
			continue
		}
		fields := strings.Fields(lines.Text())
		v, err := strconv.ParseFloat(fields[len(fields)-1], 64)
		if err == nil {
			sum += v
		}
	}
	return sum
}
