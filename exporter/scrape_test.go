package main

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"slices"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"google.golang.org/protobuf/encoding/protodelim"
)

// scrape is a parsed exposition: its families by their name.
type scrape map[string]*dto.MetricFamily

func parseScrape(t *testing.T, text []byte) scrape {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("the exposition cannot be read: %v", err)
	}
	return families
}

// Formats in which /metrics is asked for.
const (
	asText        = "text/plain;version=0.0.4"
	asOpenMetrics = "application/openmetrics-text;version=1.0.0"
	asProtobuf    = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
)

// parseProtobuf reads delimited metric families.
func parseProtobuf(t *testing.T, body io.Reader) (families []*dto.MetricFamily) {
	t.Helper()
	in := bufio.NewReader(body)
	for {
		f := &dto.MetricFamily{}
		switch err := protodelim.UnmarshalFrom(in, f); err {
		case nil:
			families = append(families, f)
		case io.EOF:
			return families
		default:
			t.Fatalf("the protobuf exposition cannot be read: %v", err)
		}
	}
}

// scrapeProtobuf is all that the exporter serves in the format that carries native histograms.
func (e *exporter) scrapeProtobuf(t *testing.T) scrape {
	t.Helper()
	_, _, body := e.get(t, "/metrics", "Accept", asProtobuf)
	s := scrape{}
	for _, f := range parseProtobuf(t, bytes.NewReader(body)) {
		s[f.GetName()] = f
	}
	return s
}

// sum adds up the series of a family (of a histogram: its counts) that have the labels, given as name, value, name, value.
func (s scrape) sum(family string, labels ...string) (sum float64) {
	for _, m := range s[family].GetMetric() {
		if hasLabels(m, labels) {
			sum += m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return sum
}

// total adds up what the histograms of a family have observed.
func (s scrape) total(family string) (sum float64) {
	for _, m := range s[family].GetMetric() {
		sum += m.GetHistogram().GetSampleSum()
	}
	return sum
}

// by is sum for each value of one label, without the values whose sum is 0.
func (s scrape) by(label, family string, labels ...string) map[string]float64 {
	sums := map[string]float64{}
	for _, m := range s[family].GetMetric() {
		if value, ok := labelValue(m, label); ok && hasLabels(m, labels) {
			sums[value] = s.sum(family, append(slices.Clone(labels), label, value)...)
		}
	}
	maps.DeleteFunc(sums, func(_ string, n float64) bool { return n == 0 })
	return sums
}

func hasLabels(m *dto.Metric, labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		if value, _ := labelValue(m, labels[i]); value != labels[i+1] {
			return false
		}
	}
	return true
}

func labelValue(m *dto.Metric, name string) (string, bool) {
	for _, l := range m.Label {
		if l.GetName() == name {
			return l.GetValue(), true
		}
	}
	return "", false
}
