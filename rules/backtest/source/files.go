package source

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql/parser"

	"wire_exporter/rules/backtest/store"
)

// readText reads OpenMetrics with time stamps.
func readText(in io.Reader, s *store.Store) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	return parse(textparse.NewOpenMetricsParser(text, labels.NewSymbolTable()), s)
}

// parse puts what a parser finds into the store, in any order.
func parse(p textparse.Parser, s *store.Store) error {
	for {
		kind, err := p.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		var l labels.Labels
		switch kind {
		case textparse.EntrySeries:
			_, t, v := p.Series()
			p.Labels(&l)
			if t == nil {
				return fmt.Errorf("%s has no time stamp", l)
			}
			s.Series(l).Put(*t, v, nil)
		case textparse.EntryHistogram:
			_, t, h, f := p.Histogram()
			p.Labels(&l)
			if t == nil {
				return fmt.Errorf("%s has no time stamp", l)
			}
			if h != nil {
				f = h.ToFloat(nil)
			}
			s.Series(l).Put(*t, 0, f)
		}
	}
}

const maxMessage = 64 << 20 // bytes of a metric family

// readProtobuf reads metric families, each behind its length.
func readProtobuf(in *bufio.Reader, s *store.Store) error {
	symbols := labels.NewSymbolTable()
	var message bytes.Buffer
	for {
		n, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil || n > maxMessage {
			return fmt.Errorf("neither text nor delimited protobuf (length %d): %w", n, err)
		}
		message.Reset()
		message.Write(binary.AppendUvarint(nil, n))
		if _, err := io.CopyN(&message, in, int64(n)); err != nil {
			return fmt.Errorf("a metric family is cut off: %w", err)
		}
		if err := parse(textparse.NewProtobufParser(message.Bytes(), false, true, false, false, symbols), s); err != nil {
			return err
		}
	}
}

// replay lets the exporter read a capture file.
func replay(ctx context.Context, name string, opts Options, s *store.Store) error {
	args := []string{"replay", "--metrics", "--every=" + opts.Every.String()}
	if opts.Config != "" {
		args = append(args, "--config.file="+opts.Config)
	}
	cmd := exec.CommandContext(ctx, opts.Exporter, append(args, name)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("capture files are read by the exporter: %w", err)
	}
	err = readProtobuf(bufio.NewReaderSize(out, 1<<20), s)
	if err != nil {
		_ = cmd.Process.Kill()
	}
	return errors.Join(err, cmd.Wait())
}

// readCSV reads a table: the first column is time (seconds since the epoch, or RFC 3339), the others are series, named in the
// first line as in PromQL; an empty cell is a sample that is missing.
func readCSV(in io.Reader, s *store.Store) error {
	r := csv.NewReader(in)
	r.ReuseRecord = true
	head, err := r.Read()
	if err != nil {
		return err
	}
	if len(head) < 2 || head[0] != "time" {
		return fmt.Errorf(`the first line is not like: time,"wire:signal:value{signal=""users"",service_name=""shop""}"`)
	}
	columns := make([]*store.Series, len(head))
	for i, name := range head[1:] {
		l, err := parser.ParseMetric(name)
		if err != nil {
			return fmt.Errorf("column %d: %w", i+2, err)
		}
		columns[i+1] = s.Series(l)
	}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		line, _ := r.FieldPos(0)
		at, err := parseTime(row[0])
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		for i, cell := range row[1:] {
			if cell == "" {
				continue
			}
			v, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return fmt.Errorf("line %d: %w", line, err)
			}
			columns[i+1].Put(at.UnixMilli(), v, nil)
		}
	}
}

func parseTime(s string) (time.Time, error) {
	if seconds, err := strconv.ParseFloat(s, 64); err == nil {
		return time.UnixMilli(int64(seconds * 1000)), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, fmt.Errorf("%q is no time; write seconds since the epoch, or like 2026-11-21T10:00:00Z", s)
	}
	return t, nil
}
